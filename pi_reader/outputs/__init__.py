"""Where readings go: each output is shown what was read and tells a person in its own way."""
