"""A cluster through its REST API, directly."""
