"""What changed between two snapshots of a Qumulo cluster, as the list that an archiver reads."""
