"""From the pages of a diff to ordered slices of distinct changes."""
