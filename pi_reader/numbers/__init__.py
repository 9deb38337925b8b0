"""Named numbers of a page: where each stands, what it is worth, and whether that can be true."""
