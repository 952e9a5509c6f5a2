"""The treemap: bytes by folder, coloured by kind of change."""

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from qumulo_changelist.operations.report.listed import ListReport
from qumulo_changelist.report.amounts import KINDS, Amount
from qumulo_changelist.report.folders import Folder
from qumulo_changelist.report.shares import divide
from qumulo_changelist.report_page.blocks import (
    Block,
    Cell,
    Choice,
    Figure,
    Table,
    describe,
    name_cell,
    number_cell,
    plotted,
    shown,
    size_cell,
)
from qumulo_changelist.report_page.kinds import KIND_LOOKS, pattern
from qumulo_changelist.wording import describe_share

_PALE = 0.28
"""How much of its colour a folder has that contains others."""
_DRAWN = KINDS[:4]
_CHOICES = 40


class _Tile(NamedTuple):
    """A tile: a folder, or the files in it of one kind of change."""

    id: str
    parent: str
    label: str
    path: str
    kind: str
    """The kind of change that it is of, or mostly of."""
    is_pale: bool
    """Whether others lie in it."""
    is_pure: bool
    """Whether all in it is of that kind."""


class _Tiles:
    """The tiles of a treemap, as the columns that the plotting library takes."""

    def __init__(self, *, has_sizes: bool) -> None:
        self.columns: dict[str, list[object]] = defaultdict(list)
        self.colours: list[str] = []
        self.patterns: list[str] = []
        self._has_sizes = has_sizes

    def add(self, tile: _Tile, amount: Amount) -> None:
        words = describe(amount, has_sizes=self._has_sizes)
        look = KIND_LOOKS[tile.kind]
        what = look.name if tile.is_pure else f"mostly {look.name}"
        self.columns["ids"].append(tile.id)
        self.columns["parents"].append(tile.parent)
        self.columns["labels"].append(plotted(shown(tile.label)))
        self.columns["values"].append(amount.bytes if self._has_sizes else amount.files)
        self.columns["text"].append(f"{plotted(words.partition(' in ')[0])}, {what}")
        self.columns["hovertext"].append(f"<b>{plotted(shown(tile.path))}</b><br>{words}<br>{what}")
        self.colours.append(_pale(look.colour) if tile.is_pale else look.colour)
        self.patterns.append("" if tile.is_pale else look.pattern)


def folder_block(report: ListReport, folders: Sequence[Folder], prefix: str) -> Block:
    """Return where the changes are.

    Args:
        report: the list.
        folders: its folders, or the largest of them.
        prefix: what begins the ids of the block.
    """
    facts = report.facts
    base = report.base_path or "/"
    tiles = _Tiles(has_sizes=facts.says_sizes)
    drawn = [one for one in folders if one.total.there.weight(by_size=facts.says_sizes)]
    ids = {one.path: str(at) for at, one in enumerate(drawn)}
    parents = {_parent(one.path) for one in drawn if one.path}
    for one in drawn:
        _add_tiles(tiles, one, ids, base, has_children=one.path in parents)
    shares = divide(folders, lambda changes: changes.there, _CHOICES)
    choices = [
        Choice(ids[one.path], shown(one.path)) for one in shares if one.path and one.path in ids
    ]
    figure = Figure(
        id=f"{prefix}-treemap",
        alt="A treemap: each folder is as large as what changed in it. The table has the same.",
        traces=[
            {
                "type": "treemap",
                **tiles.columns,
                "branchvalues": "total",
                "hoverinfo": "text",
                "textinfo": "label+text",
                "textposition": "top left",
                "maxdepth": 4,
                "tiling": {"pad": 2},
                "pathbar": {"thickness": 26},
                "marker": {
                    "colors": tiles.colours,
                    "pattern": pattern(tiles.patterns, tiles.colours),
                    "line": {"width": 1},
                    "pad": {"t": 22, "l": 3, "r": 3, "b": 3},
                },
            }
        ],
        layout={
            "margin": {"t": 30, "l": 0, "r": 0, "b": 0},
            "uniformtext": {"minsize": 11, "mode": "hide"},
        },
        height=560,
        choices=choices,
    )
    kinds = [kind for kind in _DRAWN if getattr(folders[0].total, kind).files]
    return Block(
        id=f"{prefix}-folders",
        title="Where the changes are",
        lead=_lead(report),
        figures=[figure] if drawn else [],
        tables=[_table(folders, has_sizes=facts.says_sizes)],
        legend=kinds,
        legend_note="A pale folder has others in it, and is mostly of its colour.",
    )


def _add_tiles(
    tiles: _Tiles, folder: Folder, ids: dict[str, str], base: str, *, has_children: bool
) -> None:
    tile, path = ids[folder.path], folder.path
    parent = ids[_parent(path)] if path else ""
    label = path.rpartition("/")[2] if path else base
    full = f"{base.rstrip('/')}{path}" or "/"
    own = [(kind, getattr(folder.own, kind)) for kind in _DRAWN]
    own = [(kind, amount) for kind, amount in own if amount.files]
    is_leaf = len(own) == 1 and not has_children
    most = max(_DRAWN, key=lambda kind: _rank(getattr(folder.total, kind)))
    is_pure = getattr(folder.total, most) == folder.total.there
    tiles.add(_Tile(tile, parent, label, full, most, not is_leaf, is_pure), folder.total.there)
    where = "in it and in smaller folders" if folder.has_merged else "directly in it"
    for kind, amount in [] if is_leaf else own:
        tiles.add(_Tile(f"{tile}-{kind}", tile, f"files {where}", full, kind, False, True), amount)


def _pale(colour: str) -> str:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red},{green},{blue},{_PALE})"


def _rank(amount: Amount) -> tuple[int, int]:
    return amount.bytes, amount.files


def _lead(report: ListReport) -> str:
    folders, has_sizes = report.facts.folders, report.facts.says_sizes
    whole = folders[0].total.there
    if not whole.files:
        return "No file was created, modified or moved."
    words = describe(whole, has_sizes=has_sizes)
    largest = [one for one in divide(folders, lambda changes: changes.there, 8) if one.path]
    if not largest:
        return f"{words}."
    first = Amount(largest[0].files, largest[0].bytes)
    share = describe_share(first.weight(by_size=has_sizes), whole.weight(by_size=has_sizes))
    return f"{words}. The largest share, {share}, lies in {shown(largest[0].path)}."


def _table(folders: Sequence[Folder], *, has_sizes: bool) -> Table:
    whole = folders[0].total.there.bytes
    rows: list[list[Cell]] = []
    for one in folders:
        written, moved = one.total.written, one.total.moved
        sizes = [
            size_cell(written.bytes, whole, "changed"),
            size_cell(moved.bytes),
        ]
        rows.append(
            [
                name_cell(one.path or "/"),
                *(sizes[:1] if has_sizes else []),
                number_cell(written.files),
                *(sizes[1:] if has_sizes else []),
                number_cell(moved.files),
                number_cell(one.total.deleted.files),
            ]
        )
    head = ["Folder", "Written", "files", "Moved", "files", "Files deleted"]
    if not has_sizes:
        head = ["Folder", "Files written", "Files moved", "Files deleted"]
    return Table(
        "What changed in each folder, with everything below it",
        tuple(head),
        rows,
        "Folders with little in them count for the folder that they are in.",
    )


def _parent(path: str) -> str:
    return path[: path.rfind("/")]
