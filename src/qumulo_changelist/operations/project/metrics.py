"""Metrics of runs as Prometheus reads them, in a file for node_exporter's textfile collector."""

import contextlib
import os
from collections.abc import Callable, Container, Iterator, Sequence
from typing import NamedTuple

from msgspec import Struct

from qumulo_changelist.errors import ChangelistError, StateFileError
from qumulo_changelist.events import Listener, MetricsUnwritten, ignore
from qumulo_changelist.machine.waiting import lock_when_free
from qumulo_changelist.names import to_bytes
from qumulo_changelist.operations.project.history import project_statuses
from qumulo_changelist.operations.project.source_run import SourceRun
from qumulo_changelist.output.atomic import (
    AtomicFile,
    check_replaceable,
    output_errors,
    temporary_files_of,
)
from qumulo_changelist.projects.project import Project

PREFIX = "qumulo_changelist_"
# For another run that writes the same file.
_SECONDS_TO_WAIT = 10.0

# By name, without the prefix: what it is, and whether it is known for each source.
_OF_A_PROJECT = {
    "last_run_timestamp_seconds": "When the last run ended, in seconds since the epoch.",
    "last_run_duration_seconds": "How long the last run took.",
    "last_run_exit_code": "The exit code of the last run: 0 if everything succeeded.",
}
_OF_A_SOURCE = {
    "last_run_changes": "The number of changes that the last run listed, as the cluster counts.",
    "last_run_files": "The number of new, changed and moved files on the list of the last run.",
    "last_run_bytes": "The size of these files.",
    "last_run_deleted_files": "The number of deleted files on the list of the last run.",
    "last_run_unreadable_entries": "The number of entries that the last run could not read.",
    "last_run_full_list": "1 if the last run made a full list, else 0.",
    "committed_snapshot_timestamp_seconds": "When the committed snapshot was taken: the archive "
    "has everything up to then. In seconds since the epoch.",
    "pending_lists": "The number of finished lists that wait for a commit.",
}
METRICS = {PREFIX + name: meaning for name, meaning in {**_OF_A_PROJECT, **_OF_A_SOURCE}.items()}
"""Every metric, and what it is."""

_MODE = 0o644  # node_exporter is a different user


class FinishedRun(Struct, frozen=True, kw_only=True):
    """A run of a project that has ended. Times are nanoseconds since the epoch."""

    project: Project
    started: int
    ended: int
    exit_code: int
    sources: Sequence[SourceRun] = ()
    """What it did for each source; () if it ended before that."""


class _Key(NamedTuple):
    """What identifies a value."""

    name: str
    project: str
    source: str | None = None


def write_metrics(
    path: str,
    run: FinishedRun,
    listener: Listener = ignore,
    *,
    state: str = "",
    only: Container[str] | None = None,
) -> bool:
    """Write the metrics of a run to a file, which is replaced as a whole.

    What the file has of other projects stays, so that several projects can share it. It never fails
    the run: it returns False, and the listener receives a ``MetricsUnwritten``.

    Args:
        path: the file; its folder exists. node_exporter reads files whose names end in ``.prom``.
        run: the run.
        listener: receives the events.
        state: the file that keeps what was committed; "" for this user's own.
        only: the names of the projects that may stay in the file; None for all.
    """

    def change(values: dict[_Key, float]) -> dict[_Key, float]:
        own = _label(run.project.name)
        others = {
            key: value
            for key, value in values.items()
            if key.project != own and (only is None or key.project in only)
        }
        return {**others, **_of_run(run), **_of_commits(run.project, state)}

    return _replace(path, change, listener)


def update_metrics(
    path: str, project: Project, listener: Listener = ignore, *, state: str = ""
) -> bool:
    """Write what is committed of a project, and what waits for a commit; see ``write_metrics``.

    What the file has of the project's last run stays, and so does what it has of other projects.
    """
    return _replace(path, lambda values: {**values, **_of_commits(project, state)}, listener)


def _replace(
    path: str, change: Callable[[dict[_Key, float]], dict[_Key, float]], listener: Listener
) -> bool:
    path = os.fsdecode(to_bytes(path))
    try:
        with output_errors(path), _locked_folder(path):
            check_replaceable(path)
            _write(path, change(_read(path)))
    except ChangelistError as error:
        listener(MetricsUnwritten(path, str(error)))
        return False
    return True


