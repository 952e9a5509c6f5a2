"""Slices that the workers of a Dask scheduler work on."""

import pickle
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, wait
from typing import Any

from msgspec.structs import replace

from qumulo_changelist.changes.slice import Slice
from qumulo_changelist.errors import (
    NoSessionError,
    NoWorkersError,
    SessionEndedError,
    WorkerError,
    WorkerMismatchError,
)
from qumulo_changelist.events import Listener, SliceLate, WorkerLeftOut, WorkersAwaited
from qumulo_changelist.runners.attempt import Attempt, GivenSlice
from qumulo_changelist.runners.dask_connection import DaskConnection
from qumulo_changelist.runners.dask_worker import Crew, PickledTask, Task, versions
from qumulo_changelist.runners.job import Product, SliceJob, SliceResult
from qumulo_changelist.runners.lateness import LateSlices
from qumulo_changelist.runners.report import Report
from qumulo_changelist.runners.scheduler import Scheduler

# One more than each thread works on, so that it never waits.
_SLICES_PER_THREAD = 2
# The scheduler itself gives a slice to several workers, should they die, before it gives up.
_ROUNDS_OF_DEATHS = 2
_MOST_ATTEMPTS = 3
_SECONDS_BETWEEN_LOOKS = 0.2
_SECONDS_BETWEEN_COUNTS = 1.0
_SECONDS_TO_WAIT_FOR_WORKERS = 300.0


