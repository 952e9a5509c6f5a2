"""Templates for the attributes of entries as JSON, each rendered once for all copies of a row.

In a template, a control character marks what differs between copies: JSON never contains one.
"""

from collections.abc import Callable

from qumulo_emulator.api.attributes import attributes_json
from qumulo_emulator.clock import format_time
from qumulo_emulator.model import Entry
from qumulo_emulator.synthetic import times
from qumulo_emulator.synthetic.contents import Fate, Row
from qumulo_emulator.synthetic.tree import Place, attributes

# The marks for the directory's path, its number, its two days, the number in a row's names, and the
# last digits of the id of one of several files.
PARENT, ORDINAL, SETTLED, RECENT, NUMBER, ID = b"\1", b"\2", b"\3", b"\4", b"\5", b"\7"
# A number that no directory has. Where it appears in the attributes, the ordinal belongs.
_SAMPLE_ORDINAL = 76_543_210_987_654
# The row and the name of a sample file, which no file has either.
_SAMPLE_ROW, _SAMPLE_NAME = 9_876, "\6"
_SALTS = range(4)


class Templates:
    """The templates of all rows.

    Args:
        text: renders a value as JSON.
        escape: whether that is ASCII with escapes for everything else.
    """

    def __init__(self, text: Callable[[object], bytes], *, escape: bool) -> None:
        self._text = text
        self._escape = escape
        self._files: dict[tuple[Fate, bool], bytes] = {}

    def name(self, row: Row) -> bytes:
        """Return the name of a row's copies as JSON, without quotes."""
        return self._text(row.stem)[1:-1] + (b"" if row.first is None else NUMBER)

    def attributes(self, row: Row, index: int, number: int, *, newer: bool) -> bytes:
        """Return the template of a row's attributes, one JSON object.

        Args:
            row: the row.
            index: its index in the directory.
            number: the number of a single file among the ids of the directory.
            newer: in which snapshot.
        """
        if row.contents is not None:
            return self._render(row, index, newer=newer)
        # Files with the same fate differ in few places. Filling these is a hundred times as fast.
        template = self._files.get((row.fate, newer))
        if template is None:
            template = self._files[row.fate, newer] = self._file_template(row.fate, newer=newer)
        return template % {
            b"name": self.name(row),
            b"number": id_digits(number) if row.first is None else ID,
            **{b"time%d" % salt: _time_of_day(index, salt) for salt in _SALTS},
        }

    def _file_template(self, fate: Fate, *, newer: bool) -> bytes:
        row = Row(_SAMPLE_NAME, fate)
        template = self._render(row, _SAMPLE_ROW, newer=newer).replace(b"%", b"%%")
        template = template.replace(self.name(row), b"%(name)b")
        template = template.replace(ORDINAL + id_digits(_SAMPLE_ROW), ORDINAL + b"%(number)b")
        for salt in _SALTS:
            template = template.replace(_time_of_day(_SAMPLE_ROW, salt), b"%%(time%d)b" % salt)
        return template

    def _render(self, row: Row, index: int, *, newer: bool) -> bytes:
        """Render the attributes as the ordinary handlers do, and put the marks in."""
        name = row.name(0) if row.first is None else row.stem + NUMBER.decode()
        place = Place((PARENT.decode(), name), row, index, _SAMPLE_ORDINAL, index)
        count = row.contents.child_count(newer=newer) if row.contents else None
        entry = Entry(place.parts, attributes(place, newer=newer), count)
        text = attributes_json(entry, escape=self._escape).encode("utf-8", "backslashreplace")
        for midnight, mark in (
            (times.settled_day(_SAMPLE_ORDINAL), SETTLED),
            (times.recent_day(_SAMPLE_ORDINAL), RECENT),
        ):
            text = text.replace(b'"%bT' % times.format_day(midnight).encode(), b'"%bT' % mark)
        text = text.replace(b'"/\\u0001/', b'"' + PARENT).replace(b"\\u0005", NUMBER)
        return text.replace(b"%d" % _SAMPLE_ORDINAL, ORDINAL)


def id_digits(number: int) -> bytes:
    """Return the last digits of a file's id, by its number in the directory."""
    return b"%08d" % (number + 1)


def _time_of_day(index: int, salt: int) -> bytes:
    """Return a time of day as it is written, from the `T` on."""
    return format_time(times.time_of_day(index, salt))[10:].encode()
