"""From changes to the entries of a list as production makes them, over trees in memory.

A tree is a dictionary of names; a directory is a dictionary again, and everything else is what the
tree describes: attributes, or why they cannot be read.
"""

import contextlib
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

from msgspec import Struct

from qumulo_changelist.bounds import Bounds
from qumulo_changelist.changes.changeset import ChangeSet
from qumulo_changelist.changes.key import ChangedPaths
from qumulo_changelist.changes.marks import Division, Mark
from qumulo_changelist.changes.scope import Scope
from qumulo_changelist.changes.sieve import NO_SIEVE as NO_CHANGE_SIEVE
from qumulo_changelist.changes.sieve import ChangeSieve
from qumulo_changelist.changes.slice import Slice
from qumulo_changelist.changes.slices import cut
from qumulo_changelist.events import Listener, ignore
from qumulo_changelist.filters.paths import NO_PATTERNS, PathFilter
from qumulo_changelist.model import (
    Attributes,
    Batch,
    Change,
    Description,
    Entry,
    Kind,
    ReadFailure,
    State,
    Totals,
)
from qumulo_changelist.output.interface import Piece, StoredPiece
from qumulo_changelist.runners.encode import CountedPieces, EntryEncoder, SidesEncoder
from qumulo_changelist.runners.job import SliceJob, SliceWorker
from qumulo_changelist.scan.sieve import EntrySieve, SliceSieve
from qumulo_changelist.scan.tally import Tally
from qumulo_changelist.trees.interface import (
    NOT_READ,
    DescribedEntries,
    KnownListing,
    NamedEntries,
    Subtree,
    Tree,
    TreeRequest,
    WorkerPlace,
)

FILE = Attributes(Kind.FILE, size=7, mtime=1, atime=2, owner=3, group=4)
LINK = Attributes(Kind.OTHER, size=9)
DIRECTORY = Attributes(Kind.DIRECTORY, size=512)

NO_SIEVE = EntrySieve()

MISSING = ReadFailure("it does not exist")
LOCKED = ReadFailure("no permission")
BROKEN = ReadFailure("I/O error")
"""A name of which not even the kind is known."""


class Locked(dict[str, Any]):
    """A directory that cannot be read, whatever it contains."""


class Malformed(dict[str, Any]):
    """A directory with an attribute that is malformed."""


class DictTree:
    """Implements ``Tree`` over a dictionary, and keeps the requests."""

    changed_since = 0

    def __init__(self, content: dict[str, Any]) -> None:
        self._content = content
        self.requests: list[TreeRequest] = []

    def read(self, wanted: Iterable[TreeRequest]) -> Iterator[Iterable[DescribedEntries]]:
        for request in wanted:
            self.requests.append(request)
            if isinstance(request, NamedEntries):
                described = [_describe(self._find(name)) for name in request.names]
                yield [DescribedEntries(request.names, described)]
            else:
                assert touches(request.bounds, request.directory)
                yield self.walk(request)

    def walk(self, request: Subtree) -> Iterator[DescribedEntries]:
        """Yield what a request wants of everything below its directory."""
        bounds, known = request.bounds, request.known
        content = self._find(request.directory)
        for part in _walk(request.directory, content, request.filters):
            (name,), (described,) = part.names, part.described
            if known and _is_unknown(known, name):
                continue
            is_failure = isinstance(described, ReadFailure)
            is_above = bounds.reaches_into(name.removesuffix("/") + "/")
            if bounds.includes(name) or (is_failure and is_above):
                yield part

    def names(self, directory: str) -> list[str]:
        found = self._find(directory)
        below = [name + "/" * isinstance(one, dict) for name, one in found.items()]
        return sorted([directory + name for name in below], reverse=True)

    def directories(self) -> list[str]:
        """Return all directories that can be read."""
        parts = _walk("/", self._content, NO_PATTERNS)
        found = [part.names[0] for part in parts if part.names[0].endswith("/")]
        return ["/", *(name for name in found if not isinstance(self._find(name), Locked))]

    def _find(self, name: str) -> Any:
        found: Any = self._content
        for part in filter(None, name.split("/")):
            if not isinstance(found, dict) or isinstance(found, Locked):
                return None
            found = found.get(part)
        return found


def _is_unknown(known: KnownListing, name: str) -> bool:
    """Return whether a name, or a directory above it, is missing in what is known."""
    start = len(known.directory)
    if not name.startswith(known.directory) or len(name) == start:
        return False
    end = name.find("/", start) + 1
    return (name[:end] if end else name) not in known.names


def _describe(found: Any) -> Description:
    if isinstance(found, Malformed):
        return ReadFailure("no usable owner", known=DIRECTORY)
    if isinstance(found, dict):
        return DIRECTORY
    return found or MISSING


def _walk(directory: str, content: Any, filters: PathFilter) -> Iterator[DescribedEntries]:
    if not isinstance(content, dict) or isinstance(content, Locked):
        reason = LOCKED if isinstance(content, Locked) else MISSING
        yield DescribedEntries([directory], [reason])
        return
    children = {name + "/" * isinstance(found, dict): found for name, found in content.items()}
    for name in sorted(children, reverse=True):
        found = children[name]
        if filters.excludes(directory + name) and isinstance(found, dict):
            yield DescribedEntries([directory + name], [NOT_READ])
            continue
        if isinstance(found, dict):
            yield from _walk(directory + name, found, filters)
        if not isinstance(found, Locked):
            yield DescribedEntries([directory + name], [_describe(found)])


