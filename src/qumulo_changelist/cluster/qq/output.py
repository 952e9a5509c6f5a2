r"""What ``qq`` prints, decoded while it runs: pure, from pieces of bytes to JSON values.

Known forms (read in the public SDK ``qumulo-api``, 4.3 to 7.10):

- one JSON object a page, one after another, each over several lines; or a single object;
- text escaped as ASCII, or raw UTF-8;
- a stray comma before the first entry (7.10.2.1, when the first page of several was empty);
- since 6.2.2 ``snapshot_diff`` indents each entry by lines, and takes U+0085, U+2028 and U+2029
  inside a name for line ends: the name comes out with eight blanks behind each of them. Only the
  end of the object tells whether it was printed that way, so such an entry waits for it.
"""

import codecs
import itertools
import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from qumulo_changelist.errors import ReplyError

# The longest path (32,760 bytes) takes less than 200 KB even if each of its bytes is escaped.
_LONGEST_VALUE = 4 * 1024 * 1024
_SIGN = re.compile(r"[^ \t\r\n]")
_TO_NEXT_OBJECT = re.compile(r"[ \t\r\n]*,[ \t\r\n]*(?={)")
_OF_NUMBER = re.compile(r"[-+.eE0-9]*")
_TAKEN_FOR_LINE_ENDS = "\x85\u2028\u2029"
_INDENTATION = " " * 8

# In JSON no name holds a line end as it is, so these can only be what they look like.
_END_OF_ELEMENT = f"\n{_INDENTATION}}}"
_END_OF_ARRAY = "\n    ]"

_decoder = json.JSONDecoder()

Element = TypeVar("Element")


@dataclass(frozen=True, slots=True)
class Reading(Generic[Element]):
    """How the elements of an array are read."""

    key: str
    """The array's name."""
    one: Callable[[object], Element]
    """Turns the JSON value that an element is into what is wanted of it."""
    many: Callable[[str], list[Element] | None] | None = None
    """Reads the text of several elements at once, as it stands between the brackets. It returns
    None where it takes :attr:`one` to tell, which is exact, and slow."""
    indented: bool = False
    """The printer may have indented each element by lines (see above), unless the object that the
    array is in has a field ``paging``."""


def pages(chunks: Iterable[bytes], reading: Reading[Element]) -> Iterator[list[Element]]:
    """Yield the elements of an array of each JSON object in the stream, as many as have come.

    Args:
        chunks: the stream, cut anywhere.
        reading: what is read; every object has the array, and there is at least one object.

    Raises:
        ReplyError: the stream is not JSON, ends in the middle of it, or is about something else:
            nothing at all does not pass for an empty answer.
    """
    text = _Text(chunks)
    try:
        yield from _array_of_object(text, reading)
        while text.next_sign():
            yield from _array_of_object(text, reading)
    except UnicodeDecodeError as error:
        raise ReplyError("qq printed something that is not UTF-8") from error


def elements(chunks: Iterable[bytes], key: str) -> Iterator[object]:
    """Yield the elements of the array ``key`` one by one, as JSON values; see :func:`pages`."""
    return itertools.chain.from_iterable(pages(chunks, Reading(key, one=lambda value: value)))


def whole(chunks: Iterable[bytes]) -> Iterator[object]:
    """Yield the one JSON value that the stream is.

    Raises:
        ReplyError: it is anything else.
    """
    output = b"".join(chunks)
    try:
        yield json.loads(output.decode("utf-8", "surrogatepass"))
    except (ValueError, RecursionError) as error:
        raise ReplyError(f"qq printed something that is not JSON: {output[:200]!r}") from error


def _array_of_object(text: "_Text", reading: Reading[Element]) -> Iterator[list[Element]]:
    waiting: list[str] = []
    fields = set()
    text.expect("{")
    while text.next_sign() != "}":
        field = text.field()
        fields.add(field)
        if field == reading.key:
            yield from _pages_of_array(text, reading, waiting)
        else:
            text.value()
        if text.next_sign() == ",":
            text.expect(",")
    text.expect("}")
    if reading.key not in fields:
        raise ReplyError(f"qq printed an answer without {reading.key!r}")
    by_page = "paging" in fields
    for written in waiting:
        yield [reading.one(json.loads(written if by_page else _without_indentation(written)))]


