"""A connection to a Dask scheduler: what a run asks of it, in our words and with our errors.

Dask's own messages never reach the terminal: what a user has to know, an error or an event says.
"""

import asyncio
import contextlib
import logging
import sys
import time
import warnings
from collections.abc import Callable, Collection, Coroutine, Iterable, Iterator, Mapping
from concurrent.futures import CancelledError, Future, wait
from functools import partial
from typing import Any, TypeVar

from qumulo_changelist.errors import SchedulerError, SchedulerRefusedError, WorkerMismatchError
from qumulo_changelist.runners.dask_worker import Versions, end_job, mismatch, work
from qumulo_changelist.runners.scheduler import Scheduler

Answer = TypeVar("Answer")

_SECONDS_TO_CONNECT = 10
_SECONDS_TO_ANSWER = 60
_SECONDS_TO_END = 5
_SECONDS_BETWEEN_LOOKS = 0.2
_PACKAGE = "qumulo_changelist"
THIS_MACHINE = "this machine"
_LOGGERS = (
    *("distributed", "distributed.client", "distributed.gc", "bokeh", "tornado"),
    *("tornado.application", "asyncio"),
)


class Attempt:
    """A slice that was given to the workers, once.

    Args:
        key: Dask's name for it.
    """

    result: "Future[bytes]"
    """Becomes the report of the slice, pickled, or an exception."""

    def __init__(self, key: str) -> None:
        self.key = key
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
            raise SchedulerError("the connection to the scheduler was lost") from error
        return error

    def cancel(self) -> None:
        """Do without the result."""
        self.result.cancel()


class DaskConnection:
    """A connection to a Dask scheduler.

    Args:
        scheduler: where it is.

    Raises:
        SchedulerError: it does not answer; every method may raise it.
        SchedulerRefusedError: its certificate is not accepted, or ours.
    """

    def __init__(self, scheduler: Scheduler) -> None:
        self.location = scheduler.location()
        self._client = _connect(scheduler, self.location)

    def submit(
        self, expected: Versions, task: bytes, workers: Collection[str] | None = None
    ) -> Attempt:
        """Give a slice to the workers.

        Args:
            expected: the versions that a worker has to have.
            task: a ``Task``, pickled.
            workers: the addresses of those that it is for, as far as they exist; None for all.
        """
        chosen: dict[str, Any] = {}
        if workers:
            chosen = {"workers": list(workers), "allow_other_workers": True, "priority": 1}
        self.check()
        with _no_warnings():
            future = self._client.submit(work, expected, task, pure=False, **chosen)
        attempt = Attempt(future.key)
        attempt.result = self._start(self._fetch(future, attempt))
        return attempt

    async def _fetch(self, future: Any, attempt: Attempt) -> bytes:
        try:
            result: bytes = await self._client.gather(future)
            return result
        finally:
            attempt.end(failed_on_worker=future.status == "error")
            # So nobody keeps the result, and no worker begins with a slice that was cancelled.
            future.release()

    def threads(self) -> dict[str, int]:
        """Return the address of each worker, with the number of its threads."""
        return dict(self._ask(self._client.nthreads))

    def versions(self) -> dict[str, Versions | None]:
        """Return the versions of this machine, the scheduler and its workers, by what each is.

        None are the versions without this package. If not all answer in time, there are none.
        """
        get = partial(self._client.get_versions, packages=[_PACKAGE])
        try:
            found = self._ask(get, _SECONDS_TO_CONNECT)
        except SchedulerError:
            self.check()
            return {}
        answers = {THIS_MACHINE: found["client"]}
        answers[f"the scheduler {self.location}"] = found["scheduler"]
        answers |= {f"the worker {one}": answer for one, answer in found["workers"].items()}
        return {who: _versions_in(answer["packages"]) for who, answer in answers.items()}

    def check_versions(self) -> None:
        """Make sure that the scheduler and its workers have the versions of this machine.

        Raises:
            WorkerMismatchError: one has others.
        """
        found = self.versions()
        expected = found.pop(THIS_MACHINE, None)
        for who, has in found.items():
            if not expected:  # it runs without being installed
                return
            if has is None:
                raise WorkerMismatchError(f"{who} does not have the package qumulo-changelist")
            if has != expected:
                raise mismatch(who, has, expected)

    def ask_workers(self, function: Callable[..., Answer], *arguments: Any) -> dict[str, Answer]:
        """Return what a function returns on each worker, by the address of the worker."""
        return dict(self._ask(partial(self._client.run, function, *arguments)))

    def holders(self, attempts: Iterable[Attempt]) -> dict[str, str]:
        """Return the address of the worker that has each of these, by key."""
        keys = {attempt.key for attempt in attempts}
        held = [*self._ask(self._client.processing).items()]
        held += self._ask(self._client.has_what).items()
        return {key: address for address, has in held for key in has if key in keys}

    def check(self) -> None:
        """Make sure that the connection is there.

        Raises:
            SchedulerError: it was lost.
        """
        if self._client.status != "running":
            raise self.lost()

    def lost(self) -> SchedulerError:
        """Return the error for a connection that was lost."""
        return SchedulerError(f"the connection to the scheduler {self.location} was lost")

    def close(self, job_id: str) -> None:
        """Let the workers end a job, and close the connection."""
        try:
            if self._client.status == "running":
                self._ask(partial(self._client.run, end_job, job_id, on_error="ignore"), 5)
        except SchedulerError:
            pass  # a worker that does not answer ends the job by itself
        finally:
            with contextlib.suppress(OSError, asyncio.TimeoutError, CancelledError):
                self._client.close(_SECONDS_TO_END)

    def _start(self, work: "Coroutine[Any, Any, Answer]") -> "Future[Answer]":
        return asyncio.run_coroutine_threadsafe(work, self._client.loop.asyncio_loop)

    def _ask(self, question: Callable[[], Any], seconds: float = _SECONDS_TO_ANSWER) -> Any:
        """Return the scheduler's answer; in the thread of the connection, questions are awaited."""

        async def ask() -> Any:
            return await question()

        answer = self._start(ask())
        deadline = time.monotonic() + seconds
        while not answer.done():
            wait((answer,), _SECONDS_BETWEEN_LOOKS)
            if time.monotonic() > deadline:
                answer.cancel()
                raise SchedulerError(f"the scheduler {self.location} does not answer")
        try:
            return answer.result()
        except (OSError, CancelledError) as error:
            raise self.lost() from error


