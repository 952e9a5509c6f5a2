"""A snapshot as a tree, asked of a cluster that answers with whole directories."""

import threading
from concurrent.futures import Future

import pytest

from qumulo_changelist.errors import AbsentError, QqFailedError, UnreadableError
from qumulo_changelist.location import locate
from qumulo_changelist.model import Attributes, Described, Kind, Unreadable
from qumulo_changelist.trees import whole
from qumulo_changelist.trees.interface import All, Found, Some
from qumulo_changelist.trees.whole import WholeSnapshotTree

UNKNOWN = Unreadable("no usable type")
FILE, DIRECTORY, OTHER = map(Attributes, (Kind.FILE, Kind.DIRECTORY, Kind.OTHER))


class FakeCluster:
    """Knows one directory by heart, and notes what it is asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, int]] = []

    def close(self) -> None:
        self.asked.append(("close", "", 0))

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
    assert describe(WholeSnapshotTree(cluster, 7, locate("/proj")), name) == [kind]
    assert cluster.asked == [("directory", "/proj/d", 7)]


@pytest.mark.parametrize(("base", "asked"), [("/proj", "/proj"), ("/proj/", "/proj"), ("/", "/")])
def test_the_base_path_may_be_any_directory(cluster, base, asked):
    describe(WholeSnapshotTree(cluster, 7, locate(base)), "/a")

    assert cluster.asked == [("directory", asked, 7)]


def test_neighbours_are_asked_for_once(cluster):
    tree = WholeSnapshotTree(cluster, 7, locate("/proj"))
    wishes = [Some(["/d/c", "/d/a"]), Some(["/d/b/"]), Some(["/a"])]

    answers = [list(answer) for answer in tree.read(wishes)]

    assert answers == [
        [Found(["/d/c", "/d/a"], [OTHER, FILE])],
        [Found(["/d/b/"], [DIRECTORY])],
        [Found(["/a"], [FILE])],
    ]
    assert [path for _, path, _ in cluster.asked] == ["/proj/d", "/proj"]


def test_a_directory_is_asked_for_once_even_if_others_lie_between(cluster):
    tree = WholeSnapshotTree(cluster, 7, locate("/proj"))
    wishes = [Some(["/d/c"]), Some(["/d/b/a"]), Some(["/d/b/"]), All("/d/aa/"), Some(["/d/a"])]

    answers = [list(answer) for answer in tree.read(wishes)]

    assert [found.described for (found,) in (*answers[:3], answers[4])] == [
        [OTHER],
        [FILE],
        [DIRECTORY],
        [FILE],
    ]
    assert [path for _, path, _ in cluster.asked] == ["/proj/d", "/proj/d/b", "/proj/d/aa"]


def test_what_the_snapshot_does_not_hold_is_told(cluster):
    found = describe(WholeSnapshotTree(cluster, 7, locate("/proj")), "/d/x", "/d/a")

    assert found == [Unreadable("snapshot 7 does not hold it"), FILE]


def test_a_walk_of_what_is_not_there_says_so(cluster):
    def walk_of_nothing(path: str, snapshot: int) -> dict[str, Kind]:
        raise AbsentError("snapshot 7 holds no such directory")

    cluster.walk = walk_of_nothing

    assert walk(WholeSnapshotTree(cluster, 7, locate("/proj")), "/d/") == [
        Found(["/d/"], [Unreadable("snapshot 7 holds no such directory")])
    ]


@pytest.mark.parametrize(
    ("base", "walked"), [("/proj", "/proj/d"), ("/proj/", "/proj/d"), ("", "/d")]
)
def test_a_walk_descends_and_names_what_it_finds_below_the_base_path(cluster, base, walked):
    assert walk(WholeSnapshotTree(cluster, 7, locate(base)), "/d/") == [
        Found(["/d/reel2/a"], [OTHER]),
        Found(["/d/reel2/"], [DIRECTORY]),
        Found(["/d/reel2.mov", "/d/reel2.aif"], [FILE, FILE]),
        Found(["/d/reel1/"], [DIRECTORY]),
    ]
    assert cluster.asked == [("walk", walked, 7)]


@pytest.mark.parametrize(("base", "walked"), [("/proj", "/proj"), ("/", "/")])
def test_all_of_the_base_path_can_be_walked(cluster, base, walked):
    found = walk(WholeSnapshotTree(cluster, 7, locate(base)), "/")

    assert [name for part in found for name in part.names] == [
        "/reel2/a",
        "/reel2/",
        "/reel2.mov",
        "/reel2.aif",
        "/reel1/",
    ]
    assert cluster.asked == [("walk", walked, 7)]


def test_names_are_those_of_one_directory_in_descending_order(cluster):
    tree = WholeSnapshotTree(cluster, 7, locate("/proj"))

    assert tree.names("/d/") == ["/d/d", "/d/c", "/d/b/", "/d/a"]
    assert tree.names("/") == ["/d", "/c", "/b/", "/a"]
    with pytest.raises(UnreadableError, match="not Unicode"):
        tree.names("/d\udcff/")
    assert cluster.asked == [("directory", "/proj/d", 7), ("directory", "/proj", 7)]


def test_directories_side_by_side_come_each_alone(cluster, monkeypatch):
    monkeypatch.setattr(
        cluster, "walk", lambda path, snapshot: {f"{path}/{name}/": Kind.DIRECTORY for name in "ab"}
    )

    assert [
        found.names for found in walk(WholeSnapshotTree(cluster, 7, locate("/proj")), "/d/")
    ] == [
        ["/d/b/"],
        ["/d/a/"],
    ]


def test_nothing_is_asked_before_its_answer_is_wanted(cluster):
    answers = WholeSnapshotTree(cluster, 7, locate("/proj")).read([Some(["/d/a"]), All("/e/")])
    next(answers)
    assert cluster.asked == [("directory", "/proj/d", 7)]

    list(next(answers))

    assert cluster.asked[1:] == [("walk", "/proj/e", 7)]


@pytest.mark.parametrize("name", ["/d\udcff/a", "/\ud800/a", "/d\0/a"])
def test_what_the_cluster_cannot_be_asked_for_is_not_asked_for(cluster, name):
    tree = WholeSnapshotTree(cluster, 7, locate("/proj"))

    (described,) = describe(tree, name)
    (found,) = walk(tree, f"{name}/")

    assert isinstance(described, Unreadable)
    assert "not Unicode" in described.reason
    assert found == Found([f"{name}/"], [described])
    assert cluster.asked == []


# Side by side

FIVE = [All(f"/{name}/") for name in "edcba"]


class SlowCluster(FakeCluster):
    """Holds one file in each tree, and answers no walk before a number of them are under way."""

    def __init__(self, at_once: int) -> None:
        super().__init__()
        self.meeting = threading.Barrier(at_once)
        self.under_way = self.most = 0
        self.lock = threading.Lock()

    def walk(self, path: str, snapshot: int) -> dict[str, Attributes]:
        with self.lock:
            self.under_way += 1
            self.most = max(self.most, self.under_way)
        if not self.meeting.broken:
            self.meeting.wait(10)
        with self.lock:
            self.under_way -= 1
        if path.endswith("/b"):
            raise QqFailedError("Error 500", exit_code=1, said="Error 500")
        return {f"{path}/file": FILE}


def test_questions_are_under_way_at_once_and_answers_come_in_order():
    cluster = SlowCluster(at_once=2)

    with WholeSnapshotTree(cluster, 7, locate("/proj"), side_by_side=2) as tree:
        answers = [list(answer) for answer in tree.read([All("/d/"), All("/c/"), Some(["/x/a"])])]

    assert answers == [
        [Found(["/d/file"], [FILE])],
        [Found(["/c/file"], [FILE])],
        [Found(["/x/a"], [FILE])],
    ]
    assert cluster.most == 2


def test_a_question_that_fails_ends_the_run_when_its_turn_comes():
    cluster = SlowCluster(at_once=4)

    with WholeSnapshotTree(cluster, 7, locate("/proj"), side_by_side=4) as tree:
        answers = tree.read(FIVE[:4])
        assert [next(iter(next(answers))).names for _ in "edc"] == [
            ["/e/file"],
            ["/d/file"],
            ["/c/file"],
        ]
        with pytest.raises(QqFailedError):
            next(answers)


def test_no_more_questions_are_under_way_than_may_be():
    cluster = SlowCluster(at_once=1)

    with WholeSnapshotTree(cluster, 7, locate("/proj"), side_by_side=2) as tree:
        for _ in tree.read([All(f"/c{number}/") for number in range(50)]):
            pass

    assert cluster.most <= 2


class AtOnce:
    """Runs what it is given there and then."""

    def __init__(self, *_: object) -> None:
        pass

    def submit(self, work, *arguments) -> Future:
        done: Future = Future()
        done.set_result(work(*arguments))
        return done


@pytest.mark.parametrize(("most", "ahead"), [(1, 1), (5, 1), (6, 2), (10, 2), (11, 3), (100, 3)])
def test_nothing_more_is_asked_ahead_while_much_waits_to_be_read(cluster, monkeypatch, most, ahead):
    """Each walk of this cluster finds five entries, and three questions may be under way."""
    monkeypatch.setattr(whole, "_MAX_WAITING", most)
    monkeypatch.setattr(whole, "ThreadPoolExecutor", AtOnce)
    answers = WholeSnapshotTree(cluster, 7, locate("/proj"), side_by_side=3).read(FIVE)

    next(answers)
    assert len(cluster.asked) == ahead

    assert sum(1 for _ in answers) == 4
    assert len(cluster.asked) == 5


class StalledCluster(FakeCluster):
    """Answers the first question; the others wait until it is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.closed = threading.Event(), threading.Event()

    def walk(self, path: str, snapshot: int) -> dict[str, Attributes]:
        found = super().walk(path, snapshot)
        if path != "/e":
            self.begun.set()
            assert self.closed.wait(10)
            raise QqFailedError("it was ended", exit_code=143, said="")
        return found

    def close(self) -> None:
        self.closed.set()


def test_what_is_under_way_ends_with_the_tree_and_nothing_else_begins():
    cluster = StalledCluster()

    with WholeSnapshotTree(cluster, 7, locate(""), side_by_side=2) as tree:
        answers = tree.read(FIVE)
        next(answers)
        assert cluster.begun.wait(10)

    # Two threads begin at the same time, so either can ask first.
    assert sorted(path for _, path, _ in cluster.asked) == ["/d", "/e"]
    assert not [one for one in threading.enumerate() if one.name.startswith("snapshot")]


def test_what_the_cluster_cannot_answer_ends_the_run(cluster):
    with pytest.raises(QqFailedError):
        describe(WholeSnapshotTree(cluster, 7, locate("/proj")), "/gone/a")


def test_what_is_in_a_directory_that_the_snapshot_does_not_hold_is_not_there(cluster):
    """As one that the live share got since, of which the snapshot is asked for ids."""
    tree = WholeSnapshotTree(cluster, 7, locate("/proj"))
    not_there = Unreadable("snapshot 7 does not hold it")

    assert describe(tree, "/never/b", "/never/a") == [not_there, not_there]
    assert cluster.asked == [("directory", "/proj/never", 7)]
    with pytest.raises(AbsentError):
        tree.names("/never/")
