"""The oracle: links, pipes, sockets and devices."""

from __future__ import annotations

import os
import socket

import pytest

from tests.oracle import Tree, capture
from tests.oracle.share import NEW, Share, diff_lines, lines


@pytest.fixture
def special(share: Share, monkeypatch: pytest.MonkeyPatch) -> Share:
    share.write("d/file")
    os.symlink("file", share.at("d/link"))
    os.symlink(".", share.at("d/link to a directory"))
    os.mkfifo(share.at("d/pipe"))
    monkeypatch.chdir(os.fsdecode(share.at("d")))
    with socket.socket(socket.AF_UNIX) as unix:
        unix.bind("socket")
    return share


def test_created_special_files_are_not_listed(special: Share) -> None:
    after = capture(special.root)
    before = Tree({b"": after.nodes[b""]})
    assert lines(before, after) == ["file F_REG /d/file"]


def test_modified_or_deleted_special_files_are_not_listed(special: Share) -> None:
    before = capture(special.root)
    special.touch("d/link", NEW + 5)
    for name in ("link to a directory", "pipe", "socket"):
        special.delete(f"d/{name}")
    after = capture(special.root)
    assert lines(before, after) == ["file F_DIR /d"]
    assert diff_lines(before, after) == [
        ("DELETE", "/proj/d/link to a directory"),
        ("DELETE", "/proj/d/pipe"),
        ("DELETE", "/proj/d/socket"),
        ("MODIFY", "/proj/d/"),
        ("MODIFY", "/proj/d/link"),
    ]


def test_special_files_deleted_with_their_directory_are_not_listed(special: Share) -> None:
    before = capture(special.root)
    special.delete("d")
    assert lines(before, capture(special.root)) == [
        "delete-file F_REG /d/file",
        "delete-file F_DIR /d",
    ]
