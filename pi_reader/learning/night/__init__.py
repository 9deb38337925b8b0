"""The night: learn what the owner taught by day, judge what came of it, switch if it is better.

`job` does it, `hours` knows when it is night and imports no numpy, `pace` keeps to the time and
rests when it is hot, `words` says what came of it.
"""
