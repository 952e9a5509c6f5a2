"""From snapshots in a user's words to the request for a list."""

import contextlib

from msgspec import Struct

from qumulo_changelist.checks.request import normalize_cluster_path
from qumulo_changelist.cluster.connect import open_cluster
from qumulo_changelist.config.settings import Settings, Transport
from qumulo_changelist.errors import ListNameError, UsageError
from qumulo_changelist.events import Listener, ignore
from qumulo_changelist.machine.shortages import shortage_errors
from qumulo_changelist.model import Snapshot
from qumulo_changelist.operations.lists.request import ChangelistRequest, Metadata
from qumulo_changelist.operations.project.list_request import request_options
from qumulo_changelist.operations.project.state import open_existing_journal
from qumulo_changelist.operations.snapshots.choice import choose_snapshot
from qumulo_changelist.projects.project import ListOptions, Project, Source


class ListChoice(Struct, frozen=True, kw_only=True):
    """Which list is wanted."""

    older: str | None
    """The older snapshot, as ``choose_snapshot`` takes it; None for a full list."""
    newer: str
    """The newer one."""
    project: Project | None = None
    """None: the list is of what the newer snapshot is of, read over REST."""
    source: str = ""
    """The one of the project's sources that is meant; "" if it has only one."""
    options: ListOptions = ListOptions()
    to_archiver: bool = True
    """Whether the list belongs where the archiver looks for it, which takes a project."""
    state: str = ""
    """The file that keeps what was committed; "" for this user's own."""


def choose_list(
    choice: ListChoice, settings: Settings, listener: Listener = ignore
) -> ChangelistRequest:
    """Return the request for the list that a user means.

    Raises:
        SnapshotMissingError: the cluster has no such snapshot.
        UsageError: it is not clear which one, or which directory, is meant.
    """
    project = choice.project
    source = _source(project, choice.source) if project else None
    if choice.to_archiver and not source:
        raise ListNameError("where the list belongs is unknown without a project")
    path = normalize_cluster_path(source.path) if source else ""
    with shortage_errors(), contextlib.ExitStack() as stack:
        journal = stack.enter_context(open_existing_journal(choice.state))
        cluster = stack.enter_context(open_cluster(settings, listener))
        found = cluster.all_snapshots()
        committed = journal.committed(project.name, path) if project else None
        number = committed.id if committed else None
        newer = choose_snapshot(choice.newer, found, path, number)
        older = None
        if choice.older is not None:
            older = choose_snapshot(choice.older, found, path or newer.source, number)
    return _request(choice, source, older, newer, settings.transport)


def _source(project: Project, path: str) -> Source:
    if not path and len(project.sources) == 1:
        return project.sources[0]
    paths = {normalize_cluster_path(one.path): one for one in project.sources}
    found = paths.get(normalize_cluster_path(path)) if path else None
    if not found:
        raise UsageError(
            f"which source of the project {project.name}: {', '.join(sorted(paths))}?",
            hint="Name the source.",
        )
    return found


def _request(
    choice: ListChoice,
    source: Source | None,
    older: Snapshot | None,
    newer: Snapshot,
    transport: Transport,
) -> ChangelistRequest:
    base_path = source.path if source else newer.source
    if not base_path:
        raise UsageError(
            f"the cluster does not say which directory snapshot {newer.id} is of",
            hint="Name the source.",
        )
    mapped_path = source.mapped_path if source else None
    # The live share may show something newer than the snapshot that is wanted.
    exact: Metadata = "snapshot" if mapped_path and transport == "qq" else "rest"
    options = request_options(choice.options, exact)
    return ChangelistRequest(
        project=choice.project.name if choice.project else newer.label,
        guid=source.guid if source else "",
        source_index=source.index if source else "1",
        base_path=base_path,
        mapped_path=mapped_path,
        older=older.id if older else None,
        newer=newer.id,
        **options,
    )
