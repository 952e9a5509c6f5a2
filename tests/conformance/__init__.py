"""What every way to a cluster promises: the same tests for each."""
