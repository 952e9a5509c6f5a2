"""A tree on a mount: real directories, read without ever following a link."""

import contextlib
import errno
import os
import socket
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from qumulo_changelist.bounds import Bounds
from qumulo_changelist.errors import MappedPathError, UnreadableError
from qumulo_changelist.model import Attributes, Kind, ReadFailure
from qumulo_changelist.names import to_text
from qumulo_changelist.trees import posix, read_ahead
from qumulo_changelist.trees.mounted import MountedTree
from tests.parts.shares import (
    Share,
    count_open_descriptors,
    make_deep_path,
    new_share,
    ordinary_user,
)
from tests.parts.tree_reading import (
    describe,
    failures_in,
    kinds,
    sizes,
    walk,
    walk_in_parts,
    walked_names,
)

NOT_THERE = os.strerror(errno.ENOENT)
NO_DIRECTORY = os.strerror(errno.ENOTDIR)
TOO_MANY_LINKS = os.strerror(errno.ELOOP)
TOO_LONG = os.strerror(errno.ENAMETOOLONG)
IO_ERROR = os.strerror(errno.EIO)
NO_PERMISSION = os.strerror(errno.EACCES)


@pytest.fixture
def share(tmp_path: Path) -> Iterator[Share]:
    with new_share(str(tmp_path / "share"), Share) as made:
        yield made


@pytest.fixture
def tree(share: Share) -> Iterator[MountedTree]:
    with MountedTree(share.root) as opened:
        yield opened


def kind(tree: MountedTree, name: str) -> Kind | str:
    """Return the kind of an entry, or why it cannot be read."""
    return kinds(describe(tree, name))[0]


def size(tree: MountedTree, name: str) -> int | str:
    return sizes(describe(tree, name))[0]


# Names and paths


@pytest.mark.parametrize(
    "name",
    [b"\xff\xfe", b"a\nb", b"\x85", b"\xe2\x80\xa8", b"\xed\xb2\x80", b" ", b"\\", b"*", b"%s"],
)
def test_a_name_can_have_any_bytes(share, tree, name):
    path = "/a/" + to_text(name)
    share.put(path, size=3)

    assert walked_names(tree) == [path, "/a/"]
    assert size(tree, path) == 3


def test_names_that_are_not_utf8_are_described_with_others(share, tree):
    share.put("/d/a\udcff", "/d/\udc80/", size=5)
    share.put("/d/b", size=6)

    found = describe(tree, "/d/b", "/d/a\udcff", "/d/\udc80/")

    assert kinds(found) == [Kind.FILE, Kind.FILE, Kind.DIRECTORY]
    assert sizes(found)[:2] == [6, 5]


@pytest.mark.parametrize(
    "odd", ["/d/\0", "/d/a\0b", "/d/a\0/", "/d/\0\0b/", "/d/\udcff", "/d/x\ud800", "/d/\udcff/"]
)
@pytest.mark.parametrize("position", [0, 1, 2])
def test_an_impossible_name_does_not_affect_its_neighbours(share, tree, odd, position):
    share.put("/d/a", size=1)
    share.put("/d/b", size=2)
    names = ["/d/b", "/d/a"]
    names.insert(position, odd)

    found = sizes(describe(tree, *names))

    reason = found.pop(position)
    assert reason == ("stat: embedded null character in path" if "\0" in odd else NOT_THERE)
    assert found == [2, 1]


def test_a_path_can_be_longer_than_the_system_allows(share, tree):
    levels = 1100  # more than Python can recurse
    make_deep_path(share.root, "deep", levels)
    deepest = "/deep" * levels

    try:
        names = walked_names(tree)

        assert names[0] == f"{deepest}/file"
        assert [len(name) for name in names[1:]] == [
            5 * level + 1 for level in range(levels, 0, -1)
        ]
        with MountedTree(share.root) as fresh:
            assert kind(fresh, f"{deepest}/file") is Kind.FILE
    finally:
        # Python's own function is recursive.
        subprocess.run(["rm", "-rf", f"{share.root}/deep"], check=True)


def test_the_mapped_path_itself_can_be_a_link(share, tmp_path):
    share.put("/file")
    (tmp_path / "link").symlink_to(share.root)

    with MountedTree(str(tmp_path / "link")) as tree:
        assert walked_names(tree) == ["/file"]


@pytest.mark.parametrize("root", ["/nowhere", "/share/file", "", "a\0b"])
def test_a_mapped_path_that_is_not_a_directory_is_an_error(share, tmp_path, root):
    share.put("/file")
    path = str(tmp_path) + root if root.startswith("/") else root

    with pytest.raises(MappedPathError, match="mapped path") as caught:
        MountedTree(path)

    assert path in str(caught.value)
    assert caught.value.hint == ""


# Reading only what is wanted, and holding little


