"""The path that each snapshot has for a name."""

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
def test_a_name_is_a_path_below_the_base_path(base, name, path):
    assert snapshot_paths(base).path(name) == path


@pytest.mark.parametrize(
    ("source", "path_of_source"),
    [("", ""), ("/p", ""), ("", "/q"), ("/p", "/p"), ("/p/", "/p"), ("/other", "/another")],
    ids=["unknown", "older unknown", "newer unknown", "not renamed", "slash", "out of scope"],
)
def test_paths_do_not_change_unless_a_source_in_scope_was_renamed(source, path_of_source):
    assert snapshot_paths("/p/base", source, path_of_source) == SnapshotPaths("/p/base")


@pytest.mark.parametrize(
    ("base", "source", "path_of_source", "older_base"),
    [
        ("/new", "/new", "/old", "/old"),
        ("/c/new/d/e", "/c/new", "/c/old", "/c/old/d/e"),
        ("/c/new/d", "/c/new/", "/elsewhere/", "/elsewhere/d"),
    ],
)
def test_the_base_path_changes_with_a_source_at_or_above_it(
    base, source, path_of_source, older_base
):
    paths = snapshot_paths(base, source, path_of_source)

    assert paths.path("/") == older_base
    assert paths.path("/x/") == f"{older_base}/x"
    assert paths.path("/x/y") == f"{older_base}/x/y"


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
def test_only_paths_in_the_source_change_with_a_source_below_the_base_path(name, path):
    assert snapshot_paths("/p", "/p/new", "/p/old").path(name) == path


def test_a_source_can_come_from_a_directory_out_of_scope():
    assert snapshot_paths("/p", "/p/q/r", "/elsewhere").path("/q/r/f") == "/elsewhere/f"
    assert snapshot_paths("/", "/q", "/r/s").path("/q/f") == "/r/s/f"


_names = st.lists(st.sampled_from(["a", "b", "aa", "ü"]), max_size=4)
_paths = _names.map(lambda names: "/" + "/".join(names))
_below_root = _paths.filter(lambda path: path != "/")


def is_in(path: str, directory: str) -> bool:
    return path == directory or path.startswith(f"{directory}/")


@given(_paths, _below_root, _below_root, st.sets(_paths, min_size=2))
def test_a_path_changes_only_by_the_path_of_the_source(
    base: str, source: str, path_of_source: str, names: set[str]
) -> None:
    paths = snapshot_paths(base, source, path_of_source)
    newer = {name: f"{base}{name}".replace("//", "/").rstrip("/") or "/" for name in names}

    found = {name: paths.path(name) for name in names}

    assert found == {
        name: path_of_source + path.removeprefix(source) if is_in(path, source) else path
        for name, path in newer.items()
    }
    in_source = [found[name] for name in names if is_in(newer[name], source)]
    assert len(set(in_source)) == len(in_source)
