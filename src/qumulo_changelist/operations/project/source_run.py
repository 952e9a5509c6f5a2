"""The cycle for one source of a project, from the snapshot to the commit."""

import contextlib
import os
import time
from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from qumulo_changelist.checks.request import normalize_cluster_path
from qumulo_changelist.cluster.interface import Cluster
from qumulo_changelist.cluster.snapshot_creation import take_snapshot
from qumulo_changelist.config.settings import Settings
from qumulo_changelist.cycle.base import Base
from qumulo_changelist.cycle.contents import RunContents
from qumulo_changelist.cycle.journal import Journal
from qumulo_changelist.cycle.other_lists import OtherList
from qumulo_changelist.cycle.runs import Run, RunState
from qumulo_changelist.cycle.snapshot_names import run_name
from qumulo_changelist.cycle.survey import Survey
from qumulo_changelist.deadline import deadline_errors
from qumulo_changelist.errors import ChangelistError, StateFileError
from qumulo_changelist.events import (
    CommitWithheld,
    Event,
    Listener,
    ListMade,
    NothingNewer,
    RunContinued,
    SnapshotExpires,
    SnapshotTaken,
    SourceBegun,
    Stage,
    StageBegun,
)
from qumulo_changelist.mistakes import error_for
from qumulo_changelist.model import Snapshot, Totals
from qumulo_changelist.names import to_text
from qumulo_changelist.operations.lists.changelist import generate_changelist
from qumulo_changelist.operations.lists.result import ChangelistResult
from qumulo_changelist.operations.lists.workplace import check_workplace
from qumulo_changelist.operations.project.beginning import find_beginning, report_filters
from qumulo_changelist.operations.project.command import list_name
from qumulo_changelist.operations.project.committing import commit_run, recover_runs
from qumulo_changelist.operations.project.continuing import find_interrupted
from qumulo_changelist.operations.project.handover import hand_over
from qumulo_changelist.operations.project.list_in_place import check_list_in_place
from qumulo_changelist.operations.project.list_request import make_request
from qumulo_changelist.projects.project import Project, Source
from qumulo_changelist.run_id import new_run_id
from qumulo_changelist.wording import count

_NANOSECONDS = 10**9


class SourceRun(Struct, frozen=True, kw_only=True):
    """What a run did for a source."""

    source: str
    older: int | None = None
    """The older snapshot; None for a full list, or if there is no list."""
    newer: int | None = None
    """The newer snapshot; None if there is none."""
    why_full: str = ""
    """Why the list is a full one; "" otherwise."""
    result: ChangelistResult | None = None
    """The list; None if there is none."""
    waiting: int = 0
    """The number of lists of the source that wait for a commit, this one included."""
    is_committed: bool = False
    removed: list[int] = []
    """The snapshots that were removed from the cluster."""
    failure: ChangelistError | None = None
    """What ended the work; the list may be in its place."""

    @property
    def is_complete(self) -> bool:
        """Whether nothing failed, and everything on the list could be read."""
        return not self.failure and (self.result is None or self.result.is_complete)

    @property
    def totals(self) -> Totals:
        """What the list contains."""
        return self.result.totals if self.result else Totals()


