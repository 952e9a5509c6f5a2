"""Blocks about what is not written: deleted, moved and unreadable files; and about earlier runs."""

from collections.abc import Sequence

from qumulo_changelist.cycle.contents import RunContents
from qumulo_changelist.operations.report.listed import ListReport, PastRun
from qumulo_changelist.report.amounts import Amount
from qumulo_changelist.report.shares import FolderShare, divide
from qumulo_changelist.report_page.bars import stacked_bars
from qumulo_changelist.report_page.blocks import (
    Block,
    Cell,
    Table,
    describe,
    name_cell,
    number_cell,
    shown,
    size_cell,
)
from qumulo_changelist.wording import describe_size

_ROWS = 15
_PARTS = {"all": "", "own": " (only what is directly in it)", "others": " (what is not named here)"}


def deleted_block(report: ListReport, prefix: str) -> Block:
    """Return where deleted files were."""
    shares = divide(report.facts.folders, lambda changes: changes.deleted, _ROWS)
    deleted = report.totals.deleted
    size = f", {describe_size(deleted.bytes)}" if deleted.bytes else ""
    first = shares[0]
    where = f" The most, {first.files:,}, were in {shown(first.path)}." if first.path else ""
    whole = max(one.files for one in shares)
    rows = [
        [
            name_cell(_share_name(one)),
            Cell(f"{one.files:,}", is_number=True, share=100 * one.files / whole, kind="deleted"),
        ]
        for one in shares
    ]
    note = "" if deleted.bytes else "A list does not say how large a deleted file was."
    return Block(
        id=f"{prefix}-deleted",
        title="What was deleted",
        lead=f"{describe(deleted, has_sizes=False)}{size}.{where}",
        tables=[Table("Deleted files by folder", ("Folder", "Files"), rows, note)],
    )


def moved_block(report: ListReport, prefix: str) -> Block:
    """Return where moved files came from, and where they went."""
    moves, has_sizes = report.facts.moves, report.facts.says_sizes
    whole = max((one.bytes for one in moves.largest), default=0)
    rows = [
        [
            name_cell(one.moved_from or "/"),
            name_cell(one.moved_to or "/"),
            size_cell(one.bytes, whole, "moved"),
            number_cell(one.files),
        ]
        for one in moves.largest
    ]
    if moves.others.files:
        rest = moves.others
        rows.append([Cell("elsewhere"), Cell(""), size_cell(rest.bytes), number_cell(rest.files)])
    moved = describe(report.totals.moved, has_sizes=has_sizes)
    return Block(
        id=f"{prefix}-moved",
        title="What was only moved",
        lead=f"{moved}: data that need not be written again, if the archive follows moves.",
        tables=[Table("Moved files by folder", ("From", "To", "Bytes", "Files"), rows)],
    )


def unreadable_block(report: ListReport, prefix: str) -> Block:
    """Return what could not be read or named."""
    unreadable = report.facts.unreadable
    reasons = [
        [Cell(_reason(reason)), number_cell(number)]
        for reason, number in list(unreadable.reasons.items())[:_ROWS]
    ]
    names = [[name_cell(one.name), Cell(_reason(one.reason))] for one in unreadable.first]
    note = ""
    if len(names) < unreadable.count:
        note = f"and {unreadable.count - len(names):,} more; the list has all of them"
    return Block(
        id=f"{prefix}-unreadable",
        title="What could not be read",
        lead=f"{unreadable.count:,} of the entries could not be read or named. "
        "The archive lacks them.",
        tables=[
            Table("Reasons", ("Reason", "Entries"), reasons),
            Table("Unreadable entries", ("Name", "Reason"), names, note),
        ],
    )


