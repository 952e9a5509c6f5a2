"""Projects: what is protected, from ``projects.toml`` to values."""
