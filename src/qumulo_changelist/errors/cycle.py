"""Errors of the cycle of a project: its file, its runs, and what it has committed."""

from qumulo_changelist.errors.cluster import NotFoundError
from qumulo_changelist.errors.request import ConfigurationError, UsageError
from qumulo_changelist.errors.root import ChangelistError


class UnknownProjectError(UsageError):
    """No file of projects has a project of this name."""


class UncommittableError(UsageError):
    """There is no finished list to commit, or it is not certain that the archive has it.

    ``snapshot`` is the one whose list can be committed all the same, by naming it; None for none.
    """

    def __init__(self, message: str, *, snapshot: int | None = None, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.snapshot = snapshot


class NeededSnapshotError(UsageError):
    """A project needs a snapshot that was to be deleted."""


class ProjectFileError(ConfigurationError):
    """A file of projects cannot be read, or a key in it is unknown or malformed."""


class CommandFailedError(ChangelistError):
    """The command that was given the list failed, so nothing was committed."""

    exit_code = 3


class NoBaseError(ChangelistError):
    """Only a full list can be made, and none was wanted."""

    exit_code = 7


class PolicySnapshotMissingError(NotFoundError):
    """The cluster has no snapshot by this policy that contains the source."""


class StateFileError(ChangelistError):
    """The file that keeps what was committed cannot be used."""

    exit_code = 73


class ProjectBusyError(ChangelistError):
    """A different run of the same project is under way."""

    exit_code = 75
    transient = True
