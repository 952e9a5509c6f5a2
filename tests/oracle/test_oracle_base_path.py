"""The oracle: base paths that stay, come, go, and are replaced."""

from __future__ import annotations

import os

import pytest

from tests.oracle import NoList, Tree, capture, expected_diff, expected_entries
from tests.oracle.share import Share, diff_lines, lines


@pytest.fixture
def trees(share: Share) -> tuple[Tree, Tree]:
    share.write("show1/a/x", "show1/y", "show10/x")
    before = capture(share.root)
    share.write("show1/a/new", "show1/new", "show10/new", "new")
    return before, capture(share.root)


def test_the_base_path_itself_is_not_listed(trees: tuple[Tree, Tree]) -> None:
    assert lines(*trees) == [
        "file F_REG /show10/new",
        "file F_DIR /show10",
        "file F_REG /show1/new",
        "file F_REG /show1/a/new",
        "file F_DIR /show1/a",
        "file F_DIR /show1",
        "file F_REG /new",
    ]


@pytest.mark.parametrize("base", ["/proj/show1", "/proj/show1/", b"/proj/show1"])
def test_a_base_path_below_the_source_is_compared_by_whole_components(
    trees: tuple[Tree, Tree], base: str
) -> None:
    assert lines(*trees, base) == [
        "file F_REG /new",
        "file F_REG /a/new",
        "file F_DIR /a",
    ]


@pytest.mark.parametrize(("base", "prefix"), [("/vol", ""), ("/", "/vol")])
def test_a_base_path_above_the_source_lists_the_source_as_a_directory(
    trees: tuple[Tree, Tree], base: str, prefix: str
) -> None:
    listed = lines(*trees, base, source="/vol/proj")
    assert len(listed) == 8
    assert listed[0] == f"file F_REG {prefix}/proj/show10/new"
    assert listed[-1] == f"file F_DIR {prefix}/proj"


def test_base_path_and_source_can_be_the_root_of_the_cluster(trees: tuple[Tree, Tree]) -> None:
    assert lines(*trees, "/", source="/") == lines(*trees)
    assert ("MODIFY", "/") in expected_diff(*trees, "/")
    assert ("CREATE", "/new") in expected_diff(*trees, "/")


def test_a_base_path_must_be_absolute(trees: tuple[Tree, Tree]) -> None:
    with pytest.raises(ValueError, match="not an absolute cluster path"):
        lines(*trees, "proj")


def test_a_base_path_is_created_with_a_directory_above_it(share: Share) -> None:
    before = capture(share.root)
    share.write("a/b/c/x", "a/b/y", "a/z")
    after = capture(share.root)
    assert diff_lines(before, after) == [("CREATE", "/proj/a/"), ("MODIFY", "/proj/")]
    assert lines(before, after, "/proj/a/b") == ["file F_REG /y", "file F_REG /c/x"]


def test_a_base_path_is_deleted_with_a_directory_above_it_and_has_no_entry(share: Share) -> None:
    share.write("a/b/c/x", "a/b/y", "a/z")
    before = capture(share.root)
    share.delete("a")
    after = capture(share.root)
    expected = ["delete-file F_REG /y", "delete-file F_REG /c/x"]
    assert lines(before, after, "/proj/a/b") == expected
    assert lines(before, after, "/proj/a/b", deletes=False) == []
    assert lines(before, after, "/proj/a/b/c") == ["delete-file F_REG /x"]
    assert lines(before, after, "/proj/a")[0] == "delete-file F_REG /z"
    assert "F_DIR" not in "".join(lines(before, after, "/proj/a"))


def test_a_base_path_is_replaced_with_a_directory_above_it(share: Share) -> None:
    share.write("a/b/stays", "a/b/goes")
    before = capture(share.root)
    share.replace_folder("a", "b/stays", "b/comes")
    assert lines(before, capture(share.root), "/proj/a/b") == [
        "file F_REG /stays",
        "delete-file F_REG /goes",
        "file F_REG /comes",
    ]


