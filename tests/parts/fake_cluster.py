"""A cluster for tests: trees in memory, and a record of the requests."""

from collections.abc import Generator

from qumulo_changelist.cluster.interface import Cluster, PageStore
from qumulo_changelist.errors import AbsentError, UnreadableError
from qumulo_changelist.model import Caller, Change, EntryStat, Kind, Snapshot

LIVE = None
Tree = dict[str, EntryStat]


def a_file(number: str, size: int = 1, mtime: int | None = 1_700_000_000_123_456_789) -> EntryStat:
    return EntryStat(Kind.FILE, size, mtime, number)


def a_directory(number: str = "9", mtime: int | None = 1_700_000_000_987_654_321) -> EntryStat:
    return EntryStat(Kind.DIRECTORY, 512, mtime, number)


def a_link(number: str = "8") -> EntryStat:
    return EntryStat(Kind.OTHER, 3, 1_700_000_000_000_000_000, number)


class UnusedCluster(Cluster):
    """A cluster that must not be asked for anything; tests override what may be asked."""

    def create_snapshot(self, name: str, path: str, expires: int = 0) -> Snapshot:
        raise AssertionError("no snapshot should be taken")

    def snapshots(self, *numbers: int) -> dict[int, Snapshot]:
        raise AssertionError("no snapshot should be looked up")

    def all_snapshots(self) -> list[Snapshot]:
        raise AssertionError("no snapshots should be listed")

    def delete_snapshot(self, number: int) -> None:
        raise AssertionError("no snapshot should be deleted")

    def caller(self) -> Caller:
        raise AssertionError("nobody should be looked up")

    def core_version(self) -> str:
        raise AssertionError("no version should be requested")

    def changes(self, older: int, newer: int) -> Generator[list[Change], None, None]:
        raise AssertionError("no changes should be requested")

    def diff_pages(self, older: int, newer: int, store: PageStore | None = None) -> None:
        return None

    def inspect_entry(self, reference: str, snapshot: int | None) -> EntryStat:
        raise AssertionError("no entry should be requested")

    def first_entries(self, directory: str, snapshot: int | None, limit: int) -> Tree:
        raise AssertionError("no directory should be listed")

    def count_files_below(self, directory: str, snapshot: int) -> int:
        raise AssertionError("no files should be counted")

    def snapshot_reader(self) -> None:
        return None


class FakeCluster(UnusedCluster):
    """A cluster over trees.

    Args:
        trees: by snapshot id, or ``LIVE``. The directories above an entry exist as well.
        unreadable: paths that nobody can read.
    """

    def __init__(self, trees: dict[int | None, Tree], unreadable: tuple[str, ...] = ()) -> None:
        self._trees = {snapshot: _parents(tree) | tree for snapshot, tree in trees.items()}
        self._unreadable = unreadable
        self.requests: list[tuple[str, str, int | None]] = []
        """What was requested (an ``entry``, or a ``listing``), by what path or id, and where."""

    def inspect_entry(self, reference: str, snapshot: int | None) -> EntryStat:
        self.requests.append(("entry", reference, snapshot))
        self._check(reference)
        tree = self._trees.get(snapshot, {})
        for path, found in tree.items():
            if reference in (path, found.id):
                return EntryStat(found.kind, found.size, found.mtime, found.id, path)
        raise AbsentError(f"{reference} does not exist")

    def first_entries(self, directory: str, snapshot: int | None, limit: int) -> Tree:
        self.requests.append(("listing", directory, snapshot))
        self._check(directory)
        tree, top = self._trees.get(snapshot, {}), directory.rstrip("/")
        if top and tree.get(top, a_link()).kind is not Kind.DIRECTORY:
            raise AbsentError(f"{directory} does not exist")
        names = {
            path[len(top) + 1 :]: found
            for path, found in tree.items()
            if path.startswith(f"{top}/")
        }
        return dict([pair for pair in names.items() if "/" not in pair[0]][:limit])

    def _check(self, path: str) -> None:
        if path in self._unreadable:
            raise UnreadableError(f"{path} cannot be read")


def _parents(tree: Tree) -> Tree:
    above: Tree = {}
    for path in tree:
        names = path.split("/")[1:-1]
        for depth in range(1, len(names) + 1):
            parent = "/" + "/".join(names[:depth])
            above[parent] = a_directory(f"id of {parent}")
    return above
