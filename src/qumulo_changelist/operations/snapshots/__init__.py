"""Snapshots: taking, listing and deleting them, and which one is meant."""
