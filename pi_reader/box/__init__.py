"""The day of the box: looks, votes, says, and tends to whoever wants something."""
