"""What a user probably meant by a base path that is not there."""

import pytest

from qumulo_changelist.checks.suggestion import suggest
from qumulo_changelist.errors import ReplyError
from qumulo_changelist.model import Snapshot
from tests.parts.fake_cluster import FakeCluster, a_directory, a_file, a_link

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


def suggested(path: str, source: str = "/", tree: dict = TREE) -> str:
    return suggest(FakeCluster({NUMBER: tree}), path, Snapshot(NUMBER, "", source=source))


@pytest.mark.parametrize(
    ("path", "meant", "difference"),
    [
        ("/projects/Mu\u0308ller", "/projects/M\u00fcller", "its accents"),
        ("/projects/Muller", "/projects/M\u00fcller", "its accents"),
        ("/projects/M\u00fbller", "/projects/M\u00fcller", "its accents"),
        ("/projects/m\u00fcLLER", "/projects/M\u00fcller", "upper and lower case"),
        ("/Projects/show1", "/projects/show1", "upper and lower case"),
        ("/projects/STRASSE", "/projects/Stra\u00dfe", "upper and lower case"),
        (
            "/projects/MULLER",
            "/projects/M\u00fcller",
            "its accents and in upper and lower case",
        ),
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
def test_the_nearest_directory_is_suggested_with_what_differs(path, meant, difference):
    assert suggested(path) == f"Did you mean {meant}, which differs in {difference}?"


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/projects/notes", "/projects/notes is a file there. Give the path of a directory."),
        ("/projects/notes/x/y", "/projects/notes is a file there. Give the path of a directory."),
        (
            "/projects/latest",
            "/projects/latest is a link, or a special file there. Give the path of a directory.",
        ),
        ("/PROJECTS/notes", "/projects/notes is a file there. Give the path of a directory."),
    ],
)
def test_what_is_in_the_way_is_named(path, answer):
    assert suggested(path) == answer


@pytest.mark.parametrize(
    "path",
    ["/", "/xyz", "/projects/xyz", "/projects/show1/deeper", "/projects/show1", "/projects/nots"],
)
def test_where_nothing_is_near_nothing_is_suggested(path):
    assert suggested(path) == ""


def test_a_name_that_differs_least_is_nearest():
    tree = {"/Reel": a_directory(), "/R\u00e9el": a_directory(), "/reels": a_directory()}

    assert suggested("/reel", tree=tree) == (
        "Did you mean /Reel, which differs in upper and lower case?"
    )
    assert suggested("/reelz", tree=tree) == "Did you mean /reels, which differs in its spelling?"


def test_above_the_directory_of_the_snapshot_only_what_leads_there_is_known():
    cluster = FakeCluster({NUMBER: {"/a/b/show": a_directory()}}, unreadable=("/", "/a"))
    snapshot = Snapshot(NUMBER, "", source="/a/b")

    assert suggest(cluster, "/A/b/Show", snapshot) == (
        "Did you mean /a/b/show, which differs in upper and lower case?"
    )
    assert cluster.asked == [("into", "/a/b", NUMBER)]


def test_where_the_cluster_cannot_be_asked_nothing_is_suggested():
    cluster = FakeCluster({NUMBER: TREE}, unreadable=("/",))

    assert suggest(cluster, "/Projects", Snapshot(NUMBER, "", source="/")) == ""
    assert suggested("/Projects", tree={}) == ""


def test_a_cluster_that_fails_here_does_not_hide_what_is_wrong():
    class Failing:
        def first_entries(self, *_: object) -> dict:
            raise ReplyError("nonsense")

    assert suggest(Failing(), "/Projects", Snapshot(NUMBER, "", source="/")) == ""


def test_of_a_huge_directory_only_the_first_names_are_asked_for():
    asked = []

    class Huge:
        def first_entries(self, directory: str, snapshot: int, most: int) -> dict:
            asked.append((directory, snapshot, most))
            return {}

    suggest(Huge(), "/x", Snapshot(NUMBER, ""))

    assert asked == [("/", NUMBER, 10_000)]