@pytest.mark.parametrize("limit", [1, 2, 3, 4])
def test_the_files_of_a_large_directory_are_described_in_parts(share, tree, monkeypatch, limit):
    monkeypatch.setattr(read_ahead, "_MAX_FILES", limit)
    share.put(*(f"/{number}" for number in range(7)), "/3.d/", "/3.d/x", "/3.d/y")

    parts = [part.names for part in walk_in_parts(tree)]

    assert max(map(len, parts)) == min(limit, 4)
    assert [name for part in parts for name in part] == [
        "/6", "/5", "/4", "/3.d/y", "/3.d/x", "/3.d/", "/3", "/2", "/1", "/0"
    ]  # fmt: skip


@pytest.fixture
def narrow_window(monkeypatch):
    """Read nothing ahead of its place."""
    monkeypatch.setattr(read_ahead, "_NAMES_IN_A_WINDOW", 1)
    monkeypatch.setattr(read_ahead, "_NAMES_FOR_A_THREAD", 1)


@pytest.mark.usefixtures("narrow_window")
def test_files_are_described_only_when_they_are_wanted(share, tree, monkeypatch):
    monkeypatch.setattr(read_ahead, "_MAX_FILES", 2)
    share.put("/a", "/b", "/c", "/d")
    parts = walk_in_parts(tree)
    assert next(parts).names == ["/d", "/c"]

    os.unlink(share.path("/a"))

    (last,) = parts
    assert last.names == ["/b", "/a"]
    assert last.described[1] == ReadFailure(NOT_THERE)


def test_more_directories_can_be_read_than_stay_open(share, tree):
    paths = [f"/{a:02}/{b}/file" for a in range(60) for b in range(3)]
    share.put(*paths)
    before = count_open_descriptors()

    for _ in range(2):
        assert [kind(tree, path) for path in paths] == [Kind.FILE] * 180
    assert len(walked_names(tree)) == 60 + 180 + 180

    assert count_open_descriptors() - before <= 130


def test_entries_can_be_described_while_a_walk_is_under_way(share, tree):
    share.put(*(f"/{letter}/{number}/file" for letter in "ab" for number in range(100)))

    found = [kind(tree, f"/b/{number % 100}/file") for number, _ in enumerate(walk(tree, "/a/"))]

    assert found == [Kind.FILE] * 200


def test_no_descriptor_stays_open(share):
    share.put(*(f"/{number}/sub/file" for number in range(100)), "/.snapshot/7_a/old")
    before = count_open_descriptors()

    with contextlib.suppress(InterruptedError), MountedTree(share.root) as tree:
        assert len(walked_names(tree)) == 300
        assert kind(tree, "/5/sub/file") is Kind.FILE
        unfinished = walk(tree)
        next(unfinished)
        failures_in(tree, "/5/sub/file/")
        assert kind(tree, "/5/sub/file/below") == NO_DIRECTORY
        with MountedTree(tree.find_snapshot(7) or "") as snapshot:
            walked_names(snapshot)
        tree.find_snapshot(8)
        with pytest.raises(MappedPathError):
            MountedTree(share.root + "/nowhere")
        raise InterruptedError

    assert count_open_descriptors() == before


# Links


def test_a_link_is_never_entered(share, tree):
    share.put("/a/file", "/z")
    share.link("/b", "a")
    share.link("/c", ".")
    share.link("/d", "nowhere")

    links = ["/d", "/c", "/b"]
    assert list(walk(tree))[1:4] == list(zip(links, describe(tree, *links), strict=True))
    assert walked_names(tree) == ["/z", "/d", "/c", "/b", "/a/file", "/a/"]
    assert kinds(describe(tree, *links)) == [Kind.OTHER] * 3


@pytest.mark.parametrize("name", ["/link/file", "/link/a/file", "/a/up/a/file", "/link/"])
def test_no_part_of_a_name_can_be_a_link(share, tree, name):
    share.put("/a/file", "/a/a/file")
    share.link("/link", "a")
    share.link("/a/up", "..")
    refusals = [NO_DIRECTORY, TOO_MANY_LINKS]
    directory = name.rpartition("/")[0] + "/"

    assert kind(tree, name) in ([Kind.OTHER] if name.endswith("/") else refusals)
    ((top, reason),) = failures_in(tree, directory).items()
    assert top == directory
    assert reason in refusals
    with pytest.raises(UnreadableError):
        tree.names(directory)


@pytest.mark.parametrize("odd", ["", "\udcff"])
def test_a_directory_name_does_not_lead_through_a_link(share, tree, odd):
    """Also where other names are described together with it, and whatever bytes it has."""
    share.put("/a/", "/z/")
    share.link(f"/b{odd}", "a")
    share.link("/c", "nowhere")

    found = describe(tree, "/z/", "/c/", f"/b{odd}/", "/a/")

    assert kinds(found) == [Kind.DIRECTORY, Kind.OTHER, Kind.OTHER, Kind.DIRECTORY]


