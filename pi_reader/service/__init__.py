"""The day of the box: it looks, reads, says what it read, and looks after itself."""
