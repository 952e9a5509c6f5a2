"""Errors of this machine: what it lacks, and what it cannot keep."""

import errno

from qumulo_changelist.errors.root import ChangelistError


class WorkerError(ChangelistError):
    """A process that worked on a slice of the changes ended without a result."""

    exit_code = 70
    transient = True


class MistakeError(ChangelistError):
    """A mistake in this package: an exception that nobody foresaw.

    Only commands raise it, and whoever lets worker processes make a list in which one happens.
    """

    exit_code = 70
    frames = ""
    """Where in the code it was raised, and its causes: without their messages, or any value."""


class DeadlineError(ChangelistError):
    """The time is over that a run was given."""

    exit_code = 9
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
