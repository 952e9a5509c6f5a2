"""The page: from a report to HTML."""

import base64
import hashlib
from collections.abc import Iterator
from importlib import resources
from typing import NamedTuple

from msgspec import Struct

from qumulo_changelist.operations.report.listed import ListReport
from qumulo_changelist.operations.report.making import Report
from qumulo_changelist.report.facts import MAX_FOLDERS
from qumulo_changelist.report.folders import keep_largest
from qumulo_changelist.report_page.blocks import Block, Figure, describe, shown
from qumulo_changelist.report_page.closing import about_table, capacity_block
from qumulo_changelist.report_page.files import largest_block, size_block, time_block, type_block
from qumulo_changelist.report_page.kinds import KIND_LOOKS
from qumulo_changelist.report_page.outcome import (
    deleted_block,
    history_block,
    moved_block,
    unreadable_block,
)
from qumulo_changelist.report_page.treemap import folder_block
from qumulo_changelist.wording import describe_size

_MAX_SIZE = 6_000_000
"""Of the page, in bytes."""


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


def render(report: Report) -> bytes:
    """Return the page of a report: one HTML file that needs nothing else.

    It stays under 6 MB: if it has many folders with long names, it shows fewer of them.

    Raises:
        ImportError: the extra ``report`` is not installed.
    """
    at_most = MAX_FOLDERS // len(report.lists)
    while True:
        page = _render(report, max(at_most, 1))
        if len(page) < _MAX_SIZE or at_most < 8:
            return page
        at_most //= 2


def _render(report: Report, at_most: int) -> bytes:
    import jinja2
    from markupsafe import Markup
    from plotly.offline import get_plotlyjs

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("qumulo_changelist.report_page", "."),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    sections = [
        _section(one, at_most, f"list{number}") for number, one in enumerate(report.lists, 1)
    ]
    capacity = capacity_block(report)
    scripts = [get_plotlyjs(), _file("page.js")]
    page = environment.get_template("page.html.jinja").render(
        report=report,
        name=shown(report.name),
        sections=sections,
        capacity=capacity,
        about=[about_table(one) for one in report.lists],
        missing=[
            (shown(one.project), shown(one.source), shown(one.reason)) for one in report.missing
        ],
        figures=[_plain(one) for one in _figures(sections)],
        looks=KIND_LOOKS,
        # Both are parts of the page that nobody else can have changed.
        style=Markup(_file("page.css")),  # noqa: S704
        scripts=[Markup(one) for one in scripts],  # noqa: S704
        hashes=[_hash(one) for one in scripts],
    )
    return page.encode()


def _section(report: ListReport, at_most: int, prefix: str) -> Section:
    facts = report.facts
    folders = keep_largest(facts.folders, at_most)
    blocks = [folder_block(report, folders, prefix)]
    if facts.totals.written.files:
        blocks.append(type_block(report, prefix))
        if facts.says_sizes:
            blocks += [largest_block(report, prefix), size_block(report, prefix)]
        if facts.says_times:
            blocks.append(time_block(report, prefix))
    if facts.totals.deleted.files:
        blocks.append(deleted_block(report, folders, prefix))
    if facts.totals.moved.files:
        blocks.append(moved_block(report, prefix))
    if facts.unreadable.count:
        blocks.append(unreadable_block(report, prefix))
    if report.runs:
        blocks.append(history_block(report, prefix))
    return Section(
        prefix,
        shown(report.source or report.base_path or report.list_path),
        _subtitle(report),
        _key_figures(report),
        report.notes,
        blocks,
    )


def _key_figures(report: ListReport) -> list[KeyFigure]:
    has_sizes, totals = report.facts.says_sizes, report.totals
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


def _figures(sections: list[Section]) -> Iterator[Figure]:
    for section in sections:
        for block in section.blocks:
            yield from block.figures


def _plain(figure: Figure) -> dict[str, object]:
    return {"id": figure.id, "traces": figure.traces, "layout": figure.layout}


def _file(name: str) -> str:
    return resources.files("qumulo_changelist.report_page").joinpath(name).read_text("utf-8")


def _hash(script: str) -> str:
    """Return what a content security policy calls a script."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return f"'sha256-{digest}'"
