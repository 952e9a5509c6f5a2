"""Everything that can end a run, in one tree: what the user reads, and the exit code.

The exit codes 2, 4, 23 and 127 are the contract's (scan list, "How it ends"). For what it leaves
open, the codes of BSD's ``sysexits.h`` are taken.
"""

import errno
import os
import signal
from collections.abc import Callable
from typing import TypeGuard

# What to do about what this machine lacks.
_FEWER_WORKERS = "give fewer processes with --workers, or let other programs end"
_LACK_HINTS = {
    errno.EAGAIN: f"Allow this user more processes (`ulimit -u`), {_FEWER_WORKERS}.",
    errno.EMFILE: "Allow a process more open files, such as with `ulimit -n 4096`.",
    errno.ENFILE: f"Raise the machine's limit of open files, {_FEWER_WORKERS}.",
    errno.ENOMEM: f"Give it more memory, {_FEWER_WORKERS}.",
    errno.ENOBUFS: f"Give it more memory, {_FEWER_WORKERS}.",
}
# Errors of the system that are about this machine, whatever file or peer they came from. EAGAIN is
# one only where a process is started: of a connection, it means that nothing came in time.
_LACKS = frozenset(_LACK_HINTS) - {errno.EAGAIN}
# All that Python says where the system has no room for one more thread.
_NO_THREAD = "can't start new thread"

# Not all signals have a name: the real-time ones are numbers.
_SIGNALS = {number.value: number.name for number in signal.Signals}


class ChangelistError(Exception):
    """A run that cannot go on.

    The text says what is wrong and names the option, key, file or path; ``hint`` says what to do
    about it. Neither ever holds a secret.
    """

    exit_code: int
    hint: str = ""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint or self.hint

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...], dict[str, object]]:
        # Errors come from worker processes too, whatever the arguments they were made with.
        return _made_again, (type(self), self.args), vars(self)


def _made_again(kind: type[ChangelistError], args: tuple[object, ...]) -> ChangelistError:
    return kind.__new__(kind, *args)


def killed_by(number: int) -> str:
    """Return how a process ended that a signal killed, by the signal's name."""
    return f"was killed by signal {_SIGNALS.get(number, number)}"


class UsageError(ChangelistError):
    """An option is missing, malformed, or points to what is not there."""

    exit_code = 2
    hint = "Run the command with --help to see its options."


class OutputError(ChangelistError):
    """The folder of the list cannot be made, or the list cannot be written."""

    exit_code = 4
    hint = (
        "Make room there, let this user write there, or set FastScanWorkFolder in the archiver's "
        "configuration. An earlier list is unchanged."
    )


class ProofError(ChangelistError):
    """The list does not agree with what the cluster counts in both snapshots."""

    exit_code = 5
    hint = "No list was published; an earlier one is unchanged."


class TooManyDeletesError(ChangelistError):
    """More would be deleted than the user allows."""

    exit_code = 6
    hint = (
        "No list was published; an earlier one is unchanged. If this is what happened, give a "
        "greater --max-deletes."
    )


class ConfigurationError(ChangelistError):
    """The archiver's configuration is missing, unreadable, or lacks what is needed."""

    exit_code = 23


class StatusError(ChangelistError):
    """The cluster answered a request with an error, and trying again would not help."""

    exit_code = 65
    hint = "No list was written. Check the snapshot ids and the paths."

    def __init__(
        self, message: str, *, status: int = 400, error_class: str = "", hint: str = ""
    ) -> None:
        super().__init__(message, hint=hint)
        self.status = status
        """The HTTP status."""
        self.error_class = error_class
        """The cluster's own name for the error, where it gave one."""


class IncomparableError(ChangelistError):
    """The two snapshots are of different directories, or stand in the wrong order."""

    exit_code = 65


class NotFoundError(StatusError):
    """The cluster has no such snapshot or path."""

    exit_code = 66
    hint = "Check that the path exists on the cluster."


