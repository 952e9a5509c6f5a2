"""The oracle itself, against lists written by hand."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.oracle import (
    Identity,
    Node,
    NoList,
    Sight,
    Tree,
    capture,
    diff_claims,
    expected_entries,
    expected_list,
    holds,
    named_alike,
    render,
    sight_in_unicode,
    sight_of_a_stranger,
    without_access_times,
    without_deleted_attributes,
    without_run_times,
)

OLD = 1_700_000_000
NEW = 1_700_000_100
RUN = 1_700_000_200
UID = os.getuid()
TwoTrees = tuple[Tree, Tree]


class Share:
    """A directory to change and to remember; paths below it are text or bytes, as they come."""

    def __init__(self, root: str) -> None:
        self.root = os.fsencode(root)

    def at(self, path: bytes | str) -> bytes:
        return os.path.join(self.root, path if isinstance(path, bytes) else path.encode())

    def put(self, *paths: bytes | str, size: int = 0, when: int = NEW) -> None:
        """Write files, making the directories above them."""
        for path in paths:
            os.makedirs(os.path.dirname(self.at(path)), exist_ok=True)
            with open(self.at(path), "wb") as file:
                file.write(b"x" * size)
            self.touch(path, when)

    def touch(self, path: bytes | str, when: int, atime: int | None = None) -> None:
        accessed = when if atime is None else atime
        os.utime(self.at(path), (accessed, when), follow_symlinks=False)

    def folder(self, path: bytes | str) -> None:
        os.makedirs(self.at(path))

    def move(self, old: bytes | str, new: bytes | str) -> None:
        os.rename(self.at(old), self.at(new))

    def drop(self, path: bytes | str) -> None:
        if os.path.isdir(self.at(path)) and not os.path.islink(self.at(path)):
            shutil.rmtree(self.at(path))
        else:
            os.unlink(self.at(path))

    def renew(self, path: bytes | str, *files: bytes | str) -> None:
        """Put another directory in the place of one, for certain with another inode."""
        beside = self.at(path) + b" made anew"
        self.folder(beside)
        self.drop(path)
        self.move(beside, path)
        self.put(*(os.path.join(self.at(path), os.fsencode(file)) for file in files))


@pytest.fixture
def share(tmp_path) -> Share:
    os.mkdir(tmp_path / "proj")
    return Share(str(tmp_path / "proj"))


def lines(before, after, base="/proj", *, deletes=True, source="/proj", unreadable=()) -> list[str]:
    """The expected entries, each as `element type name`."""
    entries = expected_entries(
        before,
        after,
        source=source,
        base=base,
        deletes=deletes,
        newer_sight=Sight(unreadable=unreadable),
    )
    return [f"{entry.element} {entry.type} {entry.name}" for entry in entries]


def claims(before, after) -> list[tuple[str, str]]:
    return sorted(diff_claims(before, after, "/proj"))


def size_of_directory(share: Share, path: str) -> int:
    return os.stat(share.at(path)).st_size


class TestTheFile:
    def test_is_what_the_contract_shows_to_the_byte(self, share):
        share.put("reel1/old.mov", size=9, when=OLD)
        share.put("reel1/locked.mov", size=9, when=OLD)
        share.put("reel2/a.mov", size=200, when=OLD)
        share.put("reel2/kept.mov", size=77, when=OLD)
        before = capture(share.root)
        share.put("reel2/b.mov", size=500)
        share.put("reel2/a.mov", size=200)
        share.put("reel1/locked.mov", size=10)
        share.put("reel1/c.mov", size=0)
        share.drop("reel1/old.mov")
        share.touch("reel1", NEW, atime=NEW + 1)
        share.touch("reel2", NEW, atime=NEW + 2)
        after = capture(share.root)
        who = f'owner="{UID}" group="{os.stat(share.root).st_gid}" index="1"'
        reel1, reel2 = size_of_directory(share, "reel1"), size_of_directory(share, "reel2")
        assert expected_list(
            before,
            after,
            source="/proj",
            base="/proj",
            deletes=True,
            run_time=RUN,
            newer_sight=Sight(unreadable={b"reel1/locked.mov"}),
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

    def test_has_its_two_lines_where_nothing_changed(self, share):
        share.put("a.mov")
        tree = capture(share.root)
        assert expected_list(
            tree, tree, source="/proj", base="/proj", deletes=True, run_time=RUN
        ) == (
            b'<files scanned="0" selected="0" size="0" bad_dir_count="0" delete_count="0">\n'
            b"</files>\n"
        )

    def test_carries_the_source_index_as_given(self):
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
    def test_rounds_times_down(self, nanoseconds, seconds):
        new = replace(file(1), mtime_ns=nanoseconds, atime_ns=nanoseconds)
        before, after = two_trees({}, {b"a": new})
        (entry,) = expected_entries(before, after, source="/", base="/", deletes=False)
        assert (entry.mtime, entry.atime) == (seconds, seconds)

    def test_counts_no_directory_and_no_size_of_one(self, share):
        share.put("kept/a", "gone/b")
        before = capture(share.root)
        share.put("kept/c", size=5)
        share.drop("gone")
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


class TestTheOrder:
    def test_puts_a_directory_after_everything_that_its_name_begins(self, share):
        share.put("a/x", "a/z/y", "a-x", "a.mov", "a0", "b")
        before = capture(share.root)
        for path in ("a/x", "a/z/y", "a-x", "a.mov", "a0", "b"):
            share.put(path, size=1)
        share.put("a/z/new")
        share.drop("a/x")
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

    def test_is_that_of_bytes_not_of_letters(self, share):
        before = capture(share.root)
        # In UTF-16 the emoji (a surrogate pair) would come before the last one of the plane.
        share.put("Z", "a", "é", "e\u0301", "\uffee", "😀", "10", "9", "_")
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

    def test_is_that_of_the_names_as_written(self, share):
        before = capture(share.root)
        share.put(b"\xff", b"\x01", "a", "!", "%F", "%FG")
        assert lines(before, capture(share.root)) == [
            "file F_REG /a",
            "file F_REG /%FG",
            "bad-dir F_REG /%FF",
            "file F_REG /%F",
            "bad-dir F_REG /%01",
            "file F_REG /!",
        ]

    def test_is_not_that_of_escapes(self, share):
        before = capture(share.root)
        share.put("<", "&", "A", '"')
        assert lines(before, capture(share.root)) == [
            "file F_REG /A",
            "file F_REG /<",
            "file F_REG /&",
            'file F_REG /"',
        ]


class TestNames:
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
    def test_that_xml_can_hold_are_written_so_that_a_parser_reads_them_back(
        self, share, name, written
    ):
        before = capture(share.root)
        share.put(name)
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
    def test_that_xml_cannot_hold_are_bad_and_counted(self, share, name, written):
        before = capture(share.root)
        share.put(name, size=4)
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

    def test_are_bad_by_a_directory_above_them_unless_that_is_above_the_base_path(self, share):
        share.put(b"\xff/sub/old")
        before = capture(share.root)
        share.put(b"\xff/sub/new")
        share.drop(b"\xff/sub/old")
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

    def test_that_are_written_alike_are_both_listed(self, share):
        before = capture(share.root)
        share.put(b"a%01", b"a\x01", b"a%FF", b"a\xff")
        assert lines(before, capture(share.root)) == [
            "file F_REG /a%FF",
            "bad-dir F_REG /a%FF",
            "file F_REG /a%01",
            "bad-dir F_REG /a%01",
        ]

    def test_of_what_is_never_listed_are_not_bad(self, share):
        before = capture(share.root)
        os.symlink("nowhere", share.at(b"\x01"))
        share.folder(b"\x02")
        assert lines(before, capture(share.root)) == []

    def test_in_the_diff_are_whole_with_surrogates_for_odd_bytes(self, share):
        before = capture(share.root)
        share.put(b"\xff\n&/x")
        assert ("CREATE", "/proj/\udcff\n&/") in diff_claims(before, capture(share.root), "/proj")


class TestTheBasePath:
    @pytest.fixture
    def trees(self, share):
        share.put("show1/a/x", "show1/y", "show10/x")
        before = capture(share.root)
        share.put("show1/a/new", "show1/new", "show10/new", "new")
        return before, capture(share.root)

    def test_is_not_listed_itself(self, trees: TwoTrees):
        assert lines(*trees) == [
            "file F_REG /show10/new",
            "file F_DIR /show10",
            "file F_REG /show1/new",
            "file F_REG /show1/a/new",
            "file F_DIR /show1/a",
            "file F_DIR /show1",
            "file F_REG /new",
        ]

    @pytest.mark.parametrize("base", ["/proj/show1", "/proj/show1/", b"/proj/show1"])
    def test_below_the_source_is_compared_by_whole_components(self, trees: TwoTrees, base):
        assert lines(*trees, base) == [
            "file F_REG /new",
            "file F_REG /a/new",
            "file F_DIR /a",
        ]

    @pytest.mark.parametrize(("base", "prefix"), [("/vol", ""), ("/", "/vol")])
    def test_above_the_source_shows_the_source_as_a_directory(self, trees: TwoTrees, base, prefix):
        listed = lines(*trees, base, source="/vol/proj")
        assert len(listed) == 8
        assert listed[0] == f"file F_REG {prefix}/proj/show10/new"
        assert listed[-1] == f"file F_DIR {prefix}/proj"

    def test_can_be_the_root_of_the_cluster_and_so_can_the_source(self, trees: TwoTrees):
        assert lines(*trees, "/", source="/") == lines(*trees)
        assert ("MODIFY", "/") in diff_claims(*trees, "/")
        assert ("CREATE", "/new") in diff_claims(*trees, "/")

    def test_must_be_absolute(self, trees: TwoTrees):
        with pytest.raises(ValueError, match="not an absolute cluster path"):
            lines(*trees, "proj")

    def test_is_created_with_a_directory_above_it(self, share):
        before = capture(share.root)
        share.put("a/b/c/x", "a/b/y", "a/z")
        after = capture(share.root)
        assert claims(before, after) == [("CREATE", "/proj/a/"), ("MODIFY", "/proj/")]
        assert lines(before, after, "/proj/a/b") == ["file F_REG /y", "file F_REG /c/x"]

    def test_is_deleted_with_a_directory_above_it_but_has_no_entry_of_its_own(self, share):
        share.put("a/b/c/x", "a/b/y", "a/z")
        before = capture(share.root)
        share.drop("a")
        after = capture(share.root)
        expected = ["delete-file F_REG /y", "delete-file F_REG /c/x"]
        assert lines(before, after, "/proj/a/b") == expected
        assert lines(before, after, "/proj/a/b", deletes=False) == []
        assert lines(before, after, "/proj/a/b/c") == ["delete-file F_REG /x"]
        assert lines(before, after, "/proj/a")[0] == "delete-file F_REG /z"
        assert "F_DIR" not in "".join(lines(before, after, "/proj/a"))

    def test_is_replaced_with_a_directory_above_it(self, share):
        share.put("a/b/stays", "a/b/goes")
        before = capture(share.root)
        share.renew("a", "b/stays", "b/comes")
        assert lines(before, capture(share.root), "/proj/a/b") == [
            "file F_REG /stays",
            "delete-file F_REG /goes",
            "file F_REG /comes",
        ]

    def test_is_gone_with_a_directory_above_it_of_which_another_came(self, share):
        share.put("par/base/b", "par/base/inside/c")
        before = capture(share.root)
        share.move("par", "par2")
        share.folder("par")
        after = capture(share.root)
        assert claims(before, after) == [
            ("CREATE", "/proj/par/"),
            ("CREATE", "/proj/par2/"),
            ("DELETE", "/proj/par/"),
            ("MODIFY", "/proj/"),
        ]
        assert lines(before, after, "/proj/par/base") == [
            "delete-file F_REG /inside/c",
            "delete-file F_REG /b",
        ]
        assert lines(before, after, "/proj/par2/base") == ["file F_REG /inside/c", "file F_REG /b"]
        assert lines(after, before, "/proj/par/base") == ["file F_REG /inside/c", "file F_REG /b"]

    def test_is_deleted_itself_and_no_directory_in_it_has_an_entry(self, share):
        share.put("base/b", "base/inside/c", "beside")
        share.folder("base/empty")
        before = capture(share.root)
        share.drop("base")
        after = capture(share.root)
        assert ("DELETE", "/proj/base/") in claims(before, after)
        assert lines(before, after, "/proj/base") == [
            "delete-file F_REG /inside/c",
            "delete-file F_REG /b",
        ]
        assert lines(before, after, "/proj/base", deletes=False) == []
        assert lines(before, after, "/proj/base/empty") == []

    def test_is_replaced_itself(self, share):
        share.put("base/stays", "base/goes", "base/sub/goes", "base/turns/inside", "base/other")
        before = capture(share.root)
        share.renew("base", "stays", "comes", "turns", "other/inside")
        assert lines(before, capture(share.root), "/proj/base") == [
            "delete-file F_REG /turns/inside",
            "file F_REG /turns",
            "delete-file F_REG /sub/goes",
            "file F_REG /stays",
            "file F_REG /other/inside",
            "delete-file F_REG /other",
            "delete-file F_REG /goes",
            "file F_REG /comes",
        ]

    @pytest.mark.parametrize("pair", [("one", "two"), ("one/base", "two/base")])
    def test_is_swapped_with_another_itself_or_with_the_directory_above_it(self, share, pair):
        share.put("one/base/both", "one/base/first", "two/base/both", "two/base/second/deep")
        before = capture(share.root)
        share.move(pair[0], "aside")
        share.move(pair[1], pair[0])
        share.move("aside", pair[1])
        after = capture(share.root)
        assert lines(before, after, "/proj/one/base") == [
            "file F_REG /second/deep",
            "delete-file F_REG /first",
            "file F_REG /both",
        ]
        assert lines(before, after, "/proj/two/base") == [
            "delete-file F_REG /second/deep",
            "file F_REG /first",
            "file F_REG /both",
        ]

    @pytest.mark.parametrize("what", ["file", "link", "pipe"])
    def test_that_is_no_directory_in_one_state_is_not_held_by_it(self, share, what):
        share.put("base/b", "base/sub/c", "elsewhere/b")
        before = capture(share.root)
        share.drop("base")
        if what == "file":
            share.put("base")
        elif what == "link":
            os.symlink("elsewhere", share.at("base"))
        else:
            os.mkfifo(share.at("base"))
        after = capture(share.root)
        assert lines(before, after, "/proj/base") == [
            "delete-file F_REG /sub/c",
            "delete-file F_REG /b",
        ]
        assert lines(after, before, "/proj/base") == ["file F_REG /sub/c", "file F_REG /b"]
        with pytest.raises(NoList):
            lines(after, after, "/proj/base")

    def test_keeps_its_moves_to_itself(self, share):
        share.put("one/base/first", "two/base/second", "one/base/stays")
        before = capture(share.root)
        share.move("one/base/first", "one/base/renamed")
        share.move("two/base/second", "one/base/from outside")
        entries = expected_entries(
            before,
            capture(share.root),
            source="/proj",
            base="/proj/one/base",
            deletes=True,
            moves=True,
        )
        assert [(entry.name, entry.moved_from) for entry in entries] == [
            ("/renamed", b"/first"),
            ("/from outside", None),
        ]

    def test_that_is_a_moved_directory_has_only_new_files(self, share):
        share.put("old/a", "old/sub/b")
        before = capture(share.root)
        share.move("old", "new")
        entries = expected_entries(
            before,
            capture(share.root),
            source="/proj",
            base="/proj/new",
            deletes=True,
            moves=True,
        )
        assert [(entry.name, entry.moved_from) for entry in entries] == [
            ("/sub/b", None),
            ("/a", None),
        ]


class TestNoList:
    @pytest.fixture
    def trees(self, share):
        share.put("Müller/a", "file", "gone/x")
        os.symlink("Müller", share.at("link"))
        before = capture(share.root)
        share.drop("gone")
        share.put("come/x")
        return before, capture(share.root)

    @pytest.mark.parametrize(
        "base",
        [
            *("/proj/nowhere", "/proj/file", "/proj/file/a", "/proj/link", "/proj/link/a"),
            *("/proj/müller", "/proj/MÜLLER", "/proj/Mu\u0308ller", "/proj/Müller/a"),
            *("/PROJ", "/proj1", "/pro", "/proj/Müll", "/other", "/proj/gone/nowhere"),
        ],
    )
    def test_where_neither_state_holds_the_base_path_as_a_directory(self, trees: TwoTrees, base):
        with pytest.raises(NoList) as ended:
            lines(*trees, base)
        assert ended.value.code == 2

    @pytest.mark.parametrize(
        ("base", "older", "newer"),
        [
            ("/proj", True, True),
            ("/proj/", True, True),
            ("/", True, True),
            ("/proj/Müller", True, True),
            ("/proj/gone", True, False),
            ("/proj/come", False, True),
            ("/proj/link", False, False),
        ],
    )
    def test_depends_on_which_state_holds_it(self, trees: TwoTrees, base, older, newer):
        assert [holds(tree, "/proj", base) for tree in trees] == [older, newer]

    def test_of_two_directories_even_where_all_in_them_is_alike(self, tmp_path):
        for name in ("one", "two"):
            os.mkdir(tmp_path / name)
        one, two = capture(str(tmp_path / "one")), capture(str(tmp_path / "two"))
        with pytest.raises(NoList) as ended:
            lines(one, two)
        assert ended.value.code == 65
        with pytest.raises(NoList):
            diff_claims(one, two, "/proj")


class TestARenamedSource:
    def test_changes_no_name_and_shows_what_changed_below_it_by_its_newer_path(self, share):
        share.put("old/d/f", "old/e/stays", "old/g")
        before = capture(share.at("old"))
        share.move("old", "new")
        share.drop("new/d")
        share.put("new/e/comes")
        after = capture(share.at("new"))
        assert sorted(diff_claims(before, after, "/proj/new")) == [
            ("CREATE", "/proj/new/e/comes"),
            ("DELETE", "/proj/new/d/"),
            ("MODIFY", "/proj/new/"),
            ("MODIFY", "/proj/new/e/"),
        ]

        def renamed(base):
            entries = expected_entries(
                before,
                after,
                source="/proj/new",
                older_source="/proj/old",
                base=base,
                deletes=True,
            )
            return [f"{entry.element} {entry.type} {entry.name}" for entry in entries]

        assert renamed("/proj/new") == [
            "file F_REG /e/comes",
            "file F_DIR /e",
            "delete-file F_REG /d/f",
            "delete-file F_DIR /d",
        ]
        assert renamed("/proj/new/d") == ["delete-file F_REG /f"]
        for base in ("/proj/old", "/proj/old/d"):
            with pytest.raises(NoList):
                renamed(base)
        for base in ("/proj", "/"):
            with pytest.raises(ValueError, match="had other names before"):
                renamed(base)

    def test_alone_is_no_change(self, share):
        share.put("old/d/f")
        before = capture(share.at("old"))
        share.move("old", "new")
        after = capture(share.at("new"))
        assert diff_claims(before, after, "/proj/new") == set()
        assert lines(before, after, "/proj/new", source="/proj/new") == []

    @pytest.mark.parametrize(
        ("base", "alike"),
        [
            ("/above2/show/below", True),
            ("/above2/show", True),
            ("/above2/show/", True),
            ("/above2/sho", False),
            ("/above2/show10", False),
            ("/above2", False),
            ("/", False),
        ],
    )
    def test_has_the_same_names_below_itself_and_other_directories_are_unknown(self, base, alike):
        assert named_alike(base, "/above/show", "/above2/show") is alike
        assert named_alike(base, "/above2/show", "/above2/show")


class TestCreated:
    def test_files_are_listed_and_so_is_the_directory_that_they_came_into(self, share):
        share.put("a/kept")
        before = capture(share.root)
        share.put("a/new")
        after = capture(share.root)
        assert claims(before, after) == [("CREATE", "/proj/a/new"), ("MODIFY", "/proj/a/")]
        assert lines(before, after) == ["file F_REG /a/new", "file F_DIR /a"]

    def test_directories_stand_for_every_file_below_and_are_not_listed(self, share):
        before = capture(share.root)
        share.put("a/b/c/x", "a/y", "a/b.mov")
        share.folder("a/empty")
        after = capture(share.root)
        assert claims(before, after) == [("CREATE", "/proj/a/"), ("MODIFY", "/proj/")]
        assert lines(before, after) == [
            "file F_REG /a/y",
            "file F_REG /a/b/c/x",
            "file F_REG /a/b.mov",
        ]

    def test_hard_links_are_created_paths_of_a_modified_file(self, share):
        share.put("a/x", "b/y")
        before = capture(share.root)
        os.link(share.at("a/x"), share.at("b/x"))
        after = capture(share.root)
        assert claims(before, after) == [
            ("CREATE", "/proj/b/x"),
            ("MODIFY", "/proj/a/x"),
            ("MODIFY", "/proj/b/"),
        ]
        assert lines(before, after) == ["file F_REG /b/x", "file F_DIR /b", "file F_REG /a/x"]


class TestModified:
    @pytest.mark.parametrize(
        "change",
        [
            lambda path: os.truncate(path, 3),
            lambda path: os.utime(path, (OLD, NEW)),
            lambda path: os.chmod(path, 0o600),
        ],
        ids=["size", "mtime", "mode"],
    )
    def test_files_are_listed_and_the_directory_they_are_in_is_not(self, share, change):
        share.put("a/x", "a/y", when=OLD)
        os.chmod(share.at("a/x"), 0o644)
        before = capture(share.root)
        change(share.at("a/x"))
        after = capture(share.root)
        assert claims(before, after) == [("MODIFY", "/proj/a/x")]
        assert lines(before, after) == ["file F_REG /a/x"]

    @pytest.mark.parametrize(
        "field", ["size", "mtime_ns", "ctime_ns", "mode", "uid", "gid", "nlink"]
    )
    def test_files_are_known_by_any_of_what_is_remembered(self, field):
        before, after = two_trees({b"x": file(1)}, {b"x": with_field(file(1), field)})
        assert diff_claims(before, after, "/") == {("MODIFY", "/x")}

    @pytest.mark.parametrize("field", ["mtime_ns", "mode", "uid", "gid"])
    def test_directories_are_known_by_their_own_metadata(self, field):
        before, after = two_trees({b"d": folder(1)}, {b"d": with_field(folder(1), field)})
        assert diff_claims(before, after, "/") == {("MODIFY", "/d/")}
        assert lines(before, after, source="/", base="/") == ["file F_DIR /d"]

    @pytest.mark.parametrize("field", ["size", "ctime_ns", "nlink", "atime_ns"])
    def test_directories_are_not_modified_by(self, field):
        before, after = two_trees({b"d": folder(1)}, {b"d": with_field(folder(1), field)})
        assert diff_claims(before, after, "/") == set()

    def test_directories_are_modified_by_a_replaced_entry_though_all_else_is_as_before(self):
        before, after = two_trees(
            {b"d": folder(1), b"d/x": file(2)}, {b"d": folder(1), b"d/x": file(3)}
        )
        assert diff_claims(before, after, "/") == {
            ("MODIFY", "/d/"),
            ("DELETE", "/d/x"),
            ("CREATE", "/d/x"),
        }

    def test_is_nothing_that_was_only_read(self, share):
        share.put("a/x")
        before = capture(share.root)
        os.utime(share.at("a/x"), (NEW + 9, NEW))
        after = capture(share.root)
        node = after.nodes[b"a/x"]
        assert node.atime_ns != before.nodes[b"a/x"].atime_ns
        nodes = {**after.nodes, b"a/x": replace(node, ctime_ns=before.nodes[b"a/x"].ctime_ns)}
        assert diff_claims(before, Tree(nodes), "/proj") == set()


class TestRenamed:
    def test_files_are_deleted_there_and_created_here(self, share):
        share.put("a/x", "b/y")
        before = capture(share.root)
        share.move("a/x", "b/x")
        after = capture(share.root)
        assert claims(before, after) == [
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

    def test_directories_are_deleted_and_created_with_all_below(self, share):
        share.put("reel/sub/x", "reel/y")
        before = capture(share.root)
        share.move("reel", "reel2")
        share.put("reel2/z")
        after = capture(share.root)
        assert claims(before, after) == [
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

    def test_twice_into_a_circle_leaves_no_deleted_path(self, share):
        share.put("a", "b")
        before = capture(share.root)
        share.move("a", "c")
        share.move("b", "a")
        share.move("c", "b")
        after = capture(share.root)
        assert claims(before, after) == [
            ("CREATE", "/proj/a"),
            ("CREATE", "/proj/b"),
            ("DELETE", "/proj/a"),
            ("DELETE", "/proj/b"),
            ("MODIFY", "/proj/"),
        ]
        assert lines(before, after) == ["file F_REG /b", "file F_REG /a"]

    def test_out_of_a_directory_that_is_then_deleted(self, share):
        share.put("a/b/x", "a/y")
        before = capture(share.root)
        share.move("a/b", "b")
        share.drop("a")
        after = capture(share.root)
        assert claims(before, after) == [
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

    def test_into_a_directory_made_anew_is_not_named_by_the_diff_though_the_path_is_the_old(
        self, share
    ):
        share.put("d/x")
        before = capture(share.root)
        share.move("d/x", "x")
        share.renew("d")
        share.move("x", "d/x")
        after = capture(share.root)
        assert claims(before, after) == [
            ("CREATE", "/proj/d/"),
            ("DELETE", "/proj/d/"),
            ("MODIFY", "/proj/"),
        ]
        assert lines(before, after) == ["file F_REG /d/x"]


class TestDeleted:
    def test_is_only_listed_where_wanted(self, share):
        share.put("a/x", "b/y", "z")
        before = capture(share.root)
        share.drop("a/x")
        share.drop("b")
        after = capture(share.root)
        assert lines(before, after) == [
            "delete-file F_REG /b/y",
            "delete-file F_DIR /b",
            "delete-file F_REG /a/x",
            "file F_DIR /a",
        ]
        assert lines(before, after, deletes=False) == ["file F_DIR /a"]

    def test_directories_are_one_entry_for_the_topmost_and_one_for_each_file(self, share):
        share.put("a/b/c/x", "a/b/y", "a/z")
        share.folder("a/empty")
        before = capture(share.root)
        share.drop("a")
        after = capture(share.root)
        assert claims(before, after) == [("DELETE", "/proj/a/"), ("MODIFY", "/proj/")]
        assert lines(before, after) == [
            "delete-file F_REG /a/z",
            "delete-file F_REG /a/b/y",
            "delete-file F_REG /a/b/c/x",
            "delete-file F_DIR /a",
        ]

    def test_empty_directories_are_listed_as_deleted(self, share):
        share.folder("a")
        before = capture(share.root)
        share.drop("a")
        assert lines(before, capture(share.root)) == ["delete-file F_DIR /a"]


class TestReplaced:
    def test_files_are_listed_as_files(self, share):
        share.put("a")
        before = capture(share.root)
        share.put("b")
        share.move("b", "a")
        after = capture(share.root)
        assert claims(before, after) == [
            ("CREATE", "/proj/a"),
            ("DELETE", "/proj/a"),
            ("MODIFY", "/proj/"),
        ]
        assert lines(before, after) == ["file F_REG /a"]

    def test_directories_delete_only_what_is_no_longer_there(self, share):
        share.put("d/stays", "d/goes", "d/sub/goes", "d/kept/stays", "d/turns")
        before = capture(share.root)
        share.renew("d", "stays", "comes", "kept/stays", "turns/inside")
        after = capture(share.root)
        assert claims(before, after) == [
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

    def test_directories_below_a_kept_one_are_named_by_the_diff(self, share):
        share.put("d/sub/x")
        before = capture(share.root)
        share.renew("d/sub")
        after = capture(share.root)
        assert claims(before, after) == [
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
    def test_files_that_gave_way_to_what_is_not_listed_are_deleted(self, share, make):
        share.put("a", "other")
        before = capture(share.root)
        share.drop("a")
        make(share.at("a"))
        assert lines(before, capture(share.root)) == ["delete-file F_REG /a"]

    def test_files_that_gave_way_to_a_directory_are_deleted_and_what_is_in_it_is_listed(
        self, share
    ):
        share.put("a")
        before = capture(share.root)
        share.drop("a")
        share.put("a/x")
        after = capture(share.root)
        assert claims(before, after) == [
            ("CREATE", "/proj/a/"),
            ("DELETE", "/proj/a"),
            ("MODIFY", "/proj/"),
        ]
        assert lines(before, after) == ["file F_REG /a/x", "delete-file F_REG /a"]

    def test_directories_that_gave_way_to_a_file_are_listed_as_that_file(self, share):
        share.put("a/x", "a/sub/y")
        before = capture(share.root)
        share.drop("a")
        share.put("a")
        after = capture(share.root)
        assert claims(before, after) == [
            ("CREATE", "/proj/a"),
            ("DELETE", "/proj/a/"),
            ("MODIFY", "/proj/"),
        ]
        assert lines(before, after) == [
            "delete-file F_REG /a/x",
            "delete-file F_REG /a/sub/y",
            "file F_REG /a",
        ]

    def test_directories_that_gave_way_to_a_symbolic_link_are_deleted(self, share):
        share.put("a/x")
        before = capture(share.root)
        share.drop("a")
        os.symlink("elsewhere", share.at("a"))
        assert lines(before, capture(share.root)) == [
            "delete-file F_REG /a/x",
            "delete-file F_DIR /a",
        ]

    def test_links_that_gave_way_to_a_file_are_listed_as_that_file(self, share):
        os.symlink("elsewhere", share.at("a"))
        before = capture(share.root)
        share.drop("a")
        share.put("a")
        assert lines(before, capture(share.root)) == ["file F_REG /a"]


class TestWhatIsNoFile:
    @pytest.fixture
    def special(self, share, monkeypatch):
        share.put("d/file")
        os.symlink("file", share.at("d/link"))
        os.symlink(".", share.at("d/link to a directory"))
        os.mkfifo(share.at("d/pipe"))
        monkeypatch.chdir(share.at("d"))
        with socket.socket(socket.AF_UNIX) as unix:
            unix.bind("socket")
        return share

    def test_is_not_listed_when_created(self, special):
        after = capture(special.root)
        before = Tree({b"": after.nodes[b""]})
        assert lines(before, after) == ["file F_REG /d/file"]

    def test_is_not_listed_when_modified_or_deleted(self, special):
        before = capture(special.root)
        special.touch("d/link", NEW + 5)
        for name in ("link to a directory", "pipe", "socket"):
            special.drop(f"d/{name}")
        after = capture(special.root)
        assert lines(before, after) == ["file F_DIR /d"]
        assert claims(before, after) == [
            ("DELETE", "/proj/d/link to a directory"),
            ("DELETE", "/proj/d/pipe"),
            ("DELETE", "/proj/d/socket"),
            ("MODIFY", "/proj/d/"),
            ("MODIFY", "/proj/d/link"),
        ]

    def test_is_not_listed_when_deleted_with_its_directory(self, special):
        before = capture(special.root)
        special.drop("d")
        assert lines(before, capture(special.root)) == [
            "delete-file F_REG /d/file",
            "delete-file F_DIR /d",
        ]


class TestWhatCannotBeRead:
    def test_is_bad_and_nothing_else(self, share):
        share.put("a/x", "a/replaced")
        before = capture(share.root)
        share.put("a/x", size=1)
        share.put("new")
        share.move("new", "a/replaced")
        after = capture(share.root)
        assert lines(before, after, unreadable={b"a/x", b"a/replaced", b"unchanged"}) == [
            "bad-dir F_REG /a/x",
            "bad-dir F_REG /a/replaced",
            "file F_DIR /a",
        ]

    def test_is_one_entry_where_a_walk_meets_it(self, share):
        before = capture(share.root)
        share.put("new/sub/deep/x", "new/sub/y", "new/z")
        share.folder("new/empty")
        after = capture(share.root)
        assert lines(before, after, unreadable={b"new/sub", b"new/sub/deep", b"new/empty"}) == [
            "file F_REG /new/z",
            "bad-dir F_DIR /new/sub",
            "bad-dir F_DIR /new/empty",
        ]

    def test_is_one_entry_for_each_change_where_the_diff_names_them(self, share):
        share.put("d/x", "d/y", "d/sub/z")
        before = capture(share.root)
        share.put("d/x", size=1)
        share.put("d/y", size=1)
        share.put("d/new/a", "d/new/b")
        after = capture(share.root)
        assert lines(before, after, unreadable={b"d"}) == [
            "bad-dir F_REG /d/y",
            "bad-dir F_REG /d/x",
            "bad-dir F_DIR /d/new",
            "bad-dir F_DIR /d",
        ]

    def test_cannot_be_the_base_path(self, share):
        before = capture(share.root)
        share.put("a/x")
        with pytest.raises(ValueError, match="the base path itself is unreadable"):
            lines(before, capture(share.root), "/proj/a", unreadable={b"a"})


class TestWhatAStrangerCannotSee:
    def seen(self, before: Tree, after: Tree, base: str = "/proj") -> list[str]:
        entries = expected_entries(
            before,
            after,
            source="/proj",
            base=base,
            deletes=True,
            newer_sight=sight_of_a_stranger(after),
            older_sight=sight_of_a_stranger(before),
        )
        return [f"{entry.element} {entry.type} {entry.name}" for entry in entries]

    def test_is_below_a_directory_that_nobody_may_go_into(self, share):
        share.put("d/x", "d/old")
        os.chmod(share.at("d"), 0o744)
        before = capture(share.root)
        share.put("d/x", size=1)
        share.put("d/new/y")
        share.drop("d/old")
        assert self.seen(before, capture(share.root)) == [
            "bad-dir F_REG /d/x",
            "delete-file F_REG /d/old",
            "bad-dir F_DIR /d/new",
            "file F_DIR /d",
        ]

    def test_is_not_what_can_be_asked_for_by_name(self, share):
        share.put("d/x")
        os.chmod(share.at("d"), 0o711)
        before = capture(share.root)
        share.put("d/x", size=1)
        assert self.seen(before, capture(share.root)) == ["file F_REG /d/x"]

    @pytest.mark.parametrize("mode", [0o711, 0o744, 0o700, 0])
    def test_is_in_a_created_directory_that_cannot_be_walked(self, share, mode):
        before = capture(share.root)
        share.put("new/sub/x", "new/y")
        os.chmod(share.at("new/sub"), mode)
        after = capture(share.root)
        assert self.seen(before, after) == ["file F_REG /new/y", "bad-dir F_DIR /new/sub"]

    def test_is_in_a_deleted_directory_that_could_not_be_walked(self, share):
        share.put("gone/sub/x", "gone/y", "locked/z")
        for path in ("gone/sub", "locked"):
            os.chmod(share.at(path), 0o700)
        before = capture(share.root)
        share.drop("gone")
        share.drop("locked")
        assert self.seen(before, capture(share.root)) == [
            "bad-dir F_DIR /locked",
            "delete-file F_REG /gone/y",
            "bad-dir F_DIR /gone/sub",
            "delete-file F_DIR /gone",
        ]

    def test_is_not_deleted_where_a_directory_was_made_anew_and_cannot_be_walked(self, share):
        share.put("d/x", "e/x")
        before = capture(share.root)
        share.renew("d", "x")
        share.renew("e", "y")
        os.chmod(share.at("d"), 0o700)
        assert self.seen(before, capture(share.root)) == [
            "file F_REG /e/y",
            "delete-file F_REG /e/x",
            "bad-dir F_DIR /d",
        ]

    def test_does_not_matter_above_a_base_path_that_can_be_walked(self, share):
        before = capture(share.root)
        share.put("new/base/x")
        os.chmod(share.at("new"), 0o711)
        assert self.seen(before, capture(share.root), "/proj/new/base") == ["file F_REG /x"]


def test_a_walk_in_unicode_stops_at_other_names(share):
    share.put(b"\xff/x")
    before = capture(share.root)
    share.put(b"\xff/x", size=1)
    share.put(b"new/\xfe/x", "new/x")
    after = capture(share.root)
    entries = expected_entries(
        before, after, source="/", base="/", deletes=True, newer_sight=sight_in_unicode(after)
    )
    assert [f"{entry.element} {entry.type} {entry.name}" for entry in entries] == [
        "file F_REG /new/x",
        "bad-dir F_DIR /new/%FE",
        "bad-dir F_REG /%FF/x",
    ]


class TestCapture:
    def test_leaves_out_snapshots_at_every_level(self, share):
        share.put("a/x", ".snapshot/1/a/x", "a/.snapshot/1/x", "a/.snapshots", "b/.snapshot")
        assert sorted(capture(share.root).nodes) == [b"", b"a", b"a/.snapshots", b"a/x", b"b"]

    def test_remembers_what_lstat_says(self, share):
        share.put("x", size=3)
        share.touch("x", NEW, atime=OLD)
        os.chmod(share.at("x"), 0o640)
        os.link(share.at("x"), share.at("y"))
        tree = capture(os.fsdecode(share.root))
        found = os.lstat(share.at("x"))
        node = tree.nodes[b"x"]
        assert (node.kind, node.size, node.mode, node.nlink) == ("file", 3, 0o640, 2)
        assert (node.uid, node.gid, node.ctime_ns) == (
            found.st_uid,
            found.st_gid,
            found.st_ctime_ns,
        )
        assert (node.mtime_ns, node.atime_ns) == (NEW * 10**9, OLD * 10**9)
        assert node == tree.nodes[b"y"]

    def test_follows_no_symbolic_link(self, share):
        share.put("a/x")
        os.symlink("a", share.at("b"))
        os.symlink("/", share.at("c"))
        tree = capture(share.root)
        assert sorted(tree.nodes) == [b"", b"a", b"a/x", b"b", b"c"]
        assert {tree.nodes[path].kind for path in (b"b", b"c")} == {"other"}

    def test_goes_deeper_than_paths_can_be_long(self, share):
        fd = os.open(share.root, os.O_RDONLY)
        name = b"a-name-of-20-letters"
        for _ in range(1200):
            os.mkdir(name, dir_fd=fd)
            deeper = os.open(name, os.O_RDONLY, dir_fd=fd)
            os.close(fd)
            fd = deeper
        before = capture(share.root)
        os.close(os.open(b"x", os.O_CREAT | os.O_WRONLY, dir_fd=fd))
        os.close(fd)
        after = capture(share.root)
        subprocess.run(["rm", "-rf", share.at(name)], check=True)
        deepest = "/" + "/".join([name.decode()] * 1200)
        assert lines(before, after) == [f"file F_REG {deepest}/x", f"file F_DIR {deepest}"]

    def test_tells_an_inode_used_again_from_the_one_before(self, share):
        share.put("a/x")
        share.folder("b")
        before = capture(share.root)
        time.sleep(0.02)  # a tick of the clock, where only birth times can be had
        share.drop("a/x")
        share.put("a/x")
        share.drop("b")
        share.folder("b")
        after = capture(share.root)
        assert claims(before, after) == [
            ("CREATE", "/proj/a/x"),
            ("CREATE", "/proj/b/"),
            ("DELETE", "/proj/a/x"),
            ("DELETE", "/proj/b/"),
            ("MODIFY", "/proj/"),
            ("MODIFY", "/proj/a/"),
        ]

    def test_takes_the_callers_word_for_what_is_the_same(self, share):
        share.put("one/x", "one/y", "two/x", "two/y")
        before = capture(share.at("one"), {b"": "root", b"x": 1, b"y": 2})
        after = capture(share.at("two"), {b"": "root", b"x": 1, b"y": 3})
        assert {path for op, path in diff_claims(before, after, "/") if op == "CREATE"} == {"/y"}

    def test_of_two_directories_cannot_be_compared(self, share):
        share.put("one/x", "two/x")
        with pytest.raises(NoList, match="not the same directory"):
            diff_claims(capture(share.at("one")), capture(share.at("two")), "/")


class TestIdentity:
    @pytest.mark.parametrize(
        ("old", "new", "replaced"),
        [
            (Identity(1, 2), Identity(1, 2), False),
            (Identity(1, 2), Identity(1, 3), True),
            (Identity(1, 2), Identity(2, 2), True),
            (Identity(1, 2, 5), Identity(1, 2, 6), True),
            (Identity(1, 2, 5), Identity(1, 2, None), False),
            (Identity(1, 2, 5, b"a"), Identity(1, 2, 5, b"b"), True),
            (Identity(1, 2, given="x"), Identity(3, 4, given="x"), False),
            (Identity(1, 2, given="x"), Identity(1, 2, given="y"), True),
            (Identity(1, 2, given="x"), Identity(1, 2), True),
        ],
    )
    def test_is_all_that_is_known_of_it(self, old, new, replaced):
        before, after = two_trees({b"x": Node("file", old)}, {b"x": Node("file", new)})
        assert (("CREATE", "/x") in diff_claims(before, after, "/")) is replaced

    @pytest.mark.parametrize(("birth", "replaced"), [(None, True), (7, False)])
    def test_is_doubted_where_time_went_backwards_and_nothing_better_is_known(
        self, birth, replaced
    ):
        old = Node("file", Identity(1, 2, birth), ctime_ns=9)
        before, after = two_trees({b"x": old}, {b"x": replace(old, ctime_ns=8)})
        assert (("CREATE", "/x") in diff_claims(before, after, "/")) is replaced


class TestNormalising:
    LIST = (
        b'<files scanned="1" selected="1" size="5" bad_dir_count="1" delete_count="1">\n'
        b'    <file name="/ mtime=&quot;3&quot;" size="5" mode="0x777"  type="F_REG" mtime="11"'
        b' atime="-12" owner="1" group="2" index="1"/>\n'
        b'    <delete-file name="/b" size="7" mode="0x777"  type="F_REG" mtime="-13" atime="14"'
        b' owner="3" group="4" index="1"/>\n'
        b'    <bad-dir name="/a" size="0" mode="0x777"  type="F_REG" mtime="15" atime="16"'
        b' owner="0" group="0" index="1"/>\n'
        b"</files>\n"
    )

    def changed(self, normalised: bytes) -> list[bytes]:
        pairs = zip(self.LIST.split(), normalised.split(), strict=True)
        return [new for old, new in pairs if old != new]

    def test_blanks_the_times_of_what_was_deleted_or_bad(self):
        zero = [b'mtime="0"', b'atime="0"']
        assert self.changed(without_run_times(self.LIST)) == zero + zero

    def test_blanks_the_access_times_of_all(self):
        assert self.changed(without_access_times(self.LIST)) == [b'atime="0"'] * 3

    def test_blanks_what_may_be_known_of_the_deleted(self):
        assert self.changed(without_deleted_attributes(self.LIST)) == [
            b'size="0"',
            b'mtime="0"',
            b'atime="0"',
            b'owner="0"',
            b'group="0"',
        ]

    def test_leaves_the_spaces_as_they_are(self):
        for normalise in (without_run_times, without_access_times, without_deleted_attributes):
            assert normalise(self.LIST).count(b'mode="0x777"  type=') == 3


def file(identity: int) -> Node:
    return Node("file", Identity(given=identity))


def folder(identity: int) -> Node:
    return Node("dir", Identity(given=identity))


def with_field(node: Node, field: str) -> Node:
    """Return a node with another value of one field."""
    value: dict[str, Any] = {field: 5}
    return replace(node, **value)


def two_trees(older: dict[bytes, Node], newer: dict[bytes, Node]) -> tuple[Tree, Tree]:
    """Two states of one root."""
    return Tree({b"": folder(0), **older}), Tree({b"": folder(0), **newer})


@st.composite
def invented_trees(draw) -> tuple[Tree, Tree]:
    """Two trees of few names, so that paths meet in every combination of kind and identity."""

    def grow(nodes: dict[bytes, Node], directory: bytes, depth: int) -> None:
        for name in draw(st.sets(st.sampled_from([b"a", b"a.", b"a0", b"\xff"]), max_size=3)):
            path = directory + b"/" + name if directory else name
            kind = draw(st.sampled_from(["file", "dir", "other"]))
            size, identity = draw(st.integers(0, 2)), draw(st.integers(1, 2))
            nodes[path] = Node(kind, Identity(given=identity), size=size)
            if kind == "dir" and depth < 3:
                grow(nodes, path, depth + 1)

    older: dict[bytes, Node] = {}
    newer: dict[bytes, Node] = {}
    grow(older, b"", 1)
    grow(newer, b"", 1)
    return two_trees(older, newer)


def files_of(tree: Tree) -> set[bytes]:
    return {b"/" + path for path, node in tree.nodes.items() if node.kind == "file"}


@given(invented_trees())
def test_the_list_makes_the_newer_set_of_files_out_of_the_older(trees: TwoTrees):
    before, after = trees
    entries = expected_entries(before, after, source="/proj", base="/proj", deletes=True)
    here = {entry.path for entry in entries if entry.type == "F_REG"} & files_of(after)
    gone = {entry.path for entry in entries if entry.type == "F_REG"} - files_of(after)
    assert gone <= files_of(before)
    assert (files_of(before) - gone) | here == files_of(after)


@given(invented_trees())
def test_the_list_has_each_path_once_and_descends(trees: TwoTrees):
    entries = expected_entries(*trees, source="/proj", base="/", deletes=True)
    assert len({entry.path for entry in entries}) == len(entries)
    names = [entry.name.encode() for entry in entries]
    assert names == sorted(names, reverse=True)


@given(invented_trees())
def test_the_list_is_well_formed_and_its_totals_are_those_of_its_lines(trees: TwoTrees):
    entries = expected_entries(*trees, source="/proj", base="/proj", deletes=True)
    root = ElementTree.fromstring(render(entries))
    files = [each for each in root.iter("file") if each.get("type") == "F_REG"]
    deleted = [each for each in root.iter("delete-file") if each.get("type") == "F_REG"]
    assert root.attrib == {
        "scanned": str(len(files)),
        "selected": str(len(files)),
        "size": str(sum(int(each.get("size", "")) for each in files)),
        "bad_dir_count": str(len(root.findall("bad-dir"))),
        "delete_count": str(len(deleted)),
    }


@given(invented_trees())
def test_the_diff_names_nothing_below_what_it_created_or_deleted(trees: TwoTrees):
    found = diff_claims(*trees, "/proj")
    for op in ("CREATE", "DELETE"):
        named = [path for operation, path in found if operation == op]
        whole = [path for path in named if path.endswith("/")]
        assert not [
            path for path in named for above in whole if path != above and path.startswith(above)
        ]


@given(invented_trees())
def test_a_base_path_takes_its_part_of_the_whole_list(trees: TwoTrees):
    if not any(holds(tree, "/proj", "/proj/a") for tree in trees):
        with pytest.raises(NoList):
            lines(*trees, "/proj/a")
        return
    whole = lines(*trees, "/proj")
    part = lines(*trees, "/proj/a")
    assert set(part) == {
        line.replace(" /a/", " /", 1) for line in whole if line.split(" ", 2)[2].startswith("/a/")
    }
