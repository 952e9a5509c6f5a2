r"""What a command prints: messages on standard error, the result on standard output.

A result is for programs, and written byte for byte unless it goes to a terminal. Whatever could
control a terminal is written like ``\x1b``, so that no name does.
"""

import codecs
import contextlib
import io
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any, BinaryIO

from qumulo_changelist import events
from qumulo_changelist.cli.cycle_words import (
    CYCLE_DETAILS,
    CYCLE_NOTES,
    CYCLE_WORDS,
    snapshot_expires,
)
from qumulo_changelist.cli.retries import Retries
from qumulo_changelist.cli.terminal import is_terminal
from qumulo_changelist.config.exposure import REMEDY
from qumulo_changelist.durations import describe_duration
from qumulo_changelist.errors import ResultError
from qumulo_changelist.events import Event, Listener, ignore
from qumulo_changelist.names import to_bytes
from qumulo_changelist.wording import count, printable

# From this number on, the user should know why it takes so long, even without --verbose.
_MANY_FOLDERS = 20

_LAYOUT = "\n\t"
"""What may stay of what controls a terminal."""
_LATER_LINE = re.compile(r"\n(?=[^\s])")

_CHUNK = 1024 * 1024


class Screen:
    """A listener that prints the events of a run.

    Args:
        verbose: whether to print also the events that only explain how the run works.
        quiet: whether to print warnings alone.
        progress: is given every event, too; it shows how far the run is.
        log: is given every event, too.

    Attributes:
        retries: how often requests were sent again so far.
    """

    def __init__(
        self,
        *,
        verbose: bool,
        quiet: bool = False,
        progress: Listener = ignore,
        log: Listener = ignore,
    ) -> None:
        self._verbose = verbose
        self._quiet = quiet
        self._progress = progress
        self._log = log
        self._exposed: set[Event] = set()
        self.retries = Retries()

    def __call__(self, event: Event) -> None:
        """Print an event, if the user should see it."""
        self._progress(event)
        self._log(event)
        self.retries.count(event)
        if isinstance(event, events.StageBegun | events.Progressed):
            return
        if isinstance(event, events.SecretExposed):
            if event in self._exposed:
                return  # once is enough, however often a run opens the cluster
            self._exposed.add(event)
        if self._is_wanted(event):
            say(describe(event))

    def end(self) -> None:
        """Print what is to be said at the end of a command, however it ends."""
        if (text := self.retries.describe()) and not self._quiet:
            say(text)

    def _is_wanted(self, event: Event) -> bool:
        return is_problem(event) if self._quiet else self._verbose or _is_shown(event)


_hidden: Callable[[], AbstractContextManager[object]] = contextlib.nullcontext


@contextlib.contextmanager
def keep_clear(hidden: Callable[[], AbstractContextManager[object]]) -> Iterator[None]:
    """Print only within ``hidden()`` during the ``with`` block: it clears a place for that."""
    global _hidden
    _hidden = hidden
    try:
        yield
    finally:
        _hidden = contextlib.nullcontext


def say(message: str) -> None:
    """Write a message to standard error.

    Its later lines are indented: a line end in a name begins no message of its own.
    """
    prompt(_LATER_LINE.sub("\n  ", message) + "\n")


def prompt(text: str) -> None:
    """Write a text to standard error, without a line end, as before an answer."""
    # If standard error is closed or full, nobody can be informed of that.
    if sys.stderr:
        with _hidden(), contextlib.suppress(OSError):
            os.write(sys.stderr.fileno(), to_bytes(printable(text, _LAYOUT)))


def print_result(result: bytes, *, is_styled: bool = False) -> None:
    """Write the result to standard output.

    Args:
        result: what is written exactly, unless standard output is a terminal.
        is_styled: whether it is made for a terminal, with colours, and no name in it controls one.

    Raises:
        ResultError: standard output is closed or full.
    """
    shown = result.decode("utf-8", "surrogateescape")
    file = io.BytesIO(result + b"\n")
    _print(file, f"the result, {shown:.300},", is_exact=is_styled or not is_terminal(sys.stdout))


