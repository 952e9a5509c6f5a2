"""The archiver's scan list, as the first public version of this wrapper wrote it.

It is as :mod:`~qumulo_changelist.output.scan_xml` has it, but for what was deleted. A deleted file
has its full path on the cluster as its name. A deleted directory is a ``<file type="F_DIR">``, also
with its full path, and nothing that was deleted below it is listed. ``delete_count`` counts the
deleted files that are listed. If a file of the same name replaced the directory, so that it has no
entry of its own, then the deleted files below it are listed.

Entries stand in the order of their real names below the base path, also unreadable ones whose names
no XML file can contain.
"""

import io

from msgspec.structs import replace

from qumulo_changelist.errors import UsageError
from qumulo_changelist.model import Entry, Kind, State
from qumulo_changelist.names import outermost
from qumulo_changelist.output.interface import Piece
from qumulo_changelist.output.scan_xml import ELEMENTS, ScanXml, XmlWriter

_DELETED_FILE = '    <delete-file name="'


def make_classic(index: str, run_time: int, base_path: str) -> "ScanXmlClassic":
    """Return the format.

    Args:
        index: the source index, as given.
        run_time: seconds since the epoch, for entries that no longer have times.
        base_path: the directory on the cluster; the root is ``/``.

    Raises:
        UsageError: no XML file can contain the base path.
    """
    form = ScanXmlClassic(index, run_time, base_path.rstrip("/"))
    if not form.can_hold(base_path):
        raise UsageError(
            "a list in the format xml-classic has full paths, but the base path contains a "
            "character that no XML file can"
        )
    return form


class ScanXmlClassic(ScanXml, frozen=True):
    """Implements :class:`~qumulo_changelist.output.interface.ListFormat`.

    A piece must have a deleted directory together with everything below it.
    """

    above: str
    """What precedes the name of an entry to make it a path: the base path; "" for the root."""

    def start_piece(self) -> "_ClassicWriter":
        """Return a writer for the next piece."""
        return _ClassicWriter(self, self.above)


class _ClassicWriter(XmlWriter):
    """Implements :class:`~qumulo_changelist.output.interface.PieceWriter`."""

    def __init__(self, list_format: ScanXml, above: str) -> None:
        super().__init__(list_format, above)
        self._directories: dict[str, str] = {}
        """The lines of deleted directories, by their names as they are written, with a ``/``."""

    def finish(self) -> Piece:
        """Return the piece, without what was deleted below deleted directories."""
        piece, directories = super().finish(), self._directories.keys()
        if not directories:
            return piece
        # A directory can be named that was deleted together with the one that contains it.
        below = {
            line for name, line in self._directories.items() if outermost(directories, name[:-1])
        }
        kept, covered = io.BytesIO(), 0
        for encoded in io.BytesIO(piece.content):
            line = encoded.decode()
            is_file = line.startswith(_DELETED_FILE)
            if outermost(directories, _name_in(line)) if is_file else line in below:
                covered += is_file
            else:
                kept.write(encoded)
        return replace(piece, content=kept.getvalue(), covered=covered)

    def _line(self, entry: Entry, name: str) -> str:
        line = super()._line(replace(entry, moved_from=""), name)
        if _is_deleted_directory(entry):
            self._directories[f"{_name_in(line)}/"] = line
        return line

    def _element(self, entry: Entry) -> str:
        return ELEMENTS[State.PRESENT] if _is_deleted_directory(entry) else super()._element(entry)

    def _place_unnameable(self, written: str, line: str, lines: list[str]) -> None:
        lines.append(line)


def _is_deleted_directory(entry: Entry) -> bool:
    return entry.state is State.DELETED and entry.attributes.kind is Kind.DIRECTORY


def _name_in(line: str) -> str:
    """Return the name of an entry as its line has it."""
    return line.split('"', 2)[1]
