"""Whether a list as NDJSON has the same entries as the list of the same run as XML."""

from __future__ import annotations

import base64
import json
from typing import Any
from xml.etree import ElementTree

from tests.oracle.xml_list import is_nameable, written_name

_ELEMENTS = {"deleted": "delete-file", "unreadable": "bad-dir"}
_TYPES = {"file": "F_REG", "directory": "F_DIR"}


def difference_of_formats(xml: bytes, ndjson: bytes) -> str:
    """Return what only one of two lists has; "" if they have the same entries."""
    of_xml = [_of_element(element) for element in ElementTree.fromstring(xml)]
    *lines, totals = ndjson.splitlines()
    of_ndjson = [_of_object(json.loads(line)) for line in lines]
    if "totals" not in json.loads(totals):
        return "the list as NDJSON has no totals"
    # Names that XML cannot hold are written in a different way, and so sorted in a different order.
    of_xml.sort()
    of_ndjson.sort()
    return "" if of_xml == of_ndjson else f"as XML: {of_xml}\nas NDJSON: {of_ndjson}"


def _of_element(element: Any) -> tuple[str, ...]:
    return (
        element.get("name"), element.tag, element.get("type"), element.get("size"),
        element.get("mtime") if element.tag == "file" else "", element.get("from", ""),
    )  # fmt: skip


def _of_object(entry: dict[str, Any]) -> tuple[str, ...]:
    path = _bytes_of(entry, "path")
    element = _ELEMENTS.get(entry["change"], "file") if is_nameable(path) else "bad-dir"
    is_file = element == "file"
    return (
        written_name(path),
        element,
        _TYPES[entry["kind"]],
        str(entry["size"]) if is_file else "0",
        str(entry["mtime"]) if is_file else "",
        _bytes_of(entry, "moved_from").decode() if is_file and "moved_from" in entry else "",
    )


def _bytes_of(entry: dict[str, Any], name: str) -> bytes:
    exact = entry.get(f"{name}_bytes")
    return base64.b64decode(exact) if exact else str(entry[name]).encode()
