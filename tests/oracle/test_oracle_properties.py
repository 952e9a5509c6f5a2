"""The oracle: what holds for the lists of any two trees."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from tests.oracle import (
    Identity,
    Node,
    NoList,
    Tree,
    expected_diff,
    expected_entries,
    has_base,
    render,
)
from tests.oracle.capture import Kind
from tests.oracle.share import lines, two_trees

KINDS: tuple[Kind, ...] = ("file", "dir", "other")


@st.composite
def any_trees(draw: DrawFn) -> tuple[Tree, Tree]:
    """Two trees of few names, so that paths meet in every combination of kind and identity."""

    def grow(nodes: dict[bytes, Node], directory: bytes, depth: int) -> None:
        for name in draw(st.sets(st.sampled_from([b"a", b"a.", b"a0", b"\xff"]), max_size=3)):
            path = directory + b"/" + name if directory else name
            kind = draw(st.sampled_from(KINDS))
            size, identity = draw(st.integers(0, 2)), draw(st.integers(1, 2))
            nodes[path] = Node(kind, Identity(given=identity), size=size)
            if kind == "dir" and depth < 3:
                grow(nodes, path, depth + 1)

    older: dict[bytes, Node] = {}
    newer: dict[bytes, Node] = {}
    grow(older, b"", 1)
    grow(newer, b"", 1)
    return two_trees(older, newer)


def files_of(tree: Tree) -> set[bytes]:
    return {b"/" + path for path, node in tree.nodes.items() if node.kind == "file"}


@given(any_trees())
def test_a_list_turns_the_older_set_of_files_into_the_newer_one(trees: tuple[Tree, Tree]) -> None:
    before, after = trees
    entries = expected_entries(before, after, source="/proj", base="/proj", deletes=True)
    here = {entry.path for entry in entries if entry.type == "F_REG"} & files_of(after)
    gone = {entry.path for entry in entries if entry.type == "F_REG"} - files_of(after)
    assert gone <= files_of(before)
    assert (files_of(before) - gone) | here == files_of(after)


@given(any_trees())
def test_a_list_has_each_path_once_in_descending_order(trees: tuple[Tree, Tree]) -> None:
    entries = expected_entries(*trees, source="/proj", base="/", deletes=True)
    assert len({entry.path for entry in entries}) == len(entries)
    names = [entry.name.encode() for entry in entries]
    assert names == sorted(names, reverse=True)


@given(any_trees())
def test_a_list_is_well_formed_and_its_totals_are_those_of_its_lines(
    trees: tuple[Tree, Tree],
) -> None:
    entries = expected_entries(*trees, source="/proj", base="/proj", deletes=True)
    root = ElementTree.fromstring(render(entries))
    files = [each for each in root.iter("file") if each.get("type") == "F_REG"]
    deleted = [each for each in root.iter("delete-file") if each.get("type") == "F_REG"]
    assert root.attrib == {
        "scanned": str(len(files)),
        "selected": str(len(files)),
        "size": str(sum(int(each.get("size", "")) for each in files)),
        "bad_dir_count": str(len(root.findall("bad-dir"))),
        "delete_count": str(len(deleted)),
    }


@given(any_trees())
def test_the_diff_names_nothing_below_a_created_or_deleted_directory(
    trees: tuple[Tree, Tree],
) -> None:
    found = expected_diff(*trees, "/proj")
    for op in ("CREATE", "DELETE"):
        named = [path for operation, path in found if operation == op]
        whole = [path for path in named if path.endswith("/")]
        assert not [
            path for path in named for above in whole if path != above and path.startswith(above)
        ]


@given(any_trees())
def test_the_list_of_a_base_path_is_its_part_of_the_whole_list(trees: tuple[Tree, Tree]) -> None:
    if not any(has_base(tree, "/proj", "/proj/a") for tree in trees):
        with pytest.raises(NoList):
            lines(*trees, "/proj/a")
        return
    whole = lines(*trees, "/proj")
    part = lines(*trees, "/proj/a")
    assert set(part) == {
        line.replace(" /a/", " /", 1) for line in whole if line.split(" ", 2)[2].startswith("/a/")
    }
