"""Handwriting drawn from strokes: digits with a personal style, and pages a camera might see."""
