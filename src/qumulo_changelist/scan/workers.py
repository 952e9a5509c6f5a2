"""Working on slices: here, or in processes of this machine."""

import contextlib
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Generic, Self, TypeVar

from msgspec import Struct

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


class Workers(Generic[Product]):
    """Runs slices, in this process or in others.

    Args:
        job: what to do with them.
        count: so many processes; 1 for none but this.
    """

    def __init__(self, job: Job[Product], count: int) -> None:
        self.job = job
        self.several = count > 1
        self.moved_on = 0
        """How many entries turned out, so far, to be no longer as the newer snapshot has them."""
        self._count = count
        self._here: Worker[Product] | None = None
        self._processes: Processes[Product] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """End every process, also one that is at work."""
        if self._here:
            self._here.close()
        if self._processes:
            self._processes.close()

    def start(self) -> None:
        """Start the processes, since there is work for them; it takes them a moment."""
        if self.several and not self._processes:
            # Not at the top: most runs need no other process.
            from qumulo_changelist.scan.processes import Processes

            self._processes = Processes(self.job, self._count)

    def products(self, slices: Iterable[list[str]]) -> Iterator[Product]:
        """Yield what each slice comes to, in order.

        Raises:
            WorkerError: a process ended without an answer.
        """
        for done in self._work(map(pack, slices)):
            self.moved_on += done.moved_on
            yield done.product

    def _work(self, packed: Iterable[bytes]) -> Iterator[Done[Product]]:
        if self._processes:
            return self._processes.work(packed)
        self._here = self._here or Worker(self.job)
        return map(self._here, packed)
