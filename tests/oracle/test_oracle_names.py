"""The oracle: names, and those that XML cannot hold."""

from __future__ import annotations

import os
import xml.etree.ElementTree as ElementTree

import pytest

from tests.oracle import (
    capture,
    expected_diff,
    expected_entries,
    expected_list,
    restrictions_to_utf8,
)
from tests.oracle.share import RUN, Share, in_words, lines


@pytest.mark.parametrize(
    ("name", "written"),
    [
        (b" two  blanks ", " two  blanks "),
        (b"R&D", "R&amp;D"),
        (b"&amp;", "&amp;amp;"),
        (b"a<b>c", "a&lt;b&gt;c"),
        (b'12" reel', "12&quot; reel"),
        (b"director's cut", "director's cut"),
        (b"a\tb\nc\rd", "a&#9;b&#10;c&#13;d"),
        ("😀.mov".encode(), "😀.mov"),
        ("e\u0301te\u0301".encode(), "e\u0301te\u0301"),
        (b"100%", "100%"),
        (b"a\\b", "a\\b"),
        (b"\x7f", "\x7f"),
        ("\x85\u2028".encode(), "\x85\u2028"),
        ("\ufffd\ufdd0\U0001fffe".encode(), "\ufffd\ufdd0\U0001fffe"),
        (b"x" * 255, "x" * 255),
    ],
)
def test_a_parser_reads_back_every_name_that_xml_can_hold(
    share: Share, name: bytes, written: str
) -> None:
    before = capture(share.root)
    share.write(name)
    result = expected_list(
        before,
        capture(share.root),
        source="/proj",
        base="/proj",
        deletes=True,
        run_time=RUN,
    )
    assert f'    <file name="/{written}" size="0"'.encode() in result
    (element,) = ElementTree.fromstring(result)
    assert element.get("name") == "/" + name.decode()


@pytest.mark.parametrize(
    ("name", "written"),
    [
        (b"a\x01b", "a%01b"),
        (b"\x1f", "%1F"),
        (b"\xff.mov", "%FF.mov"),
        (b"caf\xe9 100%", "caf%E9 100%25"),
        (b"a%01\x02", "a%2501%02"),
        (b"a\x01\x02", "a%01%02"),
        (b"\xc3", "%C3"),
        ("é\ufffe".encode(), "é%EF%BF%BE"),
        ("\uffff&".encode(), "%EF%BF%BF&amp;"),
        (b"\xed\xa0\x80", "%ED%A0%80"),
        (b"\t\x0b\n", "&#9;%0B&#10;"),
    ],
)
def test_names_that_xml_cannot_hold_are_bad_entries_and_counted(
    share: Share, name: bytes, written: str
) -> None:
    before = capture(share.root)
    share.write(name, size=4)
    result = expected_list(
        before,
        capture(share.root),
        source="/proj",
        base="/proj",
        deletes=True,
        run_time=RUN,
    )
    assert (
        result.decode()
        == '<files scanned="0" selected="0" size="0" bad_dir_count="1" delete_count="0">\n'
        f'    <bad-dir name="/{written}" size="0" mode="0x777"  type="F_REG"'
        ' mtime="1700000200" atime="1700000200" owner="0" group="0" index="1"/>\n'
        "</files>\n"
    )
    ElementTree.fromstring(result)


def test_a_bad_name_makes_names_below_it_bad_unless_it_is_above_the_base_path(share: Share) -> None:
    share.write(b"\xff/sub/old")
    before = capture(share.root)
    share.write(b"\xff/sub/new")
    share.delete(b"\xff/sub/old")
    after = capture(share.root)
    assert lines(before, after) == [
        "bad-dir F_REG /%FF/sub/old",
        "bad-dir F_REG /%FF/sub/new",
        "bad-dir F_DIR /%FF/sub",
    ]
    assert lines(before, after, b"/proj/\xff/sub") == [
        "delete-file F_REG /old",
        "file F_REG /new",
    ]


def test_two_paths_that_are_written_alike_are_both_listed(share: Share) -> None:
    before = capture(share.root)
    share.write(b"a%01", b"a\x01", b"a%FF", b"a\xff")
    assert lines(before, capture(share.root)) == [
        "file F_REG /a%FF",
        "bad-dir F_REG /a%FF",
        "file F_REG /a%01",
        "bad-dir F_REG /a%01",
    ]


def test_names_of_what_is_never_listed_are_not_bad_entries(share: Share) -> None:
    before = capture(share.root)
    os.symlink("nowhere", share.at(b"\x01"))
    share.make_folder(b"\x02")
    assert lines(before, capture(share.root)) == []


def test_the_diff_has_whole_names_with_surrogates_for_odd_bytes(share: Share) -> None:
    before = capture(share.root)
    share.write(b"\xff\n&/x")
    assert ("CREATE", "/proj/\udcff\n&/") in expected_diff(before, capture(share.root), "/proj")


def test_a_walk_with_utf8_paths_stops_at_other_names(share: Share) -> None:
    share.write(b"\xff/x")
    before = capture(share.root)
    share.write(b"\xff/x", size=1)
    share.write(b"new/\xfe/x", "new/x")
    after = capture(share.root)
    entries = expected_entries(
        before,
        after,
        source="/",
        base="/",
        deletes=True,
        newer_restrictions=restrictions_to_utf8(after),
    )
    assert in_words(entries) == [
        "file F_REG /new/x",
        "bad-dir F_DIR /new/%FE",
        "bad-dir F_REG /%FF/x",
    ]
