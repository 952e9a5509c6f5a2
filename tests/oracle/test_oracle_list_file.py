"""The oracle: the file, its totals and its attributes."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from tests.oracle import Restrictions, capture, expected_entries, expected_list
from tests.oracle.share import NEW, OLD, RUN, Share, file, two_trees


def test_a_list_is_to_the_byte_what_the_contract_shows(share: Share) -> None:
    share.write("reel1/old.mov", size=9, when=OLD)
    share.write("reel1/locked.mov", size=9, when=OLD)
    share.write("reel2/a.mov", size=200, when=OLD)
    share.write("reel2/kept.mov", size=77, when=OLD)
    before = capture(share.root)
    share.write("reel2/b.mov", size=500)
    share.write("reel2/a.mov", size=200)
    share.write("reel1/locked.mov", size=10)
    share.write("reel1/c.mov", size=0)
    share.delete("reel1/old.mov")
    share.touch("reel1", NEW, atime=NEW + 1)
    share.touch("reel2", NEW, atime=NEW + 2)
    after = capture(share.root)
    who = f'owner="{os.getuid()}" group="{os.stat(share.root).st_gid}" index="1"'
    reel1, reel2 = (os.stat(share.at(name)).st_size for name in ("reel1", "reel2"))
    assert expected_list(
        before,
        after,
        source="/proj",
        base="/proj",
        deletes=True,
        run_time=RUN,
        newer_restrictions=Restrictions(unreadable={b"reel1/locked.mov"}),
    ).decode() == (
        '<files scanned="3" selected="3" size="700" bad_dir_count="1" delete_count="1">\n'
        f'    <file name="/reel2/b.mov" size="500" mode="0x777"  type="F_REG"'
        f' mtime="1700000100" atime="1700000100" {who}/>\n'
        f'    <file name="/reel2/a.mov" size="200" mode="0x777"  type="F_REG"'
        f' mtime="1700000100" atime="1700000100" {who}/>\n'
        f'    <file name="/reel2" size="{reel2}" mode="0x777"  type="F_DIR"'
        f' mtime="1700000100" atime="1700000102" {who}/>\n'
        '    <delete-file name="/reel1/old.mov" size="0" mode="0x777"  type="F_REG"'
        ' mtime="1700000200" atime="1700000200" owner="0" group="0" index="1"/>\n'
        '    <bad-dir name="/reel1/locked.mov" size="0" mode="0x777"  type="F_REG"'
        ' mtime="1700000200" atime="1700000200" owner="0" group="0" index="1"/>\n'
        f'    <file name="/reel1/c.mov" size="0" mode="0x777"  type="F_REG"'
        f' mtime="1700000100" atime="1700000100" {who}/>\n'
        f'    <file name="/reel1" size="{reel1}" mode="0x777"  type="F_DIR"'
        f' mtime="1700000100" atime="1700000101" {who}/>\n'
        "</files>\n"
    )


def test_a_list_without_changes_has_two_lines(share: Share) -> None:
    share.write("a.mov")
    tree = capture(share.root)
    assert expected_list(tree, tree, source="/proj", base="/proj", deletes=True, run_time=RUN) == (
        b'<files scanned="0" selected="0" size="0" bad_dir_count="0" delete_count="0">\n</files>\n'
    )


def test_entries_have_the_source_index_as_given() -> None:
    before, after = two_trees({}, {b"a": file(1)})
    written = expected_list(
        before, after, source="/", base="/", deletes=False, run_time=RUN, index="007"
    )
    assert b'group="0" index="007"/>\n' in written


@pytest.mark.parametrize(
    ("nanoseconds", "seconds"),
    [
        (1_700_000_014_999_999_999, 1_700_000_014),
        (1_700_000_015_000_000_000, 1_700_000_015),
        (0, 0),
        (-1, -1),
    ],
)
def test_times_are_rounded_down(nanoseconds: int, seconds: int) -> None:
    new = replace(file(1), mtime_ns=nanoseconds, atime_ns=nanoseconds)
    before, after = two_trees({}, {b"a": new})
    (entry,) = expected_entries(before, after, source="/", base="/", deletes=False)
    assert (entry.mtime, entry.atime) == (seconds, seconds)


def test_directories_are_not_counted_and_their_sizes_not_added(share: Share) -> None:
    share.write("kept/a", "gone/b")
    before = capture(share.root)
    share.write("kept/c", size=5)
    share.delete("gone")
    written = expected_list(
        before,
        capture(share.root),
        source="/proj",
        base="/proj",
        deletes=True,
        run_time=RUN,
    )
    assert written.startswith(
        b'<files scanned="1" selected="1" size="5" bad_dir_count="0" delete_count="1">\n'
    )
    assert written.count(b"F_DIR") == 2
