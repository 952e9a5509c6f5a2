"""Everything that reads foreign bytes, and what it may do with them: `make fuzz-bytes`."""
