"""The door: one small file per command, and the only place that picks concrete classes."""
