"""The commands: options become a request, and the result of an operation is printed."""
