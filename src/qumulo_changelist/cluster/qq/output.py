r"""What ``qq`` prints, decoded while it runs: pure, from pieces of bytes to JSON values.

Known forms (read in the public SDK ``qumulo-api``, 4.3 to 7.10):

- one JSON object a page, one after another, each over several lines; or a single object;
- text escaped as ASCII, or raw UTF-8;
- a stray comma before the first entry (7.10.2.1, when the first page of several was empty);
- since 6.2.2 ``snapshot_diff`` indents each entry by lines, and takes U+0085, U+2028 and U+2029
  inside a name for line ends: the name comes out with eight blanks after each of them. Only the end
  of the object shows whether it was printed that way, so such an entry waits for it.
"""

import itertools
import json
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar

from msgspec import Struct

from qumulo_changelist.cluster.endless import EmptyPages
from qumulo_changelist.cluster.qq.text import INDENTATION, JsonText
from qumulo_changelist.errors import ReplyError
from qumulo_changelist.wording import describe_size

# The attributes of one entry take less than a tenth of this: a path has at most 32,760 bytes.
_MAX_VALUE = 4 * 1024 * 1024

_TAKEN_FOR_LINE_ENDS = "\x85\u2028\u2029"

Element = TypeVar("Element")


class ElementReader(Struct, Generic[Element], frozen=True):
    """How the elements of an array are read."""

    key: str
    """The array's name."""
    one: Callable[[object], Element]
    """Converts the JSON value of an element; exact, and slow."""
    many: Callable[[str], list[Element] | None] | None = None
    """Reads several elements at once from their text as it stands between the brackets. It returns
    None if :attr:`one` has to decide."""
    indented: bool = False
    """Whether the printer may have indented each element by lines (see above), unless the object
    that contains the array has a field ``paging``."""


def pages(chunks: Iterable[bytes], reader: ElementReader[Element]) -> Iterator[list[Element]]:
    """Yield the elements of an array of each JSON object in the stream, as they arrive.

    Args:
        chunks: the stream, cut anywhere.
        reader: how they are read. Each object has the array, and there is at least one object.

    Raises:
        ReplyError: the stream is not JSON, ends in the middle, or is the answer to something else:
            no output at all does not pass for an empty answer.
    """
    text = JsonText(chunks)
    empty = EmptyPages("what qq printed")
    try:
        is_first = True
        while is_first or text.next_sign():
            is_first, received = False, 0
            for page in _array_of_object(text, reader):
                received += len(page)
                yield page
            empty.count(received)
    except UnicodeDecodeError as error:
        raise ReplyError("qq printed something that is not UTF-8") from error


def elements(chunks: Iterable[bytes], key: str) -> Iterator[object]:
    """Yield the elements of the array ``key`` one by one, as JSON values; see :func:`pages`."""
    reader = ElementReader[object](key, one=lambda value: value)
    return itertools.chain.from_iterable(pages(chunks, reader))


def single_value(chunks: Iterable[bytes]) -> Iterator[object]:
    """Yield the one JSON value that the stream is.

    Raises:
        ReplyError: it is anything else.
    """
    received, size = [], 0
    for chunk in chunks:
        received.append(chunk)
        size += len(chunk)
        if size > _MAX_VALUE:
            raise ReplyError(f"qq printed more than {describe_size(_MAX_VALUE)} instead of a value")
    output = b"".join(received)
    try:
        yield json.loads(output.decode("utf-8", "surrogatepass"))
    except (ValueError, RecursionError) as error:
        raise ReplyError(f"qq printed something that is not JSON: {output[:200]!r}") from error


def _array_of_object(text: JsonText, reader: ElementReader[Element]) -> Iterator[list[Element]]:
    waiting: list[str] = []
    fields = set()
    text.expect("{")
    while text.next_sign() != "}":
        field = text.field()
        fields.add(field)
        if field == reader.key:
            yield from _pages_of_array(text, reader, waiting)
        else:
            text.value()
        if text.next_sign() == ",":
            text.expect(",")
    text.expect("}")
    if reader.key not in fields:
        raise ReplyError(f"qq printed an answer without {reader.key!r}")
    is_page = "paging" in fields
    for written in waiting:
        yield [reader.one(json.loads(written if is_page else _without_indentation(written)))]


def _pages_of_array(
    text: JsonText, reader: ElementReader[Element], waiting: list[str]
) -> Iterator[list[Element]]:
    """Yield the elements of an array; those that the object's end decides go to ``waiting``."""
    text.expect("[")
    if text.next_sign() == ",":
        text.expect(",")
    while text.next_sign() != "]":
        if page := _many(text, reader):
            yield page
        elif values := text.values():
            page = []
            for value, written in values:
                if reader.indented and _has_line_ends(written):
                    waiting.append(written)
                else:
                    page.append(reader.one(value))
            if page:
                yield page
        else:
            text.read_on()
            continue
        if text.next_sign() != "]":
            text.expect(",")
    text.expect("]")


def _many(text: JsonText, reader: ElementReader[Element]) -> list[Element] | None:
    if not reader.many:
        return None
    written = text.peek_elements()
    if not written or (reader.indented and _has_line_ends(written)):
        return None
    page = reader.many(written)
    if page:
        text.skip(len(written))
    return page


def _has_line_ends(written: str) -> bool:
    return not written.isascii() and any(end in written for end in _TAKEN_FOR_LINE_ENDS)


def _without_indentation(written: str) -> str:
    first, *rest = written.splitlines(keepends=True)
    # Lines of blanks alone were left as they are; all others were indented.
    if all(line.startswith(INDENTATION) or not line.strip() for line in rest):
        rest = [line.removeprefix(INDENTATION) if line.strip() else line for line in rest]
    return first + "".join(rest)
