"""A snapshot, asked of the cluster: for what is deleted, where the mount does not show it."""

from collections.abc import Iterator

from qumulo_changelist.cluster.interface import Cluster
from qumulo_changelist.errors import UnreadableError
from qumulo_changelist.model import Attributes, Found, Kind


class SnapshotTree:
    """Implements :class:`~qumulo_changelist.trees.interface.Tree`; of attributes only the kind.

    What the cluster cannot answer at all ends the run: it raises a ``ChangelistError``.
    """

    def __init__(self, cluster: Cluster, snapshot: int, base: str) -> None:
        self._cluster = cluster
        self._snapshot = snapshot
        self._base = base.removesuffix("/")
        # Names come in order, so that those of one directory come together.
        self._last: tuple[str, dict[str, Kind]] = ("", {})

    def describe(self, name: str) -> Attributes:
        """Return what kind of entry ``name`` is; see :class:`~..interface.Tree`."""
        parent, _, last = name.removesuffix("/").rpartition("/")
        directory = self._base + parent or "/"
        _check_unicode(directory)
        if self._last[0] != directory:
            self._last = directory, self._cluster.directory(directory, self._snapshot)
        if last not in self._last[1]:
            raise UnreadableError(f"snapshot {self._snapshot} does not hold it")
        return Attributes(self._last[1][last])

    def walk(self, directory: str) -> Iterator[Found]:
        """Yield all that is below ``directory``, descending; see :class:`~..interface.Tree`."""
        path = (self._base + directory).removesuffix("/") or "/"
        try:
            _check_unicode(path)
        except UnreadableError as error:
            yield Found(directory, None, str(error))
            return
        found = self._cluster.walk(path, self._snapshot)
        for name in sorted(found, reverse=True):
            yield Found(name[len(self._base) :], Attributes(found[name]))


def _check_unicode(name: str) -> None:
    # The command line and the URL of a request can carry no other name.
    if "\0" in name or any("\ud800" <= character <= "\udfff" for character in name):
        raise UnreadableError("its name is not Unicode, and the cluster cannot be asked for it")
