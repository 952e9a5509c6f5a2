"""The oracle: lists made by a user without access to everything."""

from __future__ import annotations

import os

import pytest

from tests.oracle import Tree, capture, expected_entries, restrictions_for_others
from tests.oracle.share import Share, in_words


def seen(before: Tree, after: Tree, base: str = "/proj") -> list[str]:
    entries = expected_entries(
        before,
        after,
        source="/proj",
        base=base,
        deletes=True,
        newer_restrictions=restrictions_for_others(after),
        older_restrictions=restrictions_for_others(before),
    )
    return in_words(entries)


def test_changes_below_a_directory_that_cannot_be_entered_are_bad_entries(share: Share) -> None:
    share.write("d/x", "d/old")
    os.chmod(share.at("d"), 0o744)
    before = capture(share.root)
    share.write("d/x", size=1)
    share.write("d/new/y")
    share.delete("d/old")
    assert seen(before, capture(share.root)) == [
        "bad-dir F_REG /d/x",
        "delete-file F_REG /d/old",
        "bad-dir F_DIR /d/new",
        "file F_DIR /d",
    ]


def test_a_file_whose_name_is_known_is_listed_from_a_directory_that_cannot_be_listed(
    share: Share,
) -> None:
    share.write("d/x")
    os.chmod(share.at("d"), 0o711)
    before = capture(share.root)
    share.write("d/x", size=1)
    assert seen(before, capture(share.root)) == ["file F_REG /d/x"]


@pytest.mark.parametrize("mode", [0o711, 0o744, 0o700, 0])
def test_a_created_directory_that_cannot_be_walked_is_a_bad_entry(share: Share, mode: int) -> None:
    before = capture(share.root)
    share.write("new/sub/x", "new/y")
    os.chmod(share.at("new/sub"), mode)
    after = capture(share.root)
    assert seen(before, after) == ["file F_REG /new/y", "bad-dir F_DIR /new/sub"]


def test_a_deleted_directory_that_could_not_be_walked_is_a_bad_entry(share: Share) -> None:
    share.write("gone/sub/x", "gone/y", "locked/z")
    for path in ("gone/sub", "locked"):
        os.chmod(share.at(path), 0o700)
    before = capture(share.root)
    share.delete("gone")
    share.delete("locked")
    assert seen(before, capture(share.root)) == [
        "bad-dir F_DIR /locked",
        "delete-file F_REG /gone/y",
        "bad-dir F_DIR /gone/sub",
        "delete-file F_DIR /gone",
    ]


def test_nothing_is_deleted_below_a_replaced_directory_that_cannot_be_walked(share: Share) -> None:
    share.write("d/x", "e/x")
    before = capture(share.root)
    share.replace_folder("d", "x")
    share.replace_folder("e", "y")
    os.chmod(share.at("d"), 0o700)
    assert seen(before, capture(share.root)) == [
        "file F_REG /e/y",
        "delete-file F_REG /e/x",
        "bad-dir F_DIR /d",
    ]


def test_a_base_path_that_can_be_walked_is_listed_whatever_is_above_it(share: Share) -> None:
    before = capture(share.root)
    share.write("new/base/x")
    os.chmod(share.at("new"), 0o711)
    assert seen(before, capture(share.root), "/proj/new/base") == ["file F_REG /x"]
