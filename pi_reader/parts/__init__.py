"""What a part of the box declares: its settings, how it is opened, and how it is checked."""
