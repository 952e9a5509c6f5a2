"""Events of making a list: the comparison of two snapshots, and the list itself."""

from msgspec import Struct

from qumulo_changelist.model import Totals


class SnapshotExpires(Struct, frozen=True):
    """The cluster will soon remove a snapshot that a list is made from."""

    snapshot: int
    expires: int
    """In nanoseconds since the epoch."""


class ChangesCollected(Struct, frozen=True):
    """The whole diff of the two snapshots has been read."""

    base_path: str
    in_scope: int
    """The number of changes at or below the base path."""
    out_of_scope: int


class FullListChosen(Struct, frozen=True):
    """Nothing is compared: the list contains every regular file below the base path."""

    base_path: str
    newer: int
    """The id of the snapshot."""


class MountUnverified(Struct, frozen=True):
    """Nothing could be compared to make sure that the mapped path shows the base path."""

    mapped_path: str
    base_path: str


class QqFoldersCounted(Struct, frozen=True):
    """``qq`` will be asked for this number of folders, each by a process of half a second."""

    folders: int
    at_once: int
    """The number of processes that run at the same time."""
    mount_helps: bool
    """Whether a mount that shows ``.snapshot`` would make this unnecessary."""


class EntryUnreadable(Struct, frozen=True):
    """An entry cannot be read; the list reports it. Only the first ones are reported here."""

    name: str
    reason: str


class MoreUnreadable(Struct, frozen=True):
    """This number of further entries cannot be read."""

    count: int


class EntryLeftOut(Struct, frozen=True):
    """An entry changed that no list contains: a link, pipe, socket or device."""

    name: str


class WorkersUnavailable(Struct, frozen=True):
    """No worker process can be started, so this process does all the work."""

    reason: str


class WorkersAwaited(Struct, frozen=True):
    """A scheduler has no workers; the run waits until there is one."""

    scheduler: str
    """Its address."""


class WorkerLeftOut(Struct, frozen=True):
    """A worker that joined during the run has other versions than this machine."""

    reason: str
    """Its address, and the versions of both."""


class SliceLate(Struct, frozen=True):
    """A slice takes a worker far longer than others took, so another one works on it, too."""

    worker: str
    """The address of the first one."""
    seconds: float
    """How long it has taken so far."""


class ProcessesLeft(Struct, frozen=True):
    """Worker processes do not end, even when they are killed; they are left to the system."""

    pids: tuple[int, ...]


class LockAwaited(Struct, frozen=True):
    """Another run is publishing the same list; this run waits for it."""

    path: str
    holder: str
    """Which one, in words."""


class LockUnavailable(Struct, frozen=True):
    """The file system of the list has no locks."""

    path: str
    """Of the list."""
    lock_path: str
    reason: str


class LeftoverRemoved(Struct, frozen=True):
    """A file was removed that a killed run had left."""

    path: str


class LeftoversKept(Struct, frozen=True):
    """Files that killed runs left beside a list cannot be removed."""

    path: str
    """Of the list."""
    reason: str


class PiecesPerishable(Struct, frozen=True):
    """The pieces of this run are kept for itself alone: no later run may use them."""

    reason: str


class PiecesReused(Struct, frozen=True):
    """Slices were not worked on again, since an earlier run had kept their pieces."""

    reused: int
    slices: int
    """The number of all slices."""


class PieceDamaged(Struct, frozen=True):
    """A kept piece is not used, and is made again."""

    path: str
    reason: str


class PagesReused(Struct, frozen=True):
    """The first pages of the diff were not requested, since an earlier run had kept them."""

    pages: int


class PagesDropped(Struct, frozen=True):
    """Pages of the diff that an earlier run had kept are of no use, and are requested again."""

    reason: str


class KeepingStopped(Struct, frozen=True):
    """What this run does from now on is not kept: a later one could not go on from there."""

    path: str
    reason: str


class OldPiecesRemoved(Struct, frozen=True):
    """Pieces were removed that an earlier run had left, and that no run can use any more."""

    path: str


class PiecesLeft(Struct, frozen=True):
    """Pieces that are no longer needed cannot be removed."""

    path: str
    reason: str


class PlacingBegun(Struct, frozen=True):
    """All lists of a run are on disk under temporary names, and are put in their places now."""


class ListPublished(Struct, frozen=True):
    """The list and its receipt are in their places."""

    path: str
    receipt_path: str
    totals: Totals = Totals()
    """What it contains."""
