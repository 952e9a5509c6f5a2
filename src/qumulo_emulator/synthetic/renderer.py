"""A synthetic tree as bytes of JSON, fast: what all copies share is rendered once.

A copy is rendered by cutting its part out of a template, and replacing the template's marks.
"""

import json
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from itertools import accumulate

from qumulo_emulator.synthetic import times
from qumulo_emulator.synthetic.contents import Contents, Fate, Row, copies_with_changes
from qumulo_emulator.synthetic.templates import (
    ID,
    NUMBER,
    ORDINAL,
    PARENT,
    RECENT,
    SETTLED,
    Templates,
    id_digits,
)
from qumulo_emulator.synthetic.tree import Place

_MAX_PIECE_BYTES = 32_768


class _Pieces:
    """Texts end to end, from which consecutive texts can be cut out.

    A piece is so small that the next one can reuse its memory. Fetching new memory for each piece
    would take longer than everything that is done with it.
    """

    def __init__(self, texts: Iterable[bytes]) -> None:
        each = list(texts)
        self._all = b"".join(each)
        self._begins = list(accumulate(map(len, each), initial=0))

    def one(self, index: int) -> bytes:
        """Return one of the texts."""
        return self._all[self._begins[index] : self._begins[index + 1]]

    def cut(self, begin: int, end: int) -> Iterator[bytes]:
        """Yield the texts from `begin` to before `end`, in pieces of tens of thousands of bytes."""
        begins = self._begins
        while begin < end:
            after = bisect_right(begins, begins[begin] + _MAX_PIECE_BYTES, begin + 1, end + 1) - 1
            after = max(after, begin + 1)
            yield self._all[begins[begin] : begins[after]]
            begin = after


class _ListingTemplates:
    """The templates of a directory's entries in one snapshot.

    Attributes:
        pieces: the templates of the rows by index; empty for rows that are not in the snapshot.
        visible: the indexes of the rows in the snapshot.
        starts: for each row in `visible`, the position of its first copy.
        files_end: for each row in `visible`, the index in `visible` after the single files next
            to it.
    """

    def __init__(self, contents: Contents, pieces: _Pieces, *, newer: bool) -> None:
        self.pieces = pieces
        existing = list(contents.existing_rows(newer=newer))
        self.visible = [index for index, _ in existing]
        self.starts = list(accumulate((row.count for _, row in existing), initial=0))[:-1]
        self.files_end = list(range(1, len(existing) + 1))
        for at in reversed(range(len(existing) - 1)):
            if existing[at][1].is_single_file and existing[at + 1][1].is_single_file:
                self.files_end[at] = self.files_end[at + 1]


class DirectoryValues:
    """The values of one directory for the marks in the templates of its entries.

    Args:
        place: the directory.
        text: renders a value as JSON.

    Attributes:
        place: the directory.
        path: its path as JSON, without quotes; it ends in a slash.
    """

    def __init__(self, place: Place, text: Callable[[object], bytes]) -> None:
        self.place = place
        self.path = b"/" + b"".join(text(part)[1:-1] + b"/" for part in place.parts)

    def fill(self, templates: bytes, index: int, copy: int) -> bytes:
        """Fill in the templates of consecutive single files, or the template of one copy."""
        contents = self.place.contents
        row = contents.rows[index]
        ordinal, settled, recent = self._values
        if row.contents is not None:
            ordinal, settled, recent = _ordinal_and_days(self.place.child(index, copy).ordinal)
        elif row.first is not None:
            templates = templates.replace(ID, id_digits(contents.ids_before[index] + copy))
        if row.first is not None:
            templates = templates.replace(NUMBER, row.number(copy).encode())
        templates = templates.replace(PARENT, self.path).replace(ORDINAL, ordinal)
        return templates.replace(SETTLED, settled).replace(RECENT, recent)

    @cached_property
    def _values(self) -> tuple[bytes, bytes, bytes]:
        return _ordinal_and_days(self.place.ordinal)


def _ordinal_and_days(ordinal: int) -> tuple[bytes, bytes, bytes]:
    """Return the number of a directory, its settled day and its recent day, as text."""
    days = (times.settled_day(ordinal), times.recent_day(ordinal))
    settled, recent = (times.format_day(day).encode() for day in days)
    return b"%d" % ordinal, settled, recent


