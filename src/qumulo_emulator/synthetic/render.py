"""A made-up tree as bytes of JSON, fast: what all copies of a kind share is rendered once.

In what is rendered once, a control character stands for what differs between copies; JSON never
holds one. To render a copy is to cut out a piece and to put in its own.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING

from qumulo_emulator.api.attributes import attributes_json
from qumulo_emulator.model import Entry
from qumulo_emulator.synthetic import moments
from qumulo_emulator.synthetic.kinds import Fate, touched
from qumulo_emulator.synthetic.tree import Place, attributes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from qumulo_emulator.synthetic.kinds import Kind, Row

_FOLDER, _ORDINAL, _SETTLED, _RECENT, _NUMBER = b"\1", b"\2", b"\3", b"\4", b"\5"
# The number of no directory: of an id or a time that holds it, one knows where it came from.
_STAND_IN = 76_543_210_987_654


class Renderer:
    """Entries of diffs and of directories as JSON.

    Args:
        escape: whether in ASCII, with everything else escaped.
    """

    def __init__(self, *, escape: bool) -> None:
        self._escape = escape
        self._listings: dict[tuple[Kind, bool], _Listing] = {}
        self._changes: dict[Row, _Pieces] = {}

    def text(self, value: object) -> bytes:
        """Any value as JSON, as compact as the ordinary replies."""
        text = json.dumps(value, ensure_ascii=self._escape, separators=(",", ":"))
        return text.encode("utf-8", "backslashreplace")

    def attributes(self, parent: Place, index: int, copy: int, *, newer: bool) -> bytes:
        """All attributes of an entry of a directory: one object."""
        pieces = self._listing(parent.kind, newer=newer).pieces
        return self._filled(pieces.cut(index, index + 1), parent, index, copy)[:-1]

    def listing(self, place: Place, begin: int, end: int, *, newer: bool) -> bytes:
        """Some entries of a directory in a snapshot, by position: objects and commas between."""
        found = self._listing(place.kind, newer=newer)
        pieces: list[bytes] = []
        at = bisect_right(found.starts, begin) - 1
        while begin < end and at < len(found.visible):
            index = found.visible[at]
            row = place.kind.rows[index]
            if row.kind is None:
                after = min(at + end - begin, found.files_end[at])
                piece = found.pieces.cut(index, found.visible[after - 1] + 1)
                pieces.append(self._filled(piece, place, index, 0))
                begin, at = begin + after - at, after
                continue
            first = begin - found.starts[at]
            last = min(row.count, first + end - begin)
            piece = found.pieces.cut(index, index + 1)
            pieces += [self._filled(piece, place, index, copy) for copy in range(first, last)]
            begin, at = begin + last - first, at + 1
        return b"".join(pieces)[:-1]

    def changes(self, place: Place, begin: int, end: int) -> Iterator[bytes]:
        """Some entries of the diff about what is in a directory: objects, a comma after each."""
        path = self._path(place)
        for index in place.kind.by_path:
            row = place.kind.rows[index]
            for copy in touched(row, begin, end):
                first = copy * row.changes
                span = max(begin - first, 0), min(end - first, row.changes)
                if row.kind is None or row.kind.is_plain or not row.opens:
                    piece = self._changes_of(row).cut(*span).replace(_FOLDER, path)
                    yield piece.replace(_NUMBER, row.number(copy).encode())
                else:
                    own = row.fate is not Fate.KEPT
                    if own and span[0] == 0:
                        yield self._change(row, path)
                    child = place.child(index, copy)
                    yield from self.changes(child, span[0] - own, span[1] - own)
            begin, end = begin - row.count * row.changes, end - row.count * row.changes

    def _changes_of(self, row: Row) -> _Pieces:
        """The changes of a row's copies, rendered once."""
        found = self._changes.get(row)
        if found is None:
            found = self._changes[row] = _Pieces(self._all_changes(row, _FOLDER))
        return found

    def _all_changes(self, row: Row, folder: bytes) -> Iterator[bytes]:
        if row.fate is not Fate.KEPT:
            yield self._change(row, folder)
        if row.kind is not None and row.opens:
            inside = folder + self._name(row) + b"/"
            for index in row.kind.by_path:
                yield from self._all_changes(row.kind.rows[index], inside)

    def _change(self, row: Row, folder: bytes) -> bytes:
        slash = b"/" if row.kind else b""
        path = folder + self._name(row) + slash
        return b'{"op":"%b","path":"%b"},' % (row.fate.value.encode(), path)

    def _name(self, row: Row) -> bytes:
        return self.text(row.stem)[1:-1] + (b"" if row.first is None else _NUMBER)

    def _path(self, place: Place) -> bytes:
        return b"/" + b"".join(self.text(part)[1:-1] + b"/" for part in place.parts)

    def _listing(self, kind: Kind, *, newer: bool) -> _Listing:
        found = self._listings.get((kind, newer))
        if found is None:
            texts = (self._form(row, index, newer=newer) for index, row in enumerate(kind.rows))
            found = self._listings[kind, newer] = _Listing(kind, _Pieces(texts), newer=newer)
        return found

    def _form(self, row: Row, index: int, *, newer: bool) -> bytes:
        """The attributes of a row's copies, rendered once; nothing if it is not there."""
        if not row.exists(newer=newer):
            return b""
        name = row.stem + ("" if row.first is None else _NUMBER.decode())
        place = Place((_FOLDER.decode(), name), row, index, _STAND_IN)
        count = row.kind.children(newer=newer) if row.kind else None
        entry = Entry(place.parts, attributes(place, newer=newer), count)
        text = self.text(attributes_json(entry))
        for midnight, mark in (
            (moments.settled(_STAND_IN), _SETTLED),
            (moments.recent(_STAND_IN), _RECENT),
        ):
            text = text.replace(b'"%bT' % moments.day(midnight).encode(), b'"%bT' % mark)
        text = text.replace(b'"/\\u0001/', b'"' + _FOLDER).replace(b"\\u0005", _NUMBER)
        return text.replace(b"%d" % _STAND_IN, _ORDINAL) + b","

    def _filled(self, piece: bytes, parent: Place, index: int, copy: int) -> bytes:
        row = parent.kind.rows[index]
        ordinal = parent.child(index, copy).ordinal
        if row.first is not None:
            piece = piece.replace(_NUMBER, row.number(copy).encode())
        return (
            piece.replace(_FOLDER, self._path(parent))
            .replace(_ORDINAL, b"%d" % ordinal)
            .replace(_SETTLED, moments.day(moments.settled(ordinal)).encode())
            .replace(_RECENT, moments.day(moments.recent(ordinal)).encode())
        )


