"""Everything that can end a run: one tree of errors, each with its exit code.

    ChangelistError
    ├── UsageError                    2   the request cannot be carried out as it stands
    │   ├── ProjectNameError          2   the project cannot be part of a snapshot's name
    │   ├── ListNameError             2   the GUID or the source index cannot name the list
    │   ├── ClusterPathError          2   it is not an absolute path on a cluster
    │   ├── SnapshotOrderError        2   the older snapshot's id is not the smaller one
    │   ├── BasePathError             2   neither snapshot has the base path as a directory
    │   ├── MappedPathError           2   the mapped path cannot be read, or is missing
    │   ├── WrongMountError           2   the mapped path does not show the base path
    │   └── HiddenSnapshotError       2   the mapped path does not show the snapshot
    ├── OutputError                   4   the list or its folder cannot be written
    │   ├── SpillError                4   there is no room for what a run sets aside
    │   ├── ReceiptError              4   the list is in place, its receipt is not
    │   └── ResultError               4   all is done, but the result cannot be printed
    ├── ProofError                    5   the list does not agree with the cluster's counts
    │   ├── StaleProofError           5   the same, and the live share changed after the snapshot
    │   └── UnprovableError           5   nothing is known that would prove it
    ├── DeletionLimitError            6   more would be deleted than the limit allows
    │   └── UnknownDeletionLimitError 6   the limit is a percentage of an unknown number
    ├── ConfigurationError           23   the archiver's configuration lacks something
    │   ├── ConfigurationFileError   23   the configuration cannot be read at all
    │   └── TrustFileError           23   the file of trusted certificates cannot be used
    ├── IncomparableError            65   the snapshots cannot be compared
    │   └── SnapshotTimeError        65   the newer snapshot was taken first
    ├── InvalidReceiptError          65   a file is not a receipt that this version can read
    ├── StatusError                  65   the cluster refuses a request
    │   ├── NotFoundError            66   the cluster has no such path
    │   │   ├── SnapshotMissingError 66   the cluster has no such snapshot
    │   │   └── UnsupportedError     66   the cluster's version does not have what was asked
    │   └── RefusedError             77   the cluster does not let this user do this
    │       ├── LoginError           77   the cluster does not accept the login
    │       └── SingleSignOnError    77   the user cannot log in with a password
    ├── UnreachableError             69   no node answers; transient
    │   ├── FailingError             69   the cluster keeps failing; transient
    │   │   └── BrokenConnectionError 69  the connection broke before the answer; transient
    │   ├── MountTimeoutError        69   a mount of the cluster does not answer; transient
    │   ├── UnclearOutcomeError      69   the cluster may have done what was asked, or not
    │   └── CertificateError         69   a node cannot prove that it is the cluster's
    │       └── ChangedCertificateError 69  its certificate is not the configured one
    ├── WorkerError                  70   a worker process ended; transient
    ├── ResourceError                71   this machine lacks files, memory or threads; transient
    ├── SessionStoreError            73   the folder for sessions cannot be used
    ├── ReplyError                   76   the cluster's answer cannot be understood
    │   └── IncompleteReplyError     76   the cluster's answer lacks a part; transient
    ├── QqMissingError              127   `qq` cannot be started
    └── QqFailedError                 ?   `qq` failed for a reason of its own; its exit code

    UnreadableError                       one entry cannot be read: ends nothing
    └── AbsentError                       a tree has no such entry

The exit codes 2, 4, 5, 6, 23 and 127 are the contract's (``docs/scan-list.md``, "How a run ends");
the others are those of BSD's ``sysexits.h``. If ``qq`` reports an error, its own exit code is kept.

A message names what is wrong. What a user can type to mend it depends on the program that shows the
error, so that is not stated here: for the commands, see ``cli/messages.py``.
"""

import errno
from collections.abc import Callable


class ChangelistError(Exception):
    """An error that ends a run. No text of it ever contains a secret.

    Args:
        message: what is wrong, with the name of the file, path or value.
        hint: what else helps to mend it, in words that fit every program; "" for nothing.
        exit_code: the exit code of a program that this one ran, if that is to be kept.
    """

    exit_code: int
    """What a command ends with."""
    transient = False
    """Whether trying again later can help."""
    hint = ""

    def __init__(self, message: str, *, hint: str = "", exit_code: int | None = None) -> None:
        super().__init__(message)
        self.hint = hint or self.hint
        if exit_code is not None:
            self.exit_code = exit_code

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...], dict[str, object]]:
        # Worker processes send errors to the main one, whatever arguments they were made with.
        return _restore, (type(self), self.args), vars(self)


def _restore(kind: type[ChangelistError], args: tuple[object, ...]) -> ChangelistError:
    return kind.__new__(kind, *args)


class UsageError(ChangelistError):
    """The request cannot be carried out as it stands."""

    exit_code = 2


class ProjectNameError(UsageError):
    """The project cannot be part of a snapshot's name."""


class ListNameError(UsageError):
    """The GUID or the source index cannot be part of the list's path."""


class ClusterPathError(UsageError):
    """A path is not an absolute path that a cluster can be asked for."""


class SnapshotOrderError(UsageError):
    """The older snapshot's id is not the smaller one."""


