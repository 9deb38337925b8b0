"""What another process may know of the box and ask of it; needs no numpy."""
