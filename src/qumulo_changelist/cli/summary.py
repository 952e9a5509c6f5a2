"""The last line of a run: what the list contains."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from qumulo_changelist.model import Totals
from qumulo_changelist.wording import count, describe_bytes

if TYPE_CHECKING:
    from qumulo_changelist.checks.proof import Proof
    from qumulo_changelist.filters.tally import FilterCount
    from qumulo_changelist.operations.lists.request import ChangelistRequest
    from qumulo_changelist.operations.lists.result import ChangelistResult


def summarize(
    project: str,
    totals: Totals,
    proof: "Proof | None",
    *,
    moves: bool,
    deletes: bool = True,
    filtered: "Mapping[str, FilterCount]" = MappingProxyType({}),
) -> str:
    """Return what a list contains, in words.

    Args:
        project: the project's name.
        totals: what the list contains.
        proof: what the cluster counts; None if no proof was wanted.
        moves: whether moves were wanted.
        deletes: whether deletions were wanted, or there can be none.
        filtered: what filters have left out, by filter.
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
    if filtered:
        parts.append(f"left out by filters: {_filtered(filtered)}")
    if totals.without_numeric_ids:
        parts.append(
            f"with an owner or a group that has no numeric id: {totals.without_numeric_ids}"
        )
    if totals.changed_since:
        parts.append(
            f"on the live share since the snapshot: {count(totals.changed_since, 'entry')} changed "
            "or disappeared (exact: --metadata snapshot or rest)"
        )
    besides = ", with what filters left out," if filtered else ""
    if proof and not proof.older_files:
        files = count(proof.newer_files, "file")
        parts.append(f"proved: the cluster counts {files}, which the list{besides} has")
    elif proof:
        parts.append(
            f"proved: the list{besides} leads from the {count(proof.older_files, 'file')} of the "
            f"older snapshot to the {proof.newer_files} of the newer"
        )
    if not deletes:
        parts.append("what was deleted is not listed (--deletes)")
    return f"{project}: {'; '.join(parts)}"


def summarize_result(
    request: "ChangelistRequest", result: "ChangelistResult", *, deletes: bool = True
) -> str:
    """Return what the list of a request contains, in words; see :func:`summarize`."""
    return summarize(
        request.project,
        result.totals,
        result.proof,
        moves=request.moves,
        deletes=deletes,
        filtered=result.receipt.filtered,
    )


def _filtered(filtered: "Mapping[str, FilterCount]") -> str:
    words = []
    for name, counted in filtered.items():
        numbers = []
        if counted.files:
            size = f" ({describe_bytes(counted.bytes)})" if counted.bytes else ""
            numbers.append(f"{count(counted.files, 'file')}{size}")
        if counted.directories:
            numbers.append(count(counted.directories, "directory"))
        later = ", which no later list has unless they change again" if name == "older-than" else ""
        words.append(f"--{name} {' and '.join(numbers)}{later}")
    return ", ".join(words)


def _files(number: int, size: int) -> str:
    return f"{count(number, 'file')} ({describe_bytes(size)})"
