"""What a run tells at its end, in one line."""

import argparse

from qumulo_changelist.model import Totals
from qumulo_changelist.scan.proof import Proof


def summary(totals: Totals, proof: Proof | None, options: argparse.Namespace) -> str:
    """Return what a list holds, in words."""
    told = [
        f"changed: {totals.files} files ({totals.size} bytes), {totals.directories} directories",
        f"deleted: {totals.deleted_files} files, {totals.deleted_directories} directories",
        f"not readable or not nameable: {totals.unreadable}",
        f"left out, as links, pipes, sockets or devices: {totals.left_out}",
    ]
    if options.moves:
        told.insert(1, f"of these only moved: {totals.moved} files ({totals.moved_size} bytes)")
    if totals.without_ids:
        told.append(
            f"with an owner or a group that has no numeric id, listed as 65534: "
            f"{totals.without_ids}"
        )
    if totals.moved_on:
        told.append(
            f"on the live share since the snapshot: {totals.moved_on} entries changed or went "
            "(exact: --metadata snapshot or rest)"
        )
    if proof:
        told.append(
            f"proved: it leads from the {proof.older_files} files of the older snapshot to the "
            f"{proof.newer_files} of the newer"
        )
    return f"{options.projectname}: {'; '.join(told)}"
