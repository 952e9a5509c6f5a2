"""The oracle: a path where another object is than before."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from tests.oracle import capture
from tests.oracle.share import Share, diff_lines, lines


def test_a_replaced_file_is_listed_as_a_file(share: Share) -> None:
    share.write("a")
    before = capture(share.root)
    share.write("b")
    share.move("b", "a")
    after = capture(share.root)
    assert diff_lines(before, after) == [
        ("CREATE", "/proj/a"),
        ("DELETE", "/proj/a"),
        ("MODIFY", "/proj/"),
    ]
    assert lines(before, after) == ["file F_REG /a"]


def test_a_replaced_directory_deletes_only_what_is_no_longer_there(share: Share) -> None:
    share.write("d/stays", "d/goes", "d/sub/goes", "d/kept/stays", "d/turns")
    before = capture(share.root)
    share.replace_folder("d", "stays", "comes", "kept/stays", "turns/inside")
    after = capture(share.root)
    assert diff_lines(before, after) == [
        ("CREATE", "/proj/d/"),
        ("DELETE", "/proj/d/"),
        ("MODIFY", "/proj/"),
    ]
    assert lines(before, after) == [
        "file F_REG /d/turns/inside",
        "delete-file F_REG /d/turns",
        "delete-file F_REG /d/sub/goes",
        "file F_REG /d/stays",
        "file F_REG /d/kept/stays",
        "delete-file F_REG /d/goes",
        "file F_REG /d/comes",
    ]


def test_the_diff_names_a_replaced_directory_below_a_kept_one(share: Share) -> None:
    share.write("d/sub/x")
    before = capture(share.root)
    share.replace_folder("d/sub")
    after = capture(share.root)
    assert diff_lines(before, after) == [
        ("CREATE", "/proj/d/sub/"),
        ("DELETE", "/proj/d/sub/"),
        ("MODIFY", "/proj/d/"),
    ]
    assert lines(before, after) == ["delete-file F_REG /d/sub/x", "file F_DIR /d"]


@pytest.mark.parametrize(
    "make",
    [
        lambda path: os.symlink("elsewhere", path),
        os.mkfifo,
        os.mkdir,
    ],
    ids=["symlink", "pipe", "directory"],
)
def test_a_file_replaced_by_what_is_not_listed_is_deleted(
    share: Share, make: Callable[[bytes], object]
) -> None:
    share.write("a", "other")
    before = capture(share.root)
    share.delete("a")
    make(share.at("a"))
    assert lines(before, capture(share.root)) == ["delete-file F_REG /a"]


def test_a_file_replaced_by_a_directory_is_deleted_and_the_files_in_it_are_listed(
    share: Share,
) -> None:
    share.write("a")
    before = capture(share.root)
    share.delete("a")
    share.write("a/x")
    after = capture(share.root)
    assert diff_lines(before, after) == [
        ("CREATE", "/proj/a/"),
        ("DELETE", "/proj/a"),
        ("MODIFY", "/proj/"),
    ]
    assert lines(before, after) == ["file F_REG /a/x", "delete-file F_REG /a"]


def test_a_directory_replaced_by_a_file_is_listed_as_that_file(share: Share) -> None:
    share.write("a/x", "a/sub/y")
    before = capture(share.root)
    share.delete("a")
    share.write("a")
    after = capture(share.root)
    assert diff_lines(before, after) == [
        ("CREATE", "/proj/a"),
        ("DELETE", "/proj/a/"),
        ("MODIFY", "/proj/"),
    ]
    assert lines(before, after) == [
        "delete-file F_REG /a/x",
        "delete-file F_REG /a/sub/y",
        "file F_REG /a",
    ]


def test_a_directory_replaced_by_a_symbolic_link_is_deleted(share: Share) -> None:
    share.write("a/x")
    before = capture(share.root)
    share.delete("a")
    os.symlink("elsewhere", share.at("a"))
    assert lines(before, capture(share.root)) == [
        "delete-file F_REG /a/x",
        "delete-file F_DIR /a",
    ]


def test_a_link_replaced_by_a_file_is_listed_as_that_file(share: Share) -> None:
    os.symlink("elsewhere", share.at("a"))
    before = capture(share.root)
    share.delete("a")
    share.write("a")
    assert lines(before, capture(share.root)) == ["file F_REG /a"]
