"""What a run keeps for one after it, and what that one uses of it."""
