"""A made-up cluster: any number of changes between two snapshots, by arithmetic alone."""
