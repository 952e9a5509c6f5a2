"""What can be reported of one list: what it is of, how it was made, and what it contains."""

import contextlib
import os
import time
from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from qumulo_changelist.cycle.contents import RunContents
from qumulo_changelist.cycle.runs import UNFINISHED, Run, RunState
from qumulo_changelist.errors import InvalidListError, InvalidReceiptError
from qumulo_changelist.names import to_bytes
from qumulo_changelist.operations.lists.list_and_receipt import find_list_and_receipt
from qumulo_changelist.operations.lists.receipt import (
    FileCounts,
    Receipt,
    SnapshotFacts,
    format_time,
)
from qumulo_changelist.output.formats import FORMATS, format_of
from qumulo_changelist.output.interface import MalformedListError
from qumulo_changelist.output.publication import receipt_path_of
from qumulo_changelist.output.reading import ListReading
from qumulo_changelist.report.amounts import Amount, Changes
from qumulo_changelist.report.facts import (
    GatheredFacts,
    Unreadable,
    UnreadableName,
    gather_facts,
)

_NANOSECONDS = 10**9


class PastRun(Struct, frozen=True):
    """A run of this machine, to compare with. Times are in UTC, as RFC 3339 writes them."""

    started: str | None
    state: str
    """How far it came; see ``cycle.journal.RunState``."""
    newer: int | None
    """The id of its snapshot; None if unknown."""
    full: bool
    contents: RunContents | None
    """What its list contains; None if it has none, or an earlier version made it."""
    error: str = ""

    @property
    def is_committed(self) -> bool:
        """Whether its list is committed."""
        return self.state == RunState.COMMITTED.value

    @property
    def is_failed(self) -> bool:
        """Whether it ended before its list was finished, and that is on record."""
        return self.state == RunState.FAILED.value

    @property
    def is_unfinished(self) -> bool:
        """Whether it is under way, or ended without a word."""
        return self.state in {state.value for state in UNFINISHED}

    @classmethod
    def of(cls, run: Run) -> "PastRun":
        """Return what a report has of a run."""
        return cls(
            started=format_time(run.started) if run.started else None,
            state=run.state.value,
            newer=run.newer,
            full=run.older is None and run.newer is not None,
            contents=run.contents,
            error=run.error,
        )


class FilteredOut(Struct, frozen=True):
    """What one filter kept off a list."""

    filter: str
    """The name of its option."""
    files: int = 0
    bytes: int = 0
    """Of the files whose sizes were read."""
    directories: int = 0


class ListReport(Struct, frozen=True, kw_only=True):
    """What is reported of one list. What only a receipt says is None without one."""

    project: str | None
    source: str | None
    """The directory that the snapshots are of."""
    base_path: str | None
    list_path: str
    list_size: int
    """In bytes."""
    sha256: str
    """Of the list."""
    format: str
    receipt_path: str | None
    receipt: Receipt | None
    older_snapshot: SnapshotFacts | None
    """None for a full list, too."""
    newer_snapshot: SnapshotFacts | None
    as_of: str | None
    """The moment that ages are relative to, in UTC, as RFC 3339 writes it."""
    totals: Changes
    """Files by kind of change: as the list says it, or if it does not, as its receipt does."""
    facts: GatheredFacts
    notes: tuple[str, ...]
    """What a reader of the report should know of it."""
    filtered: tuple[FilteredOut, ...] = ()
    """Only those filters that kept something off."""
    runs: tuple[PastRun, ...] = ()
    """This run and those before it, the newest first; empty if this machine does not know it."""

    @property
    def files(self) -> tuple[str, str]:
        """The paths of the list and of its receipt, whether there is one or not."""
        return self.list_path, self.receipt_path or receipt_path_of(self.list_path)

    @property
    def is_full(self) -> bool:
        """Whether it is a full list."""
        return self.receipt is not None and self.older_snapshot is None

    @property
    def has_sizes(self) -> bool:
        """Whether the bytes of ``totals`` are known, be it from the receipt alone."""
        there = self.totals.there
        return self.facts.says_sizes or there.bytes > 0 or not there.files

    @property
    def written(self) -> Amount:
        """The files that were created or modified."""
        return self.totals.written


def report_list(path: str) -> ListReport:
    """Return what can be reported of a list.

    Args:
        path: the list, or its receipt. It may have none.

    Raises:
        InvalidListError: it is not a whole list of a known format.
        InvalidReceiptError: the path is that of a receipt, which cannot be read.
        ResourceError: this machine lacks a resource, such as memory.
    """
    found = _find_list(path)
    now, moment = _moment_of(found)
    reading, facts = _read(found, now)
    if found.receipt and found.receipt.list_file.sha256 != reading.sha256:
        note = "The receipt is of a different list, so nothing is taken from it."
        found = replace(found, receipt=None, notes=(*found.notes, note))
        now, moment = _moment_of(found)
        reading, facts = _read(found, now)
    receipt, notes = found.receipt, [*found.notes]
    notes += _shortcomings(receipt, facts, moment)
    return ListReport(
        project=receipt.project if receipt else None,
        source=receipt.source if receipt else None,
        base_path=receipt.base_path if receipt else None,
        list_path=found.path,
        list_size=reading.size,
        sha256=reading.sha256,
        format=found.format,
        receipt_path=found.receipt_path if receipt else None,
        receipt=receipt,
        older_snapshot=receipt.older_snapshot if receipt else None,
        newer_snapshot=receipt.newer_snapshot if receipt else None,
        as_of=format_time(now * _NANOSECONDS),
        totals=_totals(facts.totals, receipt.files if receipt else None),
        facts=_with_reasons(facts, receipt),
        notes=tuple(notes),
        filtered=_filtered(receipt) if receipt else (),
    )


