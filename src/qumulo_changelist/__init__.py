"""What changed between two snapshots of a Qumulo cluster, as the list that an archiver reads."""

__version__ = "0.1.0"
