"""The diff of two snapshots as ``qq`` prints it: pure, from pieces of bytes to changes.

A piece is decoded in C, all at once, when it arrives. If it has anything unusual, it is decoded
change by change, by :mod:`.output` and :mod:`qumulo_changelist.cluster.changes`, which know what
that can be.
"""

from collections.abc import Iterable, Iterator

import msgspec

from qumulo_changelist.cluster.changes import are_absolute, read_change
from qumulo_changelist.cluster.qq.output import ElementReader, pages
from qumulo_changelist.model import Change

_decoder = msgspec.json.Decoder(list[Change])


def changes(chunks: Iterable[bytes]) -> Iterator[list[Change]]:
    """Yield the changes of a diff in pages, as they arrive; see :func:`.output.pages`.

    Args:
        chunks: what ``qq snapshot_diff`` prints, cut anywhere.

    Raises:
        ReplyError: it is anything else, or ends in the middle.
    """
    return pages(chunks, ElementReader("entries", read_change, plain_changes, indented=True))


def plain_changes(written: str) -> list[Change] | None:
    """Return changes from the JSON of several with commas between; None if one is unusual."""
    try:
        page = _decoder.decode(f"[{written}]")
    except (ValueError, RecursionError):
        return None
    return page if are_absolute([change.path for change in page]) else None
