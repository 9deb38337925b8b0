"""Training: data, recipes, and the way from random weights to a weights file with its card."""
