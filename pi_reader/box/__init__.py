"""The running box: look, vote, announce, and serve the button and other processes."""
