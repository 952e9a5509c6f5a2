"""Going on with a run that was cut short: with its snapshot, of which pieces are kept."""

from qumulo_changelist.cycle.base import Base
from qumulo_changelist.cycle.journal import Journal, RunState
from qumulo_changelist.cycle.survey import Survey
from qumulo_changelist.model import Snapshot
from qumulo_changelist.operations.lists.piece_sets import has_pieces
from qumulo_changelist.projects.project import Project, Source


def find_interrupted(
    project: Project, source: Source, path: str, survey: Survey, base: Base, journal: Journal
) -> Snapshot | None:
    """Return the snapshot of the last run, if that was cut short and its pieces can be used.

    A run that went on with a new snapshot could use none of them.

    Args:
        project: the project.
        source: one of its sources.
        path: the path of the source.
        survey: what the cluster shows.
        base: what the run begins from.
        journal: what this machine remembers.
    """
    options = project.options
    last = next(iter(journal.runs(project.name, path)), None)
    if not options.pieces or not last or last.state is not RunState.FAILED or last.newer is None:
        return None
    snapshot = survey.runs.get(last.newer)
    older = base.snapshot.id if base.snapshot else None
    begun = (last.older, last.taken, last.archive, last.filters)
    if not snapshot or begun != (older, snapshot.taken, source.archive, options.filters.encode()):
        return None
    return snapshot if has_pieces(options.pieces, older, snapshot.id) else None
