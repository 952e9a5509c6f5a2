"""From slices of changes to the entries of a list: the rules of the contract."""
