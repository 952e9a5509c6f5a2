"""From a diff to the entries of a list."""
