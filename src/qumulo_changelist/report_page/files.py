"""Blocks about the files that were written: their types, sizes, ages, and when they changed."""

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from qumulo_changelist.operations.lists.receipt import format_time
from qumulo_changelist.operations.report.listed import ListReport
from qumulo_changelist.report.amounts import Amount
from qumulo_changelist.report.classes import FileClass
from qumulo_changelist.report.facts import GatheredFacts
from qumulo_changelist.report.media import FileType, MediaKind, by_kind
from qumulo_changelist.report_page.bars import lying_bars, standing_bars
from qumulo_changelist.report_page.blocks import (
    Block,
    Cell,
    Figure,
    Table,
    describe,
    name_cell,
    number_cell,
    shown,
    size_cell,
)
from qumulo_changelist.report_page.kinds import KIND_LOOKS
from qumulo_changelist.wording import describe_share, describe_size

_TYPES = 12
_TYPES_IN_TABLE = 200
_MEDIA_WORDS = {
    "video": "video",
    "image": "images",
    "audio": "audio",
    "project": "project files",
    "document": "documents and data",
    "other": "others",
}


def type_block(report: ListReport, prefix: str) -> Block:
    """Return the types of files that were written."""
    types, has_sizes = report.facts.types, report.facts.says_sizes
    if not has_sizes:
        types = tuple(sorted(types, key=lambda one: -one.files))
    media = {kind: amount for kind, amount in by_kind(types).items() if amount.files}
    rest = types[_TYPES:]
    shown_types = [(_type_name(one), Amount(one.files, one.bytes)) for one in types[:_TYPES]]
    if rest:
        files, size = sum(one.files for one in rest), sum(one.bytes for one in rest)
        shown_types.append((f"{len(rest)} more types", Amount(files, size)))
    figure = lying_bars(
        f"{prefix}-types-figure",
        "Bars: how much was written of each type of file.",
        [name for name, _ in shown_types],
        [amount.weight(by_size=has_sizes) for _, amount in shown_types],
        [_words(amount, has_sizes) for _, amount in shown_types],
    )
    whole = report.facts.totals.written
    largest = max(media.items(), key=lambda item: item[1].weight(by_size=has_sizes))
    share = describe_share(largest[1].weight(by_size=has_sizes), whole.weight(by_size=has_sizes))
    lead = f"{share.capitalize()} of what was written is {_MEDIA_WORDS[largest[0]]}."
    return Block(
        id=f"{prefix}-types",
        title="Types of files",
        lead=lead,
        figures=[figure],
        tables=[
            _type_table(types, whole, has_sizes),
            _media_table(media, whole, has_sizes),
        ],
    )


def size_block(report: ListReport, prefix: str) -> Block:
    """Return the sizes and the ages of files that were written."""
    facts = report.facts
    sizes = _class_figure(f"{prefix}-sizes-figure", "by size", facts.sizes)
    figures, tables = [sizes], [_class_table("Files by size", "Size", facts.sizes)]
    small = sum(one.files for one in facts.sizes[:3])
    share = describe_share(small, report.facts.totals.written.files).capitalize()
    lead = f"{share} of the files are under 1 MB; these take longest to archive for their size."
    if facts.says_times:
        figures.append(_class_figure(f"{prefix}-ages-figure", "by age", facts.ages))
        tables.append(_class_table("Files by age", "Age", facts.ages))
    return Block(f"{prefix}-sizes", "Sizes and ages", lead, figures, tables)


def time_block(report: ListReport, prefix: str) -> Block:
    """Return at which hours and on which days the files were last changed."""
    hours, days = report.facts.hours, report.facts.weekdays
    figures = [
        standing_bars(
            f"{prefix}-{name}-figure",
            f"Bars: bytes by {what}, in UTC.",
            [one.name[:3] for one in classes],
            [one.bytes for one in classes],
            [_words(Amount(one.files, one.bytes), has_sizes=True) for one in classes],
        )
        for name, what, classes in (("hours", "hour of the day", hours), ("days", "weekday", days))
    ]
    return Block(
        id=f"{prefix}-times",
        title="When files were last changed",
        lead=_time_lead(report.facts),
        figures=figures,
        tables=[
            _time_table("Bytes by hour of the day, in UTC", "Hour", hours),
            _time_table("Bytes by weekday, in UTC", "Day", days),
        ],
    )


