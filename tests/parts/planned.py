"""Plans of whole directories over snapshots in memory, and what they come to."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from qumulo_changelist.changes.key import CREATED, DELETED
from qumulo_changelist.changes.marks import Mark
from qumulo_changelist.filters.paths import NO_PATTERNS, PathFilter
from qumulo_changelist.planning.by_counts import CountedDivision
from qumulo_changelist.planning.contents import ContentsReader, PlannedTree
from qumulo_changelist.planning.counts import SnapshotCounts
from qumulo_changelist.planning.listing import SnapshotLister
from qumulo_changelist.planning.weights import Weights
from qumulo_changelist.trees.interface import KnownListing
from tests.parts.fake_snapshot import BASE, SNAPSHOT, FakeSnapshot


class Part(NamedTuple):
    """What is between two marks."""

    entries: list[str]
    """The names of a list that are in it, in descending order."""
    mark: Mark


def path(name: str) -> str:
    return BASE + name.rstrip("/") or "/"


def snapshot_of(names: Iterable[str], **settings: object) -> FakeSnapshot:
    made = FakeSnapshot(page_size=1000)
    made.put(*names)
    for setting, value in settings.items():
        setattr(made, setting, value)
    return made


def weights_of(*snapshots: FakeSnapshot | None, size: int) -> tuple[Weights, list[SnapshotCounts]]:
    counts = {
        letter: SnapshotCounts(snapshot, SNAPSHOT, path)
        for letter, snapshot in zip((CREATED, DELETED), snapshots, strict=False)
        if snapshot
    }
    return Weights(counts, size), list(counts.values())


def division_of(
    newer: FakeSnapshot | None,
    older: FakeSnapshot | None = None,
    *,
    size: int,
    folder: str = "",
    excluded: PathFilter = NO_PATTERNS,
) -> tuple[Weights, CountedDivision]:
    """Return how directories of snapshots are divided."""
    snapshots = {CREATED: newer, DELETED: older}
    counts = {
        letter: SnapshotCounts(snapshot, SNAPSHOT, path)
        for letter, snapshot in snapshots.items()
        if snapshot
    }
    trees = {
        letter: PlannedTree(each, SnapshotLister(snapshot, SNAPSHOT, path, folder))
        for letter, each in counts.items()
        if (snapshot := snapshots[letter])
    }
    weights = Weights(counts, size)
    contents = ContentsReader(trees, size, excluded)
    return weights, CountedDivision(weights, contents, counts.keys(), size)


def parts_of(
    top: str,
    size: int,
    newer: FakeSnapshot | None,
    older: FakeSnapshot | None = None,
    excluded: PathFilter = NO_PATTERNS,
) -> list[Part]:
    """Return the parts of a directory, after checking all that must hold for any of them."""
    weights, division = division_of(newer, older, size=size, excluded=excluded)
    letters = CREATED * bool(newer) + DELETED * bool(older)
    weights.expect([(top, letter) for letter in letters])
    marks = list(division.marks(top, letters))
    names = [mark.name for mark in marks]
    assert names == sorted(set(names), reverse=True)
    listed = sorted(
        {name for snapshot in (newer, older) if snapshot for name in _listed(snapshot, top)},
        reverse=True,
    )
    parts, begin = [], 0
    assert not marks or names[-1] == top
    for mark in marks or [Mark(top, 0)]:
        if mark.name == top:
            mark = mark._replace(name="")
        end = next((at for at, name in enumerate(listed) if name < mark.name), len(listed))
        parts.append(Part(listed[begin:end], mark))
        upper = names[len(parts) - 2] if len(parts) > 1 else ""
        for known, snapshot in ((mark.newer, newer), (mark.older, older)):
            assert not known or not _missing(known, snapshot, mark.name, upper)
        begin = end
    assert sum(len(part.entries) for part in parts) == len(listed)
    return parts


def balance(weights: list[int]) -> float:
    """Return how many times the mean the largest weight is."""
    return max(weights) * len(weights) / sum(weights)


def _listed(snapshot: FakeSnapshot, top: str) -> Iterator[str]:
    """Yield all names at and below a directory, as a list has them."""
    yield top.rstrip("/")
    for found in snapshot.walk_names(path(top)):
        yield found.removeprefix(BASE).rstrip("/")


def _missing(
    known: KnownListing, snapshot: FakeSnapshot | None, lower: str, upper: str
) -> set[str]:
    """Return the entries of a directory that a part has something of, and that are not known."""
    assert snapshot
    top = known.directory
    touched = set()
    for name in snapshot.entries[path(top)]:
        inner = [top + name, *(found.removeprefix(BASE) for found in
                               snapshot.walk_names(path(top + name)))]  # fmt: skip
        listed = [each.rstrip("/") for each in inner]
        if any(lower <= each and (not upper or each < upper) for each in listed):
            touched.add(top + name)
    assert known.names == sorted(known.names, reverse=True)
    if known.page:
        entries = {top + name for name in known.page.entries}
        assert entries == set(known.names)
    return touched - set(known.names)
