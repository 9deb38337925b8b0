"""The page: what the box sees and reads, in a browser beside it. A process without any power."""
