"""The archiver's scan list, exactly as its readers expect it (``docs/scan-list.md``)."""

import heapq
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from operator import itemgetter

from msgspec import Struct
from msgspec.structs import replace

from qumulo_changelist.columns import FileBatch, name_at
from qumulo_changelist.model import DELETE, Attributes, Batch, Entry, Kind, State, Totals
from qumulo_changelist.names import to_bytes
from qumulo_changelist.output.interface import Piece, StoredPiece

ELEMENTS = {
    State.PRESENT: "file",
    State.DELETED: "delete-file",
    State.UNREADABLE: "bad-dir",
}
"""The element of an entry."""
TYPES = {Kind.FILE: "F_REG", Kind.DIRECTORY: "F_DIR", Kind.OTHER: "other"}
"""The type of an entry."""
_ENTITIES = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "\t": "&#9;",
    "\n": "&#10;",
    "\r": "&#13;",
}
_ESCAPED = str.maketrans(_ENTITIES)
# What XML 1.0 cannot hold, in whatever way it is written (section 2.2, "Char").
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
# What is percent-encoded in such a name. The percent sign is, too, or two names could become one.
_PERCENT_ENCODED = re.compile(f"%|{_FORBIDDEN.pattern}")

_NOBODY = 65534
"""Written for an owner or a group without a numeric id, as on other systems (``nobody``)."""

_SEPARATOR = "\0"

_LINES_TO_JOIN = 256


class ScanXml(Struct, frozen=True):
    """Implements :class:`~qumulo_changelist.output.interface.ListFormat`."""

    index: str
    """The source index, as given."""
    run_time: int
    """Seconds since the epoch, for entries that no longer have times."""

    @property
    def limitation(self) -> str:
        """Why some names cannot be held."""
        return "its name contains a character that no XML file can"

    def can_hold(self, name: str) -> bool:
        """Return whether XML can hold a name."""
        return not _FORBIDDEN.search(name)

    def start_piece(self) -> "XmlWriter":
        """Return a writer for the next piece."""
        return XmlWriter(self)

    def assemble(self, pieces: Iterable[StoredPiece], totals: Totals) -> Iterator[bytes]:
        """Yield the whole list; its first line counts what it contains."""
        pieces = list(pieces)
        misplaced = sorted((pair for piece in pieces for pair in piece.misplaced), reverse=True)
        covered = sum(piece.covered for piece in pieces)
        yield _first_line(totals, totals.deleted_files - covered).encode()
        for piece in pieces:
            yield from _with_misplaced(piece, misplaced)
        yield from (line for _, line in misplaced)
        yield b"</files>\n"


