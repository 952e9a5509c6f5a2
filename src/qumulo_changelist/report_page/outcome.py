"""Blocks about what is not written: deleted, moved and unreadable files."""

from qumulo_changelist.operations.report.listed import ListReport
from qumulo_changelist.report.amounts import Amount
from qumulo_changelist.report.shares import FolderShare, divide
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


def _share_name(share: FolderShare) -> str:
    return f"{share.path or '/'}{_PARTS[share.part]}"


def _reason(reason: str) -> str:
    return shown(reason) or "not on this list"
