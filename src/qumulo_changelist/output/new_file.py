"""A file that appears whole or not at all."""

import contextlib
import os
import re
import secrets
from types import TracebackType

_RANDOM_BYTES = 8


class NewFile:
    """A file set aside, which can take the place of another; the block leaves nothing else.

    It lies beside that one, hidden, under a name of its own. Its permissions are those of any new
    file.

    Args:
        path: the file whose place it can take.

    Raises:
        OSError: it cannot be written; raised by every method.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._aside = f"{_beginning(path)}{secrets.token_hex(_RANDOM_BYTES)}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        self.file = os.fdopen(os.open(self._aside, flags, 0o666), "wb")
        self._is_placed = False

    def finish(self) -> None:
        """Make sure that all that was written is on disk, and not only on its way there."""
        self.file.flush()
        os.fsync(self.file.fileno())
        self.file.close()

    def place(self) -> None:
        """Let it take the place of the other, in one step."""
        os.replace(self._aside, self._path)
        self._is_placed = True

    def __enter__(self) -> "NewFile":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not self._is_placed:
            # Where it cannot be removed, the next run does it.
            with contextlib.suppress(OSError):
                os.unlink(self._aside)
        # What is still to be written is of no use, and there may be no room for it.
        with contextlib.suppress(OSError):
            self.file.close()


def leftovers(path: str) -> list[str]:
    """Return the files that were set aside for ``path``, by runs at work or dead.

    Raises:
        OSError: the folder cannot be read.
    """
    folder, beginning = os.path.split(_beginning(path))
    ours = re.compile(re.escape(beginning) + f"[0-9a-f]{{{2 * _RANDOM_BYTES}}}")
    return [os.path.join(folder, name) for name in os.listdir(folder) if ours.fullmatch(name)]


def _beginning(path: str) -> str:
    folder, name = os.path.split(path)
    return os.path.join(folder, f".{name}.")
