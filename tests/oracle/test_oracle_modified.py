"""The oracle: modified files and directories."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.oracle import Node, Tree, capture, expected_diff
from tests.oracle.share import NEW, OLD, Share, diff_lines, file, folder, lines, two_trees


def changed(node: Node, field: str) -> Node:
    """A node with another number in a field."""
    values: dict[str, Any] = {field: 5}
    return replace(node, **values)


@pytest.mark.parametrize(
    "change",
    [
        lambda path: os.truncate(path, 3),
        lambda path: os.utime(path, (OLD, NEW)),
        lambda path: os.chmod(path, 0o600),
    ],
    ids=["size", "mtime", "mode"],
)
def test_a_modified_file_is_listed_and_its_directory_is_not(
    share: Share, change: Callable[[bytes], object]
) -> None:
    share.write("a/x", "a/y", when=OLD)
    os.chmod(share.at("a/x"), 0o644)
    before = capture(share.root)
    change(share.at("a/x"))
    after = capture(share.root)
    assert diff_lines(before, after) == [("MODIFY", "/proj/a/x")]
    assert lines(before, after) == ["file F_REG /a/x"]


@pytest.mark.parametrize("field", ["size", "mtime_ns", "ctime_ns", "mode", "uid", "gid", "nlink"])
def test_any_change_of_a_files_metadata_modifies_it(field: str) -> None:
    before, after = two_trees({b"x": file(1)}, {b"x": changed(file(1), field)})
    assert expected_diff(before, after, "/") == {("MODIFY", "/x")}


@pytest.mark.parametrize("field", ["mtime_ns", "mode", "uid", "gid"])
def test_a_change_of_a_directorys_own_metadata_modifies_it(field: str) -> None:
    before, after = two_trees({b"d": folder(1)}, {b"d": changed(folder(1), field)})
    assert expected_diff(before, after, "/") == {("MODIFY", "/d/")}
    assert lines(before, after, source="/", base="/") == ["file F_DIR /d"]


@pytest.mark.parametrize("field", ["size", "ctime_ns", "nlink", "atime_ns"])
def test_some_changes_do_not_modify_a_directory(field: str) -> None:
    before, after = two_trees({b"d": folder(1)}, {b"d": changed(folder(1), field)})
    assert expected_diff(before, after, "/") == set()


def test_a_replaced_entry_modifies_its_directory_even_if_nothing_else_changed() -> None:
    before, after = two_trees(
        {b"d": folder(1), b"d/x": file(2)}, {b"d": folder(1), b"d/x": file(3)}
    )
    assert expected_diff(before, after, "/") == {
        ("MODIFY", "/d/"),
        ("DELETE", "/d/x"),
        ("CREATE", "/d/x"),
    }


def test_reading_a_file_does_not_modify_it(share: Share) -> None:
    share.write("a/x")
    before = capture(share.root)
    os.utime(share.at("a/x"), (NEW + 9, NEW))
    after = capture(share.root)
    node = after.nodes[b"a/x"]
    assert node.atime_ns != before.nodes[b"a/x"].atime_ns
    nodes = {**after.nodes, b"a/x": replace(node, ctime_ns=before.nodes[b"a/x"].ctime_ns)}
    assert expected_diff(before, Tree(nodes), "/proj") == set()
