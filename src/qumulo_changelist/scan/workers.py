"""Working on slices: here, or in processes of this machine."""

import contextlib
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Generic, TypeVar

from msgspec import Struct

from qumulo_changelist.errors import is_lack
from qumulo_changelist.progress import Listener
from qumulo_changelist.scan.changeset import pack, unpack
from qumulo_changelist.scan.order import Batch
from qumulo_changelist.scan.resolve import sides
from qumulo_changelist.trees.interface import OpenTree

if TYPE_CHECKING:
    from qumulo_changelist.scan.processes import Processes

Product = TypeVar("Product")


class Job(Struct, Generic[Product], frozen=True):
    """What all slices of a list have in common. It can be pickled."""

    newer: OpenTree
    older: OpenTree | None
    """None where it is of no interest."""
    finish: Callable[[Iterator[Batch]], Product]
    """Makes a product of what both trees say."""
    identified: OpenTree | None = None
    """The newer tree with the cluster's ids, see :func:`~.resolve.sides`."""


class Done(Struct, Generic[Product], frozen=True):
    """What became of a slice."""

    product: Product
    moved_on: int
    """How many entries turned out to be no longer as the newer snapshot has them."""


class Worker(Generic[Product]):
    """Turns slices into products; the trees stay open from one to the next."""

    def __init__(self, job: Job[Product]) -> None:
        self._finish = job.finish
        self._open = contextlib.ExitStack()
        self._newer, self._older, self._identified = (
            self._open.enter_context(tree()) if tree else None
            for tree in (job.newer, job.older, job.identified)
        )

    def __call__(self, packed: bytes) -> Done[Product]:
        """Return what a slice of changes comes to."""
        assert self._newer
        before = self._moved_on()
        found = sides(unpack(packed), self._newer, self._older, self._identified)
        return Done(self._finish(found), self._moved_on() - before)

    def close(self) -> None:
        """Let go of the trees."""
        self._open.close()

    def _moved_on(self) -> int:
        return sum(tree.moved_on for tree in (self._newer, self._identified) if tree)


class Pool:
    """The processes of a run, which are started only once there is work for them.

    Args:
        count: the number of processes; 1 for none but this.
        listener: hears why this process works alone, where others cannot be started.
    """

    def __init__(self, count: int, listener: Listener) -> None:
        self.several = count > 1
        """Whether there are processes besides this one, or can be."""
        self.processes: Processes | None = None
        self._count = count
        self._listener = listener

    def __enter__(self) -> "Pool":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> None:
        """Start the processes, unless they are started; it takes them a moment.

        Raises:
            WorkerError: a process ended before it was ready.
        """
        if not self.several or self.processes:
            return
        # Not at the top: most runs need no other process.
        from qumulo_changelist.scan.processes import Processes

        try:
            self.processes = Processes(self._count)
        except (OSError, ImportError, RuntimeError) as error:
            if isinstance(error, RuntimeError) and not is_lack(error):
                raise
            # Often a container without room in /dev/shm, where processes share their locks.
            self.several = False
            reason = (error.strerror if isinstance(error, OSError) else "") or str(error)
            self._listener.warning(
                f"no worker process can be started, so this one works alone: {reason}"
            )

    def close(self) -> None:
        """End every process, also one that is at work."""
        if self.processes:
            self.processes.close()


class Workers(Generic[Product]):
    """Runs the slices of one job, in this process or in others.

    Args:
        job: what to do with them.
        pool: the processes; closed together with this.
    """

    def __init__(self, job: Job[Product], pool: Pool) -> None:
        self.job = job
        self.moved_on = 0
        """The number of entries that are no longer as the newer snapshot has them, so far."""
        self._pool = pool
        self._here: Worker[Product] | None = None

    def __enter__(self) -> "Workers[Product]":
        return self

    def __exit__(self, *_: object) -> None:
        """End every process, also one that is at work."""
        if self._here:
            self._here.close()
        self._pool.close()

    @property
    def several(self) -> bool:
        """Whether processes can share the work."""
        return self._pool.several

    def start(self) -> None:
        """Start the processes; see :class:`Pool`."""
        self._pool.start()

    def products(self, slices: Iterable[list[str]]) -> Iterator[Product]:
        """Yield what each slice comes to, in order.

        Raises:
            WorkerError: a process ended without an answer.
        """
        for done in self._work(map(pack, slices)):
            self.moved_on += done.moved_on
            yield done.product

    def _work(self, packed: Iterable[bytes]) -> Iterator[Done[Product]]:
        if self._pool.processes:
            return self._pool.processes.work(self.job, packed)
        self._here = self._here or Worker(self.job)
        return map(self._here, packed)