class _Pieces:
    """Texts end to end, of which any stretch can be cut out."""

    def __init__(self, texts: Iterable[bytes]) -> None:
        each = list(texts)
        self._all = b"".join(each)
        self._begins = list(accumulate(map(len, each), initial=0))

    def cut(self, begin: int, end: int) -> bytes:
        """The texts from one on and before another, both counted from 0."""
        return self._all[self._begins[begin] : self._begins[end]]


class _Listing:
    """What is in the copies of a kind, rendered once.

    Attributes:
        pieces: the rows' forms, by index; empty for those that are not there.
        visible: the indexes of the rows that are there.
        starts: for each of these, the position of its first copy.
        files_end: for each of these, where in `visible` the stretch of files ends that it is in.
    """

    def __init__(self, kind: Kind, pieces: _Pieces, *, newer: bool) -> None:
        self.pieces = pieces
        existing = list(kind.existing(newer=newer))
        self.visible = [index for index, _ in existing]
        self.starts = list(accumulate((row.count for _, row in existing), initial=0))[:-1]
        self.files_end = list(range(1, len(existing) + 1))
        for at in reversed(range(len(existing) - 1)):
            if existing[at][1].kind is None and existing[at + 1][1].kind is None:
                self.files_end[at] = self.files_end[at + 1]
