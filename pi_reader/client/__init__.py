"""For other processes: the status of the box, and requests to it; needs no numpy."""