def filtered_block(report: ListReport, prefix: str) -> Block:
    """Return what filters kept off the list."""
    rows = [
        [
            Cell(f"--{shown(one.filter)}"),
            number_cell(one.files),
            size_cell(one.bytes),
            number_cell(one.directories),
        ]
        for one in report.filtered
    ]
    files = sum(one.files for one in report.filtered)
    return Block(
        id=f"{prefix}-filtered",
        title="What was filtered",
        lead=f"{describe(Amount(files), has_sizes=False)} changed and are not on the list, since a "
        "filter keeps them off.",
        tables=[
            Table(
                "What each filter kept off",
                ("Filter", "Files", "Bytes", "Directories"),
                rows,
                "Bytes are those of files whose sizes were read. A directory stands for all in it.",
            )
        ],
    )


def history_block(report: ListReport, prefix: str) -> Block:
    """Return how this run compares with those before it."""
    runs = report.runs[::-1]
    made = [one.contents or RunContents() for one in runs]
    names = [_run_name(one) for one in runs]
    hovers = [f"{name}: {_run_words(one)}" for name, one in zip(names, runs, strict=True)]
    without = [name for name, one in zip(names, runs, strict=True) if one.contents is None]
    values = {
        "created": [one.created_bytes for one in made],
        "modified": [one.modified_bytes for one in made],
        "moved": [one.moved_bytes for one in made],
    }
    figure = stacked_bars(
        f"{prefix}-history-figure",
        "Stacked bars: the bytes of each of the last runs by kind of change.",
        names,
        [name[5:10] for name in names],
        {kind: numbers for kind, numbers in values.items() if any(numbers)},
        hovers,
        without,
    )
    return Block(
        id=f"{prefix}-history",
        title=f"The last {len(runs)} runs",
        lead=_history_lead(report.runs),
        figures=[figure] if any(map(any, values.values())) else [],
        tables=[_history_table(report.runs)],
        legend=[kind for kind, numbers in values.items() if any(numbers)],
        legend_note="x marks a run of which no list is known." if without else "",
    )


def _history_lead(runs: Sequence[PastRun]) -> str:
    own = runs[0].contents
    before = [
        one.contents.created_bytes + one.contents.modified_bytes
        for one in runs[1:]
        if one.contents and not one.full
    ]
    if own is None or not before:
        return "There is no earlier run whose list is known to compare with."
    size, usual = own.created_bytes + own.modified_bytes, sorted(before)[len(before) // 2]
    if not usual:
        return f"{describe_size(size)} were written; the runs before mostly had nothing to write."
    return (
        f"{describe_size(size)} were written, {size / usual:.1f} times the {describe_size(usual)} "
        "that are usual (the median of the runs before, full lists apart)."
    )


def _history_table(runs: Sequence[PastRun]) -> Table:
    rows = []
    for one in runs:
        made = one.contents
        sizes = [
            size_cell(made.created_bytes + made.modified_bytes) if made else Cell("unknown"),
            number_cell(made.created + made.modified) if made else Cell(""),
            size_cell(made.moved_bytes) if made else Cell(""),
            number_cell(made.deleted) if made else Cell(""),
            number_cell(made.unreadable) if made else Cell(""),
        ]
        state = f"{one.state}{', full list' if one.full else ''}"
        error = f": {shown(one.error)}" if one.error else ""
        rows.append([Cell(_run_name(one)), Cell(f"{state}{error}"), *sizes])
    head = ("Run", "State", "Written", "files", "Moved", "Files deleted", "Unreadable")
    return Table("Runs, the newest first", head, rows)


def _run_name(run: PastRun) -> str:
    return (run.started or "")[:19].replace("T", " ")


def _run_words(run: PastRun) -> str:
    if run.contents is None:
        return run.state
    written = run.contents.created_bytes + run.contents.modified_bytes
    files = run.contents.created + run.contents.modified
    return f"{describe(Amount(files, written))} written"


def _share_name(share: FolderShare) -> str:
    return f"{share.path or '/'}{_PARTS[share.part]}"


def _reason(reason: str) -> str:
    return shown(reason) or "not on this list"
