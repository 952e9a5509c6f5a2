"""Checks of a Dask scheduler and its workers: they answer, and reach the cluster and the mounts."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from qumulo_changelist.config.settings import Settings
from qumulo_changelist.config.worker import WorkerSettings
from qumulo_changelist.errors import ChangelistError
from qumulo_changelist.events import ignore
from qumulo_changelist.operations.doctor.checks import Examination, Finding
from qumulo_changelist.operations.lists.travelling import check_session
from qumulo_changelist.projects.project import Project
from qumulo_changelist.runners.scheduler import Scheduler
from qumulo_changelist.trees.sources import MountLimits, MountSource
from qumulo_changelist.wording import count

if TYPE_CHECKING:
    from qumulo_changelist.runners.dask_connection import DaskConnection


# A mount that takes longer has a problem that is worth a line.
_SECONDS_TO_ANSWER = 20


class WorkerLook(Struct, frozen=True):
    """What each worker looks at. It can be pickled."""

    settings: WorkerSettings | None
    """The cluster; None if workers do not need it, or get a session of each run."""
    mounts: tuple[MountSource, ...] = ()

    def look(self) -> ChangelistError | str:
        """Return the user as whom this machine asks the cluster, or what is wrong here."""
        from qumulo_changelist.cluster.connect import open_rest

        try:
            for mount in self.mounts:
                with mount.open(ignore):
                    pass
            if not self.settings:
                return ""
            with open_rest(self.settings.complete()) as cluster:
                return cluster.caller().name
        except ChangelistError as error:
            return error


def examine_schedulers(
    examination: Examination, settings: Settings, projects: Sequence[Project]
) -> None:
    """Check the scheduler of each project that has one, and its workers; nothing is listed."""
    for scheduler in dict.fromkeys(each.options.scheduler for each in projects):
        if scheduler:
            own = [each for each in projects if each.options.scheduler == scheduler]
            _examine(examination, settings, scheduler, own)


def _examine(
    examination: Examination, settings: Settings, scheduler: Scheduler, projects: list[Project]
) -> None:
    with contextlib.ExitStack() as stack:
        found: list[DaskConnection] = []
        failures: list[ChangelistError] = []

        def connect() -> Finding:
            located = scheduler.located()
            located.check()
            check_session(located, settings)
            found.append(stack.enter_context(contextlib.closing(_connect(located))))
            return _look_at_scheduler(found[0], located)

        def look() -> Finding:
            needs_own = any(map(_asks_cluster, projects)) and not scheduler.sends_session
            travelling = WorkerLook(
                WorkerSettings.of(settings) if needs_own else None, tuple(_mounts(projects))
            )
            answers = found[0].ask_workers(travelling.look)
            failures.extend(_failures_in(answers))
            if failures and len(failures) == len(answers):
                raise failures.pop(0)
            return _describe(answers, has_mounts=bool(travelling.mounts))

        is_there = examination.check("scheduler", scheduler.address, connect)
        examination.check("workers", scheduler.address, look, needs={"scheduler": is_there})
        for failure in failures:
            examination.check("workers", scheduler.address, partial(_fail, failure))


def _connect(scheduler: Scheduler) -> "DaskConnection":
    from qumulo_changelist.runners.dask_connection import DaskConnection  # takes long to load

    return DaskConnection(scheduler)


def _look_at_scheduler(connection: "DaskConnection", scheduler: Scheduler) -> Finding:
    """Return how many workers there are, all of which have the versions of this machine."""
    connection.check_versions()
    threads = connection.threads()
    verified = "verified over TLS" if scheduler.uses_tls else "without TLS"
    if not threads:
        return Finding(
            f"it answers, {verified}, and has no workers",
            warning=True,
            hint="Start workers; a run waits for the first one for some minutes.",
        )
    workers, parts = count(len(threads), "worker"), count(sum(threads.values()), "part")
    return Finding(f"{workers}, {parts} at a time, {verified}")


def _failures_in(answers: Mapping[str, ChangelistError | str]) -> Iterator[ChangelistError]:
    for address, answer in answers.items():
        if isinstance(answer, ChangelistError):
            answer.worker = address
            yield answer


def _describe(answers: Mapping[str, ChangelistError | str], *, has_mounts: bool) -> Finding:
    """Return what the workers see that see what they have to."""
    if not answers:
        return Finding("there are none to ask")
    fine = [answer for answer in answers.values() if isinstance(answer, str)]
    found = [f"as {user} on the cluster" for user in sorted(set(fine)) if user]
    if has_mounts:
        found.append("with the same mounts as this machine")
    text = ", ".join(found) or "a run sends them a session"
    is_some = len(fine) < len(answers)
    return Finding(f"{len(fine)} of {len(answers)}: {text}" if is_some else text)


def _fail(failure: ChangelistError) -> Finding:
    raise failure


def _asks_cluster(project: Project) -> bool:
    options = project.options
    is_listed = options.metadata == "rest" or not all(one.mapped_path for one in project.sources)
    return is_listed or options.deletes or options.moves or options.verify


def _mounts(projects: list[Project]) -> Iterator[MountSource]:
    for project in projects:
        for source in project.sources:
            if source.mapped_path and project.options.metadata != "rest":
                seconds = project.options.mount_timeout or _SECONDS_TO_ANSWER
                mount = MountSource(source.mapped_path, limits=MountLimits(timeout=seconds))
                yield replace(mount, seen=mount.sample())
