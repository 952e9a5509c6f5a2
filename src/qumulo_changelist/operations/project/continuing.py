"""Going on with a run that was cut short: with its snapshot, of which parts of a list are kept."""

import time

from qumulo_changelist.cycle.base import Base
from qumulo_changelist.cycle.journal import Journal
from qumulo_changelist.cycle.runs import UNFINISHED, Run, RunState
from qumulo_changelist.cycle.survey import Survey
from qumulo_changelist.errors import (
    ConfigurationError,
    DeadlineError,
    MistakeError,
    OutputError,
    QqMissingError,
    RefusedError,
    ResourceError,
    StateFileError,
    UnreachableError,
    UsageError,
    WorkerError,
)
from qumulo_changelist.model import Snapshot
from qumulo_changelist.operations.lists.keeping.piece_sets import has_pieces
from qumulo_changelist.operations.lists.keeping.worth import is_worth_going_on
from qumulo_changelist.projects.project import Project, Source

# What these errors are about is mended outside the snapshot: the way to the cluster, a login, a
# mount, the scheduler, a worker, a disk. Any other error may come again of the same snapshot, and
# a check that refused a list refuses it again: only a new snapshot has what was mended since.
_MENDED_ELSEWHERE = (
    *(UsageError, ConfigurationError, RefusedError, UnreachableError, QqMissingError),
    *(WorkerError, ResourceError, OutputError, StateFileError, DeadlineError),
)
_CUT_SHORT = frozenset(error.exit_code for error in _MENDED_ELSEWHERE) | {None}
"""The exit codes of runs that were cut short; None if they were interrupted."""

_NANOSECONDS = 10**9


def find_interrupted(
    project: Project, source: Source, path: str, survey: Survey, base: Base, journal: Journal
) -> Snapshot | None:
    """Return the newest snapshot of runs that were cut short, if going on with it pays.

    That is if it saves work and loses nothing: the snapshot is of the directory that has the path
    now, no run after it has finished a list, or failed for a reason that may lie in the snapshot,
    and it does not expire much earlier than a new one would.

    Args:
        project: the project.
        source: one of its sources.
        path: the path of the source.
        survey: what the cluster shows.
        base: what the run begins from.
        journal: what this machine remembers.
    """
    options = project.options
    if not options.resume:
        return None
    older = base.snapshot.id if base.snapshot else None
    for run in journal.runs(project.name, path):
        if not _was_cut_short(run):
            return None
        snapshot = survey.runs.get(run.newer or 0)
        begun = (run.older, run.taken, run.archive, run.filters)
        if (
            snapshot
            and snapshot.source_id == survey.source_id
            and begun == (older, snapshot.taken, source.archive, options.filters.encode())
            and lasts_like_new(snapshot, project.expire, time.time_ns())
            and _has_parts(options.pieces, older, snapshot.id)
        ):
            return snapshot
    return None


def _has_parts(pieces: str | None, older: int | None, newer: int) -> bool:
    return bool(pieces and has_pieces(pieces, older, newer)) or is_worth_going_on(older, newer)


def _was_cut_short(run: Run) -> bool:
    """Return whether nothing but an interruption, or what was lacking, kept a run from its list."""
    # The journal says that a run was killed only once a later one has found that.
    has_ended = run.state in (*UNFINISHED, RunState.FAILED)
    # It has the exit code of a worker that died.
    is_mistake = run.error_class == MistakeError.__name__
    return has_ended and run.exit_code in _CUT_SHORT and not is_mistake and not run.list


def lasts_like_new(snapshot: Snapshot, expire: int, now: int) -> bool:
    """Return whether a snapshot expires no more than a tenth of its time before a new one would.

    Args:
        snapshot: the snapshot.
        expire: the number of seconds after which a new one would expire; 0 for never.
        now: in nanoseconds since the epoch.
    """
    if not snapshot.expires:
        return True
    return 0 < expire * _NANOSECONDS * 9 <= (snapshot.expires - now) * 10
