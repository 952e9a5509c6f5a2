"""What a page is made of: blocks with a figure and a table of the same facts. Pure values."""

from collections.abc import Mapping, Sequence
from html import escape

from msgspec import Struct

from qumulo_changelist.report.amounts import Amount
from qumulo_changelist.wording import count, describe_size, printable

_LONGEST = 160


class Cell(Struct, frozen=True):
    """A cell of a table; its text is shown as it is."""

    text: str
    is_number: bool = False
    is_name: bool = False
    """Whether it is a path or a name, which may be broken anywhere."""
    share: float | None = None
    """How long a bar beside the text is, from 0 to 100; None for no bar."""
    kind: str = ""
    """The kind of change that colours the bar."""
    is_whole: bool = False
    """Whether it is not to be broken, such as a time."""


class Table(Struct, frozen=True):
    """A table; ``caption`` says what it has."""

    caption: str
    head: tuple[str, ...]
    rows: Sequence[Sequence[Cell]]
    note: str = ""


class Choice(Struct, frozen=True):
    """Something that a figure can be zoomed to."""

    id: str
    name: str


class Figure(Struct, frozen=True):
    """A figure for the plotting library."""

    id: str
    alt: str
    """What it shows, for those who do not see it."""
    traces: Sequence[Mapping[str, object]]
    layout: Mapping[str, object]
    height: int
    """In pixels."""
    choices: Sequence[Choice] = ()


class Block(Struct, frozen=True):
    """A part of the page, under a heading of its own."""

    id: str
    title: str
    lead: str
    """What there is to see, in a sentence."""
    figures: Sequence[Figure] = ()
    tables: Sequence[Table] = ()
    """Those of the figures, in the same order, and then any others, which stand open."""
    legend: Sequence[str] = ()
    """The kinds of change that colours stand for."""
    legend_note: str = ""


def name_cell(name: str) -> Cell:
    """Return a cell for a path or a name."""
    return Cell(shown(name), is_name=True)


def number_cell(number: int) -> Cell:
    """Return a cell for a number."""
    return Cell(f"{number:,}", is_number=True)


def size_cell(size: int, whole: int = 0, kind: str = "") -> Cell:
    """Return a cell for a number of bytes; with a bar for its share, if ``whole`` is given."""
    share = 100 * size / whole if whole else None
    return Cell(describe_size(size), is_number=True, share=share, kind=kind)


def shown(name: str) -> str:
    """Return a name as people can read it: nothing in it is invisible, and it is not endless."""
    text = printable(name)
    if len(text) <= _LONGEST:
        return text
    half = _LONGEST // 2
    return f"{text[:half]}…{text[-half:]}"


def plotted(text: str) -> str:
    """Return text for the plotting library, which takes tags and entities in it for its own."""
    return escape(text, quote=False)


def describe(amount: Amount, *, has_sizes: bool = True) -> str:
    """Return files in words, with their bytes if these are known."""
    files = f"{amount.files:,} {count(amount.files, 'file').partition(' ')[2]}"
    return f"{describe_size(amount.bytes)} in {files}" if has_sizes else files
