"""The checks of a setup one after the other, for a program that asks a person in between."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from qumulo_changelist.cluster.connect import open_cluster
from qumulo_changelist.config.settings import Settings
from qumulo_changelist.events import Listener
from qumulo_changelist.model import Caller
from qumulo_changelist.operations.doctor.account import ACCESS_TOKENS_WRITE, Account
from qumulo_changelist.operations.doctor.checks import Examination, Report
from qumulo_changelist.operations.doctor.connection import examine_certificates, examine_way
from qumulo_changelist.operations.doctor.machine import examine_qq
from qumulo_changelist.operations.doctor.source import SourceExamination
from qumulo_changelist.projects.project import Project

if TYPE_CHECKING:
    from qumulo_changelist.cluster.rest.probe import ShownCertificate


class SetupSteps:
    """The steps, in their order. Each raises the error of the first check that fails.

    Args:
        listener: receives the events of the cluster.
        report: receives each check when it has ended.
    """

    def __init__(self, listener: Listener, report: Report) -> None:
        self._listener = listener
        self._report = report

    def reach(self, settings: Settings) -> "ShownCertificate":
        """Return the certificate that the cluster shows, which need not be trusted yet.

        Raises:
            UnreachableError: no host answers.
        """
        from qumulo_changelist.cluster.rest.probe import show_certificate

        hosts: list[str] = []
        self._examine(lambda examination: hosts.extend(examine_way(examination, settings)))
        return show_certificate(settings, hosts[0])

    def trust(self, settings: Settings) -> None:
        """Make sure that the cluster's certificate is trusted, if REST is used.

        Raises:
            CertificateError: it is not.
        """
        needs_rest = settings.transport == "rest"
        hosts = list(settings.hosts)
        self._examine(lambda one: examine_certificates(one, settings, hosts, needs_rest=needs_rest))

    def log_in(self, settings: Settings) -> Caller:
        """Return the user, who has every privilege that runs need."""
        found: list[Caller] = []

        def look(examination: Examination) -> None:
            if settings.transport == "qq" and not examine_qq(examination, settings):
                return
            with open_cluster(settings, self._listener) as cluster:
                account = Account(examination, cluster, settings)
                account.examine()
            if account.caller:
                found.append(account.caller)

        self._examine(look)
        return found[0]

    def find_source(self, settings: Settings, project: Project) -> None:
        """Make sure that the cluster has the directory of a project with one source."""

        def look(examination: Examination) -> None:
            with open_cluster(settings, self._listener) as cluster:
                SourceExamination(examination, cluster, project, project.sources[0]).find({})

        self._examine(look)

    def try_source(self, settings: Settings, project: Project) -> None:
        """Make sure that snapshots of it can be taken and compared, and that the mount shows it."""

        def look(examination: Examination) -> None:
            with open_cluster(settings, self._listener) as cluster:
                found = SourceExamination(examination, cluster, project, project.sources[0])
                found.open_mount()  # before snapshots are taken
                found.try_snapshots({}, {})

        self._examine(look)

    def _examine(self, look: Callable[[Examination], object]) -> None:
        examination = Examination(self._report)
        look(examination)
        if examination.failure:
            raise examination.failure


def may_make_token(caller: Caller, settings: Settings) -> bool:
    """Return whether an access token can take the place of the password."""
    is_password = settings.transport == "rest" and not settings.access_token
    return is_password and ACCESS_TOKENS_WRITE in caller.privileges
