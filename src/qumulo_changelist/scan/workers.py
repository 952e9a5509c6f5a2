"""Turning slices into pieces: here, or in processes of this machine."""

import contextlib
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Self

from msgspec import Struct

from qumulo_changelist.output.interface import ListFormat, Piece
from qumulo_changelist.scan.changeset import pack, unpack
from qumulo_changelist.scan.resolve import resolve
from qumulo_changelist.trees.interface import OpenTree

if TYPE_CHECKING:
    from qumulo_changelist.scan.processes import Processes


class Job(Struct, frozen=True):
    """What all slices of a list have in common. It can be pickled."""

    newer: OpenTree
    older: OpenTree | None
    """None where deletions are not wanted."""
    form: ListFormat


class Worker:
    """Turns slices into pieces; the trees stay open from one to the next."""

    def __init__(self, job: Job) -> None:
        self._form = job.form
        self._open = contextlib.ExitStack()
        self._newer = self._open.enter_context(job.newer())
        self._older = self._open.enter_context(job.older()) if job.older else None

    def __call__(self, packed: bytes) -> Piece:
        """Return the piece of a list that a slice of changes stands for."""
        return self._form.piece(resolve(unpack(packed), self._newer, self._older))

    def close(self) -> None:
        """Let go of the trees."""
        self._open.close()


class Workers:
    """Runs slices, in this process or in others.

    Args:
        job: what to do with them.
        count: so many processes; 1 for none but this.
    """

    def __init__(self, job: Job, count: int) -> None:
        self.job = job
        self.several = count > 1
        self._count = count
        self._here: Worker | None = None
        self._processes: Processes | None = None

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

    def pieces(self, slices: Iterable[list[str]]) -> Iterator[Piece]:
        """Yield the piece for each slice, in order.

        Raises:
            WorkerError: a process ended without an answer.
        """
        packed = map(pack, slices)
        if self._processes:
            yield from self._processes.pieces(packed)
            return
        self._here = self._here or Worker(self.job)
        yield from map(self._here, packed)
