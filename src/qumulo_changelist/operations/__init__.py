"""What a user can ask for: one module each, with a request, a result, and events while it runs."""