def largest_block(report: ListReport, prefix: str) -> Block:
    """Return the largest files that were written."""
    largest = report.facts.largest
    whole = largest[0].bytes
    rows = [
        [
            name_cell(one.name),
            size_cell(one.bytes, whole, one.change),
            Cell(KIND_LOOKS[one.change].name),
            Cell(_moment(one.mtime), is_whole=True),
        ]
        for one in largest
    ]
    first = shown(largest[0].name.rpartition("/")[2])
    return Block(
        id=f"{prefix}-largest",
        title="The largest files",
        lead=f"The largest is {first}, with {describe_size(whole)}.",
        tables=[
            Table(
                "The largest files that were written",
                ("File", "Size", "Change", "Last changed, UTC"),
                rows,
            )
        ],
    )


def _time_lead(facts: GatheredFacts) -> str:
    hour = max(facts.hours, key=_busyness).name
    day = max(facts.weekdays, key=_busyness).name
    first, last = (_moment(one)[:10] for one in (facts.first_mtime, facts.last_mtime))
    if first and first == last:
        return f"All of them on {day}, {first}. Most bytes are of the hour from {hour}:00 UTC."
    return f"Most bytes are of {day}s, and of the hour from {hour}:00 UTC."


def _busyness(one: FileClass) -> tuple[int, int]:
    return one.bytes, one.files


def _time_table(caption: str, head: str, classes: Sequence[FileClass]) -> Table:
    used = [one for one in classes if one.files]
    note = "What is not named has no files." if len(used) < len(classes) else ""
    return replace(_class_table(caption, head, used), note=note)


def _moment(seconds: int | None) -> str:
    time = format_time(seconds * 10**9) if seconds is not None else None
    return (time or "")[:16].replace("T", " ")


def _type_name(one: FileType) -> str:
    ending = shown(one.ending)[:14] if one.ending else "no ending"
    return f"{'.' if one.ending else ''}{ending}"


def _type_table(types: Sequence[FileType], whole: Amount, has_sizes: bool) -> Table:
    rows = [
        [
            Cell(_type_name(one)),
            Cell(_MEDIA_WORDS[one.kind]),
            *_amount_cells(Amount(one.files, one.bytes), whole, has_sizes),
        ]
        for one in types[:_TYPES_IN_TABLE]
    ]
    left = len(types) - len(rows)
    note = f"and {left} more types" if left else ""
    head = ("Type", "Kind", *_amount_head(has_sizes))
    return Table("Types of files that were written", head, rows, note)


def _media_table(media: Mapping[MediaKind, Amount], whole: Amount, has_sizes: bool) -> Table:
    rows = [
        [Cell(_MEDIA_WORDS[kind]), *_amount_cells(amount, whole, has_sizes)]
        for kind, amount in media.items()
    ]
    return Table("Kinds of media", ("Kind", *_amount_head(has_sizes)), rows)


def _amount_cells(amount: Amount, whole: Amount, has_sizes: bool) -> list[Cell]:
    sizes = [size_cell(amount.bytes, whole.bytes, "changed")] if has_sizes else []
    return [*sizes, number_cell(amount.files)]


def _amount_head(has_sizes: bool) -> list[str]:
    return ["Bytes", "Files"] if has_sizes else ["Files"]


def _class_figure(figure: str, what: str, classes: Sequence[FileClass]) -> Figure:
    return lying_bars(
        figure,
        f"Bars: numbers of files {what}.",
        [one.name for one in classes],
        [one.files for one in classes],
        [f"{one.files:,}" for one in classes],
    )


def _class_table(caption: str, head: str, classes: Sequence[FileClass]) -> Table:
    whole = sum(one.bytes for one in classes)
    rows = [
        [Cell(one.name), number_cell(one.files), size_cell(one.bytes, whole, "changed")]
        for one in classes
    ]
    return Table(caption, (head, "Files", "Bytes"), rows)


def _words(amount: Amount, has_sizes: bool) -> str:
    return describe_size(amount.bytes) if has_sizes else describe(amount, has_sizes=False)
