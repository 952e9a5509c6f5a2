"""How fast the commands are, against other ways to the same list: ``make bench``."""
