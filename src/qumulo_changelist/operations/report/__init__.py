"""Reports: what lists contain and what they lead to, for people to look at."""