def test_a_base_path_is_gone_if_the_directory_above_it_was_moved_away_and_made_anew(
    share: Share,
) -> None:
    share.write("par/base/b", "par/base/inside/c")
    before = capture(share.root)
    share.move("par", "par2")
    share.make_folder("par")
    after = capture(share.root)
    assert diff_lines(before, after) == [
        ("CREATE", "/proj/par/"),
        ("CREATE", "/proj/par2/"),
        ("DELETE", "/proj/par/"),
        ("MODIFY", "/proj/"),
    ]
    assert lines(before, after, "/proj/par/base") == [
        "delete-file F_REG /inside/c",
        "delete-file F_REG /b",
    ]
    assert lines(before, after, "/proj/par2/base") == ["file F_REG /inside/c", "file F_REG /b"]
    assert lines(after, before, "/proj/par/base") == ["file F_REG /inside/c", "file F_REG /b"]


def test_a_deleted_base_path_lists_its_files_but_no_directory(share: Share) -> None:
    share.write("base/b", "base/inside/c", "beside")
    share.make_folder("base/empty")
    before = capture(share.root)
    share.delete("base")
    after = capture(share.root)
    assert ("DELETE", "/proj/base/") in diff_lines(before, after)
    assert lines(before, after, "/proj/base") == [
        "delete-file F_REG /inside/c",
        "delete-file F_REG /b",
    ]
    assert lines(before, after, "/proj/base", deletes=False) == []
    assert lines(before, after, "/proj/base/empty") == []


def test_a_replaced_base_path_lists_what_came_and_what_is_gone(share: Share) -> None:
    share.write("base/stays", "base/goes", "base/sub/goes", "base/turns/inside", "base/other")
    before = capture(share.root)
    share.replace_folder("base", "stays", "comes", "turns", "other/inside")
    assert lines(before, capture(share.root), "/proj/base") == [
        "delete-file F_REG /turns/inside",
        "file F_REG /turns",
        "delete-file F_REG /sub/goes",
        "file F_REG /stays",
        "file F_REG /other/inside",
        "delete-file F_REG /other",
        "delete-file F_REG /goes",
        "file F_REG /comes",
    ]


@pytest.mark.parametrize("pair", [("one", "two"), ("one/base", "two/base")])
def test_a_base_path_can_be_swapped_with_another_one(share: Share, pair: tuple[str, str]) -> None:
    share.write("one/base/both", "one/base/first", "two/base/both", "two/base/second/deep")
    before = capture(share.root)
    share.move(pair[0], "aside")
    share.move(pair[1], pair[0])
    share.move("aside", pair[1])
    after = capture(share.root)
    assert lines(before, after, "/proj/one/base") == [
        "file F_REG /second/deep",
        "delete-file F_REG /first",
        "file F_REG /both",
    ]
    assert lines(before, after, "/proj/two/base") == [
        "delete-file F_REG /second/deep",
        "file F_REG /first",
        "file F_REG /both",
    ]


@pytest.mark.parametrize("what", ["file", "link", "pipe"])
def test_a_state_where_the_base_path_is_not_a_directory_does_not_have_it(
    share: Share, what: str
) -> None:
    share.write("base/b", "base/sub/c", "elsewhere/b")
    before = capture(share.root)
    share.delete("base")
    if what == "file":
        share.write("base")
    elif what == "link":
        os.symlink("elsewhere", share.at("base"))
    else:
        os.mkfifo(share.at("base"))
    after = capture(share.root)
    assert lines(before, after, "/proj/base") == [
        "delete-file F_REG /sub/c",
        "delete-file F_REG /b",
    ]
    assert lines(after, before, "/proj/base") == ["file F_REG /sub/c", "file F_REG /b"]
    with pytest.raises(NoList):
        lines(after, after, "/proj/base")


def test_moves_across_the_base_path_are_not_moves(share: Share) -> None:
    share.write("one/base/first", "two/base/second", "one/base/stays")
    before = capture(share.root)
    share.move("one/base/first", "one/base/renamed")
    share.move("two/base/second", "one/base/from outside")
    entries = expected_entries(
        before,
        capture(share.root),
        source="/proj",
        base="/proj/one/base",
        deletes=True,
        moves=True,
    )
    assert [(entry.name, entry.moved_from) for entry in entries] == [
        ("/renamed", b"/first"),
        ("/from outside", None),
    ]


def test_a_base_path_that_is_a_moved_directory_has_only_new_files(share: Share) -> None:
    share.write("old/a", "old/sub/b")
    before = capture(share.root)
    share.move("old", "new")
    entries = expected_entries(
        before,
        capture(share.root),
        source="/proj",
        base="/proj/new",
        deletes=True,
        moves=True,
    )
    assert [(entry.name, entry.moved_from) for entry in entries] == [
        ("/sub/b", None),
        ("/a", None),
    ]
