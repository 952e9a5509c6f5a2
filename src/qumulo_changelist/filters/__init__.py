"""Filters: which of the entries that the rules lead to a list has. Pure values and logic."""
