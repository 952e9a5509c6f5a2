"""Putting lists and their receipts in their places, so that they always belong together.

All lists of a run and their receipts are written to temporary files, and are on disk, before
anything changes. Then the earlier receipts are removed, and earlier lists of what was deleted: by
such a list of a different run, somebody could delete what exists. The new lists are put in their
places, and finally the receipts. So at every moment, a receipt beside a list is of that list. A
run that is killed in between leaves lists without a receipt. Runs for the same list publish it one
after the other, under a lock that ends with the process that holds it.

Each of the three steps is on the disk before the next one begins, and the last one before anybody
learns of the new lists: a power cut can undo a step, and not one before it.

A reader who wants to be sure compares the list's SHA-256 with the one in the receipt.
"""

import contextlib
import errno
import fcntl
import os
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from qumulo_changelist.errors import OutputError, ReceiptError, ResourceError
from qumulo_changelist.events import (
    LeftoverRemoved,
    LeftoversKept,
    Listener,
    ListPublished,
    LockAwaited,
    LockUnavailable,
    PlacingBegun,
)
from qumulo_changelist.machine.durable import sync_folder
from qumulo_changelist.machine.lock_holder import describe_holder, read_holder
from qumulo_changelist.machine.shortages import check_shortage
from qumulo_changelist.machine.waiting import lock_when_free
from qumulo_changelist.model import Totals
from qumulo_changelist.output.atomic import (
    AtomicFile,
    output_errors,
    remove_if_dead,
    temporary_files_of,
)
from qumulo_changelist.output.list_file import ListFile, WrittenList

# What a file system answers that has no locks; NFS also does so for a file that can only be read.
_NO_LOCKS = {
    *(errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS, errno.EBADF),
}
_TRIES_TO_OPEN = 3


class FilledList(NamedTuple):
    """A list that can be published."""

    file: ListFile
    totals: Totals
    """What it contains."""
    make_receipt: Callable[[WrittenList], bytes]
    """Returns the receipt for the list once it has been written."""
    is_beside: bool = False
    """Whether it is a second list, of what was deleted alone."""


def publish(lists: Iterable[FilledList], listener: Listener) -> None:
    """Put the lists of a run and their receipts in their places, once all of them are on disk.

    Args:
        lists: the lists.
        listener: receives the events of the run.

    Raises:
        OutputError: there is no room, or another error of the system. Earlier lists stay; if not
            even a file that is on disk can be renamed, the receipts are gone.
        ReceiptError: a list is in its place, and a receipt or a further list is not, or not for
            certain on the disk.
        ResourceError: this machine lacks a resource, such as memory.
    """
    with contextlib.ExitStack() as stack:
        lists, is_locked = list(lists), True
        for lock_path in sorted({_lock_path(each.file.path) for each in lists}):
            paths = [each.file.path for each in lists if _lock_path(each.file.path) == lock_path]
            is_locked &= stack.enter_context(_lock_lists(lock_path, paths, listener))
        written = [_WrittenFiles(each, stack, is_locked=is_locked) for each in lists]
        listener(PlacingBegun())
        _replace(written)
    for files in written:
        listener(ListPublished(files.path, files.receipt_path, files.totals))


def _replace(written: list["_WrittenFiles"]) -> None:
    folders = sorted({os.path.dirname(files.path) for files in written})
    for files in written:
        files.remove_earlier()
    _sync(folders)
    first, *others = written
    first.place_list()
    with _incomplete(first.path):
        for files in others:
            files.place_list()
        _sync(folders)
        for files in written:
            files.place_receipt()
        _sync(folders)


def _sync(folders: list[str]) -> None:
    for folder in folders:
        with output_errors(folder):
            sync_folder(folder)


@contextlib.contextmanager
def _incomplete(path: str) -> Iterator[None]:
    """Let an error say that the first list is in its place."""
    try:
        yield
    except (OutputError, ResourceError) as error:
        raise ReceiptError(f"{path} is a new list, but {error}") from error


