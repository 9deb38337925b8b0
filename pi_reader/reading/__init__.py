"""From a frame to the numbers on it: binarise, components, candidates, patches, context."""

"""From a frame to the numbers on it: binarise, components, candidates, patches, context."""