def test_a_link_that_replaced_a_directory_is_not_followed(share, tree):
    share.put("/a/b/file", size=3)
    share.put("/theirs/b/file", size=1000)
    assert size(tree, "/a/b/file") == 3

    share.move("/a", "/moved")
    share.link("/a", "theirs")

    assert size(tree, "/a/b/file") == 3  # the directory that was opened, wherever it is now
    with MountedTree(share.root) as fresh:
        assert size(fresh, "/a/b/file") in (NO_DIRECTORY, TOO_MANY_LINKS)


@pytest.mark.usefixtures("narrow_window")
def test_a_link_that_replaces_a_directory_during_a_walk_is_not_followed(share, tree):
    share.put("/a/file", "/b/file", "/theirs/secret")
    parts = walk_in_parts(tree)
    assert next(parts).names == ["/theirs/secret"]

    share.move("/a", "/moved")
    share.link("/a", "theirs")
    *others, last = parts

    assert [part.names for part in others] == [["/theirs/"], ["/b/file"], ["/b/"]]
    assert not any(isinstance(part.described[0], ReadFailure) for part in others)
    assert last.names == ["/a/"]
    assert last.described[0] in (ReadFailure(NO_DIRECTORY), ReadFailure(TOO_MANY_LINKS))


# Entries that cannot be read


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("/gone", NOT_THERE),
        ("/gone/file", NOT_THERE),
        ("/file/below", NO_DIRECTORY),
        ("/file/far/below", NO_DIRECTORY),
        ("/" + "x" * 256, TOO_LONG),
        ("/" + "x" * 256 + "/file", TOO_LONG),
        ("/a\0b", "stat: embedded null character in path"),
        ("/a\0b/file", "open: embedded null character in path"),
        ("/\ud800", NOT_THERE),
    ],
)
def test_an_entry_that_cannot_be_described_has_a_reason(share, tree, name, reason):
    share.put("/file")

    assert describe(tree, name) == [ReadFailure(reason)]


@pytest.mark.parametrize(
    ("directory", "reason"),
    [
        ("/gone/", NOT_THERE),
        ("/file/", NO_DIRECTORY),
        ("/file/below/", NO_DIRECTORY),
        ("/a\0b/", "open: embedded null character in path"),
    ],
)
def test_a_directory_that_cannot_be_walked_has_a_reason(share, tree, directory, reason):
    share.put("/file")

    assert list(walk(tree, directory)) == [(directory, ReadFailure(reason))]
    with pytest.raises(UnreadableError, match=reason):
        tree.names(directory)


def test_a_walk_continues_past_entries_that_cannot_be_read(share, tree):
    share.put("/a/file", "/locked/file", "/locked/sub/file", "/z/file")
    os.chmod(share.path("/locked"), 0)

    with ordinary_user():
        assert failures_in(tree) == {"/locked/": NO_PERMISSION}
        assert walked_names(tree) == ["/z/file", "/z/", "/locked/", "/a/file", "/a/"]
        assert failures_in(tree, "/locked/") == {"/locked/": NO_PERMISSION}
        assert failures_in(tree, "/locked/sub/") == {"/locked/sub/": NO_PERMISSION}
        assert describe(tree, "/locked/file", "/locked/a") == [ReadFailure(NO_PERMISSION)] * 2


@pytest.mark.parametrize(
    ("bounds", "names"),
    [
        (Bounds("/d/a/b"), ["/d/b", "/d/a/"]),
        (Bounds("/d/a.", "/d/a/"), ["/d/a.mov"]),
        (Bounds("/d", "/d/a."), ["/d/a/", "/d/"]),
        (Bounds("", "/d/a"), ["/d/"]),
    ],
)
def test_a_directory_that_cannot_be_read_is_described_if_it_or_names_in_it_are_in_bounds(
    share, tree, bounds, names
):
    share.put("/d/a.mov", "/d/a/file", "/d/b")
    os.chmod(share.path("/d/a"), 0)

    with ordinary_user():
        assert [name for name, _ in walk(tree, "/", bounds)] == names


def test_a_directory_that_can_be_listed_but_not_entered_cannot_be_read(share, tree):
    share.put("/listed/file", "/listed/sub/file")
    os.chmod(share.path("/listed"), 0o444)

    with ordinary_user():
        assert failures_in(tree) == {"/listed/": NO_PERMISSION}
        assert walked_names(tree) == ["/listed/"]


class BrokenEntry:
    """An entry of a listing, for which the disk cannot tell whether it is a directory."""

    name = "b"

    def is_dir(self, *, follow_symlinks: bool) -> bool:
        raise OSError(errno.EIO, IO_ERROR)


