"""A snapshot as a tree, asked of a cluster that answers with whole directories."""

import pytest

from qumulo_changelist.errors import AbsentError, QqFailedError, UnreadableError
from qumulo_changelist.model import Attributes, Described, Kind, Unreadable
from qumulo_changelist.trees.interface import All, Found, Some
from qumulo_changelist.trees.whole import WholeSnapshotTree

UNKNOWN = Unreadable("no usable type")
FILE, DIRECTORY, OTHER = map(Attributes, (Kind.FILE, Kind.DIRECTORY, Kind.OTHER))


class FakeCluster:
    """Knows one directory by heart, and notes what it is asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, int]] = []

    def directory(self, path: str, snapshot: int) -> dict[str, Attributes]:
        self.asked.append(("directory", path, snapshot))
        if path.endswith("gone"):
            raise QqFailedError("Error 404", exit_code=1, said="Error 404")
        if path.endswith("never"):
            raise AbsentError("snapshot 7 holds no such directory")
        return {"a": FILE, "b": DIRECTORY, "c": OTHER, "d": UNKNOWN}

    def walk(self, path: str, snapshot: int) -> dict[str, Attributes]:
        self.asked.append(("walk", path, snapshot))
        above = path.removesuffix("/")
        return {
            f"{above}/reel2.mov": FILE,
            f"{above}/reel2/": DIRECTORY,
            f"{above}/reel2/a": OTHER,
            f"{above}/reel2.aif": FILE,
            f"{above}/reel1/": DIRECTORY,
        }


@pytest.fixture
def cluster() -> FakeCluster:
    return FakeCluster()


def describe(tree: WholeSnapshotTree, *names: str) -> list[Described]:
    ((found,),) = tree.read([Some(list(names))])
    assert found.names == list(names)
    return found.described


def walk(tree: WholeSnapshotTree, directory: str) -> list[Found]:
    (answer,) = tree.read([All(directory)])
    return list(answer)


@pytest.mark.parametrize(
    ("name", "kind"), [("/d/a", FILE), ("/d/b/", DIRECTORY), ("/d/c", OTHER), ("/d/d", UNKNOWN)]
)
def test_of_an_entry_the_kind_is_told(cluster, name, kind):
    assert describe(WholeSnapshotTree(cluster, 7, "/proj"), name) == [kind]
    assert cluster.asked == [("directory", "/proj/d", 7)]


@pytest.mark.parametrize(("base", "asked"), [("/proj", "/proj"), ("/proj/", "/proj"), ("/", "/")])
def test_the_base_path_may_be_any_directory(cluster, base, asked):
    describe(WholeSnapshotTree(cluster, 7, base), "/a")

    assert cluster.asked == [("directory", asked, 7)]


def test_neighbours_are_asked_for_once(cluster):
    tree = WholeSnapshotTree(cluster, 7, "/proj")
    wishes = [Some(["/d/c", "/d/a"]), Some(["/d/b/"]), Some(["/a"])]

    answers = [list(answer) for answer in tree.read(wishes)]

    assert answers == [
        [Found(["/d/c", "/d/a"], [OTHER, FILE])],
        [Found(["/d/b/"], [DIRECTORY])],
        [Found(["/a"], [FILE])],
    ]
    assert [path for _, path, _ in cluster.asked] == ["/proj/d", "/proj"]


def test_what_the_snapshot_does_not_hold_is_told(cluster):
    found = describe(WholeSnapshotTree(cluster, 7, "/proj"), "/d/x", "/d/a")

    assert found == [Unreadable("snapshot 7 does not hold it"), FILE]


def test_a_walk_of_what_is_not_there_says_so(cluster):
    def walk_of_nothing(path: str, snapshot: int) -> dict[str, Kind]:
        raise AbsentError("snapshot 7 holds no such directory")

    cluster.walk = walk_of_nothing

    assert walk(WholeSnapshotTree(cluster, 7, "/proj"), "/d/") == [
        Found(["/d/"], [Unreadable("snapshot 7 holds no such directory", absent=True)])
    ]


@pytest.mark.parametrize(
    ("base", "walked"), [("/proj", "/proj/d"), ("/proj/", "/proj/d"), ("", "/d")]
)
def test_a_walk_descends_and_names_what_it_finds_below_the_base_path(cluster, base, walked):
    assert walk(WholeSnapshotTree(cluster, 7, base), "/d/") == [
        Found(["/d/reel2/a"], [OTHER]),
        Found(["/d/reel2/"], [DIRECTORY]),
        Found(["/d/reel2.mov", "/d/reel2.aif"], [FILE, FILE]),
        Found(["/d/reel1/"], [DIRECTORY]),
    ]
    assert cluster.asked == [("walk", walked, 7)]


@pytest.mark.parametrize(("base", "walked"), [("/proj", "/proj"), ("/", "/")])
def test_all_of_the_base_path_can_be_walked(cluster, base, walked):
    found = walk(WholeSnapshotTree(cluster, 7, base), "/")

    assert [name for part in found for name in part.names] == [
        "/reel2/a",
        "/reel2/",
        "/reel2.mov",
        "/reel2.aif",
        "/reel1/",
    ]
    assert cluster.asked == [("walk", walked, 7)]


def test_names_are_those_of_one_directory_in_descending_order(cluster):
    tree = WholeSnapshotTree(cluster, 7, "/proj")

    assert tree.names("/d/") == ["/d/d", "/d/c", "/d/b/", "/d/a"]
    assert tree.names("/") == ["/d", "/c", "/b/", "/a"]
    with pytest.raises(UnreadableError, match="not Unicode"):
        tree.names("/d\udcff/")
    assert cluster.asked == [("directory", "/proj/d", 7), ("directory", "/proj", 7)]


def test_directories_side_by_side_come_each_alone(cluster, monkeypatch):
    monkeypatch.setattr(
        cluster, "walk", lambda path, snapshot: {f"{path}/{name}/": Kind.DIRECTORY for name in "ab"}
    )

    assert [found.names for found in walk(WholeSnapshotTree(cluster, 7, "/proj"), "/d/")] == [
        ["/d/b/"],
        ["/d/a/"],
    ]


def test_nothing_is_asked_before_its_answer_is_wanted(cluster):
    answers = WholeSnapshotTree(cluster, 7, "/proj").read([Some(["/d/a"]), All("/e/")])
    next(answers)
    assert cluster.asked == [("directory", "/proj/d", 7)]

    list(next(answers))

    assert cluster.asked[1:] == [("walk", "/proj/e", 7)]


@pytest.mark.parametrize("name", ["/d\udcff/a", "/\ud800/a", "/d\0/a"])
def test_what_the_cluster_cannot_be_asked_for_is_not_asked_for(cluster, name):
    tree = WholeSnapshotTree(cluster, 7, "/proj")

    (described,) = describe(tree, name)
    (found,) = walk(tree, f"{name}/")

    assert isinstance(described, Unreadable)
    assert "not Unicode" in described.reason
    assert found == Found([f"{name}/"], [described])
    assert cluster.asked == []


def test_what_the_cluster_cannot_answer_ends_the_run(cluster):
    with pytest.raises(QqFailedError):
        describe(WholeSnapshotTree(cluster, 7, "/proj"), "/gone/a")


def test_what_is_in_a_directory_that_the_snapshot_does_not_hold_is_not_there(cluster):
    """As one that the live share got since, of which the snapshot is asked for ids."""
    tree = WholeSnapshotTree(cluster, 7, "/proj")
    not_there = Unreadable("snapshot 7 does not hold it")

    assert describe(tree, "/never/b", "/never/a") == [not_there, not_there]
    assert cluster.asked == [("directory", "/proj/never", 7)]
    with pytest.raises(AbsentError):
        tree.names("/never/")