def _of_run(run: FinishedRun) -> dict[_Key, float]:
    found: dict[tuple[str, str | None], float | None] = {
        ("last_run_timestamp_seconds", None): run.ended / 10**9,
        ("last_run_duration_seconds", None): (run.ended - run.started) / 10**9,
        ("last_run_exit_code", None): run.exit_code,
    }
    for one in run.sources:
        if one.result:
            totals = one.totals
            found |= {
                ("last_run_changes", one.source): one.result.changes,
                ("last_run_files", one.source): totals.files,
                ("last_run_bytes", one.source): totals.size,
                ("last_run_deleted_files", one.source): totals.deleted_files,
                ("last_run_unreadable_entries", one.source): totals.unreadable,
                ("last_run_full_list", one.source): bool(one.why_full),
            }
    return _keyed(run.project, found)


def _of_commits(project: Project, state: str) -> dict[_Key, float]:
    found: dict[tuple[str, str | None], float | None] = {}
    with contextlib.suppress(StateFileError):  # a run has failed for the same reason
        for status in project_statuses([project], state):
            if status.project == project.name:
                moment = status.taken or status.committed_at
                found |= {
                    ("committed_snapshot_timestamp_seconds", status.source): moment / 10**9 or None,
                    ("pending_lists", status.source): len(status.pending),
                }
    return _keyed(project, found)


def _keyed(
    project: Project, found: dict[tuple[str, str | None], float | None]
) -> dict[_Key, float]:
    return {
        _Key(PREFIX + name, _label(project.name), source and _label(source)): float(value)
        for (name, source), value in found.items()
        if value is not None
    }


def _label(text: str) -> str:
    """Return text as a label can have it: Prometheus reads UTF-8 alone."""
    return text.encode("utf-8", "backslashreplace").decode()


def _read(path: str) -> dict[_Key, float]:
    """Return the values in a file; none if it is missing, or is not a file of metrics."""
    from prometheus_client.parser import text_string_to_metric_families

    values: dict[_Key, float] = {}
    with (
        contextlib.suppress(FileNotFoundError, ValueError, KeyError, IndexError),
        open(path, encoding="utf-8", newline="", opener=_open_at_once) as file,
    ):
        for family in text_string_to_metric_families(file.read()):
            for sample in family.samples:
                labels = sample.labels
                if sample.name in METRICS and "project" in labels:
                    key = _Key(sample.name, labels["project"], labels.get("source"))
                    values[key] = sample.value
    return values


def _open_at_once(path: str, flags: int) -> int:
    # A pipe could have taken the place of the file since it was looked at.
    return os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC)


def _write(path: str, values: dict[_Key, float]) -> None:
    from prometheus_client import CollectorRegistry, Gauge, generate_latest

    registry = CollectorRegistry()
    for name, meaning in METRICS.items():
        known = {key: value for key, value in sorted(values.items(), key=str) if key.name == name}
        if not known:
            continue
        has_source = name.removeprefix(PREFIX) in _OF_A_SOURCE
        labels = ("project", "source") if has_source else ("project",)
        gauge = Gauge(name, meaning, labels, registry=registry)
        for key, value in known.items():
            gauge.labels(*(key[1:] if has_source else key[1:2])).set(value)
    with AtomicFile(path) as file:
        os.fchmod(file.file.fileno(), _MODE)
        file.file.write(generate_latest(registry))
        file.finish()
        file.place()


@contextlib.contextmanager
def _locked_folder(path: str) -> Iterator[None]:
    """Keep other runs from writing the same file meanwhile; remove what killed ones left."""
    folder = os.open(os.path.dirname(os.path.abspath(path)), os.O_RDONLY | os.O_CLOEXEC)
    try:
        with contextlib.suppress(OSError):  # not every file system has locks
            lock_when_free(folder, _SECONDS_TO_WAIT)
            for leftover in temporary_files_of(os.path.abspath(path)):
                os.unlink(leftover)
        yield
    finally:
        os.close(folder)