class SourceRunner:
    """Runs the cycle for one source, under the project's lock.

    Args:
        project: the project.
        source: one of its sources.
        settings: how to reach the cluster, and where lists belong.
        cluster: the cluster.
        journal: what this machine remembers.
        listener: receives the events of the run.
        command: the command that is given the list; () for none.
        commit: whether to commit the list without a command.
        full: whether to make a full list, whatever was committed.
        run_id: names the run in receipts and in the journal.
    """

    def __init__(
        self,
        project: Project,
        source: Source,
        settings: Settings,
        cluster: Cluster,
        journal: Journal,
        listener: Listener,
        *,
        command: Sequence[str],
        commit: bool,
        full: bool = False,
        run_id: str = "",
    ) -> None:
        self._project, self._source = project, source
        self._path = normalize_cluster_path(source.path)
        self._settings, self._cluster = settings, cluster
        self._journal, self._listener = journal, listener
        self._command, self._commit, self._full = command, commit, full
        self._run_id = run_id or new_run_id()

    def run(self) -> SourceRun:
        """Do everything, and return what was done; an error is part of that."""
        try:
            with deadline_errors():
                return self._run()
        except ChangelistError as error:
            return self.fail(error)

    def fail(self, error: ChangelistError) -> SourceRun:
        """Return that an error ended the work before it began."""
        error.project = self._project.name
        return SourceRun(source=self._path, failure=error)

    def _run(self) -> SourceRun:
        self._listener(SourceBegun(self._project.name, self._path))
        recover_runs(self._cluster, self._journal, self._project.name, self._path, self._listener)
        known = self._journal.committed(self._project.name, self._path)
        survey, newest, base = find_beginning(
            self._project, self._source, self._cluster, known, self._listener, full=self._full
        )
        report_filters(self._project, self._path, base, self._journal, self._listener)
        if newest and base.snapshot and newest.id <= base.snapshot.id:
            self._listener(NothingNewer(self._path, self._project.policy, newest.id))
            return SourceRun(source=self._path, newer=newest.id)
        return self._list(survey, base, newest or self._interrupted(survey, base))

    def _interrupted(self, survey: Survey, base: Base) -> Snapshot | None:
        found = find_interrupted(
            self._project, self._source, self._path, survey, base, self._journal
        )
        if found:
            self._listener(RunContinued(self._project.name, self._path, found.id, found.label))
        return found

    def _list(self, survey: Survey, base: Base, newest: Snapshot | None) -> SourceRun:
        """Take the snapshot, list what changed, and hand the list over."""
        older = base.snapshot.id if base.snapshot else None
        done = SourceRun(
            source=self._path, older=older, why_full=base.why_full.value if base.why_full else ""
        )
        run = self._begin(older, newest)
        try:
            with deadline_errors():
                run = run if newest else self._take_snapshot(run, survey)
                request = make_request(self._project, self._source, older, run.newer or 0)
                request = replace(request, run_id=self._run_id)
                listener = _without_expiry(self._listener, older)
                result = generate_changelist(request, self._settings, listener)
        except BaseException as error:
            self._remember_failure(run, error)
            if isinstance(error, ChangelistError):
                error.project = run.project
                return _with(done, newer=run.newer, failure=error)
            raise
        run = self._journal.update(
            run,
            state=RunState.LISTED,
            ended=time.time_ns(),
            list=to_text(os.fsencode(result.path)),
            receipt=to_text(os.fsencode(result.receipt_path)),
            sha256=result.receipt.list_file.sha256,
            others=_other_lists(result),
            is_complete=result.is_complete,
            contents=RunContents.of(result.totals),
        )
        self._listener(self._list_made(result))
        waiting = len(self._journal.uncommitted(run.project, run.source))
        return self._hand_over(run, _with(done, newer=run.newer, result=result, waiting=waiting))

    def _list_made(self, result: ChangelistResult) -> ListMade:
        return ListMade(
            project=self._project.name,
            source=self._path,
            path=result.path,
            totals=result.totals,
            deletes=self._project.options.deletes or result.receipt.older_snapshot is None,
            moves=self._project.options.moves,
            proof=result.proof,
            filtered=result.receipt.filtered,
        )

    def _begin(self, older: int | None, newest: Snapshot | None) -> Run:
        now = time.time_ns()
        return self._journal.add(
            Run(
                project=self._project.name,
                source=self._path,
                state=RunState.TAKEN if newest else RunState.BEGUN,
                older=older,
                newer=newest.id if newest else None,
                name=newest.label if newest else run_name(self._project.name, now // _NANOSECONDS),
                taken=newest.taken if newest else 0,
                source_id=newest.source_id if newest else "",
                archive=self._source.archive,
                keep=self._project.keep,
                filters=self._project.options.filters.encode(),
                started=now,
                run_id=self._run_id,
            )
        )

    def _take_snapshot(self, run: Run, survey: Survey) -> Run:
        wanted = make_request(self._project, self._source, run.older, (run.older or 0) + 1)
        check_workplace(wanted, self._settings, self._listener)
        expire = self._project.expire
        expires = time.time_ns() + expire * _NANOSECONDS if expire else 0
        self._listener(StageBegun(Stage.SNAPSHOT, self._path))
        snapshot = take_snapshot(
            self._cluster,
            run.name,
            self._path,
            self._listener,
            expires=expires,
            known=survey.all,
        )
        self._listener(SnapshotTaken(self._path, snapshot.id, run.name))
        return self._journal.update(
            run,
            state=RunState.TAKEN,
            newer=snapshot.id,
            taken=snapshot.taken,
            source_id=snapshot.source_id,
        )

    def _remember_failure(self, run: Run, error: BaseException) -> None:
        self._remember(
            run,
            state=RunState.FAILED,
            ended=time.time_ns(),
            exit_code=_exit_code(error),
            **_describe(error, "before its list was finished"),
        )

    def _remember(self, run: Run, **changes: object) -> None:
        # What ended the run is what a user has to know; the next run recovers this one.
        with contextlib.suppress(StateFileError):
            self._journal.update(run, **changes)

    def _hand_over(self, run: Run, done: SourceRun) -> SourceRun:
        result = done.result
        assert result
        try:
            if self._command:
                self._listener(StageBegun(Stage.HANDING_OVER, self._path))
                hand_over(self._command, _values(run, result), self._listener)
                run = self._journal.update(run, exit_code=0)
                check_list_in_place(run)
            if not self._command and not self._commit:
                return done
            if not result.is_complete and not self._project.commit_unreadable:
                unreadable = result.unreadable
                why = f"not committed, since {count(unreadable, 'entry')} could not be read"
                self._remember(run, error=why)
                self._listener(CommitWithheld(run.project, self._path, run.newer or 0, unreadable))
                return done
            is_archived = bool(self._command)
            removed = commit_run(
                self._cluster, self._journal, run, self._listener, is_archived=is_archived
            )
        except ChangelistError as error:
            error.project = run.project
            self._remember(run, exit_code=error.exit_code, **_describe(error))
            return _with(done, failure=error)
        except BaseException as error:
            self._remember(run, **_describe(error, "after the list was made"))
            raise
        return _with(done, is_committed=True, removed=removed)


def _without_expiry(listener: Listener, older: int | None) -> Listener:
    """Return a listener without what was reported before: that the older snapshot expires."""

    def listen(event: Event) -> None:
        if not isinstance(event, SnapshotExpires) or event.snapshot != older:
            listener(event)

    return listen


def _other_lists(result: ChangelistResult) -> tuple[OtherList, ...]:
    """Return all lists but the first, as the journal remembers them."""
    return tuple(
        OtherList(
            to_text(os.fsencode(each.path)),
            to_text(os.fsencode(each.receipt_path)),
            each.receipt.list_file.sha256,
        )
        for each in result.lists[1:]
    )


def _values(run: Run, result: ChangelistResult) -> dict[str, str]:
    """Return what a command is given; each list also by its format, such as ``list_csv``."""
    lists = {
        list_name(each.receipt.format): to_text(os.fsencode(each.path)) for each in result.lists
    }
    return {
        "list": run.list,
        "receipt": run.receipt,
        **lists,
        "project": run.project,
        "source": run.source,
        "older": "" if run.older is None else str(run.older),
        "newer": str(run.newer),
    }


def _exit_code(error: BaseException) -> int | None:
    """Return what the journal keeps of an error; None for an interruption."""
    return error_for(error).exit_code if isinstance(error, Exception) else None


def _describe(error: BaseException, when: str = "") -> dict[str, str]:
    """Return the fields of a run that say what ended it; ``when`` is of an interruption."""
    if not isinstance(error, Exception):
        return {"error": f"it was interrupted {when}", "error_class": ""}
    ours = error_for(error)
    return {"error": str(ours), "error_class": type(ours).__name__}


def _with(run: SourceRun, **changes: object) -> SourceRun:
    return replace(run, **changes)
