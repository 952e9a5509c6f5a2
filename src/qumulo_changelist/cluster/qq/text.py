"""A stream of JSON as text, of which only the part is held that is not yet decoded."""

import codecs
import json
import re
from collections.abc import Iterable

from qumulo_changelist.errors import ReplyError

INDENTATION = " " * 8
"""The indentation of the elements of an array, as ``qq`` prints them."""

# The longest path (32,760 bytes) takes less than 200 KB even if each of its bytes is escaped.
_MAX_VALUE = 4 * 1024 * 1024
_SIGN = re.compile(r"[^ \t\r\n]")
_TO_NEXT_OBJECT = re.compile(r"[ \t\r\n]*,[ \t\r\n]*(?={)")
_NUMBER_CHARACTERS = re.compile(r"[-+.eE0-9]*")

# In JSON no name has a line end as it is, so these can only be what they look like.
_END_OF_ELEMENT = f"\n{INDENTATION}}}"
_END_OF_ARRAY = "\n    ]"

_decoder = json.JSONDecoder()


class JsonText:
    """Takes signs and values off the text of a stream, which arrives in pieces.

    Args:
        chunks: the stream, cut anywhere.

    Raises:
        ReplyError: what comes next is not JSON, or something else. Raised by every method.
        UnicodeDecodeError: the stream is not UTF-8. Likewise.
    """

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        # qq is started so that it prints lone surrogates as they are.
        self._decode = codecs.getincrementaldecoder("utf-8")("surrogatepass").decode
        self._held = ""
        self._at = 0
        self._ended = False

    def next_sign(self) -> str:
        """Return the next character that is not blank, without taking it; "" at the end."""
        while True:
            if sign := _SIGN.search(self._held, self._at):
                self._at = sign.start()
                return sign[0]
            self._at = len(self._held)
            if not self._more():
                return ""

    def expect(self, sign: str) -> None:
        """Take the next sign, which must be this one."""
        if self.next_sign() != sign:
            raise self._not_understood()
        self._at += 1

    def field(self) -> str:
        """Take the name of a field, and its colon."""
        if self.next_sign() != '"':
            raise self._not_understood()
        name, _ = self.value()
        self.expect(":")
        return str(name)

    def value(self) -> tuple[object, str]:
        """Take the next JSON value; return it, and how it was written."""
        self.next_sign()
        while not (taken := self._take_value()):
            self.read_on()
        return taken

    def values(self) -> list[tuple[object, str]]:
        """Take the next JSON value, and the objects after its comma that have arrived."""
        taken = []
        start = self._at
        while found := self._take_value():
            taken.append(found)
            start = self._at
            if following := _TO_NEXT_OBJECT.match(self._held, start):
                self._at = following.end()
            else:
                break
        self._at = start  # before the comma
        return taken

    def peek_elements(self) -> str:
        """Return the text of the elements of the array that have arrived; "" if it is not known."""
        end = bracket = self._held.find("]", self._at)  # a hundred times as fast as the next search
        if bracket >= 0:
            start = max(self._at, bracket - len(_END_OF_ARRAY))
            end = self._held.find(_END_OF_ARRAY, start)
        if end < 0:
            end = len(self._held)
        last = self._held.rfind(_END_OF_ELEMENT, self._at, end)
        return self._held[self._at : last + len(_END_OF_ELEMENT)] if last >= 0 else ""

    def skip(self, length: int) -> None:
        """Take the text that :meth:`peek_elements` returned, or the beginning of it."""
        self._at += length

    def read_on(self) -> None:
        """Wait for more of a value that has not arrived as a whole."""
        if self._ended or len(self._held) - self._at > _MAX_VALUE:
            raise self._not_understood()
        self._more()

    def _take_value(self) -> tuple[object, str] | None:
        try:
            value, end = _decoder.raw_decode(self._held, self._at)
        except (ValueError, RecursionError):
            return None
        # A number may continue in the next piece, also after its point or its exponent sign.
        is_whole = self._held[end - 1] in '}]"' or not _NUMBER_CHARACTERS.fullmatch(self._held, end)
        if not is_whole and not self._ended:
            return None
        written = self._held[self._at : end]
        self._at = end
        return value, written

    def _more(self) -> bool:
        if self._ended:
            return False
        chunk = next(self._chunks, None)
        self._ended = chunk is None
        self._held = self._held[self._at :] + self._decode(chunk or b"", self._ended)
        self._at = 0
        return not self._ended

    def _not_understood(self) -> ReplyError:
        rest = self._held[self._at : self._at + 80]
        if not rest:
            return ReplyError("qq printed nothing, or stopped in the middle of its answer")
        return ReplyError(f"qq printed something that is not JSON: {rest!r}")
