"""The diff of two snapshots as ``qq`` prints it: pure, from pieces of bytes to changes.

A piece that arrives is read as one, in C. It is read change by change, by :mod:`.qq_output` and
:mod:`.wire`, where it holds anything out of the ordinary: what that can be, they know.
"""

from collections.abc import Iterable, Iterator

import msgspec

from qumulo_changelist.cluster import wire
from qumulo_changelist.cluster.qq import output as qq_output
from qumulo_changelist.model import Change

_decoder = msgspec.json.Decoder(list[Change])


def changes(chunks: Iterable[bytes]) -> Iterator[list[Change]]:
    """Yield the changes of a diff in pages, as they come; see :func:`.qq_output.pages`.

    Args:
        chunks: what ``qq snapshot_diff`` prints, cut anywhere.

    Raises:
        ReplyError: it is anything else, or ends in the middle.
    """
    reading = qq_output.Reading("entries", one=wire.change, many=plain_changes, indented=True)
    return qq_output.pages(chunks, reading)


def plain_changes(written: str) -> list[Change] | None:
    """Return changes from the JSON of several with commas between; None if any is not plain."""
    try:
        page = _decoder.decode(f"[{written}]")
    except (ValueError, RecursionError):
        return None
    return page if wire.are_absolute([change.path for change in page]) else None
