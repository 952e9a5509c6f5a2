"""Making a report: of the last lists of a project, or of one list."""

import os
import time
from collections.abc import Iterable, Sequence
from functools import reduce

from msgspec import Struct

from qumulo_changelist.cycle.runs import Run
from qumulo_changelist.errors import ChangelistError, StateFileError, UsageError
from qumulo_changelist.events import Listener, Stage, StageBegun, ignore
from qumulo_changelist.machine.shortages import shortage_errors
from qumulo_changelist.names import to_bytes, to_text
from qumulo_changelist.operations.lists.receipt import format_time
from qumulo_changelist.operations.project.history import list_runs
from qumulo_changelist.operations.report.listed import ListReport, report_list, with_runs
from qumulo_changelist.report.amounts import Amount
from qumulo_changelist.report.capacity import Capacity, Price, capacity_for
from qumulo_changelist.version import __version__

RUNS = 30
"""The number of runs that a report compares."""


class MissingList(Struct, frozen=True):
    """A list that cannot be reported: it is gone, or there is none."""

    project: str
    source: str
    reason: str


class Report(Struct, frozen=True):
    """What is reported of one list or several."""

    made: str
    """When, in UTC, as RFC 3339 writes it."""
    version: str
    """Of this package."""
    lists: tuple[ListReport, ...]
    """One at least."""
    missing: tuple[MissingList, ...]
    capacity: Capacity
    """For all lists together."""

    @property
    def name(self) -> str:
        """The projects, or the name of the list's file."""
        projects = dict.fromkeys(one.project for one in self.lists if one.project)
        return ", ".join(projects) or os.path.basename(self.lists[0].list_path)


def make_report(
    target: str = "", *, price: Price | None = None, state: str = "", listener: Listener = ignore
) -> Report:
    """Return a report.

    Args:
        target: a project, whose last list of each source is reported; or a list, or its receipt;
            "" for the project that ran last on this machine.
        price: of cloud storage; None if it is unknown.
        state: the file that keeps what was committed; "" for this user's own.
        listener: receives the events of the report.

    Raises:
        UsageError: this machine has no list of that.
        InvalidListError: a file is not a whole list of a known format.
        InvalidReceiptError: the receipt that is named cannot be read.
        StateFileError: the file cannot be used, and a project is to be reported.
    """
    with shortage_errors():
        if _is_path(target):
            path = to_text(os.fsencode(os.path.abspath(os.fsdecode(to_bytes(target)))))
            listener(StageBegun(Stage.REPORTING, ""))
            return assemble([report_list(path)], [], price, state)
        runs = list_runs("", state)
        with_list = [run for run in runs if run.list]
        project = target or next((run.project for run in with_list), "")
        last = {run.source: run for run in reversed(with_list) if run.project == project}
        if not last:
            what = f"project {target}" if target else "any project"
            raise UsageError(f"this machine has made no list of {what}")
        return _report_runs(list(last.values()), price, state, listener)


def assemble(
    lists: Sequence[ListReport],
    missing: Iterable[MissingList],
    price: Price | None = None,
    state: str = "",
) -> Report:
    """Return a report of lists, each with the runs that came before it.

    Args:
        lists: what is reported of each list.
        missing: the lists that could not be reported.
        price: of cloud storage; None if it is unknown.
        state: the file that keeps what was committed; "" for this user's own. If it cannot be used,
            there is nothing to compare with.
    """
    try:
        runs = list_runs("", state)
    except StateFileError:
        runs = []
    written = reduce(Amount.plus, (one.written for one in lists), Amount())
    moved = reduce(Amount.plus, (one.totals.moved for one in lists), Amount())
    return Report(
        made=format_time(time.time_ns() // 10**9 * 10**9) or "",
        version=__version__,
        lists=tuple(with_runs(one, runs, RUNS) for one in lists),
        missing=tuple(missing),
        capacity=capacity_for(written.bytes, moved.bytes, price),
    )


def _report_runs(
    runs: Sequence[Run], price: Price | None, state: str, listener: Listener
) -> Report:
    lists, missing, first = [], [], None
    for run in runs:
        listener(StageBegun(Stage.REPORTING, run.source))
        try:
            lists.append(report_list(run.list))
        except ChangelistError as error:
            first = first or error
            missing.append(MissingList(run.project, run.source, str(error)))
            continue
        if lists[-1].sha256 != run.sha256:
            reason = f"a different list has replaced that of snapshot {run.newer}, and is shown"
            missing.append(MissingList(run.project, run.source, reason))
    if not lists and first:
        raise first
    return assemble(lists, missing, price, state)


def _is_path(target: str) -> bool:
    return bool(target) and ("/" in target or os.path.isfile(to_bytes(target)))
