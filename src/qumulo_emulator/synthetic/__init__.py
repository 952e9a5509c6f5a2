"""A cluster with a synthetic tree of any size, computed when it is asked for."""
