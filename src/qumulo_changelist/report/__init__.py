"""Reports of lists: facts that are gathered while a list is read, and what they lead to. Pure."""
