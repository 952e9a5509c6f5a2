"""A report for a terminal: what the page shows, as tables."""

import io
import shutil
import sys
import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING

from qumulo_changelist.cli.terminal import is_terminal
from qumulo_changelist.operations.report.making import Report
from qumulo_changelist.report_page.blocks import Block, Cell, Table, shown
from qumulo_changelist.report_page.closing import about_table, capacity_block
from qumulo_changelist.report_page.sections import Section, make_section
from qumulo_changelist.wording import printable

if TYPE_CHECKING:
    from rich.console import Console

_FOLDERS = 12
_ROWS = 12
_FEW_ROWS = 31
"""A table with no more is shown whole."""
_NUMBER = 8
_HEAD = 9
"""The width of the words above numbers."""
_BAR = 10
_USUAL_WIDTH = 80
_WIDEST = 120


def describe_report(report: Report) -> str:
    """Return a report for a terminal, in colour where that is wanted."""
    from rich.console import Console

    text = io.StringIO()
    console = Console(
        file=text,
        force_terminal=is_terminal(sys.stdout) or None,
        width=min(shutil.get_terminal_size().columns, _WIDEST),
        highlight=False,
        color_system="auto" if is_terminal(sys.stdout) else None,
    )
    _heading(console, shown(report.name), "bold underline")
    for number, one in enumerate(report.lists):
        section = make_section(one, _FOLDERS, f"list{number}")
        _print_section(console, section)
    capacity = capacity_block(report)
    if capacity:
        _print_block(console, capacity)
    for missing in report.missing:
        console.print()
        _say(console, f"Not in this report: {missing.project} {missing.source}: {missing.reason}")
    for one in report.lists:
        console.print()
        _print_table(console, about_table(one), _FEW_ROWS)
    return text.getvalue().rstrip("\n")


def _print_section(console: "Console", section: Section) -> None:
    console.print()
    _heading(console, section.title, "bold")
    _say(console, section.subtitle)
    console.print()
    for key in section.key_figures:
        _say(console, f"{key.value:>10}  {key.name} ({key.detail})")
    for note in section.notes:
        _say(console, f"- {note}")
    for block in section.blocks:
        _print_block(console, block)


def _print_block(console: "Console", block: Block) -> None:
    console.print()
    _heading(console, block.title, "bold")
    _say(console, block.lead)
    for table in block.tables:
        console.print()
        is_short = len(table.rows) <= _FEW_ROWS
        _print_table(console, table, len(table.rows) if is_short else _ROWS)


def _print_table(console: "Console", table: Table, rows: int) -> None:
    from rich import box
    from rich.table import Table as RichTable
    from rich.text import Text

    drawn = RichTable(
        box=box.SIMPLE_HEAD,
        show_edge=False,
        padding=(0, 1, 0, 0),
        title=printable(table.caption),
        title_justify="left",
        pad_edge=False,
    )
    drawn.title_style = "italic"
    first = table.rows[0] if table.rows else [Cell("")] * len(table.head)
    for head, cell in zip(table.head, first, strict=True):
        drawn.add_column(
            Text(textwrap.fill(head, _HEAD) if cell.is_number else head),
            justify="right" if cell.is_number else "left",
            overflow="fold",
            # What is not broken where there is too little room is cut off.
            no_wrap=(cell.is_number or cell.is_whole) and console.width >= _USUAL_WIDTH,
        )
    for row in table.rows[:rows]:
        drawn.add_row(*(Text(printable("  ".join(_words(cell)))) for cell in row))
    left = len(table.rows) - rows
    more = [f"and {left} more"] if left > 0 else []
    drawn.caption = Text(printable("; ".join([*more, *([table.note] if table.note else [])])))
    drawn.caption_justify = "left"
    console.print(drawn)


def _words(cell: Cell) -> Iterator[str]:
    if cell.share is not None:
        yield ("█" * round(cell.share * _BAR / 100)).ljust(_BAR)
        yield cell.text.rjust(_NUMBER)
    else:
        yield cell.text


def _heading(console: "Console", text: str, style: str) -> None:
    from rich.text import Text

    console.print(Text(printable(text), style=style))


def _say(console: "Console", text: str) -> None:
    from rich.text import Text

    console.print(Text(printable(text)))
