"""Totals of a directory and of its largest entries, as a cluster keeps them."""

from typing import Any

from qumulo_emulator.api.call import Call
from qumulo_emulator.errors import InvalidRequestError
from qumulo_emulator.names import Parts, join_path
from qumulo_emulator.totals import BLOCK_SIZE, ORDERS, EntryTotals
from qumulo_emulator.tree import CountedTree

_ENTRIES = 1000
_ORDER = "total_blocks"


def aggregates(call: Call) -> dict[str, Any]:
    """Answer GET /v1/files/{ref}/aggregates/: totals of a directory and of its largest entries."""
    tree = call.cluster.tree(call.query_number("snapshot"))
    parts = tree.locate(call.param("ref"))
    return _aggregates(tree.counted(parts), parts, *_selection(call))


def recursive_aggregates(call: Call) -> list[dict[str, Any]]:
    """Answer GET /v1/files/{ref}/recursive-aggregates/: the same for all directories below."""
    tree = call.cluster.tree(call.query_number("snapshot"))
    parts = tree.locate(call.param("ref"))
    counted = tree.counted(parts)
    order, limit = _selection(call)
    depth = call.query_number("max-depth")
    found: list[dict[str, Any]] = []
    pending = [parts]
    while pending:
        path = pending.pop()
        found.append(_aggregates(counted, path, order, limit))
        if depth is None or len(path) - len(parts) + 1 < depth:
            pending.extend((*path, name) for name in counted.directories(path))
    return found


def _selection(call: Call) -> tuple[str, int]:
    """Return by what the largest entries are chosen and ordered, and how many are sent at most."""
    order = call.query.get("order-by", _ORDER)
    if order not in ORDERS:
        raise InvalidRequestError(f"order-by cannot be {order!a}")
    limit = call.query_number("max-entries")
    return order, _ENTRIES if limit is None else limit


def _aggregates(counted: CountedTree, parts: Parts, order: str, limit: int) -> dict[str, Any]:
    top = counted.totals(parts)
    whole = top.totals
    return {
        "path": join_path(parts, directory=True),
        "id": str(top.id),
        "files": [_entry(entry) for entry in counted.largest(parts, order, limit)],
        "total_capacity": _bytes(whole.blocks),
        "total_data": _bytes(whole.datablocks),
        "total_meta": _bytes(whole.metablocks),
        "total_files": str(whole.files),
        "total_directories": str(whole.directories),
        "total_symlinks": str(whole.symlinks),
        "total_other_objects": str(whole.others),
        "total_named_stream_data": "0",
        "total_named_streams": "0",
    }


def _entry(entry: EntryTotals) -> dict[str, Any]:
    totals = entry.totals
    return {
        "name": entry.name,
        "type": entry.type.value,
        "id": str(entry.id),
        "capacity_usage": _bytes(totals.blocks),
        "data_usage": _bytes(totals.datablocks),
        "meta_usage": _bytes(totals.metablocks),
        "num_files": str(totals.files),
        "num_directories": str(totals.directories),
        "num_symlinks": str(totals.symlinks),
        "num_other_objects": str(totals.others),
        "named_stream_data_usage": "0",
        "num_named_streams": "0",
    }


def _bytes(blocks: int) -> str:
    return str(blocks * BLOCK_SIZE)
