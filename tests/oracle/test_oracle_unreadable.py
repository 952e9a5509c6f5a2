"""The oracle: paths that cannot be read."""

from __future__ import annotations

import pytest

from tests.oracle import capture
from tests.oracle.share import Share, lines


def test_an_unreadable_path_is_a_bad_entry_and_nothing_else(share: Share) -> None:
    share.write("a/x", "a/replaced")
    before = capture(share.root)
    share.write("a/x", size=1)
    share.write("new")
    share.move("new", "a/replaced")
    after = capture(share.root)
    assert lines(before, after, unreadable={b"a/x", b"a/replaced", b"unchanged"}) == [
        "bad-dir F_REG /a/x",
        "bad-dir F_REG /a/replaced",
        "file F_DIR /a",
    ]


def test_an_unreadable_directory_is_one_entry_where_a_walk_meets_it(share: Share) -> None:
    before = capture(share.root)
    share.write("new/sub/deep/x", "new/sub/y", "new/z")
    share.make_folder("new/empty")
    after = capture(share.root)
    assert lines(before, after, unreadable={b"new/sub", b"new/sub/deep", b"new/empty"}) == [
        "file F_REG /new/z",
        "bad-dir F_DIR /new/sub",
        "bad-dir F_DIR /new/empty",
    ]


def test_changes_in_an_unreadable_directory_are_one_entry_each_where_the_diff_names_them(
    share: Share,
) -> None:
    share.write("d/x", "d/y", "d/sub/z")
    before = capture(share.root)
    share.write("d/x", size=1)
    share.write("d/y", size=1)
    share.write("d/new/a", "d/new/b")
    after = capture(share.root)
    assert lines(before, after, unreadable={b"d"}) == [
        "bad-dir F_REG /d/y",
        "bad-dir F_REG /d/x",
        "bad-dir F_DIR /d/new",
        "bad-dir F_DIR /d",
    ]


def test_an_unreadable_base_path_has_no_name(share: Share) -> None:
    before = capture(share.root)
    share.write("a/x")
    with pytest.raises(ValueError, match="the base path itself is unreadable"):
        lines(before, capture(share.root), "/proj/a", unreadable={b"a"})
