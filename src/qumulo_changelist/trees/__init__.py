"""Directory trees: the role, and where they are read from."""
