"""A file that appears whole or not at all."""

import contextlib
import os
import re
import secrets
from collections.abc import Iterator
from types import TracebackType

from qumulo_changelist.errors import OutputError
from qumulo_changelist.shortages import check_shortage

_RANDOM_BYTES = 8


class AtomicFile:
    """A file that is written aside and then replaces another; the block leaves nothing else.

    It lies beside that file, hidden, under a random name. Its permissions are those of any new
    file.

    Args:
        path: the file that it can replace.

    Raises:
        OSError: it cannot be written; raised by every method.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._temporary_path = f"{_prefix(path)}{secrets.token_hex(_RANDOM_BYTES)}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        self.file = os.fdopen(os.open(self._temporary_path, flags, 0o666), "wb")
        self._is_placed = False

    def finish(self) -> None:
        """Make sure that everything is on disk, and not only on its way there."""
        self.file.flush()
        os.fsync(self.file.fileno())
        self.file.close()

    def place(self) -> None:
        """Replace the other file, in one step."""
        os.replace(self._temporary_path, self._path)
        self._is_placed = True

    def __enter__(self) -> "AtomicFile":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not self._is_placed:
            # If it cannot be removed, the next run does it.
            with contextlib.suppress(OSError):
                os.unlink(self._temporary_path)
        # What is still to be written is of no use, and there may be no room for it.
        with contextlib.suppress(OSError):
            self.file.close()


def temporary_files_of(path: str) -> list[str]:
    """Return the files that were written aside for ``path``, by runs at work or killed.

    Raises:
        OSError: the folder cannot be read.
    """
    folder, prefix = os.path.split(_prefix(path))
    ours = re.compile(re.escape(prefix) + f"[0-9a-f]{{{2 * _RANDOM_BYTES}}}")
    return [os.path.join(folder, name) for name in os.listdir(folder) if ours.fullmatch(name)]


@contextlib.contextmanager
def output_errors(path: str) -> Iterator[None]:
    """Turn errors of the system into an ``OutputError`` that names ``path``."""
    try:
        yield
    except (OSError, ValueError) as error:
        check_shortage(error)
        reason = error.strerror if isinstance(error, OSError) else error
        raise OutputError(f"{path} cannot be written: {reason}") from error


def _prefix(path: str) -> str:
    folder, name = os.path.split(path)
    return os.path.join(folder, f".{name}.")