class BasePathError(UsageError):
    """Neither snapshot has the base path as a directory."""


class MappedPathError(UsageError):
    """The mapped path is missing, or is not a directory that can be read."""


class WrongMountError(UsageError):
    """The mapped path shows something other than the base path."""


class HiddenSnapshotError(UsageError):
    """The mapped path does not show the snapshot under ``.snapshot``."""


class OutputError(ChangelistError):
    """The list, or the folder for it, cannot be written."""

    exit_code = 4


class SpillError(OutputError):
    """There is no room on disk for what a run sets aside."""


class ReceiptError(OutputError):
    """The list is in its place, and its receipt could not be put there."""


class ResultError(OutputError):
    """Everything is done, but the result could not be printed."""


class ProofError(ChangelistError):
    """The list does not agree with what the cluster counts in both snapshots."""

    exit_code = 5


class StaleProofError(ProofError):
    """It does not agree, and the live share changed after the newer snapshot."""


class UnprovableError(ProofError):
    """What would prove the list cannot be read."""


class DeletionLimitError(ChangelistError):
    """The list would delete more files than the limit allows."""

    exit_code = 6


class UnknownDeletionLimitError(DeletionLimitError):
    """The limit is a percentage, and the number of files is unknown."""


class ConfigurationError(ChangelistError):
    """The archiver's configuration lacks what is needed, or has it malformed."""

    exit_code = 23


class ConfigurationFileError(ConfigurationError):
    """The archiver's configuration is missing or unreadable."""


class TrustFileError(ConfigurationError):
    """The file of the certificates to trust cannot be used."""


class IncomparableError(ChangelistError):
    """The two snapshots are of different directories."""

    exit_code = 65


class SnapshotTimeError(IncomparableError):
    """The newer snapshot was taken before the older one."""


class InvalidReceiptError(ChangelistError):
    """A file is not a receipt, or a newer version of this package made it."""

    exit_code = 65


class StatusError(ChangelistError):
    """The cluster answered a request with an error, and trying again would not help.

    ``status`` is the HTTP status, ``error_class`` the cluster's own name for the error or "".
    """

    exit_code = 65

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        error_class: str = "",
        hint: str = "",
        exit_code: int | None = None,
    ) -> None:
        super().__init__(message, hint=hint, exit_code=exit_code)
        self.status = status
        self.error_class = error_class


class NotFoundError(StatusError):
    """The cluster has no such path."""

    exit_code = 66


class SnapshotMissingError(NotFoundError):
    """The cluster has no such snapshot."""


class UnsupportedError(NotFoundError):
    """The cluster's version does not have what was asked for."""


class RefusedError(StatusError):
    """The cluster does not let this user do this."""

    exit_code = 77


class LoginError(RefusedError):
    """The cluster does not accept the user's password or access token."""


class SingleSignOnError(RefusedError):
    """The user logs in through single sign-on, which takes no password."""


class UnreachableError(ChangelistError):
    """No node of the cluster answers."""

    exit_code = 69
    transient = True


class FailingError(UnreachableError):
    """The cluster can be reached, but keeps failing to answer one request."""

    hint = "The cluster keeps failing; try again later."


class BrokenConnectionError(FailingError):
    """The connection to the cluster broke before it answered."""

    hint = ""


class MountTimeoutError(UnreachableError):
    """A mount does not answer; a thread of this process may wait until the process ends."""


class UnclearOutcomeError(UnreachableError):
    """The connection broke, and the cluster may have done what was asked, or not."""

    transient = False


class CertificateError(UnreachableError):
    """A node cannot prove that it belongs to the cluster; nothing was sent to it."""

    transient = False


class ChangedCertificateError(CertificateError):
    """A node shows a certificate other than the configured one."""


class ReplyError(ChangelistError):
    """The cluster's answer, or what ``qq`` printed of it, cannot be understood."""

    exit_code = 76


class IncompleteReplyError(ReplyError):
    """The cluster's answer lacks a part, perhaps because the snapshot expired meanwhile."""

    transient = True


class QqMissingError(ChangelistError):
    """The vendor's ``qq`` command cannot be started."""

    exit_code = 127


class QqFailedError(ChangelistError):
    """``qq`` failed for a reason of its own; its exit code is kept (128 + N for signal N)."""

    exit_code = 1


class WorkerError(ChangelistError):
    """A process that worked on a slice of the changes ended without a result."""

    exit_code = 70
    transient = True


class ResourceError(ChangelistError):
    """This machine lacks what a run needs: file descriptors, memory, threads or processes.

    That never makes an entry unreadable. ``number`` is the system's number for the error.
    """

    exit_code = 71
    transient = True

    def __init__(self, message: str, *, number: int = errno.ENOMEM) -> None:
        super().__init__(message)
        self.number = number


class SessionStoreError(ChangelistError):
    """The folder that keeps sessions cannot be used, or others can read it."""

    exit_code = 73


class UnreadableError(Exception):
    """One entry of a tree cannot be read, which ends nothing; ``str()`` is the reason alone."""


class AbsentError(UnreadableError):
    """A tree has no such entry, or something other than a directory where one is asked for."""
