"""The oracle: created files, directories and links."""

from __future__ import annotations

import os

from tests.oracle import capture
from tests.oracle.share import Share, diff_lines, lines


def test_a_created_file_is_listed_and_so_is_the_directory_it_was_created_in(share: Share) -> None:
    share.write("a/kept")
    before = capture(share.root)
    share.write("a/new")
    after = capture(share.root)
    assert diff_lines(before, after) == [("CREATE", "/proj/a/new"), ("MODIFY", "/proj/a/")]
    assert lines(before, after) == ["file F_REG /a/new", "file F_DIR /a"]


def test_a_created_directory_stands_for_every_file_below_it_and_is_not_listed(share: Share) -> None:
    before = capture(share.root)
    share.write("a/b/c/x", "a/y", "a/b.mov")
    share.make_folder("a/empty")
    after = capture(share.root)
    assert diff_lines(before, after) == [("CREATE", "/proj/a/"), ("MODIFY", "/proj/")]
    assert lines(before, after) == [
        "file F_REG /a/y",
        "file F_REG /a/b/c/x",
        "file F_REG /a/b.mov",
    ]


def test_a_new_hard_link_is_created_and_modifies_the_files_other_path(share: Share) -> None:
    share.write("a/x", "b/y")
    before = capture(share.root)
    os.link(share.at("a/x"), share.at("b/x"))
    after = capture(share.root)
    assert diff_lines(before, after) == [
        ("CREATE", "/proj/b/x"),
        ("MODIFY", "/proj/a/x"),
        ("MODIFY", "/proj/b/"),
    ]
    assert lines(before, after) == ["file F_REG /b/x", "file F_DIR /b", "file F_REG /a/x"]
