"""Setting up a project: the steps of ``init``."""
