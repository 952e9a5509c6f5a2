"""Moves: the same file under a different name. What one tree lost and the other gained is paired.

Two entries are the same file if their ids, sizes and revisions are equal. A moved directory needs
no rule of its own: its files are the same files, and are found by listing both places. Pairs can be
found only when both sides are known completely. So all entries are first set aside: candidates
sorted by what identifies them, and everything sorted by name afterwards.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from qumulo_changelist.changes import key
from qumulo_changelist.changes.sorted_keys import SortedKeys
from qumulo_changelist.model import CREATE, Batch, Entry, Kind, State
from qumulo_changelist.scan import records
from qumulo_changelist.scan.order import resolve_names, sort_distinct
from qumulo_changelist.scan.reconcile import choose_entry, hide_deletions


class SetAsideCandidates(Protocol):
    """The entries of a slice as records, divided by whether they can be part of a move."""

    @property
    def candidates(self) -> list[str]:
        """Those that can, grouped (``key.add_group``) by what identifies a file."""

    @property
    def others(self) -> list[str]:
        """All others."""


class MoveCandidates(Struct, frozen=True):
    """Implements :class:`SetAsideCandidates`: the records are in memory."""

    candidates: list[str]
    others: list[str]


class CandidateFinder(Struct, frozen=True):
    """Finds the entries of a slice that can be part of a move. It can be pickled."""

    can_hold: Callable[[str], bool]
    """Whether the format of the list can hold a name."""

    def __call__(self, batches: Iterable[Batch]) -> MoveCandidates:
        """Return the entries as records."""
        found = MoveCandidates([], [])
        for batch in batches:
            for entry in batch:
                record = records.encode(entry)
                if self._is_candidate(entry):
                    known = entry.attributes
                    file = f"{known.id} {known.size} {known.revision}"
                    found.candidates.append(key.add_group(file, record))
                else:
                    found.others.append(record)
        return found

    def _is_candidate(self, entry: Entry) -> bool:
        known = entry.attributes
        if not known.id or not known.revision or known.kind is not Kind.FILE:
            return False
        is_new = entry.state is State.PRESENT and entry.op == CREATE
        return (is_new or entry.state is State.DELETED) and self.can_hold(entry.name)


def pair_moves(
    slices: Iterable[SetAsideCandidates],
    candidates: SortedKeys,
    settled: SortedKeys,
    *,
    deletes: bool,
) -> Iterator[Batch]:
    """Yield the entries of a list that reports moves, in the list's order.

    Args:
        slices: the entries of all slices of the changes, in any order.
        candidates: sorts what can be part of a move; empty.
        settled: sorts everything that is decided; empty.
        deletes: whether deletions are wanted.
    """
    for found in slices:
        settled.add(found.others)
        candidates.add(found.candidates)
    for block in _mark_moves(candidates.drain()):
        settled.add(block)
    yield from resolve_names(_entries(settled, deletes=deletes), choose_entry)


def _mark_moves(blocks: Iterable[list[str]]) -> Iterator[list[str]]:
    """Yield the records of candidates, those of moved files with their old names."""
    grouped = (candidate for block in blocks for candidate in block)
    for _, group in groupby(grouped, key.group_of):
        same_file = [key.without_group(candidate) for candidate in group]
        if len(same_file) > 1:
            same_file = [records.encode(entry) for entry in _pair_names(same_file)]
        yield same_file


def _pair_names(same_file: list[str]) -> Iterator[Entry]:
    """Yield the entries of one file, under all its names that appeared or disappeared."""
    entries = sorted(map(records.decode, set(same_file)), key=lambda entry: entry.name)
    appeared = {entry.name: entry for entry in entries if entry.state is State.PRESENT}
    disappeared = {entry.name: entry for entry in entries if entry.state is State.DELETED}
    new = sorted(appeared.keys() - disappeared.keys())
    old = sorted(disappeared.keys() - appeared.keys())
    # If several names appeared, nobody can know which old name became which new name.
    for to, moved_from in zip(new, old, strict=False):
        appeared[to] = replace(appeared[to], moved_from=moved_from)
        disappeared[moved_from] = replace(disappeared[moved_from], state=State.GONE)
    yield from appeared.values()
    yield from disappeared.values()


def _entries(settled: SortedKeys, *, deletes: bool) -> Iterator[Batch]:
    for block in settled.drain():
        entries = [records.decode(record) for record in block]
        yield from sort_distinct(entries if deletes else list(hide_deletions(entries)))
