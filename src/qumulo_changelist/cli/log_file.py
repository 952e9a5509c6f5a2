"""The file of a log: lines are appended whole, also by several processes at once."""

import os
import stat

from qumulo_changelist.cli.screen import say
from qumulo_changelist.errors import LogFileError
from qumulo_changelist.machine.owners import check_open_file, check_owners
from qumulo_changelist.machine.shortages import check_shortage
from qumulo_changelist.names import to_bytes, to_text

# It names files and folders, so it is for this user; who makes the file before decides otherwise.
_MODE = 0o600
# A pipe without a reader would keep the command waiting; a link could lead anywhere.
_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


class LogFile:
    """A file to which lines are appended; it is made if it is missing, for this user alone.

    Args:
        path: the file.

    Raises:
        LogFileError: it cannot be written, or is no regular file; or everybody may write to its
            folder, and it belongs to a different user, or has a second name.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        place = to_text(os.path.abspath(to_bytes(path)))
        check_owners(place, LogFileError)
        self._is_cut = self._has_failed = False
        try:
            self._descriptor = os.open(to_bytes(path), _FLAGS, _MODE)
        except OSError as error:
            check_shortage(error)
            link = ", which is a link," if os.path.islink(to_bytes(path)) else ""
            raise LogFileError(
                f"the log {path}{link} cannot be written: {error.strerror}"
            ) from error
        if not stat.S_ISREG(os.fstat(self._descriptor).st_mode):
            self.close()
            raise LogFileError(f"the log {path} cannot be written: it is no regular file")
        try:
            check_open_file(self._descriptor, place, LogFileError)
        except LogFileError:
            self.close()
            raise

    def append(self, line: bytes) -> None:
        """Append a line, with its line end; that this fails is said once, and is no error."""
        data = b"\n" + line if self._is_cut else line
        try:
            written = os.write(self._descriptor, data)
            self._is_cut = written < len(data)
            if self._is_cut:  # now the system says why
                self._is_cut = os.write(self._descriptor, data[written:]) < len(data) - written
        except OSError as error:
            if not self._has_failed:
                self._has_failed = True
                say(
                    f"the log {self._path} is incomplete: {error.strerror}; the run itself is not "
                    "affected"
                )

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)
