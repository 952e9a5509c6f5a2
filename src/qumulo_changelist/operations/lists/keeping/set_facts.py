"""What a set of kept pieces says of itself, and whether a run holds it."""

import contextlib
import fcntl
import os
import re
from collections.abc import Iterator
from typing import NamedTuple

import msgspec
from msgspec import Struct

from qumulo_changelist.machine.shortages import check_shortage

FACTS = "set.json"
"""The file in which a set says it; whoever has its lock holds the set."""

VERSION = 1
"""Of that file."""

_SET_NAME = re.compile(r"\.?qumulo-pieces-[0-9a-f]{64}-[0-9a-f]{16}")
_MAX_SIZE_OF_FACTS = 4096
# Whoever opens a pipe without it waits for a writer; a link may lead anywhere.
_FLAGS = os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK

Snapshots = tuple[int | None, int]
"""The ids of the older and the newer snapshot of a list; None for a full list."""


class SetFacts(Struct, frozen=True):
    """What a set says of itself, as JSON in ``set.json``."""

    version: int
    run_time: int
    """When the run began that made it, in seconds since the epoch."""
    lasts: bool
    """Whether a later run may use it."""
    snapshots: Snapshots


class KeptSet(NamedTuple):
    """A set that has pieces, which a run may hold."""

    snapshots: Snapshots
    run_time: int
    """When the run began that made it, in seconds since the epoch."""
    changed: float
    """When a piece was last kept in it, likewise."""


def describe_sets(folder: str) -> Iterator[KeptSet]:
    """Yield what is known of the sets in a folder that a later run may use.

    Raises:
        OSError: the folder cannot be read.
    """
    for path in sets_in(folder):
        with contextlib.suppress(FileNotFoundError):
            facts = peek_at_set(path)
            if facts and facts.lasts and any(name.endswith(".piece") for name in os.listdir(path)):
                yield KeptSet(facts.snapshots, facts.run_time, os.stat(path).st_mtime)


def sets_in(folder: str) -> list[str]:
    """Return the sets of this user in a folder, which nobody else can have written to."""
    found = []
    with os.scandir(folder) as entries:
        for entry in entries:
            with contextlib.suppress(FileNotFoundError):
                known = entry.stat(follow_symlinks=False)
                is_ours = known.st_uid == os.geteuid() and not known.st_mode & 0o077
                is_set = is_ours and _SET_NAME.fullmatch(entry.name)
                if is_set and entry.is_dir(follow_symlinks=False):
                    found.append(entry.path)
    return found


@contextlib.contextmanager
def lock_set(path: str) -> Iterator[int | None]:
    """Hold a set for a ``with`` block: yield its open facts; None if it cannot be held.

    Raises:
        BlockingIOError: another run holds it.
    """
    facts_path = os.path.join(path, FACTS)
    with contextlib.ExitStack() as stack:
        lock = None
        try:
            lock = os.open(facts_path, os.O_RDWR | _FLAGS)
            stack.callback(os.close, lock)
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Whoever held it may have removed it meanwhile.
            if not os.path.samestat(os.stat(facts_path), os.fstat(lock)):
                lock = None
        except BlockingIOError:
            raise
        except OSError as error:  # it has no facts, or its file system has no locks
            check_shortage(error)
            lock = None
        yield lock


def peek_at_set(path: str) -> SetFacts | None:
    """Return what a set says of itself, also while a run holds it; None if it says nothing."""
    try:
        facts = os.open(os.path.join(path, FACTS), os.O_RDONLY | _FLAGS)
    except OSError as error:
        check_shortage(error)
        return None
    try:
        return read_facts(facts)
    finally:
        os.close(facts)


def read_facts(lock: int | None) -> SetFacts | None:
    """Return what a set says of itself; None if it says nothing that this version understands.

    Args:
        lock: its open facts; None if they could not be opened.
    """
    if lock is None:
        return None
    with contextlib.suppress(OSError, ValueError, RecursionError):
        facts = msgspec.json.decode(os.pread(lock, _MAX_SIZE_OF_FACTS, 0), type=SetFacts)
        return facts if facts.version == VERSION else None
    return None
