"""Where slices are worked on: in this process, or in several processes of this machine."""
