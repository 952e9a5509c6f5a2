"""A cluster over a local directory: its live tree, its snapshots and their diffs."""
