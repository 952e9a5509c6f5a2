"""A made-up tree as bytes of JSON, fast: what all copies of a contents share is rendered once.

In what is rendered once, a control character stands for what differs between copies; JSON never
holds one. To render a copy is to cut out a piece and to put in its own.
"""

import json
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from itertools import accumulate

from qumulo_emulator.synthetic import times
from qumulo_emulator.synthetic.contents import Contents, Fate, Row, copies_with_changes
from qumulo_emulator.synthetic.templates import FOLDER, NUMBER, ORDINAL, RECENT, SETTLED, Templates
from qumulo_emulator.synthetic.tree import Place

_STRETCH = 32_768


class Renderer:
    """Entries of diffs and of directories as JSON.

    Args:
        escape: whether in ASCII, with everything else escaped.
    """

    def __init__(self, *, escape: bool) -> None:
        self._escape = escape
        self._templates = Templates(self.text)
        self._listings: dict[tuple[Contents, bool], _Listing] = {}
        self._changes: dict[Row, _Pieces] = {}

    def text(self, value: object) -> bytes:
        """Any value as JSON, as compact as the ordinary replies."""
        text = json.dumps(value, ensure_ascii=self._escape, separators=(",", ":"))
        return text.encode("utf-8", "backslashreplace")

    def folder(self, place: Place) -> "DirectoryValues":
        """A directory, to have what is in it rendered."""
        return DirectoryValues(place, self.text)

    def attributes(self, folder: "DirectoryValues", index: int, copy: int, *, newer: bool) -> bytes:
        """All attributes of an entry of a directory, by row and copy: one object."""
        form = self._listing(folder.place.contents, newer=newer).pieces.one(index)
        return folder.fill(form, index, copy)[:-1]

    def listing(
        self, folder: "DirectoryValues", begin: int, end: int, *, newer: bool
    ) -> Iterator[bytes]:
        """Some entries of a directory in a snapshot, by position: objects, a comma after each."""
        contents = folder.place.contents
        found = self._listing(contents, newer=newer)
        at = bisect_right(found.starts, begin) - 1
        while begin < end and at < len(found.visible):
            index = found.visible[at]
            row = contents.rows[index]
            if row.contents is None:
                after = min(at + end - begin, found.files_end[at])
                for forms in found.pieces.cut(index, found.visible[after - 1] + 1):
                    yield folder.fill(forms, index, 0)
                begin, at = begin + after - at, after
                continue
            first = begin - found.starts[at]
            last = min(row.count, first + end - begin)
            form = found.pieces.one(index)
            for copy in range(first, last):
                yield folder.fill(form, index, copy)
            begin, at = begin + last - first, at + 1

    def changes(self, place: Place, begin: int, end: int) -> Iterator[bytes]:
        """Some entries of the diff about what is in a directory: objects, a comma after each."""
        path = self.folder(place).path
        for index in place.contents.changing:
            row = place.contents.rows[index]
            for copy in copies_with_changes(row, begin, end):
                first = copy * row.changes
                span = max(begin - first, 0), min(end - first, row.changes)
                if row.contents is None or row.contents.is_plain or not row.opens:
                    number = row.number(copy).encode()
                    for forms in self._changes_of(row).cut(*span):
                        yield forms.replace(FOLDER, path).replace(NUMBER, number)
                else:
                    own = row.fate is not Fate.KEPT
                    if own and span[0] == 0:
                        yield self._change(row, path)
                    child = place.child(index, copy)
                    yield from self.changes(child, span[0] - own, span[1] - own)
            begin, end = begin - row.count * row.changes, end - row.count * row.changes

    def _changes_of(self, row: Row) -> "_Pieces":
        """The changes of a row's copies, rendered once."""
        found = self._changes.get(row)
        if found is None:
            found = self._changes[row] = _Pieces(self._all_changes(row, FOLDER))
        return found

    def _all_changes(self, row: Row, folder: bytes) -> Iterator[bytes]:
        if row.fate is not Fate.KEPT:
            yield self._change(row, folder)
        if row.contents is not None and row.opens:
            inside = folder + self._templates.name(row) + b"/"
            for index in row.contents.changing:
                yield from self._all_changes(row.contents.rows[index], inside)

    def _change(self, row: Row, folder: bytes) -> bytes:
        slash = b"/" if row.contents else b""
        path = folder + self._templates.name(row) + slash
        return b'{"op":"%b","path":"%b"},' % (row.fate.value.encode(), path)

    def _listing(self, contents: Contents, *, newer: bool) -> "_Listing":
        found = self._listings.get((contents, newer))
        if found is None:
            pieces = _Pieces(
                self._templates.of(row, index, newer=newer) + b","
                if row.exists(newer=newer)
                else b""
                for index, row in enumerate(contents.rows)
            )
            found = self._listings[contents, newer] = _Listing(contents, pieces, newer=newer)
        return found


