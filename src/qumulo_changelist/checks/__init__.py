"""What must hold before a list is made, and before it is published."""