class UnreachableError(ChangelistError):
    """No node of the cluster answers, or the cluster keeps failing."""

    exit_code = 69
    hint = (
        "Check QumuloClusterIP and QumuloClusterPort in the archiver's configuration, and that "
        "this machine reaches the cluster's REST API; then try again."
    )


class FailingError(UnreachableError):
    """The cluster can be reached, but keeps failing at one question."""

    hint = "The cluster keeps failing; try again later."


class CertificateError(ChangelistError):
    """Whoever answers cannot show that it is the cluster: nothing was sent to it."""

    exit_code = 69


class SessionStoreError(ChangelistError):
    """The folder that keeps sessions cannot be used, or others can read it."""

    exit_code = 73
    hint = "Set XDG_STATE_HOME to a folder that belongs to this user alone."


class WorkerError(ChangelistError):
    """A process that worked on a part of the list ended without an answer."""

    exit_code = 70
    hint = (
        "No list was written. Perhaps the machine ran out of memory: give fewer processes "
        "with --workers, and try again."
    )


class ResourceError(ChangelistError):
    """This machine lacks what a run needs: file descriptors, memory, threads or processes.

    That is no property of an entry, and never makes one unreadable.
    """

    exit_code = 71
    hint = "No list was published; an earlier one is unchanged."

    @classmethod
    def of(cls, error: OSError | MemoryError | RuntimeError) -> "ResourceError":
        """Return the error for something that this machine lacks; see :func:`is_lack`."""
        number, reason = errno.ENOMEM, ""
        if isinstance(error, RuntimeError):
            number, reason = errno.EAGAIN, str(error)
        elif isinstance(error, OSError) and error.errno:
            number = error.errno
        return cls(
            f"this machine lacks what the run needs: {reason or os.strerror(number)}",
            hint=f"{cls.hint} {_LACK_HINTS[number]}",
        )


class ReplyError(ChangelistError):
    """The cluster, or ``qq`` on its behalf, said something that makes no sense."""

    exit_code = 76
    hint = (
        "No list was written. If it happens again, report it, together with what "
        "`qq --version` and this command's --version print."
    )


class RefusedError(StatusError):
    """The cluster does not let this user in, or not do this."""

    exit_code = 77


class QqMissingError(ChangelistError):
    """The vendor's ``qq`` command cannot be started."""

    exit_code = 127
    hint = (
        "Install it with `pip install qumulo-api` and put its folder on the PATH, or set "
        "QumuloQqPath in the archiver's configuration."
    )


class QqFailedError(ChangelistError):
    """``qq`` ran and failed: its exit code becomes ours, 128 + N where signal N killed it."""

    def __init__(
        self,
        message: str,
        *,
        exit_code: int,
        said: str,
        status: int = 0,
        error_class: str = "",
        hint: str = "",
    ) -> None:
        super().__init__(message, hint=hint)
        self.exit_code = exit_code
        self.said = said
        self.status = status
        """The HTTP status that the cluster answered with; 0 where it did not."""
        self.error_class = error_class
        """The cluster's own name for the error, where it gave one."""


class QqUnreachableError(QqFailedError):
    """``qq`` could not connect to the cluster."""


def is_lack(error: object) -> TypeGuard[OSError | MemoryError | RuntimeError]:
    """Return whether an error of the system says only what this machine lacks."""
    if isinstance(error, RuntimeError):
        return _NO_THREAD in str(error)
    return isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno in _LACKS)


def check_lack(error: object) -> None:
    """Raise a ``ResourceError`` for an error that says only what this machine lacks."""
    if is_lack(error):
        raise ResourceError.of(error) from error


class UnreadableError(Exception):
    """One entry of a tree cannot be read; the run goes on, and the list says so.

    Not part of the tree above because it ends nothing. ``str()`` is the reason alone.
    """


class AbsentError(UnreadableError):
    """A tree holds no such entry, or something else than a directory where one is asked for."""
