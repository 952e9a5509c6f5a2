"""The archiver's configuration: from its file to settings."""
