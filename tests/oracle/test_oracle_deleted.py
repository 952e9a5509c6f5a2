"""The oracle: deleted files and directories."""

from __future__ import annotations

from tests.oracle import capture
from tests.oracle.share import Share, diff_lines, lines


def test_deleted_paths_are_listed_only_on_request(share: Share) -> None:
    share.write("a/x", "b/y", "z")
    before = capture(share.root)
    share.delete("a/x")
    share.delete("b")
    after = capture(share.root)
    assert lines(before, after) == [
        "delete-file F_REG /b/y",
        "delete-file F_DIR /b",
        "delete-file F_REG /a/x",
        "file F_DIR /a",
    ]
    assert lines(before, after, deletes=False) == ["file F_DIR /a"]


def test_a_deleted_directory_is_one_entry_for_the_topmost_and_one_for_each_file(
    share: Share,
) -> None:
    share.write("a/b/c/x", "a/b/y", "a/z")
    share.make_folder("a/empty")
    before = capture(share.root)
    share.delete("a")
    after = capture(share.root)
    assert diff_lines(before, after) == [("DELETE", "/proj/a/"), ("MODIFY", "/proj/")]
    assert lines(before, after) == [
        "delete-file F_REG /a/z",
        "delete-file F_REG /a/b/y",
        "delete-file F_REG /a/b/c/x",
        "delete-file F_DIR /a",
    ]


def test_an_empty_directory_is_listed_as_deleted(share: Share) -> None:
    share.make_folder("a")
    before = capture(share.root)
    share.delete("a")
    assert lines(before, capture(share.root)) == ["delete-file F_DIR /a"]
