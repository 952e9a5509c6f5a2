"""The receipt beside a list: what the list is of, how it was made, and what it contains.

A receipt is JSON. Its version is ``MAJOR.MINOR``: fields that a reader does not know are ignored,
and a receipt with a greater major version than the reader's is refused.
"""

import json
import os
from datetime import datetime, timezone

import msgspec
from msgspec import Struct, field

from qumulo_changelist.checks.proof import Proof
from qumulo_changelist.errors import InvalidReceiptError
from qumulo_changelist.filters.filters import NO_FILTERS, Filters
from qumulo_changelist.filters.tally import FilterCount
from qumulo_changelist.model import Snapshot, Totals
from qumulo_changelist.names import to_bytes

RECEIPT_VERSION = "1.3"

_WHY_LEFT_OUT = "symbolic links, pipes, sockets and devices are not listed"


class ListFacts(Struct, frozen=True):
    """The file of the list."""

    path: str
    size: int
    """In bytes."""
    sha256: str


class SnapshotFacts(Struct, frozen=True):
    """A snapshot, as far as the cluster described it."""

    id: int
    name: str | None = None
    taken: str | None = None
    """In UTC, as RFC 3339 writes it."""

    @classmethod
    def of(cls, snapshot: Snapshot) -> "SnapshotFacts":
        """Return what a receipt contains of a snapshot."""
        taken = format_time(snapshot.taken) if snapshot.taken else None
        return cls(snapshot.id, snapshot.name or None, taken)


class Count(Struct, frozen=True):
    """A number of entries."""

    count: int


class FileCount(Struct, frozen=True):
    """A number of files, and their bytes."""

    count: int
    bytes: int


class FileCounts(Struct, frozen=True):
    """Files by kind of change."""

    created: FileCount
    modified: FileCount
    moved: FileCount
    deleted: FileCount

    @classmethod
    def of(cls, totals: Totals) -> "FileCounts":
        """Return the counts of files in totals."""
        return cls(
            created=FileCount(totals.created, totals.created_size),
            modified=FileCount(totals.modified, totals.modified_size),
            moved=FileCount(totals.moved, totals.moved_size),
            deleted=FileCount(totals.deleted_files, totals.deleted_size),
        )


class DirectoryCounts(Struct, frozen=True):
    """Directories by kind of change."""

    modified: Count
    deleted: Count

    @classmethod
    def of(cls, totals: Totals) -> "DirectoryCounts":
        """Return the counts of directories in totals."""
        return cls(Count(totals.directories), Count(totals.deleted_directories))


class LeftOut(Struct, frozen=True):
    """Changed entries that are not on the list."""

    count: int
    why: str = _WHY_LEFT_OUT
    first: list[str] = field(default_factory=list)
    """The names of the first of these entries."""
    changes_outside_the_base_path: int = 0


class UnreadableEntry(Struct, frozen=True):
    """An entry that could not be read or named."""

    name: str
    reason: str


class UnreadableEntries(Struct, frozen=True):
    """Entries that could not be read or named."""

    count: int
    first: list[UnreadableEntry] = field(default_factory=list)


class ProofFacts(Struct, frozen=True):
    """What the cluster counted to prove the list."""

    held: bool
    files_in_older_snapshot: int
    files_in_newer_snapshot: int

    @classmethod
    def of(cls, proof: Proof) -> "ProofFacts":
        """Return what a receipt contains of a proof."""
        return cls(
            held=True,
            files_in_older_snapshot=proof.older_files,
            files_in_newer_snapshot=proof.newer_files,
        )


class Receipt(Struct, frozen=True, kw_only=True):
    """A receipt. Times are in UTC, as RFC 3339 writes them."""

    receipt_version: str = RECEIPT_VERSION
    project: str
    version: str
    """The version of this package that made the list."""
    run: str | None = None
    """The run that made it, as the log names it. Since version 1.3."""
    list_file: ListFacts = field(name="list")
    older_snapshot: SnapshotFacts | None
    """None for a full list; before version 1.1, there was none without an older snapshot."""
    newer_snapshot: SnapshotFacts
    source: str | None = None
    """The directory that the snapshots are of; None if unknown."""
    base_path: str
    mapped_path: str | None = None
    """None if nothing was mounted."""
    transport: str
    metadata: str
    format: str = "xml"
    deletes: bool
    """Whether deletions were wanted."""
    moves: bool
    """Whether moves were wanted."""
    started: str | None = None
    ended: str | None = None
    files: FileCounts
    directories: DirectoryCounts
    left_out: LeftOut
    unreadable: UnreadableEntries
    without_numeric_owner: int = 0
    changed_on_the_live_share: int = 0
    net_files: int | None = None
    """By how much the list changes the number of files below the base path, replaced and unlisted
    ones considered; None if that is unknown, as without deletions. Since version 1.1."""
    filters: Filters = NO_FILTERS
    """What was asked for. Since version 1.2, like the next one."""
    filtered: dict[str, FilterCount] = {}
    """What each filter has left out, by the name of its option; without those that left out
    nothing."""
    proof: ProofFacts | None = None
    """None if no proof was wanted."""


def encode(receipt: Receipt) -> bytes:
    """Return a receipt as it is written."""
    content = json.dumps(msgspec.to_builtins(receipt), ensure_ascii=False, indent=2)
    # A byte of a name that is not UTF-8 is written as JSON writes a lone surrogate.
    return content.encode("utf-8", "backslashreplace") + b"\n"


def read_receipt(path: str | os.PathLike[str]) -> Receipt:
    """Return the receipt in a file.

    Args:
        path: the file.

    Raises:
        InvalidReceiptError: it cannot be read, is not a receipt, or has a newer major version.
    """
    try:
        with open(path if isinstance(path, os.PathLike) else to_bytes(path), "rb") as file:
            return decode(file.read(), os.fspath(path))
    except OSError as error:
        raise InvalidReceiptError(f"the receipt {path} cannot be read: {error.strerror}") from error


def decode(content: bytes, path: str) -> Receipt:
    """Return the receipt that bytes contain; see :func:`read_receipt`.

    Args:
        content: the bytes.
        path: where they come from, for messages.
    """
    try:
        values = json.loads(content)
        version = msgspec.convert(values, _VersionField).receipt_version
        if _major(version) > _major(RECEIPT_VERSION):
            raise InvalidReceiptError(
                f"the receipt {path} has version {version}: a newer version of this program made it"
            )
        return msgspec.convert({"receipt_version": version, **values}, Receipt)
    except (ValueError, RecursionError) as error:
        raise InvalidReceiptError(f"{path} is not a receipt: {error}") from error


class _VersionField(Struct):
    """The field that decides whether the others can be read; the first receipts lack it."""

    receipt_version: str = "1.0"


def _major(version: str) -> int:
    return int(version.partition(".")[0])


def format_time(nanoseconds: int) -> str | None:
    """Return a time as RFC 3339 writes it; None if RFC 3339 has no form for it.

    Args:
        nanoseconds: since the epoch.
    """
    seconds, fraction = divmod(nanoseconds, 1_000_000_000)
    try:
        to_the_second = datetime.fromtimestamp(seconds, timezone.utc).isoformat()[:19]
    except (ValueError, OverflowError):
        return None
    return f"{to_the_second}.{fraction:09}".rstrip("0").rstrip(".") + "Z"
