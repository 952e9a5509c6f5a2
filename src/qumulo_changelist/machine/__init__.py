"""This machine: what it lacks, how it keeps things, and waiting for it. Every part may use it."""
