"""Handwriting drawn from strokes: digits with a personal style, and pages a camera might see."""

from pi_reader.handwriting.non_digits import draw_non_digits
from pi_reader.handwriting.page import Page, draw_page
from pi_reader.handwriting.patches import draw_patches
from pi_reader.handwriting.scan import scanned
from pi_reader.handwriting.style import Style

__all__ = ["Page", "Style", "draw_non_digits", "draw_page", "draw_patches", "scanned"]
