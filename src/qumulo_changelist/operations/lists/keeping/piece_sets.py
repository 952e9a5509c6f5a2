"""Sets of kept pieces: each is a folder of one list, and of one run at a time.

All sets are in one folder. A run takes a set of its own list that no run is using, if there is one,
and makes a new one otherwise. So two runs never share one, also if they make the same list.
"""

import contextlib
import fcntl
import os
import re
import secrets
import time
from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from qumulo_changelist.errors import PiecesError
from qumulo_changelist.events import (
    Listener,
    OldPiecesRemoved,
    PieceDamaged,
    PiecesLeft,
    PiecesPerishable,
    ignore,
)
from qumulo_changelist.machine.shortages import check_shortage
from qumulo_changelist.names import to_bytes
from qumulo_changelist.operations.lists.keeping.set_facts import (
    FACTS,
    VERSION,
    SetFacts,
    Snapshots,
    describe_sets,
    lock_set,
    peek_at_set,
    read_facts,
    sets_in,
)

DAYS_KEPT = 14
"""The number of days after which a set that no run has used since is removed."""

_OUR_FILES = re.compile(
    # The last ones as AtomicFile names them.
    r"set\.json|open|\.?[0-9a-f]{64}(-[0-9a-f]{16})?\.piece(\.[0-9a-f]{16})?"
)
_SECONDS_OF_A_DAY = 86_400
_SECONDS_TO_MAKE = 60


class PieceSet(NamedTuple):
    """The set of kept pieces that a run uses."""

    path: str
    run_time: int
    """When the run began that made the set, in seconds since the epoch: its lists say so."""
    lasts: bool
    """Whether a later run may use it."""


@contextlib.contextmanager
def use_set(
    folder: str, fingerprint: bytes, snapshots: Snapshots, listener: Listener, *, lasts: bool
) -> Iterator[PieceSet]:
    """Hold a set for a ``with`` block; after it, what cannot be used later is removed.

    Args:
        folder: the folder of all sets, which has to exist.
        fingerprint: stands for all that the pieces of a list depend on, 32 bytes.
        snapshots: those of the list.
        listener: receives the events of the run.
        lasts: whether a later run may use it.

    Raises:
        PiecesError: the folder cannot be used.
    """
    folder = _local(folder)
    with _folder_errors(folder), contextlib.ExitStack() as stack:
        _remove_old(folder, listener)
        found = take_set(folder, fingerprint, stack, listener) if lasts else None
        if not found:
            name, run_time = name_set(fingerprint), int(time.time())
            found = make_set(folder, name, run_time, snapshots, stack, listener, lasts=lasts)
        held = stack.pop_all()
    with held:
        try:
            yield found
        finally:
            if not found.lasts:
                remove_set(found.path, listener)


def check_folder(folder: str) -> None:
    """Make sure that sets can be made in a folder.

    Raises:
        PiecesError: they cannot.
    """
    folder = _local(folder)
    with _folder_errors(folder):
        # Only the system knows all that can forbid it. Named so that one that is left is removed.
        path = os.path.join(folder, f".{name_set(bytes(32))}")
        os.mkdir(path, 0o700)
        os.rmdir(path)


def has_pieces(folder: str, older: int | None, newer: int) -> bool:
    """Return whether a set has pieces of a list of two snapshots, whatever else it depends on.

    Args:
        folder: the folder of all sets.
        older: the id of the older snapshot; None for a full list.
        newer: that of the newer one.
    """
    wanted = (older, newer)
    with contextlib.suppress(OSError, ValueError):
        return any(kept.snapshots == wanted for kept in describe_sets(_local(folder)))
    return False


def remove_set(path: str, listener: Listener) -> bool:
    """Remove a set that this run holds, and return whether it is gone; what is not ours stays."""
    try:
        for name in sorted(os.listdir(path)):  # set.json is last: until then, it is a set
            if _OUR_FILES.fullmatch(name):
                os.unlink(os.path.join(path, name))
        os.rmdir(path)
    except FileNotFoundError:
        pass
    except OSError as error:
        listener(PiecesLeft(path, str(error.strerror)))
        return False
    return True