class XmlWriter:
    """Implements :class:`~qumulo_changelist.output.interface.PieceWriter`.

    Args:
        list_format: what all pieces have in common.
        above: what precedes the name of an entry that is deleted.
    """

    def __init__(self, list_format: ScanXml, above: str = "") -> None:
        self._above = above.translate(_ESCAPED)
        self._tail = f'" index="{list_format.index}"/>\n'
        self._gone = Attributes(Kind.FILE, 0, list_format.run_time, list_format.run_time, 0, 0)
        self._deleted_file = (
            f'" size="0" mode="0x777"  type="F_REG" mtime="{list_format.run_time}" '
            f'atime="{list_format.run_time}" owner="0" group="0{self._tail}'
        )
        self._content = io.BytesIO()
        self._last_name = ""
        self._misplaced: list[tuple[str, bytes]] = []

    def add(self, batch: Batch) -> Batch:
        """Encode entries; see the interface."""
        self._last_name = name_at(batch, -1)
        unnameable: list[Entry] = []
        # Parts that fit into a processor's cache are encoded faster.
        for begin in range(0, len(batch), _LINES_TO_JOIN):
            part = batch[begin : begin + _LINES_TO_JOIN]
            lines = self._file_lines(part) if isinstance(part, FileBatch) else []
            if not lines:
                for entry in part:
                    self._add_entry(entry, lines, unnameable)
            self._content.write("".join(lines).encode())
        return unnameable

    def _file_lines(self, files: FileBatch) -> list[str]:
        """Return the lines of regular files; nothing if XML cannot hold the name of one."""
        escaped = _escape([files.directory, *files.below])
        if not escaped:
            return []
        directory, *below = escaped
        sizes, mtimes, atimes, owners, groups, _, _ = files.columns
        above, deleted_file = self._above, self._deleted_file
        # Two blanks after mode: not all readers are XML parsers.
        return [
            f'    <file name="{directory}{name}" size="{size}" mode="0x777"  type="F_REG" '
            f'mtime="{mtime}" atime="{atime}{end}'
            if op != DELETE
            else f'    <delete-file name="{above}{directory}{name}{deleted_file}'
            for name, op, size, mtime, atime, end in zip(
                below, files.ops, sizes, mtimes, atimes, self._ends(owners, groups), strict=True
            )
        ]

    def _ends(self, owners: Sequence[int], groups: Sequence[int]) -> Iterable[str]:
        """Return the ends of lines, from the owner on. Most directories have one owner only."""
        tail = self._tail
        if len(set(owners)) == len(set(groups)) == 1:
            return [f'" owner="{owners[0]}" group="{groups[0]}{tail}'] * len(owners)
        return [
            f'" owner="{owner}" group="{group}{tail}'
            for owner, group in zip(owners, groups, strict=True)
        ]

    def finish(self) -> Piece:
        """Return the piece."""
        return Piece(self._content.getvalue(), self._last_name, self._misplaced)

    def _add_entry(self, entry: Entry, lines: list[str], unnameable: list[Entry]) -> None:
        if entry.state not in ELEMENTS:
            return
        if _FORBIDDEN.search(entry.name):
            unnameable.append(entry)
            written = written_name(entry.name)
            line = self._line(replace(entry, state=State.UNREADABLE), written)
            self._place_unnameable(written, line, lines)
        else:
            lines.append(self._line(entry, entry.name))

    def _place_unnameable(self, written: str, line: str, lines: list[str]) -> None:
        """Put the line of an entry whose name is written differently in its place."""
        self._misplaced.append((written, line.encode()))

    def _element(self, entry: Entry) -> str:
        """Return the element of an entry."""
        return ELEMENTS[entry.state]

    def _line(self, entry: Entry, name: str) -> str:
        known = entry.attributes if entry.state is State.PRESENT else self._gone
        owner, group = known.owner, known.group
        above = self._above if entry.state is State.DELETED else ""
        moved = f' from="{entry.moved_from.translate(_ESCAPED)}"' if entry.moved_from else ""
        return (
            f'    <{self._element(entry)} name="{above}{name.translate(_ESCAPED)}"{moved} '
            f'size="{known.size}" '
            f'mode="0x777"  type="{TYPES[entry.attributes.kind]}" mtime="{known.mtime}" '
            f'atime="{known.atime}" owner="{_NOBODY if owner is None else owner}" '
            f'group="{_NOBODY if group is None else group}{self._tail}'
        )


def written_name(name: str) -> str:
    """Return how a list has a name: as it is, or with ``%XX`` for what XML cannot hold."""
    return _PERCENT_ENCODED.sub(_percent_encode, name) if _FORBIDDEN.search(name) else name


def _escape(names: list[str]) -> list[str]:
    """Return names as an attribute contains them; nothing if one cannot be in an XML file."""
    # All names at once, for speed. No XML file contains the separator.
    joined = before = _SEPARATOR.join(names)
    if not "".join(names).isprintable() and (
        joined.count(_SEPARATOR) >= len(names) or _FORBIDDEN.search("".join(names))
    ):
        return []
    # Replacing in the whole text is many times as fast as translating text that is not ASCII.
    for character, written in _ENTITIES.items():
        joined = joined.replace(character, written)
    return names if joined is before else joined.split(_SEPARATOR)


def _percent_encode(character: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in to_bytes(character[0]))


def _first_line(totals: Totals, deleted_files: int) -> str:
    return (
        f'<files scanned="{totals.files}" selected="{totals.files}" size="{totals.size}" '
        f'bad_dir_count="{totals.unreadable}" delete_count="{deleted_files}">\n'
    )


def _with_misplaced(piece: StoredPiece, misplaced: list[tuple[str, bytes]]) -> Iterator[bytes]:
    """Yield a piece, with the misplaced lines that belong before its end; they are removed."""
    here = [pair for pair in misplaced if pair[0] > piece.last_name] if piece.last_name else []
    if not here:
        yield from piece.chunks()
        return
    del misplaced[: len(here)]
    lines = io.BytesIO(b"".join(piece.chunks()))
    named = ((_name_of(line), line) for line in lines)
    yield from (line for _, line in heapq.merge(named, here, key=itemgetter(0), reverse=True))


def _name_of(line: bytes) -> str:
    import html  # it loads slowly, and few lists have names that need it

    return html.unescape(line.split(b'"', 2)[1].decode())
