"""What a run reports while it works: typed events, and the listener that receives them.

A listener is any function of one argument. Several threads may call it at the same time, always in
the process that called the operation. Events of worker processes arrive with the results of their
slices. No event ever contains a secret.
"""

from collections.abc import Callable

from qumulo_changelist.events.cluster import (
    CertificateUnchecked,
    CommandStarted,
    NodeChosen,
    NodeSkipped,
    QqSpoke,
    RequestRetried,
)
from qumulo_changelist.events.cycle import (
    BaseChosen,
    BaseExpires,
    CommitLost,
    CommitsDisagree,
    CommitWithheld,
    FiltersWidened,
    FullListNeeded,
    ListCommitted,
    ListHanded,
    ListMade,
    MetricsUnwritten,
    NothingNewer,
    NotificationFailed,
    ProjectAwaited,
    RunContinued,
    RunRecovered,
    SnapshotKept,
    SnapshotRemoved,
    SnapshotTaken,
)
from qumulo_changelist.events.lists import (
    ChangesCollected,
    EntryLeftOut,
    EntryUnreadable,
    FullListChosen,
    KeepingStopped,
    LeftoverRemoved,
    LeftoversKept,
    ListPublished,
    LockAwaited,
    LockUnavailable,
    MoreUnreadable,
    MountUnverified,
    OldPiecesRemoved,
    PagesDropped,
    PagesReused,
    PieceDamaged,
    PiecesLeft,
    PiecesPerishable,
    PiecesReused,
    ProcessesLeft,
    QqFoldersCounted,
    SliceLate,
    SnapshotsUnknown,
    WorkerLeftOut,
    WorkersAwaited,
    WorkersUnavailable,
)
from qumulo_changelist.events.progress import (
    Progressed,
    Stage,
    StageBegun,
)

__all__ = [
    "BaseChosen",
    "BaseExpires",
    "CertificateUnchecked",
    "ChangesCollected",
    "CommandStarted",
    "CommitLost",
    "CommitWithheld",
    "CommitsDisagree",
    "EntryLeftOut",
    "EntryUnreadable",
    "Event",
    "FiltersWidened",
    "FullListChosen",
    "FullListNeeded",
    "KeepingStopped",
    "LeftoverRemoved",
    "LeftoversKept",
    "ListCommitted",
    "ListHanded",
    "ListMade",
    "ListPublished",
    "Listener",
    "LockAwaited",
    "LockUnavailable",
    "MetricsUnwritten",
    "MoreUnreadable",
    "MountUnverified",
    "NodeChosen",
    "NodeSkipped",
    "NothingNewer",
    "NotificationFailed",
    "OldPiecesRemoved",
    "PagesDropped",
    "PagesReused",
    "PieceDamaged",
    "PiecesLeft",
    "PiecesPerishable",
    "PiecesReused",
    "ProcessesLeft",
    "Progressed",
    "ProjectAwaited",
    "QqFoldersCounted",
    "QqSpoke",
    "RequestRetried",
    "RunContinued",
    "RunRecovered",
    "SliceLate",
    "SnapshotKept",
    "SnapshotRemoved",
    "SnapshotTaken",
    "SnapshotsUnknown",
    "Stage",
    "StageBegun",
    "WorkerLeftOut",
    "WorkersAwaited",
    "WorkersUnavailable",
    "ignore",
]

Event = (
    StageBegun
    | Progressed
    | RequestRetried
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
    | WorkersAwaited
    | WorkerLeftOut
    | SliceLate
    | ProcessesLeft
    | LockAwaited
    | LockUnavailable
    | LeftoverRemoved
    | LeftoversKept
    | PiecesPerishable
    | PiecesReused
    | PieceDamaged
    | PagesReused
    | PagesDropped
    | KeepingStopped
    | OldPiecesRemoved
    | PiecesLeft
    | ListPublished
    | ProjectAwaited
    | RunContinued
    | RunRecovered
    | CommitLost
    | CommitsDisagree
    | BaseChosen
    | BaseExpires
    | FiltersWidened
    | FullListNeeded
    | SnapshotTaken
    | NothingNewer
    | ListMade
    | ListHanded
    | CommitWithheld
    | ListCommitted
    | SnapshotRemoved
    | SnapshotKept
    | NotificationFailed
    | MetricsUnwritten
)

Listener = Callable[[Event], object]


def ignore(event: Event) -> None:
    """Receive an event and do nothing."""
