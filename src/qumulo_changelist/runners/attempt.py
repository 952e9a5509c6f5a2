"""An attempt: one giving of a slice to the workers of a scheduler."""

import time
from collections.abc import Collection
from concurrent.futures import CancelledError, Future

from msgspec.structs import replace

from qumulo_changelist.errors import SchedulerError
from qumulo_changelist.runners.dask_worker import PickledTask


class Attempt:
    """A slice that was given to the workers, once.

    Args:
        key: Dask's name for it.
        location: the address of the scheduler.
        only_for: the addresses of the workers that may work on it; none for all.
    """

    result: Future[bytes]
    """Becomes the report of the slice, pickled, or an exception."""

    def __init__(self, key: str, location: str, only_for: Collection[str] = ()) -> None:
        self.key = key
        self.only_for = only_for
        self._location = location
        self._began = time.monotonic()
        self._seconds: float | None = None
        self._failed_on_worker = False

    @property
    def seconds(self) -> float:
        """How long it took, or has taken so far."""
        return time.monotonic() - self._began if self._seconds is None else self._seconds

    def end(self, *, failed_on_worker: bool) -> None:
        """Take note that the result is there, or that there is none."""
        self._seconds = time.monotonic() - self._began
        self._failed_on_worker = failed_on_worker

    def failure(self) -> BaseException | None:
        """Return the exception that a worker sent instead of a result; None for a result.

        Raises:
            SchedulerError: the result is lost, and nobody knows what became of it.
        """
        try:
            error = self.result.exception()
        except CancelledError as cancelled:
            error = cancelled
        if error and not self._failed_on_worker:
            raise lost_connection(self._location) from error
        return error

    def cancel(self) -> None:
        """Do without the result."""
        self.result.cancel()


class GivenSlice:
    """A slice that was given to the workers, perhaps more than once.

    Attributes:
        task: the slice, and its job, as they were given last.
        attempts: those of which nothing failed.
        is_learned: whether it is known how long it took.
        deaths: how often the scheduler gave it up, since workers died with it.
        failures: how often it failed while there was a worker with other versions.
        can_be_renewed: whether it can be given again in a new session: once is enough.
    """

    def __init__(self, task: PickledTask, attempt: Attempt) -> None:
        self.task = task
        self.attempts = [attempt]
        self.is_learned = False
        self.deaths = 0
        self.failures = 0
        self.can_be_renewed = True

    @property
    def done(self) -> Attempt | None:
        """An attempt that has a result, or failed; None as long as there is none."""
        return next((attempt for attempt in self.attempts if attempt.result.done()), None)

    @property
    def job_id(self) -> str:
        """The job that the slice is of."""
        return self.task.content().job_id

    def renew(self, job_id: str, job: bytes) -> None:
        """Do without all attempts, and let it be of a different job from now on."""
        for attempt in self.attempts:
            attempt.cancel()
        self.attempts.clear()
        self.task = PickledTask.of(replace(self.task.content(), job_id=job_id, job=job))
        self.can_be_renewed = False


def lost_connection(location: str) -> SchedulerError:
    """Return the error for a scheduler at this address that was there, and is no longer."""
    return SchedulerError(f"the connection to the scheduler {location} was lost")
