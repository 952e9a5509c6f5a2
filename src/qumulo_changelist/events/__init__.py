"""What a run reports while it works: typed events, and the listener that receives them.

A listener is any function of one argument. Several threads may call it at the same time, always in
the process that called the operation. Events of worker processes arrive with the results of their
slices. No event ever contains a secret.
"""

from collections.abc import Callable

from qumulo_changelist.events.cluster import (
    CertificateUnchecked,
    ClusterAwaited,
    CommandStarted,
    NodeChosen,
    NodeSkipped,
    QqSpoke,
    RequestRetried,
    SecretExposed,
    SnapshotSought,
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
    PartFailed,
    ProjectAwaited,
    RunContinued,
    RunRecovered,
    SnapshotKept,
    SnapshotRemoved,
    SnapshotTaken,
    SourceBegun,
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
    PlacingBegun,
    ProcessesLeft,
    QqFoldersCounted,
    SliceLate,
    SnapshotExpires,
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
    "ClusterAwaited",
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
    "PartFailed",
    "PieceDamaged",
    "PiecesLeft",
    "PiecesPerishable",
    "PiecesReused",
    "PlacingBegun",
    "ProcessesLeft",
    "Progressed",
    "ProjectAwaited",
    "QqFoldersCounted",
    "QqSpoke",
    "RequestRetried",
    "RunContinued",
    "RunRecovered",
    "SecretExposed",
    "SliceLate",
    "SnapshotExpires",
    "SnapshotKept",
    "SnapshotRemoved",
    "SnapshotSought",
    "SnapshotTaken",
    "SourceBegun",
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
    | ClusterAwaited
    | SnapshotSought
    | NodeSkipped
    | NodeChosen
    | CertificateUnchecked
    | SecretExposed
    | CommandStarted
    | QqSpoke
    | SnapshotExpires
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
    | PlacingBegun
    | ListPublished
    | ProjectAwaited
    | SourceBegun
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
    | PartFailed
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
