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
import json
import re
from collections.abc import Iterable, Iterator

from qumulo_changelist.errors import ReplyError

# The longest path (32,760 bytes) takes less than 200 KB even if each of its bytes is escaped.
_LONGEST_VALUE = 4 * 1024 * 1024
_SIGN = re.compile(r"[^ \t\r\n]")
_OF_NUMBER = re.compile(r"[-+.eE0-9]*")
_TAKEN_FOR_LINE_ENDS = re.compile("[\x85\u2028\u2029]")
_INDENTATION = " " * 8

_decoder = json.JSONDecoder()


def elements(chunks: Iterable[bytes], key: str, *, indented: bool = False) -> Iterator[object]:
    """Yield the elements of the array ``key`` of each JSON object in the stream, as they come.

    Args:
        chunks: the stream, cut anywhere.
        key: the array's name; every object has it, and there is at least one.
        indented: the printer may have indented each element by lines (see above), unless the
            object has a field ``paging``.

    Raises:
        ReplyError: the stream is not JSON, ends in the middle of it, or is about something else:
            nothing at all does not pass for an empty answer.
    """
    text = _Text(chunks)
    try:
        yield from _array_of_object(text, key, indented=indented)
        while text.next_sign():
            yield from _array_of_object(text, key, indented=indented)
    except UnicodeDecodeError as error:
        raise ReplyError("qq printed something that is not UTF-8") from error


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


def _array_of_object(text: "_Text", key: str, *, indented: bool) -> Iterator[object]:
    waiting: list[str] = []
    fields = set()
    text.expect("{")
    while text.next_sign() != "}":
        field = text.field()
        fields.add(field)
        if field == key:
            for value, written in _elements_of_array(text):
                if indented and _TAKEN_FOR_LINE_ENDS.search(written):
                    waiting.append(written)
                else:
                    yield value
        else:
            text.value()
        if text.next_sign() == ",":
            text.expect(",")
    text.expect("}")
    if key not in fields:
        raise ReplyError(f"qq printed an answer without {key!r}")
    by_page = "paging" in fields
    for written in waiting:
        yield json.loads(written if by_page else _without_indentation(written))


def _elements_of_array(text: "_Text") -> Iterator[tuple[object, str]]:
    text.expect("[")
    if text.next_sign() == ",":
        text.expect(",")
    while text.next_sign() != "]":
        yield text.value()
        if text.next_sign() != "]":
            text.expect(",")
    text.expect("]")


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
        while True:
            try:
                value, end = _decoder.raw_decode(self._held, self._at)
            except (ValueError, RecursionError) as error:
                if len(self._held) - self._at > _LONGEST_VALUE or not self._more():
                    raise self._misunderstood() from error
                continue
            # A number may go on in the next piece, also behind its point or exponent sign.
            complete = self._held[end - 1] in '}]"' or not _OF_NUMBER.fullmatch(self._held, end)
            if not complete and not self._ended:
                self._more()
                continue
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
