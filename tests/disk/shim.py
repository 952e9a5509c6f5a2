"""The library that stands between a program and the disk (``shim.c``): built, used, and its log."""

import atexit
import contextlib
import ctypes
import functools
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

SOURCE = Path(__file__).with_name("shim.c")


class Call(NamedTuple):
    """A call that changed something on the disk."""

    step: int
    """Its last step: a program can be killed before it. A write has one more before that."""
    name: str
    """``create``, ``write``, ``truncate``, ``rename``, ``unlink``, ``mkdir`` or ``fsync``."""
    inode: int
    path: str
    more: str
    """The new path of a rename; the offset of a write; the length after a truncation."""
    content: bytes
    """What was written."""


@functools.cache
def build_shim() -> str:
    """Return the path of the library; "" if it cannot be built here."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if not compiler or sys.platform != "linux":
        return ""
    scratch = tempfile.TemporaryDirectory(prefix="shim-")
    atexit.register(scratch.cleanup)
    path = f"{scratch.name}/shim.so"
    options = ["-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror"]
    command = [compiler, *options, "-o", path, str(SOURCE), "-ldl"]
    if subprocess.run(command).returncode:
        return ""
    with contextlib.suppress(OSError):  # nothing in the folder may be run
        ctypes.CDLL(path)
        return path
    return ""


def watch(
    *folders: Path,
    log: Path | None = None,
    kill_at: int = 0,
    fail: tuple[str, str, int, int] | None = None,
) -> dict[str, str]:
    """Return the environment of a program that is watched.

    Args:
        folders: those in which calls count; what is below them, too.
        log: the file for the calls.
        kill_at: the step, from 1, before which it is killed; 0 for none.
        fail: a call that fails, a part of the path of its file (its end, if that ends with "$"),
            the number of the error, and that of calls before that succeed.
    """
    return {
        "DISK_FOLDERS": ":".join(map(str, folders)),
        **({"DISK_LOG": str(log)} if log else {}),
        **({"DISK_KILL_AT": str(kill_at)} if kill_at else {}),
        **({"DISK_FAIL": " ".join(map(str, fail))} if fail else {}),
    }


def read_log(log: Path) -> list[Call]:
    """Return the calls in a log."""
    calls = []
    for line in log.read_text().splitlines():
        step, name, inode, path, more, content = line.split("\t")
        calls.append(Call(int(step), name, int(inode), path, more, bytes.fromhex(content)))
    return calls
