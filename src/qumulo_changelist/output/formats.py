"""The table of formats: to add one, add its lines here."""

from collections.abc import Callable
from typing import NamedTuple

from qumulo_changelist.output.interface import ListFormat, ListReader
from qumulo_changelist.output.scan_xml import ScanXml


class ListParameters(NamedTuple):
    """What a format needs besides the entries."""

    source_index: str
    run_time: int
    """Seconds since the epoch."""


def _make_ndjson(_: ListParameters) -> ListFormat:
    from qumulo_changelist.output.ndjson import Ndjson  # not at the top: most lists are XML

    return Ndjson()


def _make_xml_reader() -> ListReader:
    from qumulo_changelist.output.scan_xml_reader import ScanXmlReader  # few programs read lists

    return ScanXmlReader()


def _make_ndjson_reader() -> ListReader:
    from qumulo_changelist.output.ndjson_reader import NdjsonReader

    return NdjsonReader()


FORMATS: dict[str, Callable[[ListParameters], ListFormat]] = {
    "xml": lambda parameters: ScanXml(parameters.source_index, parameters.run_time),
    "ndjson": _make_ndjson,
}
"""How to make each format; the name is also the ending of the list's file."""

READERS: dict[str, Callable[[], ListReader]] = {
    "xml": _make_xml_reader,
    "ndjson": _make_ndjson_reader,
}
"""How to make what reads each format."""