def _read(found: "_FoundList", now: int) -> tuple[ListReading, GatheredFacts]:
    """Return a list that has been read, and what it says; ages are relative to ``now``."""
    base_path = found.receipt.base_path if found.receipt else "/"
    try:
        reading = ListReading(found.path, found.format, base_path)
        return reading, gather_facts(reading, now)
    except MalformedListError as error:
        raise InvalidListError(f"{found.path} is not a list: {error}") from error


def with_runs(report: ListReport, runs: Sequence[Run], at_most: int) -> ListReport:
    """Return a report with the run that made its list, and those before it.

    Args:
        report: the report.
        runs: runs of this machine, the newest first.
        at_most: the number of runs.
    """
    # The path, too: all empty lists have the same content.
    made = (report.list_path, report.sha256)
    own = next((run for run in runs if (run.list, run.sha256) == made), None)
    if own is None:
        return report
    before = [
        run
        for run in runs
        if (run.project, run.source) == (own.project, own.source) and run.id <= own.id
    ]
    return replace(
        report,
        project=own.project,
        source=own.source,
        runs=tuple(PastRun.of(run) for run in before[:at_most]),
    )


class _FoundList(Struct, frozen=True):
    """A list, and its receipt if there is one."""

    path: str
    format: str
    receipt_path: str
    receipt: Receipt | None
    notes: tuple[str, ...] = ()


def _find_list(path: str) -> _FoundList:
    try:
        pair = find_list_and_receipt(path)
    except InvalidReceiptError as error:
        beside = receipt_path_of(path)
        list_format = format_of(path)
        missing = not os.path.exists(to_bytes(beside))
        if not list_format:
            if not missing or path.endswith(".json"):
                raise
            endings = dict.fromkeys(f".{known.ending}" for known in FORMATS.values())
            raise InvalidListError(
                f"{path} has no receipt, and its name does not end like that of a list: "
                f"{', '.join(endings)}"
            ) from error
        note = "There is no receipt beside the list" if missing else str(error).capitalize()
        return _FoundList(
            path, list_format, beside, None, (f"{note}: what only it says is unknown.",)
        )
    if pair.receipt.format not in FORMATS:
        raise InvalidListError(
            f"{pair.list_path} has the format {pair.receipt.format}, which this version does not "
            "know"
        )
    return _FoundList(pair.list_path, pair.receipt.format, pair.receipt_path, pair.receipt)


def _moment_of(found: _FoundList) -> tuple[int, str]:
    """Return the moment that ages are relative to, in seconds since the epoch, and in words."""
    receipt = found.receipt
    for text, words in (
        (receipt and receipt.newer_snapshot.taken, "when the newer snapshot was taken"),
        (receipt and receipt.started, "when the run began"),
    ):
        # RFC 3339 has nine digits here, of which no version of Python before 3.11 takes all.
        with contextlib.suppress(ValueError):  # anybody can write a receipt
            moment = datetime.fromisoformat(f"{(text or '')[:19]}+00:00")
            return int(moment.timestamp()), words
    return _file_time(found.path)


def _file_time(path: str) -> tuple[int, str]:
    try:
        written = int(os.stat(to_bytes(path)).st_mtime)
    except OSError:  # reading it reports that
        written = int(time.time())
    return written, "when the file of the list was written"


def _shortcomings(receipt: Receipt | None, facts: GatheredFacts, moment: str) -> list[str]:
    notes = []
    if not facts.says_sizes and facts.totals.there.files:
        notes.append("The list has names alone: sizes and times of single files are unknown.")
    elif facts.totals.changed.files:
        unknown = "The list itself does not say which files are new, and which changed"
        notes.append(
            "The totals of created and of modified files are from the receipt. "
            f"{unknown}: all else has them together."
            if receipt
            else f"{unknown}: it has them together."
        )
    if facts.says_times:
        notes.append(f"Ages are relative to the moment {moment}.")
    if receipt and not receipt.deletes and receipt.older_snapshot:
        notes.append("Deletions were not asked for, so none are listed.")
    if receipt and not receipt.moves and receipt.older_snapshot:
        notes.append("Moves were not asked for: a moved file counts as created.")
    if receipt and not receipt.older_snapshot:
        notes.append("It is a full list: everything that the snapshot has counts as created.")
    if receipt and receipt.changed_on_the_live_share:
        notes.append("The share changed while it was read: some sizes may be newer.")
    return notes


def _totals(listed: Changes, counts: FileCounts | None) -> Changes:
    """Return files by kind of change, with what only the receipt says."""
    if counts is None:
        return listed
    created, modified, moved, deleted = (
        Amount(one.count, one.bytes)
        for one in (counts.created, counts.modified, counts.moved, counts.deleted)
    )
    if not listed.changed.files:
        return replace(listed, deleted=deleted)
    return Changes(created, modified, Amount(), moved, deleted)


def _filtered(receipt: Receipt) -> tuple[FilteredOut, ...]:
    """Return what filters left out."""
    return tuple(
        FilteredOut(name, one.files, one.bytes, one.directories)
        for name, one in receipt.filtered.items()
    )


def _with_reasons(facts: GatheredFacts, receipt: Receipt | None) -> GatheredFacts:
    """Return the facts with the reasons that only the receipt has, which has not all of them."""
    if receipt is None or any(facts.unreadable.reasons) or not receipt.unreadable.first:
        return facts
    # A list of names has none that could not be read.
    number = max(facts.unreadable.count, receipt.unreadable.count)
    first = tuple(UnreadableName(one.name, one.reason) for one in receipt.unreadable.first)
    reasons = Counter(one.reason for one in first)
    reasons[""] += number - reasons.total()
    known = {reason: times for reason, times in reasons.most_common() if times > 0}
    return replace(facts, unreadable=Unreadable(number, known, first))
