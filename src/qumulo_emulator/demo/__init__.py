"""A cluster with a living tree, to try everything with: `qumulo-emulator demo`."""
