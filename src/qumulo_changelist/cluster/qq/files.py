"""Files and their attributes as ``qq`` prints them: pure, from pieces of bytes to typed shapes.

As a diff is (:mod:`.diff`), they are decoded in pieces, and one by one if a piece has anything
unusual, such as a malformed field.
"""

import functools
import itertools
from collections.abc import Iterable, Iterator
from typing import TypeVar

import msgspec

from qumulo_changelist.cluster.qq.output import ElementReader, pages
from qumulo_changelist.cluster.shapes import FileJson
from qumulo_changelist.cluster.wire import to_file

File = TypeVar("File", bound=FileJson)


def files(chunks: Iterable[bytes], key: str, shape: type[File], source: str) -> Iterator[File]:
    """Yield the files of an array, as they arrive; see :func:`.output.pages`.

    Args:
        chunks: what ``qq`` prints, cut anywhere.
        key: the array's name.
        shape: what is needed of a file. A malformed field is as if it were missing.
        source: names for people what prints it.

    Raises:
        ReplyError: it is anything else, or ends in the middle.
    """
    plain = functools.partial(_plain_files, msgspec.json.Decoder(list[shape]))  # type: ignore[valid-type]
    reader = ElementReader[File](key, lambda value: to_file(value, shape, source), plain)
    return itertools.chain.from_iterable(pages(chunks, reader))


def _plain_files(decoder: "msgspec.json.Decoder[list[File]]", written: str) -> list[File] | None:
    try:
        return decoder.decode(f"[{written}]")
    except (ValueError, RecursionError):
        return None
