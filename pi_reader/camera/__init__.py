"""Where frames come from: photographs on disk, drawn pages, and the camera of a Raspberry Pi."""
