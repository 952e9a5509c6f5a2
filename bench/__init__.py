"""How fast the commands are, compared with other ways to the same list: ``make bench``."""
