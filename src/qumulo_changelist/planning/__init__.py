"""How much work there is in whole directories, and where they are cut, before they are walked."""