def _pages_of_array(
    text: "_Text", reading: Reading[Element], waiting: list[str]
) -> Iterator[list[Element]]:
    """Yield what an array holds; what only its object's end makes plain goes to ``waiting``."""
    text.expect("[")
    if text.next_sign() == ",":
        text.expect(",")
    while text.next_sign() != "]":
        if page := _many(text, reading):
            yield page
        elif found := text.values():
            page = []
            for value, written in found:
                if reading.indented and _holds_line_ends(written):
                    waiting.append(written)
                else:
                    page.append(reading.one(value))
            if page:
                yield page
        else:
            text.read_on()
            continue
        if text.next_sign() != "]":
            text.expect(",")
    text.expect("]")


def _many(text: "_Text", reading: Reading[Element]) -> list[Element] | None:
    if not reading.many:
        return None
    written = text.peek_elements()
    if not written or (reading.indented and _holds_line_ends(written)):
        return None
    page = reading.many(written)
    if page:
        text.skip(len(written))
    return page


def _holds_line_ends(written: str) -> bool:
    return not written.isascii() and any(end in written for end in _TAKEN_FOR_LINE_ENDS)


def _without_indentation(written: str) -> str:
    first, *rest = written.splitlines(keepends=True)
    # Lines of blanks alone were left as they are; all others got their indentation.
    if all(line.startswith(_INDENTATION) or not line.strip() for line in rest):
        rest = [line.removeprefix(_INDENTATION) if line.strip() else line for line in rest]
    return first + "".join(rest)


class _Text:
    """The stream as text, of which only what is not yet understood is held."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        # qq is told to write lone surrogates as they are.
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
            raise self._misunderstood()
        self._at += 1

    def field(self) -> str:
        """Take the name of a field, and its colon."""
        if self.next_sign() != '"':
            raise self._misunderstood()
        name, _ = self.value()
        self.expect(":")
        return str(name)

    def value(self) -> tuple[object, str]:
        """Take the next JSON value; return it, and how it was written."""
        self.next_sign()
        while not (found := self._take_value()):
            self.read_on()
        return found

    def values(self) -> list[tuple[object, str]]:
        """Take the next JSON value, and the objects behind its comma, as far as they are here."""
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
        """Return elements of the array as they are written, as far as they are here; perhaps ""."""
        end = bracket = self._held.find("]", self._at)  # a hundred times as fast as the next
        if bracket >= 0:
            start = max(self._at, bracket - len(_END_OF_ARRAY))
            end = self._held.find(_END_OF_ARRAY, start)
        if end < 0:
            end = len(self._held)
        last = self._held.rfind(_END_OF_ELEMENT, self._at, end)
        return self._held[self._at : last + len(_END_OF_ELEMENT)] if last >= 0 else ""

    def skip(self, length: int) -> None:
        """Take what was seen by :meth:`peek_elements`."""
        self._at += length

    def read_on(self) -> None:
        """Wait for more of a value that is not here in whole."""
        if self._ended or len(self._held) - self._at > _LONGEST_VALUE:
            raise self._misunderstood()
        self._more()

    def _take_value(self) -> tuple[object, str] | None:
        try:
            value, end = _decoder.raw_decode(self._held, self._at)
        except (ValueError, RecursionError):
            return None
        # A number may go on in the next piece, also behind its point or exponent sign.
        whole = self._held[end - 1] in '}]"' or not _OF_NUMBER.fullmatch(self._held, end)
        if not whole and not self._ended:
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

    def _misunderstood(self) -> ReplyError:
        rest = self._held[self._at : self._at + 80]
        if not rest:
            return ReplyError("qq printed nothing, or stopped in the middle of its answer")
        return ReplyError(f"qq printed something that is not JSON: {rest!r}")