def print_content(file: BinaryIO) -> None:
    """Write the content of a file to standard output.

    Raises:
        ResultError: standard output is closed or full.
    """
    _print(file, "the list", is_exact=not is_terminal(sys.stdout))


def _print(file: BinaryIO, what: str, *, is_exact: bool) -> None:
    reason: str | None = "it is closed"
    decode = codecs.getincrementaldecoder("utf-8")("surrogateescape").decode
    if sys.stdout:
        try:
            with _hidden():
                while chunk := file.read(_CHUNK):
                    # A character may begin in one chunk and end in the next.
                    shown = chunk if is_exact else to_bytes(printable(decode(chunk), _LAYOUT))
                    rest = memoryview(shown)
                    while rest:
                        rest = rest[os.write(sys.stdout.fileno(), rest) :]
        except OSError as error:
            reason = error.strerror
        else:
            return
    raise ResultError(f"{what} cannot be written to standard output: {reason}")


def describe(event: Event) -> str:
    """Return an event in words."""
    return _WORDS[type(event)](event)


def is_problem(event: Event) -> bool:
    """Return whether an event says that something is not as it should be."""
    return _is_shown(event) and not isinstance(event, (*_NOTES, *CYCLE_NOTES))


def _is_shown(event: Event) -> bool:
    """Return whether a user who has not asked for details should see an event."""
    if isinstance(event, events.QqFoldersCounted):
        return event.folders >= _MANY_FOLDERS
    if isinstance(event, events.ChangesCollected):
        return _is_all_out_of_scope(event)
    if isinstance(event, events.QqSpoke):
        return not event.failed
    return not isinstance(event, _DETAILS)


_NOTES = (events.PagesReused, events.PiecesReused)
"""What users should see without asking for details, and is as it should be."""

_DETAILS = (
    events.FullListChosen,
    events.RequestRetried,
    events.CommandStarted,
    events.EntryLeftOut,
    events.LeftoverRemoved,
    events.LeftoversKept,
    events.OldPiecesRemoved,
    events.PlacingBegun,
    events.ListPublished,
    *CYCLE_DETAILS,
)


def _is_all_out_of_scope(event: events.ChangesCollected) -> bool:
    return event.out_of_scope > 0 and not event.in_scope


def _changes_collected(event: events.ChangesCollected) -> str:
    if _is_all_out_of_scope(event):
        return (
            f"{count(event.out_of_scope, 'change')} between the snapshots, but none below the base "
            f"path {event.base_path}"
        )
    return f"{count(event.in_scope, 'change')} below the base path, {event.out_of_scope} elsewhere"


def _command_started(event: events.CommandStarted) -> str:
    import shlex  # few runs are verbose

    return f"running {shlex.join(event.command)}"


def _qq_folders_counted(event: events.QqFoldersCounted) -> str:
    mount = "a mount that shows .snapshot at the mapped path, or " if event.mount_helps else ""
    return (
        f"about {count(event.folders, 'folder')} will be read through qq, each by a process of "
        f"half a second, at most {event.at_once} at once; {mount}--transport rest would be quicker"
    )


