"""The base path: what of a cluster counts, and what it is called (rule 1 of the contract)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qumulo_changelist.model import Change, Op
from qumulo_changelist.scan.scope import Scope


def locate(base: str, path: str, op: Op = Op.CREATE) -> str | None:
    """Return what the base path makes of a path."""
    located = Scope(base).locate(Change(op, path))
    assert located is None or located.op is op
    return located and located.path


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
    assert locate("/proj/show1", path) == name


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
    assert locate("/proj/show1", path) is None


@pytest.mark.parametrize("path", ["/proj/show1", "/proj"])
def test_a_file_of_the_name_of_the_base_path_or_above_it_is_not_the_base_path(path):
    assert locate("/proj/show1", path) is None


@pytest.mark.parametrize("op", [Op.CREATE, Op.DELETE])
@pytest.mark.parametrize("ancestor", ["/", "/proj/", "/proj/show1/"])
def test_a_change_of_an_ancestor_is_a_change_of_the_base_path(ancestor, op):
    assert locate("/proj/show1", ancestor, op) == "/"


@pytest.mark.parametrize("path", ["/", "/proj/", "/proj/show1/"])
def test_that_the_base_path_or_an_ancestor_was_modified_means_nothing(path):
    assert locate("/proj/show1", path, Op.MODIFY) is None


def test_a_directory_below_the_base_path_may_be_modified():
    assert locate("/proj/show1", "/proj/show1/reel1/", Op.MODIFY) == "/reel1/"


@pytest.mark.parametrize("base", ["/", "//"])
def test_the_whole_cluster_may_be_the_base_path(base):
    assert locate(base, "/a") == "/a"
    assert locate(base, "/proj/show1/") == "/proj/show1/"
    assert locate(base, "/") == "/"
    assert locate(base, "/", Op.MODIFY) is None


def test_a_last_slash_of_the_base_path_means_nothing():
    assert locate("/proj/show1/", "/proj/show1/a") == "/a"
    assert Scope("/proj/show1/").base == Scope("/proj/show1").base == "/proj/show1"


names = st.lists(st.sampled_from(["a", "b", "ab", "a b", ".", "é", "\udcff"]), max_size=4)


@given(base=names, path=names, directory=st.booleans(), op=st.sampled_from(Op))
def test_any_path_counts_where_its_components_say_so(base, path, directory, op):
    is_directory = directory or not path
    written = "/" + "/".join(path) + ("/" if is_directory and path else "")

    if path[: len(base)] == base and path != base:
        expected = "/" + "/".join(path[len(base) :]) + ("/" if is_directory else "")
    elif base[: len(path)] == path and is_directory and op is not Op.MODIFY:
        expected = "/"
    else:
        expected = None

    assert locate("/" + "/".join(base), written, op) == expected
