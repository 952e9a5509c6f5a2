"""A Qumulo cluster over a local directory, for demonstrations, rehearsals and tests."""
