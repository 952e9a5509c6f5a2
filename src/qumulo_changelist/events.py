"""What a run reports while it works: typed events, and the listener that receives them.

A listener is any function of one argument. Several threads may call it at the same time, always in
the process that called the operation. Events of worker processes arrive with the results of their
slices. No event ever contains a secret.
"""

from collections.abc import Callable

from msgspec import Struct

# The cluster


class RequestRetried(Struct, frozen=True):
    """A request failed, and will be sent again."""

    request: str
    reason: str
    seconds: float
    """The wait before that."""


class NodeSkipped(Struct, frozen=True):
    """A node of the cluster does not answer, and other nodes are asked for a while."""

    host: str
    reason: str


class NodeChosen(Struct, frozen=True):
    """``qq`` asks this node, since the nodes that were tried before it do not answer."""

    host: str
    failures: tuple[str, ...]
    """The other nodes, and why each cannot be reached."""


class CertificateUnchecked(Struct, frozen=True):
    """The configuration turns off the check of the cluster's certificate."""


class CommandStarted(Struct, frozen=True):
    """A program was started."""

    command: tuple[str, ...]


class QqSpoke(Struct, frozen=True):
    """``qq`` printed something on standard error."""

    command: str
    text: str
    failed: bool
    """Whether it failed; an error then reports the same."""


# The comparison


class SnapshotsUnknown(Struct, frozen=True):
    """The cluster does not describe the snapshots: only their ids are known."""

    reason: str


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


# The list


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


class ProcessesLeft(Struct, frozen=True):
    """Worker processes do not end, even when they are killed; they are left to the system."""

    pids: tuple[int, ...]


class LockAwaited(Struct, frozen=True):
    """Another run is publishing the same list; this run waits for it."""

    path: str


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


class ListPublished(Struct, frozen=True):
    """The list and its receipt are in their places."""

    path: str
    receipt_path: str


# The cycle of a project


class ProjectAwaited(Struct, frozen=True):
    """A different run of the project is under way; this run waits for it."""

    project: str
    holder: str
    """Which process it is, and since when."""


class RunRecovered(Struct, frozen=True):
    """An earlier run was interrupted, and what it left is known now."""

    project: str
    source: str
    snapshot: int | None
    """The snapshot that it had taken; None for none."""
    is_committed: bool
    """Whether it was to be committed; that has been completed now."""


class CommitsDisagree(Struct, frozen=True):
    """This machine and the cluster do not agree on what was committed; the older one is taken."""

    project: str
    source: str
    known: int
    """The snapshot that this machine has as committed."""
    shown: int | None
    """The one that the cluster shows; None for none."""


class BaseChosen(Struct, frozen=True):
    """A run begins from the snapshot that was committed last."""

    source: str
    snapshot: int
    name: str
    taken: int
    """In nanoseconds since the epoch; 0 if unknown."""


class BaseExpires(Struct, frozen=True):
    """The cluster will soon remove the snapshot that a run begins from."""

    source: str
    snapshot: int
    expires: int
    """In nanoseconds since the epoch."""


class FullListNeeded(Struct, frozen=True):
    """Only a full list can be made."""

    source: str
    reason: str
    adoptable: int | None
    """The snapshot that a different machine committed, and this one could adopt; None for none."""


class SnapshotTaken(Struct, frozen=True):
    """A run has taken its snapshot."""

    source: str
    snapshot: int
    name: str


class NothingNewer(Struct, frozen=True):
    """The policy has taken no snapshot since the committed one, so there is nothing to list."""

    source: str
    policy: str
    snapshot: int
    """The newest one of the policy."""


class ListHanded(Struct, frozen=True):
    """The command was given the list."""

    command: tuple[str, ...]


class CommitWithheld(Struct, frozen=True):
    """A list is not committed by itself, since some entries could not be read."""

    project: str
    source: str
    snapshot: int
    unreadable: int


class ListCommitted(Struct, frozen=True):
    """What a list contains counts as archived: the next run begins from its snapshot."""

    project: str
    source: str
    snapshot: int


class SnapshotRemoved(Struct, frozen=True):
    """A snapshot that the project no longer needs was removed from the cluster."""

    snapshot: int
    name: str


class SnapshotKept(Struct, frozen=True):
    """A snapshot that the project no longer needs could not be removed."""

    snapshot: int
    name: str
    reason: str


Event = (
    RequestRetried
    | NodeSkipped
    | NodeChosen
    | CertificateUnchecked
    | CommandStarted
    | QqSpoke
    | SnapshotsUnknown
    | ChangesCollected
    | FullListChosen
    | MountUnverified
    | QqFoldersCounted
    | EntryUnreadable
    | MoreUnreadable
    | EntryLeftOut
    | WorkersUnavailable
    | ProcessesLeft
    | LockAwaited
    | LockUnavailable
    | LeftoverRemoved
    | LeftoversKept
    | ListPublished
    | ProjectAwaited
    | RunRecovered
    | CommitsDisagree
    | BaseChosen
    | BaseExpires
    | FullListNeeded
    | SnapshotTaken
    | NothingNewer
    | ListHanded
    | CommitWithheld
    | ListCommitted
    | SnapshotRemoved
    | SnapshotKept
)

Listener = Callable[[Event], object]


def ignore(event: Event) -> None:
    """Receive an event and do nothing."""
