"""Events of the cycle of a project."""

from msgspec import Struct

from qumulo_changelist.filters.tally import FilterCount
from qumulo_changelist.model import Totals


class ProjectAwaited(Struct, frozen=True):
    """A different run of the project is under way; this run waits for it."""

    project: str
    holder: str
    """Which process it is, and since when."""


class SourceBegun(Struct, frozen=True):
    """A run begins with a source of its project."""

    project: str
    source: str


class RunRecovered(Struct, frozen=True):
    """An earlier run was interrupted, and what it left is known now."""

    project: str
    source: str
    snapshot: int | None
    """The snapshot that it had taken; None for none."""
    is_committed: bool
    """Whether it was to be committed; that has been completed now."""


class RunContinued(Struct, frozen=True):
    """An earlier run was cut short; this one goes on with its snapshot and what it kept."""

    project: str
    source: str
    snapshot: int
    name: str
    """Of the snapshot."""


class CommitLost(Struct, frozen=True):
    """A commit was interrupted, and can no longer be completed: its snapshot is gone."""

    project: str
    source: str
    snapshot: int


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


class FiltersWidened(Struct, frozen=True):
    """The filters may let more pass than those of an earlier list did, since the last full list.

    What passes only now, and has not changed since, is on no list.
    """

    project: str
    source: str
    snapshot: int
    """The newest snapshot that was listed with filters that let less pass."""


class FullListNeeded(Struct, frozen=True):
    """Only a full list can be made."""

    project: str
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


class ListMade(Struct, frozen=True):
    """A run has made the list of a source; it is in its place, and not committed yet."""

    project: str
    source: str
    path: str
    """Of the list."""
    totals: Totals
    """What it contains."""
    deletes: bool
    """Whether deletions were wanted, or there can be none, as in a full list."""
    moves: bool
    """Whether moves were wanted."""
    proof: tuple[int, int] | None
    """The number of files that the cluster counts in the older and in the newer snapshot; None if
    no proof was wanted."""
    filtered: dict[str, FilterCount] = {}
    """What each filter has left out, by the name of its option."""


class ListHanded(Struct, frozen=True):
    """The command was given the list."""

    command: tuple[str, ...]


class PartFailed(Struct, frozen=True):
    """A project, or one of its sources, failed; the command goes on with the others."""

    what: str
    error: str
    """The class of the error."""
    message: str
    hint: str
    """What the user can do about it; "" for nothing."""
    exit_code: int


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


class NotificationFailed(Struct, frozen=True):
    """A run could not be posted to a URL; the run itself is as it was."""

    address: str
    """The scheme and the host of the URL: the rest may be a secret."""
    reason: str


class MetricsUnwritten(Struct, frozen=True):
    """The file of metrics could not be written; the run itself is as it was."""

    path: str
    reason: str
