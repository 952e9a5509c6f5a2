"""What a user can ask for: each with a request, a result, and events while it runs."""
