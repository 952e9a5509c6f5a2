"""The last line of a run: what the list contains."""

from typing import TYPE_CHECKING

from qumulo_changelist.model import Totals
from qumulo_changelist.wording import count

if TYPE_CHECKING:
    from qumulo_changelist.checks.proof import Proof


def summarize(project: str, totals: Totals, proof: "Proof | None", *, moves: bool) -> str:
    """Return what a list contains, in words.

    Args:
        project: the project's name.
        totals: what the list contains.
        proof: what the cluster counts; None if no proof was wanted.
        moves: whether moves were wanted.
    """
    parts = [
        f"changed: {_files(totals.files, totals.size)}, {count(totals.directories, 'directory')}",
        f"deleted: {count(totals.deleted_files, 'file')}, "
        f"{count(totals.deleted_directories, 'directory')}",
        f"not readable or not nameable: {totals.unreadable}",
        f"left out, as links, pipes, sockets or devices: {totals.left_out}",
    ]
    if moves:
        parts.insert(1, f"of these only moved: {_files(totals.moved, totals.moved_size)}")
    if totals.without_numeric_ids:
        parts.append(
            f"with an owner or a group that has no numeric id: {totals.without_numeric_ids}"
        )
    if totals.changed_since:
        parts.append(
            f"on the live share since the snapshot: {count(totals.changed_since, 'entry')} changed "
            "or disappeared (exact: --metadata snapshot or rest)"
        )
    if proof and not proof.older_files:
        parts.append(
            f"proved: the cluster counts {count(proof.newer_files, 'file')}, which the list has"
        )
    elif proof:
        parts.append(
            f"proved: the list leads from the {count(proof.older_files, 'file')} of the older "
            f"snapshot to the {proof.newer_files} of the newer"
        )
    return f"{project}: {'; '.join(parts)}"


def _files(number: int, size: int) -> str:
    return f"{count(number, 'file')} ({count(size, 'byte')})"
