"""Everything that can end a run: one tree of errors, each with its exit code.

    ChangelistError
    ├── UsageError                    2   the request cannot be carried out as it stands
    │   ├── ProjectNameError          2   the project cannot be part of a snapshot's name
    │   ├── ListNameError             2   the GUID or the source index cannot name the list
    │   ├── ClusterPathError          2   it is not an absolute path on a cluster
    │   ├── SnapshotOrderError        2   the older snapshot's id is not the smaller one
    │   ├── BasePathError             2   neither snapshot has the base path as a directory
    │   ├── MappedPathError           2   the mapped path cannot be read, or is missing
    │   │   └── NoMappedPathError     2   none is given, and a mount is to be read
    │   ├── WrongMountError           2   the mapped path does not show the base path
    │   ├── HiddenSnapshotError       2   the mapped path does not show the snapshot
    │   ├── WorkersNeedRestError      2   workers of other machines cannot use `qq`
    │   ├── NoSessionError            2   there is no session to send to workers
    │   ├── MissingPackageError       2   a Python package is needed and not installed
    │   ├── InexpressibleError        2   a list's format cannot express what is wanted on it
    │   ├── UnknownProjectError       2   no file of projects has such a project
    │   ├── UncommittableError        2   there is no list to commit, or more than one
    │   ├── NeededSnapshotError       2   a project needs a snapshot that was to be deleted
    │   ├── SchedulerAddressError     2   it is not the address of a scheduler
    │   ├── UnverifiedSchedulerError  2   the scheduler is elsewhere, and nothing verifies it
    │   └── SchedulerTrustError       2   a certificate for the scheduler cannot be used
    ├── CommandFailedError            3   the command that was given the list failed
    ├── OutputError                   4   the list or its folder cannot be written
    │   ├── SpillError                4   there is no room for what a run sets aside
    │   ├── PiecesError               4   the folder for pieces cannot be used
    │   ├── LogFileError              4   the log cannot be written
    │   ├── ReceiptError              4   the list is in place, its receipt is not
    │   └── ResultError               4   all is done, but the result cannot be printed
    ├── ProofError                    5   the list does not agree with the cluster's counts
    │   ├── StaleProofError           5   the same, and the live share changed after the snapshot
    │   └── UnprovableError           5   nothing is known that would prove it
    │       └── TooManyExcludedError  5   too many directories are excluded to count in each
    ├── DeletionLimitError            6   more would be deleted than the limit allows
    │   └── UnknownDeletionLimitError 6   the limit is a percentage of an unknown number
    ├── NoBaseError                   7   only a full list can be made, and none was wanted
    ├── TooManyUnreadableError        8   more cannot be read than the limit allows
    ├── DeadlineError                 9   the time of the run is over; transient
    ├── ConfigurationError           23   the archiver's configuration lacks something
    │   ├── ConfigurationFileError   23   the configuration cannot be read at all
    │   ├── TrustFileError           23   the file of trusted certificates cannot be used
    │   ├── CredentialsError         23   a worker has no credentials for the cluster
    │   └── ProjectFileError         23   a file of projects cannot be read, or a key is wrong
    ├── IncomparableError            65   the snapshots cannot be compared
    │   └── SnapshotTimeError        65   the newer snapshot was taken first
    ├── InvalidReceiptError          65   a file is not a receipt that this version can read
    ├── InvalidListError             65   a file is not a list that this version can read
    ├── StatusError                  65   the cluster refuses a request
    │   ├── NotFoundError            66   the cluster has no such path
    │   │   ├── SnapshotMissingError 66   the cluster has no such snapshot
    │   │   ├── PolicySnapshotMissingError 66  it has no snapshot by this policy
    │   │   └── UnsupportedError     66   the cluster's version does not have what was asked
    │   └── RefusedError             77   the cluster does not let this user do this
    │       ├── LoginError           77   the cluster does not accept the login
    │       │   └── SessionEndedError 77  the session of a run, given to workers, has ended
    │       └── SingleSignOnError    77   the user cannot log in with a password
    ├── UnreachableError             69   no node answers; transient
    │   ├── FailingError             69   the cluster keeps failing; transient
    │   │   └── BrokenConnectionError 69  the connection broke before the answer; transient
    │   ├── MountTimeoutError        69   a mount of the cluster does not answer; transient
    │   ├── MountChangedError        69   a mount shows something else than before; transient
    │   ├── QqTimeoutError           69   `qq` did nothing for too long; transient
    │   ├── InconsistentReadError    69   a directory could be read only now and then; transient
    │   ├── UnclearOutcomeError      69   the cluster may have done what was asked, or not
    │   └── CertificateError         69   a node cannot prove that it is the cluster's
    │       └── ChangedCertificateError 69  its certificate is not the configured one
    ├── SchedulerError               69   the scheduler does not answer; transient
    │   ├── SchedulerRefusedError    69   it and this machine do not trust each other
    │   └── NoWorkersError           69   it has no workers; transient
    ├── WorkerError                  70   a worker process ended; transient
    │   └── WorkerMismatchError      70   a worker has other versions than this machine
    ├── MistakeError                 70   a mistake in this package
    ├── ResourceError                71   this machine lacks files, memory or threads; transient
    ├── SessionStoreError            73   the folder for sessions cannot be used
    ├── StateFileError               73   the file of what was committed cannot be used
    ├── ProjectBusyError             75   another run of the project is under way; transient
    ├── ReplyError                   76   the cluster's answer cannot be understood
    │   ├── IncompleteReplyError     76   the cluster's answer lacks a part; transient
    │   └── OversizedReplyError      76   the cluster's answer is larger than any that it sends
    ├── QqMissingError              127   `qq` cannot be started
    └── QqFailedError                 ?   `qq` failed for a reason of its own; its exit code

    UnreadableError                       one entry cannot be read: ends nothing
    └── AbsentError                       a tree has no such entry

Exit codes below 64, and 127, are ours; those from 65 on are those of BSD's ``sysexits.h``.
``docs/scan-list.md`` ("How a run ends") has those of the two known commands. If ``qq``
reports an error, its own exit code is kept.

A message names what is wrong. What a user can type to mend it depends on the program that shows the
error, so that is not stated here: for the commands, see ``cli/messages.py``.
"""