class DaskRunner:
    """Implements ``Runner`` on the workers of a Dask scheduler.

    Slices are given to all workers, also to those that join meanwhile, with a few ahead for each. A
    worker that dies is Dask's affair: it gives the slice to another one. A slice that takes far
    longer than others is given to a second worker, and the first result counts: slices are pure.
    A worker with other versions that joins later is left out, as long as there is another one.

    Args:
        scheduler: the scheduler.
        listener: receives the events of the workers, after each slice.

    Raises:
        SchedulerError: the scheduler does not answer. Every method but ``close`` may raise it.
        WorkerMismatchError: a worker has other versions than this machine; later, if it is all
            that is left.
    """

    def __init__(self, scheduler: Scheduler, listener: Listener) -> None:
        self._listener = listener
        self._job_ids: list[str] = []
        """Those of the job, and of the job with new sessions; the last one is given to workers."""
        self._pickled = b""
        self._renewed: Callable[[], SliceJob[Any]] | None = None
        self._expected = versions()
        self._late_slices = LateSlices()
        self._crew = Crew()
        self._next_count = 0.0
        self._left_out: dict[str, WorkerMismatchError] = {}
        """Workers with other versions that have come since the run began."""
        self._slow: dict[str, Attempt] = {}
        """Workers that had a slice for too long, and the attempt that shows when they are back."""
        self._line: deque[GivenSlice] = deque()
        self.requests_under_way = 0
        """About the number of requests that all workers have under way together."""
        self._sends_session = scheduler.sends_session
        self._connection = DaskConnection(scheduler)
        try:
            found = self._connection.threads()
            if found:
                self._connection.check_versions()
            self._meet(found)
        except BaseException:
            self.close()
            raise

    def run(
        self, job: SliceJob[Product], slices: Iterable[Slice]
    ) -> Iterator[SliceResult[Product]]:
        """Yield the result of each slice, in order; only a few slices are held at a time.

        Raises:
            NoWorkersError: the scheduler has no workers, and none came.
            WorkerError: every worker that worked on one slice ended.
        """
        self._begin(job)
        self._wait_for_workers()
        for one in slices:
            task = PickledTask.of(Task(self._job_ids[-1], self._pickled, self._crew, one))
            self._line.append(GivenSlice(task, self._submit(task)))
            while len(self._line) >= self._most_ahead:
                yield self._take()
        while self._line:
            yield self._take()

    def close(self) -> None:
        """Let the workers stop, and close what they have open for this run."""
        attempts = [attempt for given in self._line for attempt in given.attempts]
        for attempt in [*attempts, *self._slow.values()]:
            attempt.cancel()
        try:
            for job_id in self._job_ids:
                self._connection.end_job(job_id, self._slow)
        finally:
            self._connection.close()

    def _begin(self, job: SliceJob[Any]) -> None:
        self._renewed = job.renewed
        self._job_ids.append(uuid.uuid4().hex)
        self._pickled = pickle.dumps(replace(job, renewed=None), pickle.HIGHEST_PROTOCOL)

    def _renew(self, given: GivenSlice, renewed: Callable[[], SliceJob[Any]]) -> None:
        """Give a slice to the workers again, in a session that has not ended."""
        if given.job_id == self._job_ids[-1]:
            self._begin(renewed())
        given.renew(self._job_ids[-1], self._pickled)
        self._try_again(given)

    @property
    def _most_ahead(self) -> int:
        return max(self._crew.count, 1) * _SLICES_PER_THREAD

    def _submit(self, task: PickledTask) -> Attempt:
        """Give a slice to the workers, but not to those that were slow and are not back."""
        everyone = [address for address, _ in self._crew.threads]
        prompt = [address for address in everyone if address not in self._slow]
        if self._left_out:
            chosen = prompt or everyone
            return self._connection.submit(self._expected, task, chosen, allows_others=False)
        return self._connection.submit(self._expected, task, prompt if self._slow else ())

    def _take(self) -> SliceResult[Product]:
        """Return the result of the first slice in line."""
        head, report = self._line[0], None
        self._look()
        while not report:
            done = head.done
            if done:
                report = self._report_of(head, done)
            else:
                results = [attempt.result for attempt in head.attempts]
                wait(results, _SECONDS_BETWEEN_LOOKS, FIRST_COMPLETED)
                self._look()
                self._wait_for_workers()
        self._line.popleft()
        busy = min(len(self._line) + 1, len(self._crew.threads))
        self.requests_under_way = report.requests * busy
        result: SliceResult[Product] = report.deliver(self._listener)
        return result

    def _report_of(self, given: GivenSlice, done: Attempt) -> Report | None:
        """Return the report of a slice; None if it failed, and was given to workers again."""
        given.attempts.remove(done)
        error = done.failure()
        if error:
            self._survive(given, error)
            return None
        report: Report = pickle.loads(done.result.result())  # noqa: S301  (of our own function)
        if isinstance(report.outcome, WorkerMismatchError):
            self._leave_out([report.outcome], self._connection.threads())
            self._try_again(given)
            return None
        if isinstance(report.outcome, SessionEndedError) and self._renewed and given.can_be_renewed:
            self._renew(given, self._renewed)
            return None
        self._learn(given, done)
        for attempt in given.attempts:
            # That of a slow worker shows when it is back.
            if attempt not in self._slow.values():
                attempt.cancel()
        return report

    def _learn(self, given: GivenSlice, done: Attempt) -> None:
        if not given.is_learned:
            given.is_learned = True
            self._late_slices.learn(done.seconds)

    def _survive(self, given: GivenSlice, error: BaseException) -> None:
        """Give a slice to the workers again if those that had it died, unless that is no use.

        Raises:
            WorkerError: it is no use.
        """
        from distributed.scheduler import KilledWorker

        if not isinstance(error, KilledWorker):
            # A worker without this package fails before it can say so.
            wrong = self._connection.mismatches()
            given.failures += 1
            if not wrong or given.failures == _MOST_ATTEMPTS:
                raise error
            self._leave_out(wrong, self._connection.threads())
            self._try_again(given)
            return
        if given.attempts:
            return
        given.deaths += 1
        if given.deaths == _ROUNDS_OF_DEATHS:
            raise WorkerError(
                "every worker that worked on one part of the list ended; the last one was "
                f"{error.last_worker.address}"
            ) from error
        self._try_again(given)

    def _try_again(self, given: GivenSlice) -> None:
        if not given.attempts:
            given.attempts.append(self._submit(given.task))

    def _look(self) -> None:
        """Look whether the scheduler and its workers are there, and do what that asks for."""
        self._connection.check()
        if time.monotonic() >= self._next_count:
            self._count_workers()
            self._forget_slow()
            self._free_stranded()
            self._help_late()

    def _help_late(self) -> None:
        """Give slices to a second worker that take too long."""
        late: list[GivenSlice] = []
        for given in self._line:
            done = given.done
            if not done:
                if len(given.attempts) < _MOST_ATTEMPTS and self._is_late(given):
                    late.append(given)
            elif not done.failure():
                self._learn(given, done)
        holders = self._connection.holders([one.attempts[-1] for one in late]) if late else {}
        for given in late:
            attempt = given.attempts[-1]
            address = holders.get(attempt.key)
            if address and any(one != address for one, _ in self._crew.threads):
                if address not in self._slow:
                    self._listener(SliceLate(address, attempt.seconds))
                    self._slow[address] = attempt
                given.attempts.append(self._submit(given.task))

    def _is_late(self, given: GivenSlice) -> bool:
        return self._late_slices.is_late(given.attempts[-1].seconds)

    def _forget_slow(self) -> None:
        """Trust workers again that are back, and forget those that are gone."""
        here = {address for address, _ in self._crew.threads}
        needed = [attempt for given in self._line for attempt in given.attempts]
        for address, attempt in list(self._slow.items()):
            if attempt.result.done() or address not in here:
                del self._slow[address]
                # The scheduler gives the slice of a worker that is gone to another one.
                if attempt not in needed:
                    attempt.cancel()

    def _free_stranded(self) -> None:
        """Give slices to other workers if all those are gone that were to work on them."""
        here = {address for address, _ in self._crew.threads}
        for given in self._line if here else ():
            chosen = [attempt.only_for for attempt in given.attempts]
            if not given.done and all(only and here.isdisjoint(only) for only in chosen):
                for attempt in given.attempts:
                    attempt.cancel()
                given.attempts = [self._submit(given.task)]

    def _count_workers(self) -> None:
        found = self._connection.threads()
        known = {address for address, _ in self._crew.threads} | self._left_out.keys()
        if found.keys() <= known:
            self._meet(found)
        else:
            self._leave_out(self._connection.mismatches(), found)

    def _leave_out(self, wrong: Iterable[WorkerMismatchError], found: Mapping[str, int]) -> None:
        """Give no more slices to workers with other versions.

        Raises:
            WorkerMismatchError: there is no other one, or it is the scheduler.
        """
        new = [error for error in wrong if error.address not in self._left_out]
        for error in new:
            if not error.address:
                raise error
            self._left_out[error.address] = error
        self._meet(found)
        for error in new:
            self._listener(WorkerLeftOut(str(error)))

    def _meet(self, found: Mapping[str, int]) -> None:
        """Take note of which workers there are, with the numbers of their threads.

        Raises:
            WorkerMismatchError: all of them are left out.
        """
        self._next_count = time.monotonic() + _SECONDS_BETWEEN_COUNTS
        self._check_verified(found)
        known = [address for address, _ in self._crew.threads if address in found]
        order = [one for one in dict.fromkeys([*known, *found]) if one not in self._left_out]
        if found and not order:
            raise next(self._left_out[one] for one in found)
        self._left_out = {one: why for one, why in self._left_out.items() if one in found}
        self._crew = Crew(tuple((address, found[address]) for address in order))

    def _check_verified(self, addresses: Iterable[str]) -> None:
        """Make sure that no worker gets a session that nothing has verified.

        Raises:
            NoSessionError: one would.
        """
        for address in addresses if self._sends_session else ():
            if not address.startswith("tls://"):
                raise NoSessionError(
                    f"a session is sent over TLS alone, and the worker {address} does not use it"
                )

    def _wait_for_workers(self) -> None:
        deadline = time.monotonic() + _SECONDS_TO_WAIT_FOR_WORKERS
        is_reported = False
        # Without workers, a slice can still turn out to be what ended them.
        while not self._crew.count and not (self._line and self._line[0].done):
            if not is_reported:
                self._listener(WorkersAwaited(self._connection.location))
                is_reported = True
            if time.monotonic() >= deadline:
                raise NoWorkersError(
                    f"the scheduler {self._connection.location} has no workers, and none came "
                    f"within {_SECONDS_TO_WAIT_FOR_WORKERS:.0f} s"
                )
            time.sleep(_SECONDS_BETWEEN_LOOKS)
            self._connection.check()
            self._count_workers()
