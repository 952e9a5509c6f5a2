"""Whether all that a list is made with is there, before a snapshot is taken for it."""

from qumulo_changelist.config.settings import Settings
from qumulo_changelist.events import Listener
from qumulo_changelist.operations.lists.keeping.piece_sets import check_folder
from qumulo_changelist.operations.lists.request import ChangelistRequest
from qumulo_changelist.operations.lists.tree_choice import check_mapped_path, check_way
from qumulo_changelist.runners.local import open_runner


def check_workplace(request: ChangelistRequest, settings: Settings, listener: Listener) -> None:
    """Make sure that the mount, the folder for pieces and the scheduler can be used.

    Args:
        request: what will be listed; its newer snapshot need not exist.
        settings: how to reach the cluster.
        listener: receives the events of the run.

    Raises:
        MappedPathError: the mount cannot be read.
        PiecesError: the folder cannot be used.
        SchedulerError: the scheduler does not answer.
        ChangelistError: as of :func:`~.tree_choice.check_way` and :func:`~.local.open_runner`.
    """
    check_way(request, settings)
    check_mapped_path(request)
    if request.pieces is not None:
        check_folder(request.pieces)
    if request.scheduler:
        with open_runner(1, request.scheduler, listener):
            pass
