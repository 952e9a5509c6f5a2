"""What is measured, and how: each module is a program of its own."""
