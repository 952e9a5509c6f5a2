"""The base path: what of a cluster counts, and what it is called (rule 1 of the contract)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qumulo_changelist.changes.scope import Scope
from qumulo_changelist.model import CREATE, DELETE, MODIFY, Change, Op

OPS: tuple[Op, ...] = (CREATE, MODIFY, DELETE)
ENDINGS = {CREATE: "!created", MODIFY: "!modified", DELETE: "!deleted"}


def snapshot_paths(base: str, path: str, op: Op = CREATE) -> str | None:
    """Return what the base path makes of a path; None where it does not count."""
    keys = Scope(base).keys([Change(op, path)], ENDINGS)
    assert len(keys) <= 1
    assert all(key.endswith(ENDINGS[op]) for key in keys)
    return keys[0].removesuffix(ENDINGS[op]) if keys else None


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/proj/show1/a.mov", "/a.mov"),
        ("/proj/show1/reel1/", "/reel1/"),
        ("/proj/show1/reel1/a.mov", "/reel1/a.mov"),
        ("/proj/show1/proj/show1/a", "/proj/show1/a"),
        ("/proj/show1/", "/"),
    ],
)
def test_what_is_at_or_below_the_base_path_counts(path, name):
    assert snapshot_paths("/proj/show1", path) == name


@pytest.mark.parametrize(
    "path",
    [
        "/proj/show10/x",
        "/proj/show10/",
        "/proj/show1.bak",
        "/proj/show",
        "/proj/show/",
        "/proj/show2/a",
        "/proj/Show1/a",
        "/other/proj/show1/a",
        "/proj/a",
        "/a",
    ],
)
def test_paths_are_compared_by_whole_components(path):
    assert snapshot_paths("/proj/show1", path) is None


@pytest.mark.parametrize("path", ["/proj/show1", "/proj"])
def test_a_file_of_the_name_of_the_base_path_or_above_it_is_not_the_base_path(path):
    assert snapshot_paths("/proj/show1", path) is None


@pytest.mark.parametrize("op", [CREATE, DELETE])
@pytest.mark.parametrize("ancestor", ["/", "/proj/", "/proj/show1/"])
def test_a_change_of_an_ancestor_is_a_change_of_the_base_path(ancestor, op):
    assert snapshot_paths("/proj/show1", ancestor, op) == "/"


@pytest.mark.parametrize("path", ["/", "/proj/", "/proj/show1/"])
def test_that_the_base_path_or_an_ancestor_was_modified_means_nothing(path):
    assert snapshot_paths("/proj/show1", path, MODIFY) is None


def test_a_directory_below_the_base_path_may_be_modified():
    assert snapshot_paths("/proj/show1", "/proj/show1/reel1/", MODIFY) == "/reel1/"


@pytest.mark.parametrize("base", ["/", "//"])
def test_the_whole_cluster_may_be_the_base_path(base):
    assert snapshot_paths(base, "/a") == "/a"
    assert snapshot_paths(base, "/proj/show1/") == "/proj/show1/"
    assert snapshot_paths(base, "/") == "/"
    assert snapshot_paths(base, "/", MODIFY) is None


def test_a_last_slash_of_the_base_path_means_nothing():
    assert snapshot_paths("/proj/show1/", "/proj/show1/a") == "/a"
    assert Scope("/proj/show1/").base == Scope("/proj/show1").base == "/proj/show1"
    assert Scope("/proj/MAX/").base == "/proj/MAX"


names = st.lists(st.sampled_from(["a", "b", "ab", "a b", ".", "é", "\udcff"]), max_size=4)


def written(path: list[str], *, directory: bool) -> str:
    """Return a path as a diff has it; without components it is the root."""
    return "/" + "/".join(path) + ("/" if directory and path else "")


@given(base=names, path=names, directory=st.booleans(), op=st.sampled_from(OPS))
def test_any_path_counts_where_its_components_say_so(base, path, directory, op):
    is_directory = directory or not path

    if path[: len(base)] == base and path != base:
        expected = "/" + "/".join(path[len(base) :]) + ("/" if is_directory else "")
    elif base[: len(path)] == path and is_directory and op != MODIFY:
        expected = "/"
    else:
        expected = None

    assert (
        snapshot_paths(written(base, directory=False), written(path, directory=directory), op)
        == expected
    )


def test_of_a_page_only_what_counts_is_left_each_with_what_happened_to_it():
    page = [
        Change(DELETE, "/proj/show10/x"),
        Change(MODIFY, "/proj/show1/"),
        Change(DELETE, "/proj/show1/a"),
        Change(MODIFY, "/proj/show1/reel1/"),
        Change(DELETE, "/proj/"),
        Change(MODIFY, "/proj/"),
        Change(CREATE, "/proj/show1/a"),
    ]

    assert sorted(Scope("/proj/show1").keys(page, ENDINGS)) == [
        "/!deleted",
        "/a!created",
        "/a!deleted",
        "/reel1/!modified",
    ]


def test_a_name_that_holds_another_path_is_one_name():
    page = [Change(CREATE, "/p/a\0/p/b"), Change(CREATE, "/q")]

    assert Scope("/p").keys(page, ENDINGS) == ["/a\0/p/b!created"]


def test_of_an_empty_page_nothing_is_left():
    assert Scope("/proj/show1").keys([], ENDINGS) == []


@given(base=names, page=st.lists(st.tuples(st.sampled_from(OPS), names, st.booleans())))
def test_a_page_means_what_its_changes_mean_one_by_one(base, page):
    scope = Scope(written(base, directory=False))
    changes = [Change(op, written(path, directory=directory)) for op, path, directory in page]

    alone = [key for change in changes for key in scope.keys([change], ENDINGS)]

    assert sorted(scope.keys(changes, ENDINGS)) == sorted(alone)


# Where a snapshot and the base path meet


@pytest.mark.parametrize(
    ("source", "directory"),
    [
        ("/proj/show1", "/proj/show1"),
        ("/proj/show1/", "/proj/show1"),
        ("/proj", "/proj/show1"),
        ("/", "/proj/show1"),
        ("", "/proj/show1"),
        ("/proj/show1/reel1", "/proj/show1/reel1"),
        ("/proj/show10", ""),
        ("/proj/show1X", ""),
        ("/proj/show", ""),
        ("/other", ""),
    ],
)
def test_a_snapshot_and_the_base_path_meet_in_the_lower_of_both_if_at_all(source, directory):
    assert Scope("/proj/show1").within(source) == directory
    assert Scope("/proj/show1/").within(source) == directory


@pytest.mark.parametrize("source", ["", "/", "/proj", "/proj/show1"])
def test_every_snapshot_is_of_something_on_the_whole_cluster(source):
    assert Scope("/").within(source) == (source or "/")


@given(base=names, source=names)
def test_any_two_directories_meet_where_one_is_in_the_other(base, source):
    lower = max(base, source, key=len)
    is_in_it = lower[: len(base)] == base and lower[: len(source)] == source

    found = Scope(written(base, directory=False)).within(written(source, directory=False))

    assert found == (written(lower, directory=False) if is_in_it else "")
