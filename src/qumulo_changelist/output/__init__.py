"""Lists: the role, and their formats."""
