"""The receipt of a list that was written, from all that its run knows."""

import os
import time

from msgspec import Struct

from qumulo_changelist.checks.base_path import SnapshotPair
from qumulo_changelist.checks.proof import Proof
from qumulo_changelist.checks.request import normalize_cluster_path
from qumulo_changelist.config.settings import Settings
from qumulo_changelist.names import to_text
from qumulo_changelist.operations.lists.open_list import OpenList
from qumulo_changelist.operations.lists.receipt import (
    DirectoryCounts,
    FileCounts,
    LeftOut,
    ListFacts,
    ProofFacts,
    Receipt,
    SnapshotFacts,
    UnreadableEntries,
    UnreadableEntry,
    format_time,
)
from qumulo_changelist.operations.lists.request import ChangelistRequest
from qumulo_changelist.output.list_file import WrittenList
from qumulo_changelist.version import __version__


class KnownOfRun(Struct, frozen=True):
    """What a run knows of each of its lists."""

    request: ChangelistRequest
    settings: Settings
    pair: SnapshotPair
    run_id: str
    started: int
    """In nanoseconds since the epoch."""
    out_of_scope: int
    """The number of changes that are not below the base path."""
    net_files: int | None
    proof: Proof | None


def make_receipt(made: OpenList, written: WrittenList, known: KnownOfRun) -> Receipt:
    """Return the receipt of a list that was written.

    Args:
        made: the list.
        written: its file.
        known: what the run knows of it.
    """
    request, tally, totals = known.request, made.tally, made.tally.totals
    older, newer = known.pair.older.snapshot, known.pair.newer.snapshot
    return Receipt(
        project=request.project,
        version=__version__,
        run=known.run_id,
        list_file=ListFacts(to_text(os.fsencode(written.path)), written.size, written.sha256),
        older_snapshot=None if known.pair.is_full else SnapshotFacts.of(older),
        newer_snapshot=SnapshotFacts.of(newer),
        source=newer.source or None,
        base_path=normalize_cluster_path(request.base_path) or "/",
        mapped_path=request.mapped_path,
        transport=known.settings.transport,
        metadata=request.metadata,
        format=made.format,
        deletes=request.deletes,
        moves=request.moves,
        started=format_time(known.started),
        ended=format_time(time.time_ns()),
        files=FileCounts.of(totals),
        directories=DirectoryCounts.of(totals),
        left_out=LeftOut(
            totals.left_out,
            first=tally.left_out,
            changes_outside_the_base_path=known.out_of_scope,
        ),
        unreadable=UnreadableEntries(
            totals.unreadable, [UnreadableEntry(*pair) for pair in tally.unreadable]
        ),
        without_numeric_owner=totals.without_numeric_ids,
        changed_on_the_live_share=totals.changed_since,
        net_files=known.net_files,
        filters=request.filters,
        filtered={str(name): each for name, each in tally.filtered.counts.items()},
        proof=ProofFacts.of(known.proof) if known.proof else None,
    )
