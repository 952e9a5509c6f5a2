"""The block of how a run compares with those before it."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from qumulo_changelist.cycle.contents import RunContents
from qumulo_changelist.operations.report.listed import PastRun
from qumulo_changelist.report.amounts import Amount
from qumulo_changelist.report_page.bars import Bar, stacked_bars
from qumulo_changelist.report_page.blocks import (
    Block,
    Cell,
    Table,
    describe,
    number_cell,
    shown,
    size_cell,
)
from qumulo_changelist.wording import count, describe_size


class _Mark(NamedTuple):
    """What marks a run that is not like the others."""

    sign: str
    words: str
    """What it means, for the legend."""
    is_pale: bool = False


_USUAL = _Mark("", "")
_ENDED = _Mark("x", "x: it failed, or did not finish.")
_UNKNOWN = _Mark("?", "?: an earlier version made its list, and what that has is not known.")
_WAITS = _Mark("*", "* and pale: its list is not committed.", is_pale=True)


def history_block(runs: Sequence[PastRun], prefix: str) -> Block:
    """Return how a run compares with those before it.

    Args:
        runs: this run and those before it, the newest first.
        prefix: what begins the ids of the block.
    """
    labels = _labels(runs)
    bars = [_bar(run, label) for run, label in zip(runs, labels, strict=True)][::-1]
    kinds = [kind for kind in ("created", "modified", "moved") if any(b.values[kind] for b in bars)]
    figure = stacked_bars(
        f"{prefix}-history-figure",
        "Stacked bars: the bytes of each of the last runs by kind of change.",
        bars,
        kinds,
    )
    marks = dict.fromkeys(_mark(run).words for run in runs if _mark(run).sign)
    return Block(
        id=f"{prefix}-history",
        title="The last run" if len(runs) == 1 else f"The last {len(runs)} runs",
        lead=_lead(runs),
        figures=[figure] if kinds else [],
        tables=[_table(runs)],
        legend=kinds,
        legend_note=" ".join(marks) if kinds else "",
    )


def _bar(run: PastRun, label: str) -> Bar:
    made, mark = run.contents or RunContents(), _mark(run)
    values = {
        "created": made.created_bytes,
        "modified": made.modified_bytes,
        "moved": made.moved_bytes,
    }
    if run.contents:
        written = Amount(made.created + made.modified, made.created_bytes + made.modified_bytes)
        hover = f"{_began(run)}: {describe(written)} written; {_state(run)}"
    else:
        hover = f"{_began(run)}: {_state(run)}"
    return Bar(label, values, hover, mark.sign, mark.is_pale)


def _mark(run: PastRun) -> _Mark:
    if run.is_failed or run.is_unfinished:
        return _ENDED
    if run.contents is None:
        return _UNKNOWN
    return _USUAL if run.is_committed else _WAITS


def _state(run: PastRun) -> str:
    """Return how far a run came: in the words of the journal, and what these mean."""
    words = run.state
    if run.is_unfinished:
        words += ", not finished"
    elif not run.is_committed and not run.is_failed:
        words += ", not committed"
    return f"{words} (full list)" if run.full else words


def _labels(runs: Sequence[PastRun]) -> list[str]:
    """Return the day of each run; above it the time, if several runs are of one day."""
    days = Counter(run.started[:10] for run in runs if run.started)
    has_times = any(number > 1 for number in days.values())
    labels = []
    for run in runs:
        day, time = (run.started or "")[5:10], (run.started or "")[11:16]
        labels.append((f"{time}\n{day}" if has_times else day) if run.started else "unknown")
    return labels


def _lead(runs: Sequence[PastRun]) -> str:
    own, earlier = runs[0], runs[1:]
    known = [one for one in earlier if one.contents]
    usual = sorted(_written(one.contents) for one in known if one.contents and not one.full)
    if not earlier:
        return "There is no earlier run to compare with."
    if own.contents is None:
        return "What this run listed is not known, so there is nothing to compare."
    if own.full:
        return (
            "This is a full list, which has everything and not only changes, so it is not compared "
            "with the runs before."
        )
    if not known:
        return "Of no earlier run the list is known, so there is nothing to compare with."
    if not usual:
        return (
            "There is nothing to compare with: of earlier runs only full lists are known, which "
            "have everything and not only changes."
        )
    size, median = _written(own.contents), usual[len(usual) // 2]
    if not median:
        return f"{describe_size(size)} were written; the runs before mostly had nothing to write."
    return (
        f"{describe_size(size)} were written, {size / median:.1f} times the "
        f"{describe_size(median)} that are usual: the median of "
        f"{count(len(usual), 'earlier list')} of changes. Full lists do not count, since they have "
        "everything."
    )


def _written(contents: RunContents) -> int:
    return contents.created_bytes + contents.modified_bytes


def _table(runs: Sequence[PastRun]) -> Table:
    rows = []
    for one in runs:
        made = one.contents
        sizes = [
            size_cell(_written(made)) if made else Cell("unknown", is_number=True),
            number_cell(made.created + made.modified) if made else Cell("", is_number=True),
            size_cell(made.moved_bytes) if made else Cell("", is_number=True),
            number_cell(made.deleted) if made else Cell("", is_number=True),
            number_cell(made.unreadable) if made else Cell("", is_number=True),
        ]
        error = f": {shown(one.error)}" if one.error else ""
        rows.append([Cell(_began(one), is_whole=True), Cell(f"{_state(one)}{error}"), *sizes])
    head = ("Run", "State", "Written", "files", "Moved", "Files deleted", "Not readable")
    return Table("Runs, the newest first", head, rows)


def _began(run: PastRun) -> str:
    return (run.started or "unknown")[:19].replace("T", " ")
