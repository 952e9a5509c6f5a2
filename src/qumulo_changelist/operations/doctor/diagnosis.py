"""Checking everything that the runs of projects need, in the order in which newcomers fail."""

from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from qumulo_changelist.cluster.connect import open_cluster
from qumulo_changelist.cluster.interface import Cluster
from qumulo_changelist.config.archiver import default_path, read_settings
from qumulo_changelist.config.exposure import REMEDY
from qumulo_changelist.config.settings import Settings, Transport
from qumulo_changelist.events import Listener
from qumulo_changelist.events import ignore as ignore_event
from qumulo_changelist.machine.shortages import shortage_errors
from qumulo_changelist.model import Caller
from qumulo_changelist.operations.doctor.account import (
    DIFFERENCE_READ,
    SNAPSHOT_READ,
    SNAPSHOT_WRITE,
    Account,
)
from qumulo_changelist.operations.doctor.checks import (
    Check,
    CheckStatus,
    Examination,
    Finding,
    Report,
    ignore,
)
from qumulo_changelist.operations.doctor.connection import examine_connection
from qumulo_changelist.operations.doctor.machine import examine_folders, examine_qq, look_at_clock
from qumulo_changelist.operations.doctor.projects import examine_projects
from qumulo_changelist.operations.doctor.source import SourceExamination
from qumulo_changelist.operations.doctor.workers import examine_schedulers
from qumulo_changelist.projects.project import Project


class DoctorRequest(Struct, frozen=True, kw_only=True):
    """What to check."""

    projects: tuple[Project, ...] = ()
    """The projects whose sources are checked, too; all of them are on one cluster."""
    files: tuple[str, ...] = ()
    """The files that may define them; those that do not exist do not matter."""
    config: str = ""
    """The archiver's configuration; "" for the usual one."""
    transport: Transport | None = None
    """The way to the cluster; None for the configured one."""
    adapt: Callable[[Settings], Settings] = lambda settings: settings
    """Changes what the configuration says, such as for how long a request is tried again."""
    state: str = ""
    """The file that keeps what was committed; "" for this user's own."""


class Diagnosis(Struct, frozen=True):
    """All checks, in their order."""

    checks: list[Check]

    @property
    def exit_code(self) -> int:
        """What a command ends with: the code of the first failure, or 0."""
        failed = (one for one in self.checks if one.status is CheckStatus.FAILED)
        return next((one.error.exit_code if one.error else 1 for one in failed), 0)


def diagnose(
    request: DoctorRequest, listener: Listener = ignore_event, report: Report = ignore
) -> Diagnosis:
    """Check everything that the runs of projects need.

    Two snapshots of each source are taken, compared, and deleted again, also after an error or an
    interruption. Nothing else is changed, except that the folder for the sessions of ``qq`` may be
    made. A check that fails raises nothing.

    Args:
        request: what to check.
        listener: receives the events of the cluster.
        report: receives each check when it has ended.

    Raises:
        ResourceError: this machine lacks what the checks need.
    """
    examination = Examination(report)
    projects = examine_projects(examination, request.projects, request.files)
    guids = [source.guid for project in projects for source in project.sources]
    with shortage_errors():
        settings = _check_configuration(examination, request)
        if settings:
            examine_cluster(examination, settings, projects, listener)
            examine_schedulers(examination, settings, projects)
        else:
            _skip_cluster(examination, {"configuration": False}, projects)
        examine_folders(examination, settings, request.state, guids)
    return Diagnosis(examination.checks)


def examine_cluster(
    examination: Examination,
    settings: Settings,
    projects: Sequence[Project],
    listener: Listener = ignore_event,
) -> Caller | None:
    """Make every check of a cluster; return the user who asks, or None without a login.

    Args:
        examination: takes the checks.
        settings: how to reach the cluster.
        projects: the projects whose sources are checked.
        listener: receives the events of the cluster.
    """
    through_qq = settings.transport == "qq"
    needs_rest = not through_qq or any(map(_reads_over_rest, projects))
    hosts = examine_connection(examination, settings, needs_rest=needs_rest)
    has_qq = not through_qq or examine_qq(examination, settings)
    caller = difference = None
    if hosts and has_qq:
        with open_cluster(settings, listener) as cluster:
            caller, difference = _examine_inside(examination, cluster, settings, projects)
    else:
        _skip_cluster(examination, {"certificate": bool(hosts), "qq": has_qq}, projects)
    examination.check(
        "clock", "", lambda: _compare_clocks(settings, hosts, difference),
        needs={"certificate": bool(hosts)},
    )  # fmt: skip
    if not through_qq:
        examine_qq(examination, settings)
    return caller


def _examine_inside(
    examination: Examination, cluster: Cluster, settings: Settings, projects: Sequence[Project]
) -> tuple[Caller | None, float | None]:
    """Return the user, and the number of seconds that the cluster's clock is ahead, if known."""
    account = Account(examination, cluster, settings)
    is_known = account.examine()
    needs = {"login": is_known} | {
        name: account.has(name) for name in (SNAPSHOT_READ, SNAPSHOT_WRITE) if is_known
    }
    needs_of_diff = {DIFFERENCE_READ: account.has(DIFFERENCE_READ)} if is_known else {}
    differences = [
        SourceExamination(examination, cluster, project, source).examine(needs, needs_of_diff)
        for project in projects
        for source in project.sources
    ]
    known = (difference for difference in differences if difference is not None)
    return account.caller, next(known, None)


def _check_configuration(examination: Examination, request: DoctorRequest) -> Settings | None:
    found: list[Settings] = []

    def read() -> Finding:
        settings = request.adapt(read_settings(request.config or None, request.transport))
        found.append(replace(settings, exposed_to=""))  # it is said here, and by nothing below
        way = "qq" if settings.transport == "qq" else "REST"
        detail = f"{', '.join(settings.hosts)}, port {settings.port}, through {way}"
        if settings.exposed_to:
            detail = f"{detail}; it has a secret, and {settings.exposed_to}"
            return Finding(detail, warning=True, hint=f"{REMEDY.capitalize()}.")
        return Finding(detail)

    examination.check("configuration", request.config or default_path(), read)
    return found[0] if found else None


def _skip_cluster(
    examination: Examination, needs: Mapping[str, bool], projects: Sequence[Project]
) -> None:
    sources = [source.path for project in projects for source in project.sources]
    for name, about in (("login", ""), ("version", ""), *(("source", one) for one in sources)):
        examination.check(name, about, lambda: Finding(""), needs)


def _reads_over_rest(project: Project) -> bool:
    return project.options.metadata == "rest" or any(
        source.mapped_path is None for source in project.sources
    )


def _compare_clocks(settings: Settings, hosts: list[str], difference: float | None) -> Finding:
    if difference is None:
        from time import time

        from qumulo_changelist.cluster.rest.probe import node_time

        shown = node_time(settings, hosts[0])
        difference = None if shown is None else shown - time()
    return look_at_clock(difference)