class Renderer:
    """Renders entries of diffs and of directories as JSON.

    Args:
        escape: whether to write ASCII with escapes for everything else.
    """

    def __init__(self, *, escape: bool) -> None:
        self._escape = escape
        self._templates = Templates(self.text, escape=escape)
        self._listings: dict[tuple[Contents, bool], _ListingTemplates] = {}
        self._changes: dict[Row, _Pieces] = {}

    def text(self, value: object) -> bytes:
        """Return any value as JSON, as compact as the ordinary replies."""
        text = json.dumps(value, ensure_ascii=self._escape, separators=(",", ":"))
        return text.encode("utf-8", "backslashreplace")

    def values_of(self, place: Place) -> DirectoryValues:
        """Return the values of a directory, to render its entries with."""
        return DirectoryValues(place, self.text)

    def attributes(
        self, directory: DirectoryValues, index: int, copy: int, *, newer: bool
    ) -> bytes:
        """Return the attributes of an entry, by row and copy: one object."""
        template = self._listing(directory.place.contents, newer=newer).pieces.one(index)
        return directory.fill(template, index, copy)[:-1]

    def listing(
        self, directory: DirectoryValues, begin: int, end: int, *, newer: bool
    ) -> Iterator[bytes]:
        """Yield the entries of a directory from `begin` to before `end`, a comma after each."""
        contents = directory.place.contents
        found = self._listing(contents, newer=newer)
        at = bisect_right(found.starts, begin) - 1
        while begin < end and at < len(found.visible):
            index = found.visible[at]
            row = contents.rows[index]
            if row.is_single_file:
                after = min(at + end - begin, found.files_end[at])
                for templates in found.pieces.cut(index, found.visible[after - 1] + 1):
                    yield directory.fill(templates, index, 0)
                begin, at = begin + after - at, after
                continue
            first = begin - found.starts[at]
            last = min(row.count, first + end - begin)
            template = found.pieces.one(index)
            for copy in range(first, last):
                yield directory.fill(template, index, copy)
            begin, at = begin + last - first, at + 1

    def changes(self, place: Place, begin: int, end: int) -> Iterator[bytes]:
        """Yield the changes in a directory from `begin` to before `end`, a comma after each."""
        path = self.values_of(place).path
        for index in place.contents.changing:
            row = place.contents.rows[index]
            for copy in copies_with_changes(row, begin, end):
                first = copy * row.changes
                span = max(begin - first, 0), min(end - first, row.changes)
                if row.contents is None or row.contents.is_plain or not row.is_expanded:
                    number = row.number(copy).encode()
                    for templates in self._changes_of(row).cut(*span):
                        yield templates.replace(PARENT, path).replace(NUMBER, number)
                else:
                    own = row.fate is not Fate.KEPT
                    if own and span[0] == 0:
                        yield self._change(row, path)
                    child = place.child(index, copy)
                    yield from self.changes(child, span[0] - own, span[1] - own)
            begin, end = begin - row.count * row.changes, end - row.count * row.changes

    def _changes_of(self, row: Row) -> _Pieces:
        """Return the templates of all changes at and below a row's copies."""
        found = self._changes.get(row)
        if found is None:
            found = self._changes[row] = _Pieces(self._all_changes(row, PARENT))
        return found

    def _all_changes(self, row: Row, parent: bytes) -> Iterator[bytes]:
        if row.fate is not Fate.KEPT:
            yield self._change(row, parent)
        if row.contents is not None and row.is_expanded:
            path = parent + self._templates.name(row) + b"/"
            for index in row.contents.changing:
                yield from self._all_changes(row.contents.rows[index], path)

    def _change(self, row: Row, parent: bytes) -> bytes:
        slash = b"/" if row.contents else b""
        path = parent + self._templates.name(row) + slash
        return b'{"op":"%b","path":"%b"},' % (row.fate.value.encode(), path)

    def _listing(self, contents: Contents, *, newer: bool) -> _ListingTemplates:
        found = self._listings.get((contents, newer))
        if found is None:
            pieces = _Pieces(
                self._templates.attributes(row, index, number, newer=newer) + b","
                if row.exists(newer=newer)
                else b""
                for index, (row, number) in enumerate(
                    zip(contents.rows, contents.ids_before, strict=True)
                )
            )
            found = _ListingTemplates(contents, pieces, newer=newer)
            self._listings[contents, newer] = found
        return found
