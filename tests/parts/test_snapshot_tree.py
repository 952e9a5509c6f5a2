"""A snapshot as a tree, asked of the cluster where the mount does not show it."""

import pytest

from qumulo_changelist.errors import QqFailedError, UnreadableError
from qumulo_changelist.model import Attributes, Found, Kind
from qumulo_changelist.trees.snapshot import SnapshotTree


class FakeCluster:
    """Knows one directory by heart, and notes what it is asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, int]] = []

    def directory(self, path: str, snapshot: int) -> dict[str, Kind]:
        self.asked.append(("directory", path, snapshot))
        if path.endswith("gone"):
            raise QqFailedError("Error 404", exit_code=1, said="Error 404")
        return {"a": Kind.FILE, "b": Kind.DIRECTORY, "c": Kind.OTHER}

    def walk(self, path: str, snapshot: int) -> dict[str, Kind]:
        self.asked.append(("walk", path, snapshot))
        above = path.removesuffix("/")
        return {
            f"{above}/reel2.mov": Kind.FILE,
            f"{above}/reel2/": Kind.DIRECTORY,
            f"{above}/reel2/a": Kind.OTHER,
        }


@pytest.fixture
def cluster() -> FakeCluster:
    return FakeCluster()


@pytest.mark.parametrize(
    ("name", "kind"), [("/d/a", Kind.FILE), ("/d/b/", Kind.DIRECTORY), ("/d/c", Kind.OTHER)]
)
def test_of_an_entry_the_kind_is_told(cluster, name, kind):
    assert SnapshotTree(cluster, 7, "/proj").describe(name) == Attributes(kind)
    assert cluster.asked == [("directory", "/proj/d", 7)]


@pytest.mark.parametrize(("base", "asked"), [("/proj", "/proj"), ("/proj/", "/proj"), ("/", "/")])
def test_the_base_path_may_be_any_directory(cluster, base, asked):
    SnapshotTree(cluster, 7, base).describe("/a")

    assert cluster.asked == [("directory", asked, 7)]


def test_neighbours_are_asked_for_once(cluster):
    tree = SnapshotTree(cluster, 7, "/proj")

    for name in ("/d/c", "/d/b/", "/d/a", "/a"):
        tree.describe(name)

    assert [path for _, path, _ in cluster.asked] == ["/proj/d", "/proj"]


def test_what_the_snapshot_does_not_hold_is_told(cluster):
    with pytest.raises(UnreadableError, match="snapshot 7 does not hold it"):
        SnapshotTree(cluster, 7, "/proj").describe("/d/x")


@pytest.mark.parametrize(
    ("base", "walked"), [("/proj", "/proj/d"), ("/proj/", "/proj/d"), ("", "/d")]
)
def test_a_walk_descends_and_names_what_it_finds_below_the_base_path(cluster, base, walked):
    assert list(SnapshotTree(cluster, 7, base).walk("/d/")) == [
        Found("/d/reel2/a", Attributes(Kind.OTHER)),
        Found("/d/reel2/", Attributes(Kind.DIRECTORY)),
        Found("/d/reel2.mov", Attributes(Kind.FILE)),
    ]
    assert cluster.asked == [("walk", walked, 7)]


@pytest.mark.parametrize(("base", "walked"), [("/proj", "/proj"), ("/", "/")])
def test_all_of_the_base_path_can_be_walked(cluster, base, walked):
    found = [found.name for found in SnapshotTree(cluster, 7, base).walk("/")]

    assert found == ["/reel2/a", "/reel2/", "/reel2.mov"]
    assert cluster.asked == [("walk", walked, 7)]


@pytest.mark.parametrize("name", ["/d\udcff/a", "/\ud800/a", "/d\0/a"])
def test_what_the_cluster_cannot_be_asked_for_is_not_asked_for(cluster, name):
    tree = SnapshotTree(cluster, 7, "/proj")

    with pytest.raises(UnreadableError, match="not Unicode"):
        tree.describe(name)
    (found,) = tree.walk(f"{name}/")

    assert (found.name, found.attributes) == (f"{name}/", None)
    assert "not Unicode" in found.failure
    assert cluster.asked == []


def test_what_the_cluster_cannot_answer_ends_the_run(cluster):
    with pytest.raises(QqFailedError):
        SnapshotTree(cluster, 7, "/proj").describe("/gone/a")