# The key determines the event's type, which a table cannot express.
_WORDS: dict[type, Callable[[Any], str]] = {
    events.RequestRetried: lambda e: f"{e.request}: {e.reason}; trying again in {e.seconds:.0f} s",
    events.ClusterAwaited: lambda e: (
        f"the cluster {'keeps failing' if e.is_failing else 'does not answer'}: {e.reason}; trying "
        f"again for {describe_duration(e.seconds)}"
    ),
    events.SnapshotSought: lambda e: f"asking the cluster for the snapshot {e.name}: {e.reason}",
    events.NodeSkipped: lambda e: f"{e.host} does not answer, and is left out for now: {e.reason}",
    events.NodeChosen: lambda e: (
        f"qq asks {e.host}, since others do not answer: {', '.join(e.failures)}"
    ),
    events.CertificateUnchecked: lambda e: (
        "QumuloVerifyTLS=false: anybody between here and the cluster can read the password and "
        "change what the cluster answers; set QumuloCertificateFingerprint instead"
    ),
    events.SecretExposed: lambda e: f"{e.path} has a secret, and {e.readers}: {REMEDY}",
    events.CommandStarted: _command_started,
    events.QqSpoke: lambda e: f"qq {e.command}{' failed' if e.failed else ''}: {e.text}",
    events.SnapshotExpires: snapshot_expires,
    events.ChangesCollected: _changes_collected,
    events.FullListChosen: lambda e: (
        f"a full list: every regular file that snapshot {e.newer} has below {e.base_path}"
    ),
    events.MountUnverified: lambda e: (
        f"it is not certain that the mapped path {e.mapped_path} shows {e.base_path}: nothing that "
        "the newer snapshot has there could be compared"
    ),
    events.QqFoldersCounted: _qq_folders_counted,
    events.EntryUnreadable: lambda e: f"cannot be read: {e.name!r}: {e.reason}",
    events.MoreUnreadable: lambda e: f"and {e.count} more cannot be read; the list names them all",
    events.EntryLeftOut: lambda e: f"not listed, since it is not a regular file: {e.name!r}",
    events.WorkersUnavailable: lambda e: (
        f"no worker process can be started, so this process does all the work: {e.reason}"
    ),
    events.WorkersAwaited: lambda e: (
        f"the scheduler {e.scheduler} has no workers; waiting until there is one"
    ),
    events.WorkerLeftOut: lambda e: f"{e.reason}; it is left out",
    events.SliceLate: lambda e: (
        f"a part of the list has taken the worker {e.worker} {e.seconds:.0f} s so far; another "
        "worker makes it, too"
    ),
    events.ProcessesLeft: lambda e: (
        f"left behind, since the system does not let {'it' if len(e.pids) == 1 else 'them'} end: "
        f"{'process' if len(e.pids) == 1 else 'processes'} {', '.join(map(str, e.pids))}"
    ),
    events.LockAwaited: lambda e: f"waiting for {e.holder}, which publishes the same list",
    events.LockUnavailable: lambda e: (
        f"{e.lock_path} cannot be locked: {e.reason}; make sure that no other run writes {e.path} "
        "at the same time"
    ),
    events.LeftoverRemoved: lambda e: f"removed {e.path}, which a killed run had left",
    events.PiecesReused: lambda e: (
        f"{e.reused:,} of {count(e.slices, 'piece')} made by an earlier run"
    ),
    events.PiecesPerishable: lambda e: f"no later run can use the pieces of this one: {e.reason}",
    events.PieceDamaged: lambda e: f"{e.path} is not used but made again: {e.reason}",
    events.PagesReused: lambda e: (
        f"an earlier run was cut short: going on after {count(e.pages, 'page')} of the diff"
    ),
    events.PagesDropped: lambda e: (
        f"of the diff that an earlier run has kept, a part is requested again: {e.reason}"
    ),
    events.KeepingStopped: lambda e: (
        f"nothing more can be kept in {e.path}: {e.reason}; if this run is cut short, the next one "
        "repeats what comes after this"
    ),
    events.OldPiecesRemoved: lambda e: f"removed {e.path}, which an earlier run had left",
    events.PiecesLeft: lambda e: f"pieces cannot be removed: {e.path}: {e.reason}",
    events.LeftoversKept: lambda e: (
        f"files that killed runs left beside {e.path} could not be removed: {e.reason}"
    ),
    events.PlacingBegun: lambda _: "the list is complete, and is put in its place",
    events.ListPublished: lambda e: f"receipt: {e.receipt_path}",
    **CYCLE_WORDS,
}
