"""Putting a list and its receipt in their places, so that they always belong together.

Both are written aside and are on disk before anything changes. Then the earlier receipt is removed,
the list takes its place, and finally the receipt. So a receipt beside a list is of that list at
every moment, however a run ends; and a run that is killed in between leaves a list without a
receipt. Runs for the same list publish it one after the other, under a lock that ends with the
process that holds it.

A reader who wants to be sure compares the list's SHA-256 with the one in the receipt.
"""

import contextlib
import fcntl
import os
from collections.abc import Callable, Iterator

from qumulo_changelist.errors import ReceiptError
from qumulo_changelist.events import (
    LeftoverRemoved,
    LeftoversKept,
    Listener,
    ListPublished,
    LockAwaited,
    LockUnavailable,
)
from qumulo_changelist.model import Totals
from qumulo_changelist.output.atomic import AtomicFile, output_errors, temporary_files_of
from qumulo_changelist.output.list_file import ListFile, WrittenList
from qumulo_changelist.shortages import check_shortage


def publish(
    list_file: ListFile,
    totals: Totals,
    make_receipt: Callable[[WrittenList], bytes],
    listener: Listener,
) -> str:
    """Put a list and its receipt in their places; return the path of the receipt.

    Args:
        list_file: the list.
        totals: what it contains.
        make_receipt: returns the receipt for a list that has been written.
        listener: receives what happens.

    Raises:
        OutputError: there is no room, or another error of the system; an earlier list stays.
        ReceiptError: the list is in its place, and the receipt is not.
        ResourceError: this machine lacks what it takes.
    """
    path, receipt_path = list_file.path, receipt_path_of(list_file.path)
    with _lock_list(path, listener), contextlib.ExitStack() as stack:
        with output_errors(path):
            new_list = stack.enter_context(AtomicFile(path))
            written = list_file.write(new_list.file, totals)
            new_list.finish()
        with output_errors(receipt_path):
            new_receipt = stack.enter_context(AtomicFile(receipt_path))
            new_receipt.file.write(make_receipt(written))
            new_receipt.finish()
            with contextlib.suppress(FileNotFoundError):
                os.unlink(receipt_path)
        with output_errors(path):
            new_list.place()
        try:
            new_receipt.place()
        except OSError as error:
            raise ReceiptError(
                f"the receipt {receipt_path} cannot be put in its place: {error.strerror}"
            ) from error
    listener(ListPublished(path, receipt_path))
    return receipt_path


def receipt_path_of(list_path: str) -> str:
    """Return where the receipt of a list belongs: ``1-files.json`` for ``1-files.xml``.

    For lists of other formats, ``.json`` is appended: lists of several formats can lie side by
    side.
    """
    plain, ending = os.path.splitext(list_path)
    return f"{plain}.json" if ending == ".xml" else f"{list_path}.json"


@contextlib.contextmanager
def _lock_list(path: str, listener: Listener) -> Iterator[None]:
    """Keep other runs from publishing the same list meanwhile; remove what killed runs left."""
    folder, name = os.path.split(path)
    lock_path = os.path.join(folder, f".{os.path.splitext(name)[0]}.lock")
    try:
        lock = _acquire_lock(lock_path, path, listener)
    except OSError as error:
        check_shortage(error)
        # Not every file system has locks, and a list is worth more than the certainty.
        listener(LockUnavailable(path, lock_path, str(error.strerror)))
        yield
        return
    try:
        # Files are written aside for this list only under the lock, so those here are leftovers.
        _remove_leftovers(path, listener)
        yield
    finally:
        # Removed before it is released: a run that waits for it sees that it is no longer valid.
        with contextlib.suppress(OSError):
            os.unlink(lock_path)
        os.close(lock)


def _acquire_lock(lock_path: str, path: str, listener: Listener) -> int:
    """Return a descriptor that holds a lock until it is closed, or the process ends."""
    while True:
        with contextlib.ExitStack() as undo:
            lock = os.open(lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666)
            undo.callback(os.close, lock)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                listener(LockAwaited(path))
                fcntl.flock(lock, fcntl.LOCK_EX)
            if _is_still_at(lock_path, lock):
                undo.pop_all()
                return lock


def _is_still_at(path: str, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.lstat(path), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _remove_leftovers(path: str, listener: Listener) -> None:
    try:
        for leftover in (*temporary_files_of(path), *temporary_files_of(receipt_path_of(path))):
            os.unlink(leftover)
            listener(LeftoverRemoved(leftover))
    except OSError as error:
        listener(LeftoversKept(path, str(error.strerror)))