def without_filters(changed: ChangedPaths) -> SliceSieve:
    """Return changes from which nothing is left out."""
    return SliceSieve(NO_SIEVE, changed)


class OpenTree(Struct, frozen=True):
    """A source of a tree that exists already; implements ``TreeSource``."""

    tree: Tree

    def at(self, place: WorkerPlace) -> "OpenTree":
        return self

    def open(self, listener: Listener) -> AbstractContextManager[Tree]:
        return contextlib.nullcontext(self.tree)


class KeepEntries:
    """A format that keeps the entries; implements ``ListFormat`` and ``PieceWriter``."""

    limitation = ""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def can_hold(self, name: str) -> bool:
        return True

    def start_piece(self) -> "KeepEntries":
        return self

    def add(self, batch: Batch) -> Batch:
        assert batch
        self.entries += batch
        return []

    def finish(self) -> Piece:
        return Piece(b"", "", [])

    def assemble(self, pieces: Iterable[StoredPiece], totals: Totals) -> Iterator[bytes]:
        raise NotImplementedError


def list_entries(
    slices: Iterable[Slice | list[str]],
    newer: Tree,
    older: Tree | None = None,
    *,
    identified: Tree | None = None,
    deletes: bool = True,
) -> list[Entry]:
    """Return the entries that a run lists for slices, and those that it leaves out."""
    return run_slices(slices, newer, older, identified=identified, deletes=deletes).entries


class Product(NamedTuple):
    """What a run makes of slices."""

    entries: list[Entry]
    tally: Tally


def run_slices(
    slices: Iterable[Slice | list[str]],
    newer: Tree,
    older: Tree | None = None,
    *,
    identified: Tree | None = None,
    deletes: bool = True,
    sieve: EntrySieve = NO_SIEVE,
) -> Product:
    """Return the entries that a run lists for slices, or their keys, and what it counts."""
    kept, tally = KeepEntries(), Tally()
    job: SliceJob[CountedPieces] = SliceJob(
        OpenTree(newer),
        OpenTree(older) if older else None,
        SidesEncoder(EntryEncoder((kept,)), deletes),
        OpenTree(identified) if identified else None,
        sieve,
    )
    worker = SliceWorker(job, ignore)
    for one in slices:
        result = worker.work(one if isinstance(one, Slice) else Slice.of(one))
        tally.merge(result.product[0].tally)
        tally.filtered.merge(result.left_out)
    worker.close()
    return Product(kept.entries, tally)


def touches(bounds: Bounds, directory: str) -> bool:
    """Return whether a directory is in bounds, or a name below it can be."""
    return bounds.includes(directory) or bounds.reaches_into(directory)


class Quarters(Struct, frozen=True):
    """The division in which a whole directory is never cut, and counts as a quarter of a slice."""

    size: int
    """That of a slice."""

    def weigh(self, _directory: str) -> int:
        """Return a quarter of a slice; see ``Division``."""
        return max(self.size // 4, 1)

    def marks(self, _directory: str, _letters: str) -> Iterator[Mark]:
        """Yield nothing; see ``Division``."""
        return iter(())


def collect(changes: Iterable[str], sieve: ChangeSieve = NO_CHANGE_SIEVE) -> ChangeSet:
    """Return changes that are written as in ``CREATE /a/b``."""
    collected = ChangeSet(Scope("/"), limit=10**9, folder="", sieve=sieve)
    collected.add([Change(*line.split(" ", 1)) for line in changes])  # type: ignore[arg-type]
    return collected


def list_changes(
    changes: Iterable[str],
    now: dict[str, Any],
    before: dict[str, Any] | None = None,
    *,
    slice_size: int = 10**9,
    division: Division | None = None,
) -> list[Entry]:
    """Return the entries that a run lists for changes; without ``before``, without deletions."""
    collected = collect(changes)
    return list_entries(
        cut(
            collected.drain(),
            slice_size,
            collected.whole_directories,
            division or Quarters(slice_size),
        ),
        DictTree(now),
        None if before is None else DictTree(before),
        deletes=before is not None,
    )


_WORDS = {
    (State.PRESENT, Kind.FILE): "file",
    (State.PRESENT, Kind.DIRECTORY): "dir",
    (State.DELETED, Kind.FILE): "deleted",
    (State.DELETED, Kind.DIRECTORY): "deleted dir",
    (State.UNREADABLE, Kind.FILE): "bad",
    (State.UNREADABLE, Kind.DIRECTORY): "bad dir",
    (State.LEFT_OUT, Kind.OTHER): "left out",
}


def line_of(entry: Entry) -> str:
    """Return what a list says of an entry, and its name; ``bad`` if it cannot be read."""
    return f"{_WORDS[entry.state, entry.attributes.kind]} {entry.name}"