class DirectoryValues:
    """A directory, and what goes into the forms of the entries in it.

    Args:
        place: the directory.
        text: renders JSON.
    """

    def __init__(self, place: Place, text: Callable[[object], bytes]) -> None:
        self.place = place
        self.path = b"/" + b"".join(text(part)[1:-1] + b"/" for part in place.parts)

    def fill(self, piece: bytes, index: int, copy: int) -> bytes:
        """The forms of files, or that of one directory, fill in."""
        row = self.place.contents.rows[index]
        ordinal, settled, recent = self._facts
        if row.contents is not None:
            ordinal, settled, recent = _facts(self.place.child(index, copy).ordinal)
            piece = piece.replace(NUMBER, row.number(copy).encode())
        piece = piece.replace(FOLDER, self.path).replace(ORDINAL, ordinal)
        return piece.replace(SETTLED, settled).replace(RECENT, recent)

    @cached_property
    def _facts(self) -> tuple[bytes, bytes, bytes]:
        return _facts(self.place.ordinal)


def _facts(ordinal: int) -> tuple[bytes, bytes, bytes]:
    """The number of a directory and its days."""
    days = (times.settled_day(ordinal), times.recent_day(ordinal))
    settled, recent = (times.format_day(day).encode() for day in days)
    return b"%d" % ordinal, settled, recent


class _Pieces:
    """Texts end to end, of which any stretch can be cut out.

    What is cut out is small enough for the next one to be put where it was. Memory that is fetched
    for each anew takes longer to come than all that is done with it.
    """

    def __init__(self, texts: Iterable[bytes]) -> None:
        each = list(texts)
        self._all = b"".join(each)
        self._begins = list(accumulate(map(len, each), initial=0))

    def one(self, index: int) -> bytes:
        """One of the texts."""
        return self._all[self._begins[index] : self._begins[index + 1]]

    def cut(self, begin: int, end: int) -> Iterator[bytes]:
        """The texts from one on and before another, in stretches of tens of thousands of bytes."""
        begins = self._begins
        while begin < end:
            after = bisect_right(begins, begins[begin] + _STRETCH, begin + 1, end + 1) - 1
            after = max(after, begin + 1)
            yield self._all[begins[begin] : begins[after]]
            begin = after


class _Listing:
    """What is in the copies of a contents, rendered once.

    Attributes:
        pieces: the rows' forms, by index; empty for those that are not there.
        visible: the indexes of the rows that are there.
        starts: for each of these, the position of its first copy.
        files_end: for each of these, where in `visible` the stretch of files ends that it is in.
    """

    def __init__(self, contents: Contents, pieces: _Pieces, *, newer: bool) -> None:
        self.pieces = pieces
        existing = list(contents.existing_rows(newer=newer))
        self.visible = [index for index, _ in existing]
        self.starts = list(accumulate((row.count for _, row in existing), initial=0))[:-1]
        self.files_end = list(range(1, len(existing) + 1))
        for at in reversed(range(len(existing) - 1)):
            if existing[at][1].contents is None and existing[at + 1][1].contents is None:
                self.files_end[at] = self.files_end[at + 1]
