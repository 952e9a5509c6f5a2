"""What NDJSON, CSV and Parquet say of an entry: the same fields, in the same words."""

from typing import Literal, NamedTuple

from msgspec import Struct

from qumulo_changelist.model import CREATE, DELETE, MODIFY, Entry, Kind, Op, State, Totals
from qumulo_changelist.names import to_bytes
from qumulo_changelist.output.interface import ListCounts

KindWord = Literal["file", "directory"]
ChangeWord = Literal["created", "modified", "moved", "deleted", "unreadable"]

LISTED = frozenset((State.PRESENT, State.DELETED, State.UNREADABLE))
"""The states of the entries that are listed."""

CHANGES: dict[Op, ChangeWord] = {CREATE: "created", MODIFY: "modified", DELETE: "deleted"}
"""The change of an entry that is listed as it is, or as deleted."""

STATES = {"deleted": State.DELETED, "unreadable": State.UNREADABLE}
"""The states of entries by their change; that of all others is ``PRESENT``."""

OPS: dict[str, Op] = {"created": CREATE, "modified": MODIFY, "moved": CREATE}
"""What happened to entries that are there, by their change."""


class EntryFields(NamedTuple):
    """What is said of an entry that is listed; None for what does not apply.

    Size, times and ids are those of an entry that was created, modified or moved.
    """

    path: str
    """Below the base path, which is ``/``; no other path ends in ``/``."""
    kind: KindWord
    change: ChangeWord
    size: int | None = None
    """In bytes."""
    mtime: int | None = None
    """In seconds since the epoch, rounded down."""
    atime: int | None = None
    """Likewise."""
    owner: int | None = None
    """None also if the owner has no numeric id."""
    group: int | None = None
    """Likewise."""
    moved_from: str | None = None
    """The path that a moved file had in the older snapshot."""
    reason: str | None = None
    """Why an unreadable entry cannot be read."""


def fields_of(entry: Entry) -> EntryFields:
    """Return the fields of an entry that is listed."""
    known = entry.attributes
    kind: KindWord = "file" if known.kind is Kind.FILE else "directory"
    if entry.state is State.DELETED:
        return EntryFields(entry.name, kind, "deleted")
    if entry.state is State.UNREADABLE:
        return EntryFields(entry.name, kind, "unreadable", reason=entry.reason)
    return EntryFields(
        entry.name,
        kind,
        "moved" if entry.moved_from else CHANGES[entry.op],
        known.size,
        known.mtime,
        known.atime,
        known.owner,
        known.group,
        entry.moved_from or None,
    )


def is_utf8(name: str) -> bool:
    """Return whether a name is UTF-8."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def as_unicode(name: str) -> tuple[str, bytes | None]:
    """Return a name as Unicode text, and its bytes if the text is not exact.

    The text has U+FFFD for each part that is not UTF-8.
    """
    if is_utf8(name):
        return name, None
    exact = to_bytes(name)
    return exact.decode("utf-8", "replace"), exact


class StatedTotals(Struct, frozen=True):
    """What a list states of itself: numbers of files, if not said otherwise."""

    created: int
    modified: int
    moved: int
    deleted: int
    modified_directories: int
    deleted_directories: int
    unreadable: int
    """Files and directories."""
    size: int
    """The bytes of the created, modified and moved files."""

    @classmethod
    def of(cls, totals: Totals) -> "StatedTotals":
        """Return what a list states."""
        return cls(
            created=totals.created,
            modified=totals.modified,
            moved=totals.moved,
            deleted=totals.deleted_files,
            modified_directories=totals.directories,
            deleted_directories=totals.deleted_directories,
            unreadable=totals.unreadable,
            size=totals.size,
        )

    def counts(self) -> ListCounts:
        """Return what is stated, in the words of all formats."""
        return ListCounts(
            files=self.created + self.modified + self.moved,
            size=self.size,
            created=self.created,
            modified=self.modified,
            moved=self.moved,
            deleted_files=self.deleted,
            directories=self.modified_directories,
            deleted_directories=self.deleted_directories,
            unreadable=self.unreadable,
        )
