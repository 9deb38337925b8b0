"""The lecture, runnable: one file for each of its ideas, to be run, read aloud and changed."""
