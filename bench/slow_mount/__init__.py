"""A mount as slow as one across a network, for a single command: ``slow_mount.c`` in use."""

import os
import shutil
import struct
import subprocess
import sys
from typing import NamedTuple

_SOURCE = os.path.join(os.path.dirname(__file__), "slow_mount.c")
_COUNTS = struct.Struct("=5Q")  # as in `struct counts` of the source


class CannotSlowDownError(Exception):
    """This machine cannot make or use the library; the message is the reason."""


class Looks(NamedTuple):
    """The looks of one command at the mount."""

    stats: int
    opens: int
    parts: int
    """Of directories that were read."""
    in_flight: int
    """Those under way at the end: none, unless a process was killed."""
    most_in_flight: int

    @property
    def number(self) -> int:
        """The number of all looks."""
        return self.stats + self.opens + self.parts


class SlowMount:
    """A folder that looks slow to commands that run in the right environment.

    Args:
        folder: an absolute path, without links in it.
        library: the compiled library.
        counts: the file in which looks are counted.
    """

    def __init__(self, folder: str, library: str, counts: str) -> None:
        self.folder = folder
        self._library = library
        self._counts = counts

    def begin(self, look_ms: float) -> dict[str, str]:
        """Count from 0, and return what the environment of a command needs.

        Args:
            look_ms: how many milliseconds a look lasts longer.
        """
        with open(self._counts, "wb") as file:
            file.write(bytes(_COUNTS.size))
        return {
            "LD_PRELOAD": self._library,
            "SLOW_MOUNT": self.folder,
            "SLOW_MOUNT_MICROSECONDS": str(round(look_ms * 1000)),
            "SLOW_MOUNT_COUNTS": self._counts,
        }

    def looks(self) -> Looks:
        """Return the looks since ``begin``."""
        with open(self._counts, "rb") as file:
            return Looks(*_COUNTS.unpack(file.read()))


def compile_library(folder: str, compiler: str = "cc") -> str:
    """Return the path of the library, made in ``folder``, and shown to work.

    Raises:
        CannotSlowDownError: this machine has no such compiler, or it fails, or its system does not
            load the library.
    """
    found = shutil.which(compiler)
    if found is None:
        raise CannotSlowDownError(f"a C compiler ({compiler}) is needed to slow a mount down")
    library = os.path.join(folder, "slow_mount.so")
    command = [found, "-O2", "-shared", "-fPIC", "-o", library, _SOURCE, "-ldl"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        first = next(iter(done.stderr.splitlines()), "no message")
        raise CannotSlowDownError(f"{compiler} cannot compile slow_mount.c: {first}")
    mount = SlowMount(os.path.realpath(folder), library, os.path.join(folder, "counts"))
    look = [sys.executable, "-c", f"import os; os.stat({mount.folder!r})"]
    subprocess.run(look, env=mount.begin(0), stderr=subprocess.DEVNULL)
    if mount.looks().stats != 1:
        raise CannotSlowDownError(f"programs do not load {library}; may programs run there?")
    return library
