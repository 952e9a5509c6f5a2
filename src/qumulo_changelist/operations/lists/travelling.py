"""What travels to the workers of other machines: the work on slices, without any secret."""

from functools import partial

from msgspec.structs import replace

from qumulo_changelist.cluster.connect import open_rest
from qumulo_changelist.config.settings import Settings
from qumulo_changelist.config.worker import WorkerSettings
from qumulo_changelist.errors import NoSessionError
from qumulo_changelist.events import Listener
from qumulo_changelist.runners.job import Product, SliceJob
from qumulo_changelist.runners.scheduler import Scheduler
from qumulo_changelist.trees.sources import without_secrets


def travelling_job(
    job: SliceJob[Product], scheduler: Scheduler, settings: Settings, listener: Listener
) -> SliceJob[Product]:
    """Return a job as it travels to the workers of a scheduler.

    Args:
        job: as this machine would do it.
        scheduler: where the workers are, and whether they get a session.
        settings: how this machine reaches the cluster.
        listener: receives the events of logging in.

    Raises:
        ChangelistError: the cluster does not accept a login, or a mount cannot be read.
    """
    known: list[WorkerSettings] = []

    def worker_settings() -> WorkerSettings:
        if not known:
            known.append(_worker_settings(scheduler, settings, listener))
        return known[0]

    renewed = partial(travelling_job, job, scheduler, settings, listener)
    travel = partial(without_secrets, worker_settings=worker_settings)
    return replace(
        job,
        newer=travel(job.newer),
        older=travel(job.older) if job.older else None,
        identified=travel(job.identified) if job.identified else None,
        renewed=renewed if scheduler.sends_session else None,
    )


def check_session(scheduler: Scheduler, settings: Settings) -> None:
    """Make sure that workers can get a session, if that is wanted.

    Raises:
        NoSessionError: they cannot.
    """
    if not scheduler.sends_session:
        return
    if not scheduler.uses_tls:
        # On this machine, too: every user of it reaches the port.
        raise NoSessionError(
            f"a session is sent over TLS alone, and the scheduler {scheduler.location()} does not "
            "use it"
        )
    if not settings.password.reveal():
        raise NoSessionError(
            "there is no session to send: this machine has an access token and no password, and "
            "an access token is never sent, since it does not end with the run"
        )


def _worker_settings(
    scheduler: Scheduler, settings: Settings, listener: Listener
) -> WorkerSettings:
    if not scheduler.sends_session:
        return WorkerSettings.of(settings)
    with open_rest(settings, listener) as cluster:
        return WorkerSettings.of(settings, cluster.begin_session())
