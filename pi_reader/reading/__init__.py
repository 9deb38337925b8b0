"""From a frame to the numbers on it: ink (`binarise`), what may be digits (`candidates`), marks
(`segmentation`, `context`), the way up (`orientation`), lines and their text (`line_decode`)."""
