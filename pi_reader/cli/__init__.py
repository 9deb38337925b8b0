"""The command line: one small file per command, and the only place that picks concrete classes."""
