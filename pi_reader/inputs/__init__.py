"""What a person tells the box without a keyboard: presses of a button, as events."""
