"""The oracle: full lists, whose bytes are written here by hand."""

from __future__ import annotations

import os
import re

import pytest

from tests.oracle import Restrictions, capture, expected_full_list
from tests.oracle.share import Share


def named(share: Share, base: str, restrictions: Restrictions | None = None) -> list[str]:
    """The expected entries, each as `element name`."""
    written = expected_full_list(
        capture(share.root),
        source="/proj",
        base=base,
        run_time=0,
        restrictions=restrictions or Restrictions(),
    ).decode()
    return [" ".join(found) for found in re.findall(r'<(\S+) name="(.*?)"', written)]


def make_tree(share: Share) -> None:
    share.write("a/b/x", "a/y", "a.mov", "a/b/\x01")
    share.make_folder("empty")
    os.symlink("a.mov", share.at("link"))
    os.mkfifo(share.at("a/pipe"))


@pytest.mark.parametrize(
    ("base", "names"),
    [
        ("/proj", ["/a/y", "/a/b/x", "/a/b/%01", "/a.mov"]),
        ("/", ["/proj/a/y", "/proj/a/b/x", "/proj/a/b/%01", "/proj/a.mov"]),
        ("/proj/a", ["/y", "/b/x", "/b/%01"]),
        ("/proj/empty", []),
    ],
)
def test_every_regular_file_below_the_base_path_is_listed(
    share: Share, base: str, names: list[str]
) -> None:
    make_tree(share)
    elements = ["bad-dir" if "%" in name else "file" for name in names]
    assert named(share, base) == [" ".join(pair) for pair in zip(elements, names, strict=True)]


def test_a_directory_that_cannot_be_read_is_one_bad_entry(share: Share) -> None:
    make_tree(share)
    closed = Restrictions(closed={b"a/b"})
    assert named(share, "/proj", closed) == ["file /a/y", "bad-dir /a/b", "file /a.mov"]
    assert named(share, "/proj/a", closed) == ["file /y", "bad-dir /b"]


def test_a_full_list_is_written_like_any_other(share: Share) -> None:
    share.write("a/x", size=3)
    node = capture(share.root).nodes[b"a/x"]
    written = expected_full_list(capture(share.root), source="/", base="/a", run_time=0, index=7)
    assert written.decode() == (
        '<files scanned="1" selected="1" size="3" bad_dir_count="0" delete_count="0">\n'
        f'    <file name="/x" size="3" mode="0x777"  type="F_REG" mtime="1700000100" '
        f'atime="1700000100" owner="{node.uid}" group="{node.gid}" index="7"/>\n'
        "</files>\n"
    )
