"""A cluster for tests: what each snapshot and the live tree hold, and what was asked."""

from qumulo_changelist.errors import AbsentError, UnreadableError
from qumulo_changelist.model import EntryStat, Kind

LIVE = None
Tree = dict[str, EntryStat]


def a_file(number: str, size: int = 1, mtime: int | None = 1_700_000_000_123_456_789) -> EntryStat:
    return EntryStat(Kind.FILE, size, mtime, number)


def a_directory(number: str = "9", mtime: int | None = 1_700_000_000_987_654_321) -> EntryStat:
    return EntryStat(Kind.DIRECTORY, 512, mtime, number)


def a_link(number: str = "8") -> EntryStat:
    return EntryStat(Kind.OTHER, 3, 1_700_000_000_000_000_000, number)


class FakeCluster:
    """A cluster over trees.

    Args:
        trees: by snapshot id, or ``LIVE``. Directories above an entry are there, too.
        unreadable: paths that the cluster does not let anybody read.
    """

    def __init__(self, trees: dict[int | None, Tree], unreadable: tuple[str, ...] = ()) -> None:
        self._trees = {snapshot: _with_parents(tree) | tree for snapshot, tree in trees.items()}
        self._unreadable = unreadable
        self.asked: list[tuple[str, str, int | None]] = []

    def inspect_entry(self, reference: str, snapshot: int | None) -> EntryStat:
        self.asked.append(("at", reference, snapshot))
        self._check(reference)
        tree = self._trees.get(snapshot, {})
        for path, seen in tree.items():
            if reference in (path, seen.id):
                return EntryStat(seen.kind, seen.size, seen.mtime, seen.id, path)
        raise AbsentError(f"{reference} is not there")

    def first_entries(self, directory: str, snapshot: int | None, most: int) -> Tree:
        self.asked.append(("into", directory, snapshot))
        self._check(directory)
        tree, top = self._trees.get(snapshot, {}), directory.rstrip("/")
        if top and tree.get(top, a_link()).kind is not Kind.DIRECTORY:
            raise AbsentError(f"{directory} is not there")
        names = {
            path[len(top) + 1 :]: seen for path, seen in tree.items() if path.startswith(f"{top}/")
        }
        return dict([pair for pair in names.items() if "/" not in pair[0]][:most])

    def count_files_below(self, directory: str, snapshot: int) -> int:
        raise AssertionError("nobody should count")

    def _check(self, path: str) -> None:
        if path in self._unreadable:
            raise UnreadableError(f"{path} cannot be read")


def _with_parents(tree: Tree) -> Tree:
    above: Tree = {}
    for path in tree:
        names = path.split("/")[1:-1]
        for depth in range(1, len(names) + 1):
            parent = "/" + "/".join(names[:depth])
            above[parent] = a_directory(f"id of {parent}")
    return above
