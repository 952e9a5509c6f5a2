r"""Lists as CSV (RFC 4180): a line with the names of the columns, and a record for each entry.

A record has the fields of :class:`~qumulo_changelist.output.fields.EntryFields`; those that do not
apply are empty. Lines end in CR LF, and the text is UTF-8.

The RFC allows no control characters but CR and LF, and text has no bytes that are not UTF-8. Each
of them is written as ``\xHH``, and so is each backslash: so every backslash of a list begins an
escape, and no two names are written alike. The first character of a reason is written so, too, if a
spreadsheet would take it for that of a formula.

A list states no totals: the RFC has no place for them, and in a record, they would be one more file
for all who add up sizes. Whether a list is whole is known from its receipt.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator

from msgspec import Struct

from qumulo_changelist.columns import FileBatch, name_at
from qumulo_changelist.model import DELETE, Batch, Totals
from qumulo_changelist.names import to_bytes, to_text
from qumulo_changelist.output.fields import CHANGES, LISTED, EntryFields, fields_of
from qumulo_changelist.output.interface import Piece, StoredPiece

HEADER = ",".join(EntryFields._fields).encode() + b"\r\n"
"""The first line of a list."""

# What makes a name differ from how it is written.
_UNUSUAL = re.compile('[,"\\\\\x00-\x1f\x7f\ud800-\udfff]')
_ESCAPED = re.compile(rb"[\\\x00-\x09\x0b\x0c\x0e-\x1f\x7f]|\A[=+@\r\n-]")
_ESCAPE = re.compile(rb"\\(?:x([0-9a-f]{2}))?")

# Text is encoded when it is of this number of characters: a piece can be very large.
_CHARACTERS_TO_ENCODE = 2**18


class CsvList(Struct, frozen=True):
    """Implements :class:`~qumulo_changelist.output.interface.ListFormat`."""

    @property
    def limitation(self) -> str:
        """Why some names cannot be held: ``""``, since all can."""
        return ""

    def can_hold(self, name: str) -> bool:
        """Return whether a name can be held: always."""
        return True

    def start_piece(self) -> "_CsvWriter":
        """Return a writer for the next piece."""
        return _CsvWriter()

    def assemble(self, pieces: Iterable[StoredPiece], totals: Totals) -> Iterator[bytes]:
        """Yield the whole list."""
        yield HEADER
        for piece in pieces:
            yield from piece.chunks()


class _CsvWriter:
    """Implements :class:`~qumulo_changelist.output.interface.PieceWriter`."""

    def __init__(self) -> None:
        self._content = io.BytesIO()
        self._text = io.StringIO(newline="")
        self._records = csv.writer(self._text, lineterminator="\r\n")
        self._last_name = ""

    def add(self, batch: Batch) -> Batch:
        """Encode entries; see the interface."""
        self._last_name = name_at(batch, -1)
        if isinstance(batch, FileBatch) and _is_plain(batch):
            self._text.writelines(_file_lines(batch))
        else:
            self._records.writerows(
                _record(fields_of(entry)) for entry in batch if entry.state in LISTED
            )
        if self._text.tell() >= _CHARACTERS_TO_ENCODE:
            self._encode_text()
        return []

    def finish(self) -> Piece:
        """Return the piece."""
        self._encode_text()
        return Piece(self._content.getvalue(), self._last_name, [])

    def _encode_text(self) -> None:
        self._content.write(self._text.getvalue().encode())
        self._text.seek(0)
        self._text.truncate()


def _is_plain(files: FileBatch) -> bool:
    """Return whether all names are written as they are."""
    return not _UNUSUAL.search("".join([files.directory, *files.below]))


def _file_lines(files: FileBatch) -> Iterable[str]:
    """Return the lines of plain files: many times as fast as from a writer of any CSV."""
    directory = files.directory
    sizes, mtimes, atimes, owners, groups, _, _ = files.columns
    return [
        f"{directory}{name},file,deleted,,,,,,,\r\n"
        if op == DELETE
        else f"{directory}{name},file,{CHANGES[op]},{size},{mtime},{atime},{owner},{group},,\r\n"
        for name, op, size, mtime, atime, owner, group in zip(
            files.below, files.ops, sizes, mtimes, atimes, owners, groups, strict=True
        )
    ]


def _record(fields: EntryFields) -> tuple[object, ...]:
    return fields._replace(
        path=escape(fields.path),
        moved_from=escape(fields.moved_from or ""),
        reason=escape(fields.reason or ""),
    )


def escape(text: str) -> str:
    r"""Return text as a list has it: with ``\xHH`` for each byte that CSV does not allow."""
    escaped = _ESCAPED.sub(lambda found: b"\\x%02x" % ord(found[0]), to_bytes(text))
    return escaped.decode("utf-8", "backslashreplace")


def unescape(text: str) -> str:
    """Return the text that is written so.

    Raises:
        ValueError: it is not written so.
    """
    return to_text(_ESCAPE.sub(_byte, text.encode())) if "\\" in text else text


def _byte(found: re.Match[bytes]) -> bytes:
    if not found[1]:
        raise ValueError("a backslash is not followed by x and two digits")
    return bytes([int(found[1], 16)])