def remove_unused(path: str) -> bool:
    """Remove a set unless a run holds it; return whether it is gone."""
    with contextlib.suppress(BlockingIOError), lock_set(path):
        return remove_set(path, ignore)
    return False


def take_set(
    folder: str, fingerprint: bytes, stack: contextlib.ExitStack, listener: Listener
) -> PieceSet | None:
    """Return the fullest set of a list that no run holds, held until ``stack`` is closed.

    Raises:
        OSError: the folder cannot be read.
    """
    begin = f"qumulo-pieces-{fingerprint.hex()}-"
    sets = [path for path in sets_in(folder) if os.path.basename(path).startswith(begin)]
    for path in sorted(sets, key=_number_of_files, reverse=True):
        with contextlib.suppress(BlockingIOError), contextlib.ExitStack() as undo:
            lock = undo.enter_context(lock_set(path))
            facts = read_facts(lock)
            if facts and facts.lasts:
                stack.push(undo.pop_all())
                return PieceSet(path, facts.run_time, lasts=True)
            if lock is not None:
                listener(PieceDamaged(path, "it is not a set of pieces of this version"))
    return None


def make_set(
    folder: str,
    name: str,
    run_time: int,
    snapshots: Snapshots,
    stack: contextlib.ExitStack,
    listener: Listener,
    *,
    lasts: bool,
) -> PieceSet:
    """Return a new set, which is held before others can see it, until ``stack`` is closed.

    Raises:
        OSError: it cannot be made.
    """
    path, hidden = os.path.join(folder, name), os.path.join(folder, f".{name}")
    os.mkdir(hidden, 0o700)
    try:
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        lock = os.open(os.path.join(hidden, FACTS), flags, 0o600)
        stack.callback(os.close, lock)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            check_shortage(error)
            listener(PiecesPerishable(f"{folder} has no locks: {error.strerror}"))
            lasts = False
        facts = SetFacts(VERSION, run_time, lasts, snapshots)
        os.write(lock, msgspec.json.encode(facts))
        os.fsync(lock)
        os.rename(hidden, path)
    except BaseException:
        remove_set(hidden, ignore)
        raise
    return PieceSet(path, facts.run_time, lasts)


def _remove_old(folder: str, listener: Listener) -> None:
    """Remove the sets of earlier runs that no run can or will use any more."""
    for path in sets_in(folder):
        with contextlib.suppress(BlockingIOError, FileNotFoundError):
            # A run that looks for its set at this moment must not find it locked.
            if _is_useless(path, peek_at_set(path)):
                with lock_set(path) as lock:
                    still = _is_useless(path, read_facts(lock))
                    if still and remove_set(path, listener):
                        listener(OldPiecesRemoved(path))


def _is_useless(path: str, facts: SetFacts | None) -> bool:
    # One is hidden until it is made, and loses its facts last.
    is_whole = not os.path.basename(path).startswith(".") and os.path.lexists(f"{path}/{FACTS}")
    kept = DAYS_KEPT * _SECONDS_OF_A_DAY if is_whole else _SECONDS_TO_MAKE
    oldest = time.time() - kept
    return bool(facts and not facts.lasts) or os.stat(path).st_mtime < oldest


def _local(folder: str) -> str:
    """Return the absolute path of a folder in the encoding of this machine's locale."""
    return os.fsdecode(os.path.abspath(to_bytes(folder)))


def name_set(fingerprint: bytes) -> str:
    """Return a name for a new set of a list."""
    return f"qumulo-pieces-{fingerprint.hex()}-{secrets.token_hex(8)}"


def _number_of_files(path: str) -> int:
    with contextlib.suppress(OSError):
        return len(os.listdir(path))
    return 0


@contextlib.contextmanager
def _folder_errors(folder: str) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:
        check_shortage(error)
        reason = error.strerror if isinstance(error, OSError) else error
        raise PiecesError(f"the folder for pieces {folder} cannot be used: {reason}") from error
