"""Putting a list and its receipt in their places, so that they always belong together.

Both are written aside and are on disk before anything changes. Then the earlier receipt is removed,
the list takes its place, and after it the receipt. So at every moment, however a run ends, a
receipt beside a list is of that list; and one that is killed in between leaves a list without one.
Runs for the same list do this one after the other: the lock ends with the process that holds it.

A reader who wants to be sure compares the list's SHA-256 with the one in the receipt.
"""

import contextlib
import fcntl
import os
from collections.abc import Callable, Iterator

from qumulo_changelist.errors import OutputError, check_shortage
from qumulo_changelist.events import Listener
from qumulo_changelist.model import Totals
from qumulo_changelist.output.atomic import AtomicFile, leftovers
from qumulo_changelist.output.interface import ListFile, PublishedList, output_errors


def publish(
    made: ListFile, totals: Totals, receipt: Callable[[PublishedList], bytes], listener: Listener
) -> PublishedList:
    """Put a list and its receipt in their places.

    Args:
        made: the list.
        totals: what it holds.
        receipt: returns the receipt, once it is known what it is a receipt of.
        listener: hears what happens.

    Raises:
        OutputError: there is no room, or another error of the system. Unless the message says that
            the list is in its place, an earlier list stays.
        ResourceError: this machine lacks what it takes.
    """
    path, receipt_path = made.path, receipt_path_of(made.path)
    with _alone(path, listener), contextlib.ExitStack() as stack:
        with output_errors(path):
            new_list = stack.enter_context(AtomicFile(path))
            published = made.write(new_list.file, totals)
            new_list.finish()
        with output_errors(receipt_path):
            new_receipt = stack.enter_context(AtomicFile(receipt_path))
            new_receipt.file.write(receipt(published))
            new_receipt.finish()
            with contextlib.suppress(FileNotFoundError):
                os.unlink(receipt_path)
        with output_errors(path):
            new_list.place()
        try:
            new_receipt.place()
        except OSError as error:
            raise OutputError(
                f"the receipt {receipt_path} cannot be put in its place: {error.strerror}",
                hint="The list itself is in its place. Run again for a receipt.",
            ) from error
    listener.detail(f"receipt: {receipt_path}")
    return published


def receipt_path_of(list_path: str) -> str:
    """Return where the receipt of a list belongs."""
    return os.path.splitext(list_path)[0] + ".json"


@contextlib.contextmanager
def _alone(path: str, listener: Listener) -> Iterator[None]:
    """Keep other runs from publishing the same list meanwhile; remove what dead ones left."""
    folder, name = os.path.split(path)
    lock_path = os.path.join(folder, f".{os.path.splitext(name)[0]}.lock")
    try:
        lock = _locked(lock_path, listener)
    except OSError as error:
        check_shortage(error)
        # Not every file system has locks, and a list is worth more than the certainty.
        listener.warning(
            f"{lock_path} cannot be locked: {error.strerror}; make sure that no other run writes "
            f"{path} at the same time"
        )
        yield
        return
    try:
        # Files are set aside for this list only under the lock, so those here are of dead runs.
        _remove_leftovers(path, listener)
        yield
    finally:
        # Removed before it is let go: who waits for it sees that it is no longer the one.
        with contextlib.suppress(OSError):
            os.unlink(lock_path)
        os.close(lock)


def _locked(path: str, listener: Listener) -> int:
    """Return a descriptor that holds a lock until it is closed, or the process ends."""
    while True:
        with contextlib.ExitStack() as undo:
            lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666)
            undo.callback(os.close, lock)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                listener.warning("waiting for another run that publishes the same list")
                fcntl.flock(lock, fcntl.LOCK_EX)
            if _is_at(path, lock):
                undo.pop_all()
                return lock


def _is_at(path: str, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.lstat(path), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _remove_leftovers(path: str, listener: Listener) -> None:
    try:
        for leftover in (*leftovers(path), *leftovers(receipt_path_of(path))):
            os.unlink(leftover)
            listener.detail(f"removed {leftover}, which a run left that was killed")
    except OSError as error:
        listener.detail(f"what killed runs left beside {path} stays: {error.strerror}")
