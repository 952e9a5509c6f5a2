"""Loaded by each worker at its start: what it needs for a slice, as if it had worked before."""

import qumulo_changelist.output.formats
import qumulo_changelist.runners.encode
import qumulo_changelist.scan.sides
import qumulo_changelist.trees.rest

__all__ = ["qumulo_changelist"]
