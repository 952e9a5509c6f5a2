"""Where each snapshot has what a name stands for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qumulo_changelist.snapshot_paths import SnapshotPaths, snapshot_paths


@pytest.mark.parametrize(
    ("base", "name", "path"),
    [
        ("/p", "/", "/p"),
        ("/p/", "/", "/p"),
        ("/p", "/a/", "/p/a"),
        ("/p", "/a/b.mov", "/p/a/b.mov"),
        ("/", "/", "/"),
        ("", "/", "/"),
        ("/", "/a/", "/a"),
        ("/", "/a/b.mov", "/a/b.mov"),
        ("/p", "/ü\udcff\n", "/p/ü\udcff\n"),
    ],
)
def test_a_name_stands_for_a_path_below_the_base_path(base, name, path):
    assert snapshot_paths(base).path(name) == path


@pytest.mark.parametrize(
    ("source", "then"),
    [("", ""), ("/p", ""), ("", "/q"), ("/p", "/p"), ("/p/", "/p"), ("/other", "/another")],
)
def test_a_source_that_is_unknown_or_was_not_renamed_or_lies_elsewhere_changes_nothing(
    source, then
):
    assert snapshot_paths("/p/base", source, then) == SnapshotPaths("/p/base")


@pytest.mark.parametrize(
    ("base", "source", "then", "older_base"),
    [
        ("/new", "/new", "/old", "/old"),
        ("/c/new/d/e", "/c/new", "/c/old", "/c/old/d/e"),
        ("/c/new/d", "/c/new/", "/elsewhere/", "/elsewhere/d"),
    ],
)
def test_of_a_source_at_or_above_the_base_path_that_was_renamed_the_base_path_has_another_path(
    base, source, then, older_base
):
    location = snapshot_paths(base, source, then)

    assert location.path("/") == older_base
    assert location.path("/x/") == f"{older_base}/x"
    assert location.path("/x/y") == f"{older_base}/x/y"


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("/", "/p"),
        ("/new/", "/p/old"),
        ("/new", "/p/old"),
        ("/new/d/f", "/p/old/d/f"),
        ("/newer/f", "/p/newer/f"),
        ("/f", "/p/f"),
    ],
)
def test_of_a_source_below_the_base_path_that_was_renamed_only_what_is_in_it_has_another_path(
    name, path
):
    assert snapshot_paths("/p", "/p/new", "/p/old").path(name) == path


def test_a_source_that_was_moved_to_below_the_base_path_was_elsewhere():
    assert snapshot_paths("/p", "/p/q/r", "/elsewhere").path("/q/r/f") == "/elsewhere/f"
    assert snapshot_paths("/", "/q", "/r/s").path("/q/f") == "/r/s/f"


_names = st.lists(st.sampled_from(["a", "b", "aa", "ü"]), max_size=4)
_paths = _names.map(lambda names: "/" + "/".join(names))
_below_root = _paths.filter(lambda path: path != "/")


def is_in(path: str, directory: str) -> bool:
    return path == directory or path.startswith(f"{directory}/")


@given(base=_paths, source=_below_root, then=_below_root, names=st.sets(_paths, min_size=2))
def test_what_is_in_the_source_keeps_its_place_there_and_nothing_else_moves(
    base, source, then, names
):
    location = snapshot_paths(base, source, then)
    now = {name: f"{base}{name}".replace("//", "/").rstrip("/") or "/" for name in names}

    found = {name: location.path(name) for name in names}

    assert found == {
        name: then + path.removeprefix(source) if is_in(path, source) else path
        for name, path in now.items()
    }
    in_source = [found[name] for name in names if is_in(now[name], source)]
    assert len(set(in_source)) == len(in_source)
