"""A cluster through the vendor's ``qq`` command."""
