"""Doing on a disk what the story says. Files are holes: they have their sizes, and use no space."""

import errno
import os
import shutil
import time
from collections.abc import Iterable

from qumulo_emulator.demo.steps import MakeFile, Rename, Step
from qumulo_emulator.names import to_bytes

_ATTEMPTS = 10


def perform(root: str, steps: Iterable[Step]) -> None:
    """Do steps, one after the other, in the folder that is the cluster's root.

    Raises:
        OSError: if one cannot be done.
    """
    for step in steps:
        if isinstance(step, MakeFile):
            _make_file(_path(root, step.path), step)
        elif isinstance(step, Rename):
            new = _path(root, step.new)
            os.makedirs(os.path.dirname(new), exist_ok=True)
            os.rename(_path(root, step.old), new)
        else:
            _delete(_path(root, step.path))


def age_folders(root: str) -> None:
    """Give each folder the time of the newest file in it, as if it had come with that.

    Raises:
        OSError: if a folder cannot be read or changed.
    """
    for folder, folders, files in os.walk(os.fsencode(root), topdown=False):
        times = [os.lstat(os.path.join(folder, name)).st_mtime_ns for name in (*folders, *files)]
        if times:
            os.utime(folder, ns=(max(times), max(times)))


def _path(root: str, path: str) -> bytes:
    return os.path.join(os.fsencode(root), to_bytes(path))


def _make_file(path: bytes, step: MakeFile) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.truncate(step.size)
    if step.age:
        modified = time.time_ns() - step.age * 1_000_000_000
        os.utime(path, ns=(modified, modified))


def _delete(path: bytes) -> None:
    if not os.path.isdir(path):
        os.unlink(path)
        return
    for _ in range(_ATTEMPTS - 1):
        try:
            shutil.rmtree(path)
        except OSError as error:
            # Somebody makes files in it meanwhile: the emulator, which shows a new snapshot there.
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
        else:
            return
    shutil.rmtree(path)
