"""A connection to a Dask scheduler: what a run asks of it, in our words and with our errors.

Dask's own messages never reach the terminal: what a user has to know, an error or an event says.
"""

import asyncio
import contextlib
import logging
import socket
import sys
import threading
import uuid
import warnings
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterable, Mapping, Sequence
from concurrent.futures import CancelledError, Future
from functools import partial
from typing import Any, TypeVar
from urllib.parse import urlsplit

from qumulo_changelist.errors import (
    ChangelistError,
    SchedulerError,
    SchedulerRefusedError,
    WorkerError,
    WorkerMismatchError,
)
from qumulo_changelist.machine.waiting import result_of
from qumulo_changelist.runners.attempt import Attempt, lost_connection
from qumulo_changelist.runners.dask_worker import (
    PickledTask,
    Versions,
    end_job,
    mismatch,
    versions,
    work,
)
from qumulo_changelist.runners.scheduler import Scheduler

Answer = TypeVar("Answer")

_SECONDS_TO_CONNECT = 10
_SECONDS_TO_ANSWER = 60
_MESSAGES_TO_KEEP = 10
_SECONDS_TO_END = 5
_HINT_WITHOUT_TLS = (
    "If the scheduler was started with TLS, its address begins with tls:// and not with tcp://. "
    "Otherwise check that what listens at this port is a scheduler; then try again."
)
_PACKAGE = "qumulo_changelist"
_LOGGERS = (
    *("distributed", "distributed.client", "distributed.gc", "bokeh", "tornado"),
    *("tornado.application", "asyncio"),
)