from qumulo_changelist.errors.cluster import (
    BrokenConnectionError,
    CertificateError,
    ChangedCertificateError,
    FailingError,
    IncomparableError,
    IncompleteReplyError,
    InconsistentReadError,
    LoginError,
    MountChangedError,
    MountTimeoutError,
    NotFoundError,
    OversizedReplyError,
    QqFailedError,
    QqMissingError,
    QqTimeoutError,
    RefusedError,
    ReplyError,
    SessionEndedError,
    SingleSignOnError,
    SnapshotMissingError,
    SnapshotTimeError,
    StatusError,
    UnclearOutcomeError,
    UnreachableError,
    UnsupportedError,
)
from qumulo_changelist.errors.cycle import (
    CommandFailedError,
    NeededSnapshotError,
    NoBaseError,
    PolicySnapshotMissingError,
    ProjectBusyError,
    ProjectFileError,
    StateFileError,
    UncommittableError,
    UnknownProjectError,
)
from qumulo_changelist.errors.machine import (
    DeadlineError,
    MistakeError,
    ResourceError,
    SessionStoreError,
    WorkerError,
)
from qumulo_changelist.errors.request import (
    BasePathError,
    ClusterPathError,
    ConfigurationError,
    ConfigurationFileError,
    CredentialsError,
    HiddenSnapshotError,
    InexpressibleError,
    ListNameError,
    MappedPathError,
    MissingPackageError,
    NoMappedPathError,
    NoSessionError,
    ProjectNameError,
    SnapshotOrderError,
    TrustFileError,
    UsageError,
    WorkersNeedRestError,
    WrongMountError,
)
from qumulo_changelist.errors.result import (
    DeletionLimitError,
    InvalidListError,
    InvalidReceiptError,
    LogFileError,
    OutputError,
    PiecesError,
    ProofError,
    ReceiptError,
    ResultError,
    SpillError,
    StaleProofError,
    TooManyExcludedError,
    TooManyUnreadableError,
    UnknownDeletionLimitError,
    UnprovableError,
)
from qumulo_changelist.errors.root import (
    AbsentError,
    ChangelistError,
    UnreadableError,
)
from qumulo_changelist.errors.scheduler import (
    NoWorkersError,
    SchedulerAddressError,
    SchedulerError,
    SchedulerRefusedError,
    SchedulerTrustError,
    UnverifiedSchedulerError,
    WorkerMismatchError,
)

__all__ = [
    "AbsentError",
    "BasePathError",
    "BrokenConnectionError",
    "CertificateError",
    "ChangedCertificateError",
    "ChangelistError",
    "ClusterPathError",
    "CommandFailedError",
    "ConfigurationError",
    "ConfigurationFileError",
    "CredentialsError",
    "DeadlineError",
    "DeletionLimitError",
    "FailingError",
    "HiddenSnapshotError",
    "IncomparableError",
    "IncompleteReplyError",
    "InconsistentReadError",
    "InexpressibleError",
    "InvalidListError",
    "InvalidReceiptError",
    "ListNameError",
    "LogFileError",
    "LoginError",
    "MappedPathError",
    "MissingPackageError",
    "MistakeError",
    "MountChangedError",
    "MountTimeoutError",
    "NeededSnapshotError",
    "NoBaseError",
    "NoMappedPathError",
    "NoSessionError",
    "NoWorkersError",
    "NotFoundError",
    "OutputError",
    "OversizedReplyError",
    "PiecesError",
    "PolicySnapshotMissingError",
    "ProjectBusyError",
    "ProjectFileError",
    "ProjectNameError",
    "ProofError",
    "QqFailedError",
    "QqMissingError",
    "QqTimeoutError",
    "ReceiptError",
    "RefusedError",
    "ReplyError",
    "ResourceError",
    "ResultError",
    "SchedulerAddressError",
    "SchedulerError",
    "SchedulerRefusedError",
    "SchedulerTrustError",
    "SessionEndedError",
    "SessionStoreError",
    "SingleSignOnError",
    "SnapshotMissingError",
    "SnapshotOrderError",
    "SnapshotTimeError",
    "SpillError",
    "StaleProofError",
    "StateFileError",
    "StatusError",
    "TooManyExcludedError",
    "TooManyUnreadableError",
    "TrustFileError",
    "UnclearOutcomeError",
    "UncommittableError",
    "UnknownDeletionLimitError",
    "UnknownProjectError",
    "UnprovableError",
    "UnreachableError",
    "UnreadableError",
    "UnsupportedError",
    "UnverifiedSchedulerError",
    "UsageError",
    "WorkerError",
    "WorkerMismatchError",
    "WorkersNeedRestError",
    "WrongMountError",
]