class _WrittenFiles:
    """A list and its receipt, written under temporary names."""

    def __init__(self, filled: FilledList, stack: contextlib.ExitStack, *, is_locked: bool) -> None:
        self.path = filled.file.path
        self.totals = filled.totals
        self._is_beside = filled.is_beside
        self.receipt_path = receipt_path_of(self.path)
        with output_errors(self.path):
            self._list = stack.enter_context(AtomicFile(self.path))
            if not is_locked:
                self._list.lock()  # a run that can lock the lists would take it for a leftover
            written = filled.file.write(self._list.file, filled.totals)
            self._list.finish()
        with output_errors(self.receipt_path):
            self._receipt = stack.enter_context(AtomicFile(self.receipt_path))
            if not is_locked:
                self._receipt.lock()
            self._receipt.file.write(filled.make_receipt(written))
            self._receipt.finish()

    def remove_earlier(self) -> None:
        """Remove the earlier receipt, and the earlier list if it is one of what was deleted."""
        for path in (self.receipt_path, self.path)[: 2 if self._is_beside else 1]:
            with output_errors(path), contextlib.suppress(FileNotFoundError):
                os.unlink(path)

    def place_list(self) -> None:
        """Put the list in its place."""
        with output_errors(self.path):
            self._list.place()

    def place_receipt(self) -> None:
        """Put the receipt in its place."""
        with output_errors(self.receipt_path):
            self._receipt.place()


def receipt_path_of(list_path: str) -> str:
    """Return where the receipt of a list belongs: ``1-files.json`` for ``1-files.xml``.

    For lists of other formats, ``.json`` is appended: lists of several formats can lie side by
    side.
    """
    plain, ending = os.path.splitext(list_path)
    return f"{plain}.json" if ending == ".xml" else f"{list_path}.json"


def _lock_path(path: str) -> str:
    """Return the lock of a list: the same for all formats."""
    folder, name = os.path.split(path)
    return os.path.join(folder, f".{os.path.splitext(name)[0]}.lock")


@contextlib.contextmanager
def _lock_lists(lock_path: str, paths: list[str], listener: Listener) -> Iterator[bool]:
    """Keep other runs from publishing the same lists; remove what killed runs left.

    It yields False if there are no locks.
    """
    try:
        lock = _acquire_lock(lock_path, paths[0], listener)
    except OSError as error:
        check_shortage(error)
        if error.errno not in _NO_LOCKS:
            reason = f"its lock {lock_path} cannot be opened: {error.strerror}"
            raise OutputError(f"{paths[0]} cannot be written: {reason}") from error
        # Not every file system has locks, and a list without a lock is better than none.
        listener(LockUnavailable(paths[0], lock_path, str(error.strerror)))
        yield False
        return
    try:
        # Temporary files for these lists are written under this lock, or by a run without it that
        # has them locked themselves: others are leftovers.
        for path in paths:
            _remove_leftovers(path, listener)
        yield True
    finally:
        # Removed before it is released: a run that waits for it sees that it is no longer valid.
        # If somebody removed it, the one that is there now is another run's.
        with contextlib.suppress(OSError):
            if _is_still_at(lock_path, lock):
                os.unlink(lock_path)
        os.close(lock)


def _acquire_lock(lock_path: str, path: str, listener: Listener) -> int:
    """Return a descriptor that holds a lock until it is closed, or the process ends."""
    while True:
        with contextlib.ExitStack() as undo:
            lock = _open_lock(lock_path)
            undo.callback(os.close, lock)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                listener(LockAwaited(path, read_holder(lock)))
                lock_when_free(lock)
            if _is_still_at(lock_path, lock):
                describe_holder(lock)
                undo.pop_all()
                return lock


def _open_lock(path: str) -> int:
    """Return a descriptor of a lock, which all users of the group have together."""
    flags = os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    for _ in range(_TRIES_TO_OPEN):
        try:
            return os.open(path, os.O_RDWR | os.O_CREAT | flags, 0o660)
        except PermissionError as error:
            refused = error
        # That of a different user can be locked if it can be read; it may be gone by now.
        with contextlib.suppress(FileNotFoundError):
            return os.open(path, os.O_RDONLY | flags)
    raise refused


def _is_still_at(path: str, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.lstat(path), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _remove_leftovers(path: str, listener: Listener) -> None:
    try:
        for leftover in (*temporary_files_of(path), *temporary_files_of(receipt_path_of(path))):
            if remove_if_dead(leftover):
                listener(LeftoverRemoved(leftover))
    except OSError as error:
        listener(LeftoversKept(path, str(error.strerror)))
