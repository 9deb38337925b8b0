"""Inputs of the box: a button, as events."""
