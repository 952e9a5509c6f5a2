"""Errors of a Dask scheduler and its workers."""

from qumulo_changelist.errors.machine import WorkerError
from qumulo_changelist.errors.request import UsageError
from qumulo_changelist.errors.root import ChangelistError


class SchedulerAddressError(UsageError):
    """What was given is not the address of a scheduler, nor a file with one."""


class UnverifiedSchedulerError(UsageError):
    """The scheduler is on a different machine, and nothing verifies who it is."""


class SchedulerTrustError(UsageError):
    """A certificate, or a key, that the connection to the scheduler needs cannot be used."""


class SchedulerError(ChangelistError):
    """The scheduler does not answer, or the connection to it was lost."""

    exit_code = 69
    transient = True


class SchedulerRefusedError(SchedulerError):
    """The scheduler and this machine do not accept each other's certificates."""

    transient = False


class NoWorkersError(SchedulerError):
    """The scheduler has no workers."""


class WorkerMismatchError(WorkerError):
    """A worker, or the scheduler, has a different version of this package or of Python."""

    transient = False
    address = ""
    """Of the worker; "" if it is the scheduler."""