class DaskConnection:
    """A connection to a Dask scheduler.

    Args:
        scheduler: where it is.

    Raises:
        SchedulerError: it does not answer; every method may raise it.
        SchedulerRefusedError: its certificate is not accepted, or ours.
    """

    def __init__(self, scheduler: Scheduler) -> None:
        scheduler = scheduler.located()
        self.location = scheduler.address
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(lambda *_: None)  # of tasks that Dask asks no more
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._client: Any = None
        try:
            self._client = self._connect(scheduler)
        except BaseException:  # also an interruption
            self._stop()
            raise

    def _connect(self, scheduler: Scheduler) -> Any:
        """Return a client of Dask."""
        self._knock()
        distributed = _import_distributed()
        from dask import config as dask_config

        options = {
            "timeout": _SECONDS_TO_CONNECT,
            "security": distributed.Security(**_security(scheduler)),
            "set_as_default": False,
            "name": "qumulo-changelist",
        }

        async def connect() -> Any:
            client = distributed.Client(self.location, asynchronous=True, **options)
            try:
                # A connection keeps its last messages, by default 1000: half a gigabyte of slices.
                with dask_config.set({"distributed.admin.low-level-log-length": _MESSAGES_TO_KEEP}):
                    return await client
            except BaseException:  # also the end of the time for it
                await client.close()
                raise

        try:
            with warnings.catch_warnings():
                # That others have other versions of a package of Dask's is no affair of the user.
                warnings.simplefilter("ignore")
                return self._wait(connect, _SECONDS_TO_CONNECT + 1)
        except (OSError, ImportError, ValueError, asyncio.TimeoutError) as error:
            raise self._not_connected(error) from error

    def _knock(self) -> None:
        # Dask itself would try for the whole time, and then not say why it was refused.
        parts = urlsplit(self.location)
        try:
            where = parts.hostname, parts.port or 0
            socket.create_connection(where, _SECONDS_TO_CONNECT).close()
        except OSError as error:
            raise SchedulerError(
                f"nothing answers at {self.location}: {error.strerror or error}"
            ) from error

    def _not_connected(self, error: BaseException | None) -> SchedulerError:
        text, cause = "", error
        while cause:
            text += f" {type(cause).__name__}: {cause}"
            cause = cause.__cause__ or cause.__context__
        uses_tls = self.location.startswith("tls:")
        # In TLS 1.3, a refusal of our certificate comes late, or the connection just ends.
        signs = ["SSL", "certificate", *(["StreamClosed", "ConnectionReset"] if uses_tls else ())]
        if any(sign in text for sign in signs):
            return SchedulerRefusedError(
                f"the scheduler {self.location} and this machine do not accept each other's "
                "certificates"
            )
        message = f"no scheduler answers at {self.location} in time"
        return SchedulerError(message, hint="" if uses_tls else _HINT_WITHOUT_TLS)

    def submit(
        self,
        expected: Versions,
        task: PickledTask,
        workers: Collection[str] = (),
        *,
        allows_others: bool = True,
    ) -> Attempt:
        """Give a slice to the workers.

        Args:
            expected: the versions that a worker has to have.
            task: the slice, and its job.
            workers: the addresses of those that it is for; none for all.
            allows_others: whether others may work on it if there is none of these.
        """
        chosen: dict[str, Any] = {}
        if workers:
            chosen = {"workers": list(workers), "allow_other_workers": allows_others}
        only_for = () if allows_others else workers
        attempt = Attempt(f"slice-{uuid.uuid4()}", self.location, only_for)

        async def work_elsewhere() -> bytes:
            future = self._client.submit(work, expected, task, key=attempt.key, **chosen)
            try:
                result: bytes = await self._client.gather(future)
                return result
            finally:
                attempt.end(failed_on_worker=future.status == "error")
                # So nobody keeps the result, and no worker begins with what was cancelled.
                future.release()

        self.check()
        attempt.result = self._start(work_elsewhere())
        return attempt

    def threads(self) -> dict[str, int]:
        """Return the address of each worker, with the number of its threads."""
        return dict(self._ask(self._client.nthreads, _SECONDS_TO_ANSWER))

    def mismatches(self) -> list[WorkerMismatchError]:
        """Return an error for the scheduler and each worker with versions other than ours.

        If not all answer in time, there are none: each worker looks for itself, too.
        """
        get = partial(self._client.get_versions, packages=[_PACKAGE])
        try:
            found = self._ask(get, _SECONDS_TO_CONNECT)
        except SchedulerError:
            self.check()
            return []
        expected = _versions_in(found["client"]["packages"])
        if not expected:  # it runs without being installed
            return []
        answers = {"": found["scheduler"], **found["workers"]}
        has = {worker: _versions_in(answer["packages"]) for worker, answer in answers.items()}
        return [
            mismatch(worker, its, expected, self.location)
            for worker, its in has.items()
            if its != expected
        ]

    def check_versions(self) -> None:
        """Make sure that the scheduler and its workers have the versions of this machine.

        Raises:
            WorkerMismatchError: one has others.
        """
        for error in self.mismatches():
            raise error

    def ask_workers(
        self, function: Callable[..., Answer], *arguments: Any
    ) -> dict[str, Answer | WorkerError]:
        """Return what a function returns on each worker, by the address of the worker.

        Of a worker that does not answer, it is an error.
        """

        async def call(address: str, seconds: float, *call: Any) -> Any:
            run = self._client.run(*call, workers=[address], on_error="return")
            return (await asyncio.wait_for(run, seconds))[address]

        async def ask(address: str) -> Any:
            try:
                # One that hangs is not waited for as long as a mount may take.
                await call(address, _SECONDS_TO_CONNECT, versions)
                found = await call(address, _SECONDS_TO_ANSWER, function, *arguments)
            except asyncio.TimeoutError:
                return _no_answer()
            if isinstance(found, OSError):
                return _no_answer()
            if isinstance(found, Exception) and not isinstance(found, ChangelistError):
                raise found
            return found

        async def ask_all(addresses: Sequence[str]) -> Sequence[Any]:
            return await asyncio.gather(*map(ask, addresses))

        addresses = list(self.threads())
        answers = self._ask(
            partial(ask_all, addresses), _SECONDS_TO_CONNECT + _SECONDS_TO_ANSWER + _SECONDS_TO_END
        )
        return dict(zip(addresses, answers, strict=True))

    def holders(self, attempts: Iterable[Attempt]) -> dict[str, str]:
        """Return the address of the worker that has each of these, by key."""
        keys = {attempt.key for attempt in attempts}
        held = [*self._ask(self._client.processing, _SECONDS_TO_ANSWER).items()]
        held += self._ask(self._client.has_what, _SECONDS_TO_ANSWER).items()
        return {key: address for address, has in held for key in has if key in keys}

    def check(self) -> None:
        """Make sure that the connection is there.

        Raises:
            SchedulerError: it was lost.
        """
        if self._client.status != "running":
            raise lost_connection(self.location)

    def end_job(self, job_id: str, slow: Collection[str]) -> None:
        """Let the workers end a job, as far as they answer soon.

        Args:
            job_id: the job.
            slow: the addresses of workers whose answer is not worth waiting for.
        """

        async def end(workers: list[str]) -> None:
            if workers:
                await self._client.run(end_job, job_id, workers=workers, on_error="ignore")

        async def end_others() -> None:
            await end([one for one in await self._client.nthreads() if one not in slow])

        # A worker that does not answer ends the job by itself, after a while.
        with contextlib.suppress(SchedulerError):
            self.check()
            self._start(end(list(slow)))
            self._ask(end_others, _SECONDS_TO_END)

    def close(self) -> None:
        """Close the connection."""
        with contextlib.suppress(OSError, asyncio.TimeoutError, CancelledError):
            self._wait(self._client.close, _SECONDS_TO_END)
        self._stop()

    def _stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_SECONDS_TO_END)
        if not self._loop.is_running():
            self._loop.close()

    def _start(self, work: "Coroutine[Any, Any, Answer]") -> "Future[Answer]":
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def _ask(self, question: Callable[[], Awaitable[Any]], seconds: float) -> Any:
        """Return what the scheduler answers within this time."""
        try:
            return self._wait(question, seconds)
        except asyncio.TimeoutError as error:
            raise SchedulerError(f"the scheduler {self.location} does not answer") from error
        except (OSError, CancelledError) as error:
            raise lost_connection(self.location) from error

    def _wait(self, question: Callable[[], Awaitable[Any]], seconds: float) -> Any:
        async def ask() -> Any:
            return await asyncio.wait_for(question(), seconds)

        return result_of(self._start(ask()))


def _security(scheduler: Scheduler) -> dict[str, Any]:
    """Return how Dask secures a connection; nothing of its own configuration counts."""
    if not scheduler.uses_tls:
        unused = ("tls_ca_file", "tls_client_cert", "tls_client_key")
        return {"require_encryption": False, **dict.fromkeys(unused)}
    files = scheduler.credentials()
    return {
        "require_encryption": True,
        "tls_ca_file": files.ca_file,
        "tls_client_cert": files.certificate,
        "tls_client_key": files.key,
    }


def _no_answer() -> WorkerError:
    return WorkerError(
        "it does not answer",
        hint="See whether that machine is up; end this worker, and start it again.",
    )


def _import_distributed() -> Any:
    is_first = "distributed" not in sys.modules
    import distributed

    # What a program has set up that uses Dask itself is its own affair.
    if is_first:
        warnings.filterwarnings("ignore", module=r"distributed\.")
        for name in _LOGGERS:
            logger = logging.getLogger(name)
            logger.handlers = [logging.NullHandler()]
            logger.propagate = True
    return distributed


def _versions_in(packages: Mapping[str, str | None]) -> Versions | None:
    own = packages.get(_PACKAGE)
    return (own, ".".join(str(packages["python"]).split(".")[:2])) if own else None
