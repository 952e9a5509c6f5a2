"""A snapshot on a cluster that answers with whole directories and trees: for what is deleted."""

from collections.abc import Iterable, Iterator
from itertools import groupby

from qumulo_changelist.cluster.interface import WholeTrees
from qumulo_changelist.errors import UnreadableError
from qumulo_changelist.model import Attributes, Described, Kind, Unreadable
from qumulo_changelist.trees.interface import Found, Some, Wanted, check_unicode, directory_of


class WholeSnapshotTree:
    """Implements :class:`~qumulo_changelist.trees.interface.Tree`; of attributes only the kind.

    What the cluster cannot answer at all ends the run: it raises a ``ChangelistError``.
    """

    def __init__(self, cluster: WholeTrees, snapshot: int, base: str) -> None:
        self._cluster = cluster
        self._snapshot = snapshot
        self._base = base.removesuffix("/")
        # Names come in order, so that those of one directory come together.
        self._last: tuple[str, dict[str, Kind]] = ("", {})

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
        kinds = self._cluster.directory(path, self._snapshot)
        names = [name + "/" * (kind is Kind.DIRECTORY) for name, kind in kinds.items()]
        return sorted([directory + name for name in names], reverse=True)

    def _describe(self, name: str) -> Described:
        directory = self._base + directory_of(name).removesuffix("/") or "/"
        try:
            check_unicode(directory)
        except UnreadableError as error:
            return Unreadable(str(error))
        if self._last[0] != directory:
            self._last = directory, self._cluster.directory(directory, self._snapshot)
        last = name.removesuffix("/").rpartition("/")[2]
        if last not in self._last[1]:
            return Unreadable(f"snapshot {self._snapshot} does not hold it")
        return Attributes(self._last[1][last])

    def _walk(self, directory: str) -> Iterator[Found]:
        path = (self._base + directory).removesuffix("/") or "/"
        try:
            check_unicode(path)
        except UnreadableError as error:
            yield Found([directory], [Unreadable(str(error))])
            return
        kinds = self._cluster.walk(path, self._snapshot)
        names = sorted(kinds, reverse=True)
        # A directory alone, the files between two directories together.
        for _, group in groupby(names, lambda name: name if name.endswith("/") else ""):
            some = list(group)
            yield Found(
                [name[len(self._base) :] for name in some],
                [Attributes(kinds[name]) for name in some],
            )
