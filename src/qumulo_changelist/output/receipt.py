"""The receipt beside a list: what it is a list of, how it came about, and what it amounts to."""

import json
import os
from datetime import datetime, timezone
from typing import Any, NamedTuple

from qumulo_changelist.model import Snapshot, Totals, to_text
from qumulo_changelist.output.interface import Published

_WHY_LEFT_OUT = "symbolic links, pipes, sockets and devices are not listed"


class Receipt(NamedTuple):
    """What a receipt tells. Times are nanoseconds since the epoch."""

    project: str
    version: str
    """Of this program."""
    older: Snapshot
    newer: Snapshot
    base_path: str
    mapped_path: str | None
    """None where nothing is mounted."""
    transport: str
    metadata: str
    deletes: bool
    """Whether deletions were wanted."""
    moves: bool
    """Whether moves were to be told."""
    started: int
    ended: int
    totals: Totals
    unreadable: list[tuple[str, str]]
    """Names and reasons, of the first ones."""
    left_out: list[str]
    """Names, of the first ones."""
    elsewhere: int
    """How many changes are of what is not below the base path."""
    proof: tuple[int, int] | None
    """The files in the older and in the newer snapshot; None where no proof was wanted."""
    published: Published


def text(receipt: Receipt) -> bytes:
    """Return a receipt as it is written."""
    content = json.dumps(_content(receipt), ensure_ascii=False, indent=2)
    # What is not UTF-8 in a name stands as JSON writes a lone surrogate.
    return content.encode("utf-8", "backslashreplace") + b"\n"


def _content(receipt: Receipt) -> dict[str, Any]:
    totals = receipt.totals
    return {
        "project": receipt.project,
        "version": receipt.version,
        "list": {
            "path": to_text(os.fsencode(receipt.published.path)),
            "size": receipt.published.size,
            "sha256": receipt.published.sha256,
        },
        "older_snapshot": _snapshot(receipt.older),
        "newer_snapshot": _snapshot(receipt.newer),
        "source": receipt.newer.source or None,
        "base_path": receipt.base_path,
        "mapped_path": receipt.mapped_path,
        "transport": receipt.transport,
        "metadata": receipt.metadata,
        "deletes": receipt.deletes,
        "moves": receipt.moves,
        "started": _moment(receipt.started),
        "ended": _moment(receipt.ended),
        "files": {
            "created": {"count": totals.created, "bytes": totals.created_size},
            "modified": {"count": totals.modified, "bytes": totals.modified_size},
            "moved": {"count": totals.moved, "bytes": totals.moved_size},
            "deleted": {"count": totals.deleted_files, "bytes": totals.deleted_size},
        },
        "directories": {
            "modified": {"count": totals.directories},
            "deleted": {"count": totals.deleted_directories},
        },
        "left_out": {
            "count": totals.left_out,
            "why": _WHY_LEFT_OUT,
            "first": receipt.left_out,
            "changes_outside_the_base_path": receipt.elsewhere,
        },
        "unreadable": {
            "count": totals.unreadable,
            "first": [{"name": name, "reason": why} for name, why in receipt.unreadable],
        },
        "without_numeric_owner": totals.without_ids,
        "changed_on_the_live_share": totals.moved_on,
        "proof": _proof(receipt),
    }


def _snapshot(snapshot: Snapshot) -> dict[str, Any]:
    return {
        "id": snapshot.id,
        "name": snapshot.name or None,
        "taken": _moment(snapshot.taken) if snapshot.taken else None,
    }


def _proof(receipt: Receipt) -> dict[str, Any] | None:
    if not receipt.proof:
        return None
    older, newer = receipt.proof
    return {"held": True, "files_in_older_snapshot": older, "files_in_newer_snapshot": newer}


def _moment(nanoseconds: int) -> str | None:
    """Return a time as RFC 3339 writes it; None for one that it cannot."""
    seconds, fraction = divmod(nanoseconds, 1_000_000_000)
    try:
        whole = datetime.fromtimestamp(seconds, timezone.utc).isoformat()[:19]
    except (ValueError, OverflowError):
        return None
    return f"{whole}.{fraction:09}".rstrip("0").rstrip(".") + "Z"
