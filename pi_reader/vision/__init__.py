"""From a picture to patches: ink, regions, lines, and crops that look like training digits."""
