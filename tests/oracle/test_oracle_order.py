"""The oracle: the order of a list."""

from __future__ import annotations

from tests.oracle import capture
from tests.oracle.share import Share, lines


def test_a_directory_comes_after_every_name_that_begins_with_its_own(share: Share) -> None:
    share.write("a/x", "a/z/y", "a-x", "a.mov", "a0", "b")
    before = capture(share.root)
    for path in ("a/x", "a/z/y", "a-x", "a.mov", "a0", "b"):
        share.write(path, size=1)
    share.write("a/z/new")
    share.delete("a/x")
    assert lines(before, capture(share.root)) == [
        "file F_REG /b",
        "file F_REG /a0",
        "file F_REG /a/z/y",
        "file F_REG /a/z/new",
        "file F_DIR /a/z",
        "delete-file F_REG /a/x",
        "file F_REG /a.mov",
        "file F_REG /a-x",
        "file F_DIR /a",
    ]


def test_names_are_ordered_by_bytes_not_by_letters(share: Share) -> None:
    before = capture(share.root)
    # In UTF-16 the emoji (a surrogate pair) would come before the last one of the plane.
    share.write("Z", "a", "é", "e\u0301", "\uffee", "😀", "10", "9", "_")
    assert lines(before, capture(share.root)) == [
        "file F_REG /😀",
        "file F_REG /\uffee",
        "file F_REG /é",
        "file F_REG /e\u0301",
        "file F_REG /a",
        "file F_REG /_",
        "file F_REG /Z",
        "file F_REG /9",
        "file F_REG /10",
    ]


def test_names_are_ordered_as_they_are_written(share: Share) -> None:
    before = capture(share.root)
    share.write(b"\xff", b"\x01", "a", "!", "%F", "%FG")
    assert lines(before, capture(share.root)) == [
        "file F_REG /a",
        "file F_REG /%FG",
        "bad-dir F_REG /%FF",
        "file F_REG /%F",
        "bad-dir F_REG /%01",
        "file F_REG /!",
    ]


def test_names_are_not_ordered_by_their_escapes(share: Share) -> None:
    before = capture(share.root)
    share.write("<", "&", "A", '"')
    assert lines(before, capture(share.root)) == [
        "file F_REG /A",
        "file F_REG /<",
        "file F_REG /&",
        'file F_REG /"',
    ]
