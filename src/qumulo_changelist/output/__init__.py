"""How a list is written: the formats, and files that appear whole or not at all."""
