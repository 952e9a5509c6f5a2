"""The base path: which changes of a cluster count (rule 1 of the contract)."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qumulo_changelist.changes.scope import Scope
from qumulo_changelist.model import CREATE, DELETE, MODIFY, Change, Op

OPS: tuple[Op, ...] = (CREATE, MODIFY, DELETE)


def name_in_scope(base: str, path: str, op: Op = CREATE) -> str | None:
    """Return the name below the base path of what a change counts as; None if it does not count."""
    scope = Scope(base)
    selected = scope.select([Change(op, path)])
    if not selected:
        return None
    (change,) = selected
    assert change.op == op
    assert change.path.startswith(f"{scope.base}/")
    return change.path.removeprefix(scope.base)


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
def test_a_path_at_or_below_the_base_path_counts(path, name):
    assert name_in_scope("/proj/show1", path) == name


@pytest.mark.parametrize("base", ["/proj/showX", "/proj/showX/"])
def test_only_the_trailing_slash_of_the_base_path_is_removed(base):
    assert Scope(base).base == "/proj/showX"


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
    assert name_in_scope("/proj/show1", path) is None


@pytest.mark.parametrize("path", ["/proj/show1", "/proj"])
def test_a_file_with_the_name_of_the_base_path_or_an_ancestor_does_not_count(path):
    assert name_in_scope("/proj/show1", path) is None


@pytest.mark.parametrize("op", [CREATE, DELETE])
@pytest.mark.parametrize("ancestor", ["/", "/proj/", "/proj/show1/"])
def test_creating_or_deleting_an_ancestor_counts_as_a_change_of_the_base_path(ancestor, op):
    assert name_in_scope("/proj/show1", ancestor, op) == "/"


@pytest.mark.parametrize("path", ["/", "/proj/", "/proj/show1/"])
def test_modifying_the_base_path_or_an_ancestor_does_not_count(path):
    assert name_in_scope("/proj/show1", path, MODIFY) is None


def test_modifying_a_directory_below_the_base_path_counts():
    assert name_in_scope("/proj/show1", "/proj/show1/reel1/", MODIFY) == "/reel1/"


@pytest.mark.parametrize("base", ["/", "//"])
def test_the_root_of_the_cluster_can_be_the_base_path(base):
    assert name_in_scope(base, "/a") == "/a"
    assert name_in_scope(base, "/proj/show1/") == "/proj/show1/"
    assert name_in_scope(base, "/") == "/"
    assert name_in_scope(base, "/", MODIFY) is None


def test_a_trailing_slash_of_the_base_path_is_ignored():
    assert name_in_scope("/proj/show1/", "/proj/show1/a") == "/a"
    assert Scope("/proj/show1/").base == Scope("/proj/show1").base == "/proj/show1"


# Any paths

# The last component looks like the end of one path and the beginning of the next.
components = st.lists(
    st.sampled_from(["a", "b", "ab", "a b", ".", "é", "\udcff", "\0"]), max_size=4
)


def join(components: list[str], *, directory: bool) -> str:
    """Return a path as a diff has it; without components it is the root."""
    return "/" + "/".join(components) + ("/" if directory and components else "")


@given(base=components, path=components, directory=st.booleans(), op=st.sampled_from(OPS))
def test_any_path_counts_as_its_components_say(base, path, directory, op):
    is_directory = directory or not path
    if path[: len(base)] == base and path != base:
        expected = "/" + "/".join(path[len(base) :]) + ("/" if is_directory else "")
    elif base[: len(path)] == path and is_directory and op != MODIFY:
        expected = "/"
    else:
        expected = None

    name = name_in_scope(join(base, directory=False), join(path, directory=directory), op)

    assert name == expected


changes = st.lists(
    st.builds(
        lambda op, path, directory: Change(op, join(path, directory=directory)),
        st.sampled_from(OPS),
        components,
        st.booleans(),
    )
)


@given(base=components.map(lambda base: join(base, directory=False)), page=changes)
@example("/p", [Change(CREATE, "/p/a\0/p/b"), Change(CREATE, "/q")])
@example("/p", [Change(MODIFY, "/p/"), Change(DELETE, "/"), Change(MODIFY, "/p/a/")])
@example("/p", [])
def test_a_page_counts_as_its_changes_do_one_by_one(base, page):
    scope = Scope(base)

    one_by_one = [selected for change in page for selected in scope.select([change])]

    assert sorted(scope.select(page), key=str) == sorted(one_by_one, key=str)


# Where a snapshot and the base path overlap


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
def test_a_snapshot_and_the_base_path_overlap_in_the_deeper_of_both(source, directory):
    assert Scope("/proj/show1").within(source) == directory
    assert Scope("/proj/show1/").within(source) == directory


@pytest.mark.parametrize("source", ["", "/", "/proj", "/proj/show1"])
def test_every_snapshot_is_within_the_root(source):
    assert Scope("/").within(source) == (source or "/")


@given(base=components, source=components)
def test_any_two_directories_overlap_if_one_contains_the_other(base, source):
    deeper = max(base, source, key=len)
    contains = deeper[: len(base)] == base and deeper[: len(source)] == source

    found = Scope(join(base, directory=False)).within(join(source, directory=False))

    assert found == (join(deeper, directory=False) if contains else "")
