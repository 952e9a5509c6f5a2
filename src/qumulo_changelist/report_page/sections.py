"""The sections of a report, one for each list: for the page, and for a terminal."""

from collections.abc import Sequence
from typing import NamedTuple

from msgspec import Struct

from qumulo_changelist.operations.report.listed import ListReport
from qumulo_changelist.report.folders import Folder, keep_largest
from qumulo_changelist.report_page.blocks import Block, describe, shown
from qumulo_changelist.report_page.files import largest_block, size_block, time_block, type_block
from qumulo_changelist.report_page.history import history_block
from qumulo_changelist.report_page.kinds import KIND_LOOKS
from qumulo_changelist.report_page.outcome import (
    deleted_block,
    filtered_block,
    moved_block,
    unreadable_block,
)
from qumulo_changelist.report_page.treemap import folder_block
from qumulo_changelist.wording import describe_size


class KeyFigure(NamedTuple):
    """A number that stands large at the top of a section."""

    name: str
    value: str
    detail: str
    kind: str = ""


class Section(Struct, frozen=True):
    """What a page shows of one list."""

    id: str
    title: str
    subtitle: str
    key_figures: list[KeyFigure]
    notes: tuple[str, ...]
    blocks: list[Block]


def make_section(report: ListReport, at_most: int, prefix: str) -> Section:
    """Return the section of a list.

    Args:
        report: what is reported of it.
        at_most: the number of folders that are shown.
        prefix: what begins the ids of everything in it.
    """
    folders = keep_largest(report.facts.folders, at_most)
    return Section(
        prefix,
        shown(report.source or report.base_path or report.list_path),
        _subtitle(report),
        _key_figures(report),
        report.notes,
        _blocks(report, folders, prefix),
    )


def _blocks(report: ListReport, folders: Sequence[Folder], prefix: str) -> list[Block]:
    facts = report.facts
    blocks = [folder_block(report, folders, prefix)]
    if facts.totals.written.files:
        blocks.append(type_block(report, prefix))
        if facts.says_sizes:
            blocks += [largest_block(report, prefix), size_block(report, prefix)]
        if facts.says_times:
            blocks.append(time_block(report, prefix))
    if facts.totals.deleted.files:
        blocks.append(deleted_block(report, prefix))
    if facts.totals.moved.files:
        blocks.append(moved_block(report, prefix))
    if facts.unreadable.count:
        blocks.append(unreadable_block(report, prefix))
    if report.filtered:
        blocks.append(filtered_block(report, prefix))
    if report.runs:
        blocks.append(history_block(report.runs, prefix))
    return blocks


def _key_figures(report: ListReport) -> list[KeyFigure]:
    has_sizes, totals = report.has_sizes, report.totals
    found = []
    for kind in ("created", "modified", "changed", "moved"):
        amount = getattr(totals, kind)
        if amount.files or (kind in ("created", "modified") and not totals.changed.files):
            value = describe_size(amount.bytes) if has_sizes else f"{amount.files:,}"
            detail = describe(amount, has_sizes=False) if has_sizes else "files"
            detail += ", not to be written again" if kind == "moved" else ""
            found.append(KeyFigure(KIND_LOOKS[kind].name, value, detail, kind))
    size = f"files, {describe_size(totals.deleted.bytes)}" if totals.deleted.bytes else "files"
    found.append(KeyFigure("deleted", f"{totals.deleted.files:,}", size, "deleted"))
    unreadable = report.facts.unreadable.count
    found.append(KeyFigure("unreadable", f"{unreadable:,}", "entries", "unreadable"))
    return found


def _subtitle(report: ListReport) -> str:
    older, newer = report.older_snapshot, report.newer_snapshot
    if newer is None:
        return f"What {shown(report.list_path)} contains"
    if older is None:
        return f"Everything that snapshot {newer.id} has{_taken(newer.taken)}"
    return (
        f"What changed between snapshot {older.id}{_taken(older.taken)} and snapshot "
        f"{newer.id}{_taken(newer.taken)}"
    )


def _taken(time: str | None) -> str:
    return f" ({time[:16].replace('T', ' ')} UTC)" if time else ""
