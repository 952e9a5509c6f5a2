"""The oracle: renamed and moved files and directories."""

from __future__ import annotations

from tests.oracle import capture
from tests.oracle.share import Share, diff_lines, lines


def test_a_renamed_file_is_deleted_from_its_old_path_and_created_at_its_new_one(
    share: Share,
) -> None:
    share.write("a/x", "b/y")
    before = capture(share.root)
    share.move("a/x", "b/x")
    after = capture(share.root)
    assert diff_lines(before, after) == [
        ("CREATE", "/proj/b/x"),
        ("DELETE", "/proj/a/x"),
        ("MODIFY", "/proj/a/"),
        ("MODIFY", "/proj/b/"),
    ]
    assert lines(before, after) == [
        "file F_REG /b/x",
        "file F_DIR /b",
        "delete-file F_REG /a/x",
        "file F_DIR /a",
    ]


def test_a_renamed_directory_is_deleted_and_created_with_everything_below_it(share: Share) -> None:
    share.write("reel/sub/x", "reel/y")
    before = capture(share.root)
    share.move("reel", "reel2")
    share.write("reel2/z")
    after = capture(share.root)
    assert diff_lines(before, after) == [
        ("CREATE", "/proj/reel2/"),
        ("DELETE", "/proj/reel/"),
        ("MODIFY", "/proj/"),
    ]
    assert lines(before, after) == [
        "file F_REG /reel2/z",
        "file F_REG /reel2/y",
        "file F_REG /reel2/sub/x",
        "delete-file F_REG /reel/y",
        "delete-file F_REG /reel/sub/x",
        "delete-file F_DIR /reel",
    ]


def test_two_files_that_swap_names_leave_no_deleted_path(share: Share) -> None:
    share.write("a", "b")
    before = capture(share.root)
    share.move("a", "c")
    share.move("b", "a")
    share.move("c", "b")
    after = capture(share.root)
    assert diff_lines(before, after) == [
        ("CREATE", "/proj/a"),
        ("CREATE", "/proj/b"),
        ("DELETE", "/proj/a"),
        ("DELETE", "/proj/b"),
        ("MODIFY", "/proj/"),
    ]
    assert lines(before, after) == ["file F_REG /b", "file F_REG /a"]


def test_a_directory_can_move_out_of_one_that_is_then_deleted(share: Share) -> None:
    share.write("a/b/x", "a/y")
    before = capture(share.root)
    share.move("a/b", "b")
    share.delete("a")
    after = capture(share.root)
    assert diff_lines(before, after) == [
        ("CREATE", "/proj/b/"),
        ("DELETE", "/proj/a/"),
        ("MODIFY", "/proj/"),
    ]
    assert lines(before, after) == [
        "file F_REG /b/x",
        "delete-file F_REG /a/y",
        "delete-file F_REG /a/b/x",
        "delete-file F_DIR /a",
    ]


def test_a_file_moved_into_a_replaced_directory_is_listed_under_its_old_path(share: Share) -> None:
    share.write("d/x")
    before = capture(share.root)
    share.move("d/x", "x")
    share.replace_folder("d")
    share.move("x", "d/x")
    after = capture(share.root)
    assert diff_lines(before, after) == [
        ("CREATE", "/proj/d/"),
        ("DELETE", "/proj/d/"),
        ("MODIFY", "/proj/"),
    ]
    assert lines(before, after) == ["file F_REG /d/x"]
