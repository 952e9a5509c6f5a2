"""The table of formats: to add one, add its line here."""

from collections.abc import Callable
from typing import NamedTuple

from qumulo_changelist.output.interface import ListFormat
from qumulo_changelist.output.scan_xml import ScanXml


class ListParameters(NamedTuple):
    """What a format needs besides the entries."""

    source_index: str
    run_time: int
    """Seconds since the epoch."""


def _make_ndjson(_: ListParameters) -> ListFormat:
    from qumulo_changelist.output.ndjson import Ndjson  # not at the top: most lists are XML

    return Ndjson()


FORMATS: dict[str, Callable[[ListParameters], ListFormat]] = {
    "xml": lambda parameters: ScanXml(parameters.source_index, parameters.run_time),
    "ndjson": _make_ndjson,
}
"""How to make each format; the name is also the ending of the list's file."""
