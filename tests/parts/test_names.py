"""Names and paths as text: which directories contain a name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qumulo_changelist.names import outermost

paths = st.lists(st.text(st.sampled_from("ab/"), min_size=1, max_size=6).map("/{}".format))


@pytest.mark.parametrize(
    ("name", "directory"),
    [
        ("/a/b/c", "/a/"),
        ("/a/", "/a/"),
        ("/a", ""),
        ("/ab/c", ""),
        ("/x/y/z", "/x/y/"),
        ("/x/y/", "/x/y/"),
        ("/x/", ""),
        ("/x/yz", ""),
        ("/", ""),
    ],
)
def test_the_outermost_directory_is_found_by_whole_components(name, directory):
    assert outermost({"/a/", "/a/b/", "/x/y/"}, name) == directory


def test_the_root_contains_every_name():
    assert outermost({"/", "/a/"}, "/a/b") == "/"
    assert outermost({"/"}, "/") == "/"


@given(paths, paths)
def test_the_outermost_directory_is_the_shortest_one_that_begins_the_name(directories, names):
    ending_in_slash = {f"{path}/" for path in directories}
    for name in names:
        above = [directory for directory in ending_in_slash if name.startswith(directory)]
        assert outermost(ending_in_slash, name) == min(above, key=len, default="")