def test_an_entry_of_unknown_kind_is_treated_as_a_directory():
    """A walk that tries to enter it gets the reason before it passes what might be below."""
    assert posix.name_of("/a/", cast("os.DirEntry[str]", BrokenEntry())) == "/a/b/"


@pytest.mark.parametrize("name", ["/a/b/", "/a/b"])
def test_the_name_of_an_unreadable_entry_shows_whether_it_is_a_directory(
    share, tree, monkeypatch, name
):
    share.put(name, "/a/c")
    usual = os.stat

    def fail(path: bytes, **options: Any) -> os.stat_result:
        if path == b"b":
            raise OSError(errno.EIO, IO_ERROR)
        return usual(path, **options)

    monkeypatch.setattr("os.stat", fail)

    assert walked_names(tree, "/a/") == ["/a/c", name]
    assert failures_in(tree, "/a/") == {name: IO_ERROR}


# Attributes


def test_a_file_has_the_attributes_that_the_system_shows(share, tree):
    share.put("/a/file", size=700)
    os.utime(share.path("/a/file"), (1_700_000_000, 1_700_000_100))

    expected = Attributes(
        Kind.FILE, 700, 1_700_000_100, 1_700_000_000, os.geteuid(), os.stat(share.root).st_gid
    )

    assert describe(tree, "/a/file") == [expected]
    assert list(walk(tree, "/a/")) == [("/a/file", expected)]


def test_the_root_and_directories_are_described_too(share, tree):
    share.put("/a/")

    assert kind(tree, "/") is Kind.DIRECTORY
    assert kind(tree, "/a/") is kind(tree, "/a") is Kind.DIRECTORY


def test_links_pipes_and_sockets_are_of_another_kind(share, tree, monkeypatch):
    monkeypatch.chdir(share.root)
    os.mkfifo("pipe")
    share.link("/link", "/")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")

    assert [(name, *kinds([found])) for name, found in walk(tree)] == [
        ("/socket", Kind.OTHER),
        ("/pipe", Kind.OTHER),
        ("/link", Kind.OTHER),
    ]


def test_only_regular_files_are_listed_as_files():
    for mode in (stat.S_IFCHR, stat.S_IFBLK, stat.S_IFIFO, stat.S_IFSOCK, stat.S_IFLNK):
        status = os.stat_result((mode | 0o644, 1, 1, 1, 0, 0, 5, 0, 0, 0))
        columns = posix.StatusColumns.empty()
        columns.add([status])
        assert columns.attributes(0).kind is posix.kind_of(status) is Kind.OTHER


@pytest.mark.parametrize(
    ("nanoseconds", "seconds"),
    [
        (0, 0),
        (999_999_999, 0),
        (1_700_000_014_999_999_999, 1_700_000_014),
        (4_102_444_800_000_000_001, 4_102_444_800),
        (-1, -1),
        (-1_000_000_000, -1),
        (-1_000_000_001, -2),
    ],
)
def test_times_are_rounded_down_to_seconds(share, tree, nanoseconds, seconds):
    share.put("/a/file")
    os.utime(share.path("/a/file"), ns=(nanoseconds, nanoseconds))

    for found in (*describe(tree, "/a/file"), *dict(walk(tree, "/a/")).values()):
        assert isinstance(found, Attributes)
        assert (found.mtime, found.atime) == (seconds, seconds)


# Snapshots


def test_the_snapshots_of_a_mount_belong_to_no_tree(share, tree):
    share.put("/.snapshot/7_a/old", "/a/.snapshot/7_a/old", "/a/.snapshots", "/b")

    assert walked_names(tree) == ["/b", "/a/.snapshots", "/a/"]
    assert tree.names("/a/") == ["/a/.snapshots"]


def test_a_snapshot_is_found_by_its_id_alone(share, tree):
    share.put("/.snapshot/77_b/file", "/.snapshot/7_a/old", "/.snapshot/17_c/", "/.snapshot/770_/")

    assert tree.find_snapshot(7) == f"{share.root}/.snapshot/7_a"
    assert tree.find_snapshot(77) == f"{share.root}/.snapshot/77_b"


@pytest.mark.parametrize(
    "existing",
    ["/", "/.snapshot/", "/.snapshot/77_b/", "/.snapshot/7/", "/.snapshot/7_a", "/.snapshot"],
)
def test_a_snapshot_that_the_mount_does_not_show_has_no_path(share, tree, existing):
    share.put(existing)

    assert tree.find_snapshot(7) is None


def test_a_snapshot_can_have_any_name(share, tree):
    share.put("/.snapshot/7_a b_\udcff_8_c/old")

    with MountedTree(tree.find_snapshot(7) or "") as snapshot:
        assert walked_names(snapshot) == ["/old"]
    assert tree.find_snapshot(8) is None