def _connect(scheduler: Scheduler, location: str) -> Any:
    """Return a client of Dask."""
    distributed = _import_distributed()
    security: dict[str, Any] = dict.fromkeys(("tls_ca_file", "tls_client_cert", "tls_client_key"))
    security["require_encryption"] = False
    if scheduler.uses_tls:
        files = scheduler.credentials()
        security = {
            "require_encryption": True,
            "tls_ca_file": files.ca_file,
            "tls_client_cert": files.certificate,
            "tls_client_key": files.key,
        }
    try:
        with _no_warnings():
            return distributed.Client(
                location,
                timeout=_SECONDS_TO_CONNECT,
                security=distributed.Security(**security),
                set_as_default=False,
                name="qumulo-changelist",
            )
    except (OSError, asyncio.TimeoutError, ImportError, ValueError) as error:
        raise _connection_error(location, error) from error


def _connection_error(location: str, error: BaseException) -> SchedulerError:
    causes: list[str] = []
    at: BaseException | None = error
    while at:
        causes.append(f"{type(at).__name__}: {at}")
        at = at.__cause__ or at.__context__
    text = " ".join(causes)
    if "SSL" in text or "certificate" in text.lower():
        return SchedulerRefusedError(
            f"the scheduler {location} and this machine do not accept each other's certificates"
        )
    if "ConnectionRefusedError" in text:
        return SchedulerError(f"nothing answers at {location}: the connection is refused")
    return SchedulerError(f"no scheduler answers at {location} within {_SECONDS_TO_CONNECT} s")


def _import_distributed() -> Any:
    is_first = "distributed" not in sys.modules
    import distributed

    # What a program has set up that uses Dask itself is its own affair.
    for name in _LOGGERS if is_first else ():
        logger = logging.getLogger(name)
        logger.handlers = [logging.NullHandler()]
        logger.propagate = True
    return distributed


@contextlib.contextmanager
def _no_warnings() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _versions_in(packages: Mapping[str, str | None]) -> Versions | None:
    own = packages.get(_PACKAGE)
    return (own, ".".join(str(packages["python"]).split(".")[:2])) if own else None
