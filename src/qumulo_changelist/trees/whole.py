"""A snapshot on a cluster that answers with whole directories and trees: for what is deleted."""

from collections.abc import Iterable, Iterator
from itertools import groupby

from qumulo_changelist.cluster.interface import WholeTrees, check_unicode
from qumulo_changelist.errors import AbsentError, UnreadableError
from qumulo_changelist.model import Attributes, Described, Kind, Unreadable
from qumulo_changelist.trees.interface import Found, Some, Wanted, directory_of


class WholeSnapshotTree:
    """Implements :class:`~qumulo_changelist.trees.interface.Tree`; no owners, no access times.

    What the cluster cannot answer at all ends the run: it raises a ``ChangelistError``.
    """

    moved_on = 0
    """A snapshot stands still."""

    def __init__(self, cluster: WholeTrees, snapshot: int, base: str) -> None:
        self._cluster = cluster
        self._snapshot = snapshot
        self._base = base.removesuffix("/")
        # Names come in order, so that those of one directory come together.
        self._last: tuple[str, dict[str, Described]] = ("", {})

    def read(self, wanted: Iterable[Wanted]) -> Iterator[Iterable[Found]]:
        """Answer each wish in turn; see :class:`~..interface.Tree`."""
        for wish in wanted:
            if isinstance(wish, Some):
                yield (Found(wish.names, [self._describe(name) for name in wish.names]),)
            else:
                yield self._walk(wish.directory)

    def names(self, directory: str) -> list[str]:
        """Return the names in a directory, descending; see :class:`~..interface.Tree`."""
        path = (self._base + directory).removesuffix("/") or "/"
        check_unicode(path)
        entries = self._cluster.directory(path, self._snapshot)
        names = [name + "/" * _is_directory(known) for name, known in entries.items()]
        return sorted([directory + name for name in names], reverse=True)

    def _describe(self, name: str) -> Described:
        directory = self._base + directory_of(name).removesuffix("/") or "/"
        try:
            check_unicode(directory)
        except UnreadableError as error:
            return Unreadable(str(error))
        if self._last[0] != directory:
            self._last = directory, self._holds(directory)
        last = name.removesuffix("/").rpartition("/")[2]
        if last not in self._last[1]:
            return Unreadable(f"snapshot {self._snapshot} does not hold it")
        return self._last[1][last]

    def _holds(self, directory: str) -> dict[str, Described]:
        """Return what a directory holds; one that is not there holds nothing."""
        try:
            return self._cluster.directory(directory, self._snapshot)
        except AbsentError:
            return {}

    def _walk(self, directory: str) -> Iterator[Found]:
        path = (self._base + directory).removesuffix("/") or "/"
        try:
            check_unicode(path)
            entries = self._cluster.walk(path, self._snapshot)
        except UnreadableError as error:
            yield Found([directory], [Unreadable(str(error), isinstance(error, AbsentError))])
            return
        names = sorted(entries, reverse=True)
        # A directory alone, the files between two directories together.
        for _, group in groupby(names, lambda name: name if name.endswith("/") else ""):
            some = list(group)
            yield Found(
                [name[len(self._base) :] for name in some], [entries[name] for name in some]
            )


def _is_directory(described: Described) -> bool:
    return isinstance(described, Attributes) and described.kind is Kind.DIRECTORY
