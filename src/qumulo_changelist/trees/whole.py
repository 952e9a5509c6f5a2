"""A snapshot on a cluster that answers with whole directories and trees: for what is deleted.

Each question costs much, whatever it asks for: some of them are under way at once.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import groupby

from qumulo_changelist.cluster.interface import WholeTrees, check_unicode
from qumulo_changelist.errors import AbsentError, UnreadableError
from qumulo_changelist.location import Location
from qumulo_changelist.model import Attributes, Described, Kind, Unreadable
from qumulo_changelist.trees.interface import All, Found, Some, Wanted, directory_of
from qumulo_changelist.waiting import result_of

Question = All | str
"""What is asked in one go: a tree, or some names of the directory of this name."""
Answer = dict[str, Described]

# While this many entries wait to be read, nothing more is asked ahead.
_MAX_WAITING = 100_000


class WholeSnapshotTree:
    """Implements :class:`~qumulo_changelist.trees.interface.Tree`; no owners, no access times.

    What the cluster cannot answer at all ends the run: it raises a ``ChangelistError``.

    Args:
        cluster: the cluster, which is closed with the tree.
        snapshot: the snapshot's id.
        location: where the snapshot has the base path.
        side_by_side: the number of questions that are under way at once.
    """

    moved_on = 0
    """A snapshot stands still."""

    def __init__(
        self, cluster: WholeTrees, snapshot: int, location: Location, side_by_side: int = 1
    ) -> None:
        self._cluster = cluster
        self._snapshot = snapshot
        self._path = location.path
        self._side_by_side = side_by_side
        self._threads = ThreadPoolExecutor(side_by_side, "snapshot")

    def __enter__(self) -> "WholeSnapshotTree":
        return self

    def __exit__(self, *_: object) -> None:
        # In this order: threads wait for what the cluster is asked.
        self._cluster.close()
        self._threads.shutdown(cancel_futures=True)

    def read(self, wanted: Iterable[Wanted]) -> Iterator[Iterable[Found]]:
        """Answer each wish in turn; see :class:`~..interface.Tree`."""
        wishes = list(wanted)
        # What is wished of one directory is asked for together, even if other wishes lie between.
        together: dict[str, list[str]] = {}
        for wish in wishes:
            if isinstance(wish, Some):
                together.setdefault(directory_of(wish.names[0]), []).extend(wish.names)

        def submit(question: Question) -> Future[Answer]:
            if isinstance(question, All):
                return self._threads.submit(self._walk, question.directory)
            return self._threads.submit(self._describe, question, together[question])

        ahead = _Ahead(submit, dict.fromkeys(map(_question, wishes)), self._side_by_side)
        described: dict[str, Answer] = {}
        try:
            for wish in wishes:
                if isinstance(wish, All):
                    yield self._found(wish.directory, ahead.answer(wish))
                    continue
                directory = directory_of(wish.names[0])
                if directory not in described:
                    described[directory] = ahead.answer(directory)
                yield (Found(wish.names, [described[directory][name] for name in wish.names]),)
        finally:
            ahead.cancel()

    def names(self, directory: str) -> list[str]:
        """Return the names in a directory, descending; see :class:`~..interface.Tree`."""
        path = self._path(directory)
        check_unicode(path)
        entries = self._cluster.directory(path, self._snapshot)
        names = [name + "/" * _is_directory(known) for name, known in entries.items()]
        return sorted([directory + name for name in names], reverse=True)

    def _describe(self, directory: str, names: list[str]) -> Answer:
        """Describe names of one directory; one that is not there holds none."""
        path = self._path(directory)
        try:
            check_unicode(path)
            held = self._cluster.directory(path, self._snapshot)
        except AbsentError:
            held = {}
        except UnreadableError as error:
            return dict.fromkeys(names, Unreadable(str(error)))
        missing = Unreadable(f"snapshot {self._snapshot} does not hold it")
        return {name: held.get(name[len(directory) :].removesuffix("/"), missing) for name in names}

    def _walk(self, directory: str) -> Answer:
        """Return all that is below a directory by name; itself where it cannot be read."""
        path = self._path(directory)
        try:
            check_unicode(path)
            found = self._cluster.walk(path, self._snapshot)
        except UnreadableError as error:
            return {directory: Unreadable(str(error))}
        cut = len(path.removesuffix("/")) + 1
        return {directory + below[cut:]: known for below, known in found.items()}

    @staticmethod
    def _found(directory: str, entries: Answer) -> Iterator[Found]:
        names = sorted(entries, reverse=True)
        # A directory alone, the files between two directories together.
        for _, group in groupby(names, lambda name: name if name.endswith("/") else ""):
            some = list(group)
            yield Found(some, [entries[name] for name in some])


class _Ahead:
    """Questions that are answered in order, of which some are asked before their turn.

    Args:
        submit: asks a question.
        questions: all of them.
        at_once: the number of those that are under way at once.
    """

    def __init__(
        self,
        submit: Callable[[Question], Future[Answer]],
        questions: Iterable[Question],
        at_once: int,
    ) -> None:
        self._submit = submit
        self._coming = deque(questions)
        self._at_once = at_once
        self._asked: dict[Question, Future[Answer]] = {}

    def answer(self, question: Question) -> Answer:
        """Wait for the answer to the next of the questions, and return it."""
        while self._coming and (question not in self._asked or self._has_room()):
            following = self._coming.popleft()
            self._asked[following] = self._submit(following)
        return result_of(self._asked.pop(question))

    def cancel(self) -> None:
        """Let nobody begin to ask what is not under way yet."""
        for asked in self._asked.values():
            asked.cancel()

    def _has_room(self) -> bool:
        done = [asked for asked in self._asked.values() if asked.done() and not asked.exception()]
        waiting = sum(len(asked.result()) for asked in done)
        return len(self._asked) < self._at_once and waiting < _MAX_WAITING


def _question(wish: Wanted) -> Question:
    return wish if isinstance(wish, All) else directory_of(wish.names[0])


def _is_directory(described: Described) -> bool:
    return isinstance(described, Attributes) and described.kind is Kind.DIRECTORY
