"""The cycle of a project: which snapshot a run begins from, what is committed, and what may go."""
