"""Outputs of the box: each shows readings and the state of the box in its own way."""
