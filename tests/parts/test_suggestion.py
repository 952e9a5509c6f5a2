"""What a user probably meant by a path that a snapshot does not have."""

import pytest

from qumulo_changelist.checks.suggestion import suggest_path
from qumulo_changelist.errors import ReplyError
from qumulo_changelist.model import Snapshot
from tests.parts.fake_cluster import FakeCluster, Tree, UnusedCluster, a_directory, a_file, a_link

NUMBER = 7
TREE = {
    "/projects/M\u00fcller/reel": a_directory(),
    "/projects/Stra\u00dfe": a_directory(),
    "/projects/show1": a_directory(),
    "/projects/show10": a_directory(),
    "/projects/notes": a_file("1"),
    "/projects/latest": a_link(),
    "/projects/pipe": a_link(),
}


def suggest(path: str, tree: Tree = TREE) -> str:
    return suggest_path(FakeCluster({NUMBER: tree}), path, Snapshot(NUMBER, source="/"))


@pytest.mark.parametrize(
    ("path", "nearest", "difference"),
    [
        ("/projects/Mu\u0308ller", "/projects/M\u00fcller", "its accents"),
        ("/projects/Muller", "/projects/M\u00fcller", "its accents"),
        ("/projects/M\u00fbller", "/projects/M\u00fcller", "its accents"),
        ("/projects/m\u00fcLLER", "/projects/M\u00fcller", "upper and lower case"),
        ("/Projects/show1", "/projects/show1", "upper and lower case"),
        ("/projects/STRASSE", "/projects/Stra\u00dfe", "upper and lower case"),
        ("/projects/MULLER", "/projects/M\u00fcller", "its accents and in upper and lower case"),
        ("/projcts/show1", "/projects/show1", "its spelling"),
        ("/projects/Mueller", "/projects/M\u00fcller", "its spelling"),
        (
            "/Projects/Muller/rel",
            "/projects/M\u00fcller/reel",
            "upper and lower case, its accents, its spelling",
        ),
        ("/PROJECTS/M\u00fcller/REEL", "/projects/M\u00fcller/reel", "upper and lower case"),
    ],
)
def test_the_nearest_directory_is_suggested_with_what_differs(path, nearest, difference):
    assert suggest(path) == f"Did you mean {nearest}, which differs in {difference}?"


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/projects/notes", "/projects/notes is a file"),
        ("/projects/notes/x/y", "/projects/notes is a file"),
        ("/projects/latest", "/projects/latest is a link, or a special file"),
        ("/PROJECTS/notes", "/projects/notes is a file"),
    ],
)
def test_what_is_there_instead_of_a_directory_is_named(path, found):
    assert suggest(path) == f"{found} there. Give the path of a directory."


@pytest.mark.parametrize(
    "path",
    ["/", "/xyz", "/projects/xyz", "/projects/show1/deeper", "/projects/show1", "/projects/nots"],
)
def test_nothing_is_suggested_if_nothing_is_near(path):
    assert suggest(path) == ""


def test_the_name_that_differs_least_is_nearest():
    tree = {"/Reel": a_directory(), "/R\u00e9el": a_directory(), "/reels": a_directory()}

    assert suggest("/reel", tree) == "Did you mean /Reel, which differs in upper and lower case?"
    assert suggest("/reelz", tree) == "Did you mean /reels, which differs in its spelling?"


def test_above_the_directory_of_the_snapshot_only_what_leads_there_is_known():
    cluster = FakeCluster({NUMBER: {"/a/b/show": a_directory()}}, unreadable=("/", "/a"))

    assert suggest_path(cluster, "/A/b/Show", Snapshot(NUMBER, source="/a/b")) == (
        "Did you mean /a/b/show, which differs in upper and lower case?"
    )
    assert cluster.requests == [("listing", "/a/b", NUMBER)]


def test_nothing_is_suggested_if_the_cluster_cannot_list_a_directory():
    cluster = FakeCluster({NUMBER: TREE}, unreadable=("/",))

    assert suggest_path(cluster, "/Projects", Snapshot(NUMBER, source="/")) == ""
    assert suggest("/Projects", tree={}) == ""


def test_a_cluster_that_fails_does_not_hide_what_is_wrong():
    class FailingCluster(UnusedCluster):
        def first_entries(self, directory: str, snapshot: int | None, limit: int) -> Tree:
            raise ReplyError("malformed")

    assert suggest_path(FailingCluster(), "/Projects", Snapshot(NUMBER, source="/")) == ""


def test_only_the_first_names_of_a_huge_directory_are_requested():
    requests = []

    class HugeCluster(UnusedCluster):
        def first_entries(self, directory: str, snapshot: int | None, limit: int) -> Tree:
            requests.append((directory, snapshot, limit))
            return {}

    suggest_path(HugeCluster(), "/x", Snapshot(NUMBER))

    assert requests == [("/", NUMBER, 10_000)]
