"""The cycle of a project: snapshot, list, archive, commit; and what is known of it."""
