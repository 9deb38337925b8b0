"""The nightly training: learn what the owner taught by day, and switch if the result is better.

`job` does the work, `elsewhere` does it on another machine, `hours` determines when it is night and
imports no numpy, `pace` keeps to the time and pauses when it is hot, `report` says what came of it.
"""
