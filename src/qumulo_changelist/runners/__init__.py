"""Where slices are worked on: in this process, in several of this machine, or on other machines."""
