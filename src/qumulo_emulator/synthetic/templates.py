"""The attributes of an entry as JSON, rendered once for all copies of its row."""

from collections.abc import Callable

from qumulo_emulator.api.attributes import attributes_json
from qumulo_emulator.clock import format_time
from qumulo_emulator.model import Entry
from qumulo_emulator.synthetic import times
from qumulo_emulator.synthetic.contents import Fate, Row
from qumulo_emulator.synthetic.tree import Place, attributes

# What stands for the path of the directory, its number, its days, and the number in a row's name.
FOLDER, ORDINAL, SETTLED, RECENT, NUMBER = b"\1", b"\2", b"\3", b"\4", b"\5"
# The number of no directory: of an id or a day that holds it, one knows where it came from.
_STAND_IN = 76_543_210_987_654
# Likewise the row of no file, and its name.
_STAND_IN_ROW, _STAND_IN_NAME = 9_876, "\6"
_SALTS = range(4)


class Templates:
    """Attributes to be fill in.

    Args:
        text: renders JSON.
    """

    def __init__(self, text: Callable[[object], bytes]) -> None:
        self._text = text
        self._files: dict[tuple[Fate, bool], bytes] = {}

    def name(self, row: Row) -> bytes:
        """The name of a row's copies, in JSON without the quotes."""
        return self._text(row.stem)[1:-1] + (b"" if row.first is None else NUMBER)

    def of(self, row: Row, index: int, *, newer: bool) -> bytes:
        """The attributes of a row's copies: an object."""
        if row.contents is not None:
            return self._rendered(row, index, newer=newer)
        # All files of one fate differ in a few places alone: a hundred times as fast.
        form = self._files.get((row.fate, newer))
        if form is None:
            form = self._files[row.fate, newer] = self._form(row.fate, newer=newer)
        times = [_time(index, salt) for salt in _SALTS]
        return form % {
            b"name": self.name(row),
            b"number": _number(index),
            **{b"time%d" % salt: time for salt, time in zip(_SALTS, times, strict=True)},
        }

    def _form(self, fate: Fate, *, newer: bool) -> bytes:
        row = Row(_STAND_IN_NAME, fate)
        form = self._rendered(row, _STAND_IN_ROW, newer=newer).replace(b"%", b"%%")
        form = form.replace(self.name(row), b"%(name)b")
        form = form.replace(ORDINAL + _number(_STAND_IN_ROW), ORDINAL + b"%(number)b")
        for salt in _SALTS:
            form = form.replace(_time(_STAND_IN_ROW, salt), b"%%(time%d)b" % salt)
        return form

    def _rendered(self, row: Row, index: int, *, newer: bool) -> bytes:
        """The very attributes that the ordinary handlers send, with the marks of this module."""
        name = row.name(0) if row.first is None else row.stem + NUMBER.decode()
        place = Place((FOLDER.decode(), name), row, index, _STAND_IN)
        count = row.contents.child_count(newer=newer) if row.contents else None
        entry = Entry(place.parts, attributes(place, newer=newer), count)
        text = self._text(attributes_json(entry))
        days = (times.settled_day(_STAND_IN), SETTLED), (times.recent_day(_STAND_IN), RECENT)
        for midnight, mark in days:
            text = text.replace(b'"%bT' % times.format_day(midnight).encode(), b'"%bT' % mark)
        text = text.replace(b'"/\\u0001/', b'"' + FOLDER).replace(b"\\u0005", NUMBER)
        return text.replace(b"%d" % _STAND_IN, ORDINAL)


def _number(index: int) -> bytes:
    """What the id of a file ends in."""
    return b"%04d" % (index + 1)


def _time(index: int, salt: int) -> bytes:
    """A time of day as it is written, from the `T` on."""
    return format_time(times.time_of_day(index, salt))[10:].encode()
