"""A tree on a mount: real directories, walked and described without ever following a link."""

import contextlib
import errno
import os
import shutil
import socket
import stat
import subprocess
import tempfile
from collections.abc import Iterator

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from qumulo_changelist.errors import UnreadableError, UsageError
from qumulo_changelist.model import Attributes, Description, EntryStat, Kind, ReadFailure
from qumulo_changelist.names import to_bytes, to_text
from qumulo_changelist.trees import mounted
from qumulo_changelist.trees import walk as walking
from qumulo_changelist.trees.interface import GONE, DescribedEntries, NamedEntries, Subtree
from qumulo_changelist.trees.mounted import MountedTree

NOBODY = 65534
NOT_THERE = os.strerror(errno.ENOENT)
NO_DIRECTORY = os.strerror(errno.ENOTDIR)
TOO_MANY_LINKS = os.strerror(errno.ELOOP)
INPUT_OUTPUT = os.strerror(errno.EIO)
NO_PERMISSION = os.strerror(errno.EACCES)


class Share:
    """A directory to fill, closed again to nobody when the test ends."""

    def __init__(self, root: str) -> None:
        self.root = root
        os.mkdir(root)
        os.chmod(root, 0o755)

    def at(self, name: str) -> bytes:
        return to_bytes(self.root + name)

    def put(self, *names: str, size: int = 0) -> None:
        """Make files, or directories where a name ends in ``/``, and what is above them."""
        for name in names:
            directory, _, last = name.rpartition("/")
            os.makedirs(self.at(directory), exist_ok=True)
            if last:
                with open(self.at(name), "wb") as file:
                    file.write(b"x" * size)

    def link(self, name: str, target: str) -> None:
        os.symlink(to_bytes(target), self.at(name))


@pytest.fixture
def share(tmp_path) -> Iterator[Share]:
    made = Share(str(tmp_path / "share"))
    yield made
    for folder, folders, _ in os.walk(made.root):
        for name in folders:
            if not os.path.islink(os.path.join(folder, name)):
                os.chmod(os.path.join(folder, name), 0o755)


@pytest.fixture
def tree(share) -> Iterator[MountedTree]:
    with MountedTree(share.root) as opened:
        yield opened


@contextlib.contextmanager
def ordinary_user() -> Iterator[None]:
    """Be someone for whom permissions count, which they do not for root."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def answer(tree: MountedTree, directory: str) -> Iterator[DescribedEntries]:
    """Yield all that is found below a directory, as it is answered."""
    (found,) = tree.read([Subtree(directory)])
    return iter(found)


def walk(tree: MountedTree, directory: str = "/") -> Iterator[tuple[str, Description]]:
    """Yield all that is found below a directory, one by one."""
    for found in answer(tree, directory):
        yield from zip(found.names, found.described, strict=True)


def describe(tree: MountedTree, *names: str) -> list[Description]:
    """Return what some entries of one directory are."""
    ((found,),) = tree.read([NamedEntries(list(names))])
    assert found.names == list(names)
    return found.described


def kind(tree: MountedTree, name: str) -> Kind | str:
    """Return what an entry is, or why that cannot be told."""
    (described,) = describe(tree, name)
    return described.reason if isinstance(described, ReadFailure) else described.kind


def size(tree: MountedTree, name: str) -> int | str:
    """Return how large a file is, or why that cannot be told."""
    (described,) = describe(tree, name)
    return described.reason if isinstance(described, ReadFailure) else described.size


def names(tree: MountedTree, directory: str = "/") -> list[str]:
    return [name for name, _ in walk(tree, directory)]


def failures(tree: MountedTree, directory: str = "/") -> dict[str, str]:
    return {
        name: described.reason
        for name, described in walk(tree, directory)
        if isinstance(described, ReadFailure)
    }


def open_descriptors() -> int:
    return len(os.listdir("/dev/fd"))


# The order of a walk


def test_a_walk_descends_and_a_directory_comes_behind_its_content(share, tree):
    share.put("/a", "/reel2/b", "/reel2/a/x", "/reel2.mov", "/reel2-old", "/reel20", "/z/")

    assert names(tree) == [
        "/z/",
        "/reel20",
        "/reel2/b",
        "/reel2/a/x",
        "/reel2/a/",
        "/reel2/",
        "/reel2.mov",
        "/reel2-old",
        "/a",
    ]


def test_a_walk_may_begin_anywhere_and_leaves_its_beginning_out(share, tree):
    share.put("/a/b/c/d", "/a/b/e", "/a/bc", "/f")

    assert names(tree, "/a/b/") == ["/a/b/e", "/a/b/c/d", "/a/b/c/"]


def test_an_empty_directory_holds_nothing(share, tree):
    share.put("/a/")

    assert names(tree, "/a/") == []


components = st.binary(min_size=1, max_size=3).filter(
    lambda name: not set(name) & set(b"/\0") and name not in (b".", b"..")
)


@given(st.lists(st.lists(components, min_size=1, max_size=4), max_size=8))
@example([[b"a", b"b"], [b"a\xff"], [b"a."], [b"\xc3\xa9"], [b"a\n"]])
@settings(max_examples=50)
def test_a_walk_finds_everything_once_in_descending_order(paths):
    with tempfile.TemporaryDirectory() as root:
        expected = set()
        for path in paths:
            with contextlib.suppress(OSError):
                os.makedirs(os.path.join(root.encode(), *path))
                expected |= {b"/" + b"/".join(path[:end]) + b"/" for end in range(1, len(path) + 1)}
        with MountedTree(root) as tree:
            found = names(tree)

    assert found == sorted(map(to_text, expected), reverse=True)


@pytest.mark.parametrize(
    "name",
    [b"\xff\xfe", b"a\nb", b"\x85", b"\xe2\x80\xa8", b"\xed\xb2\x80", b" ", b"\\", b"*", b"%s"],
)
def test_a_name_may_be_any_bytes(share, tree, name):
    path = "/a/" + to_text(name)
    share.put(path, size=3)

    assert names(tree) == [path, "/a/"]
    assert size(tree, path) == 3


def test_the_snapshots_of_a_mount_belong_to_no_tree(share, tree):
    share.put("/.snapshot/7_a/old", "/a/.snapshot/7_a/old", "/a/.snapshots", "/b")

    assert names(tree) == ["/b", "/a/.snapshots", "/a/"]


def test_a_path_may_be_longer_than_the_system_takes(share, tree):
    name, levels = "deep", 1500
    here = os.open(share.root, os.O_RDONLY)
    for _ in range(levels):
        os.mkdir(name, dir_fd=here)
        below = os.open(name, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=here))
    os.close(here)
    deepest = f"/{name}" * levels

    try:
        found = names(tree)

        assert found[0] == f"{deepest}/file"
        assert [len(one) for one in found[1:]] == [5 * level + 1 for level in range(levels, 0, -1)]
        with MountedTree(share.root) as fresh:
            assert kind(fresh, f"{deepest}/file") is Kind.FILE
    finally:
        # Python's own way would go too deep.
        subprocess.run(["rm", "-rf", f"{share.root}/{name}"], check=True)


def test_more_directories_can_be_visited_than_stay_open(share, tree):
    paths = [f"/{a:02}/{b}/file" for a in range(60) for b in range(3)]
    share.put(*paths)
    before = open_descriptors()

    for _ in range(2):
        assert [kind(tree, path) for path in paths] == [Kind.FILE] * 180
    assert len(names(tree)) == 60 + 180 + 180

    assert open_descriptors() - before <= 70


def test_the_caller_may_ask_for_other_things_while_a_walk_goes_on(share, tree):
    share.put(*(f"/{letter}/{number}/file" for letter in "ab" for number in range(100)))

    found = [kind(tree, f"/b/{number % 100}/file") for number, _ in enumerate(walk(tree, "/a/"))]

    assert found == [Kind.FILE] * 200


# Wishes


def test_wishes_are_answered_in_turn_and_of_some_as_they_stand(share, tree):
    share.put("/a/x", "/a/y", "/b/z", "/c", size=3)
    wishes = [
        NamedEntries(["/c"]),
        Subtree("/b/"),
        NamedEntries(["/b/", "/a/"]),
        NamedEntries(["/a/x", "/a/none", "/a/y"]),
    ]

    answers = [[found.names for found in answer] for answer in tree.read(wishes)]

    assert answers == [[["/c"]], [["/b/z"]], [["/b/", "/a/"]], [["/a/x", "/a/none", "/a/y"]]]


def test_wishes_are_not_read_before_they_are_answered(share, tree):
    share.put("/a", "/b")
    read: list[str] = []

    def wishes() -> Iterator[NamedEntries]:
        for name in ("/b", "/a"):
            read.append(name)
            yield NamedEntries([name])

    next(tree.read(wishes()))

    assert read == ["/b"]


def test_entries_of_one_directory_are_described_together_each_as_it_is(share, tree):
    share.put("/d/a", size=1)
    share.put("/d/b", size=2)
    share.put("/d/sub/")
    share.link("/d/link", "a")

    found = describe(tree, "/d/sub/", "/d/none", "/d/link", "/d/b", "/d/a")

    assert [one if isinstance(one, ReadFailure) else one.kind for one in found] == [
        Kind.DIRECTORY,
        ReadFailure(NOT_THERE),
        Kind.OTHER,
        Kind.FILE,
        Kind.FILE,
    ]
    assert [one.size for one in found[3:]] == [2, 1]


@pytest.mark.parametrize(
    "odd", ["/d/\0", "/d/a\0b", "/d/a\0/", "/d/\0\0b/", "/d/\udcff", "/d/x\ud800", "/d/\udcff/"]
)
@pytest.mark.parametrize("position", [0, 1, 2])
def test_an_odd_name_confuses_none_of_its_neighbours(share, tree, odd, position):
    share.put("/d/a", size=1)
    share.put("/d/b", size=2)
    together = ["/d/b", "/d/a"]
    together.insert(position, odd)

    found = describe(tree, *together)

    reason = found.pop(position).reason
    assert reason in (NOT_THERE, "stat: embedded null character in path")
    assert ("null" in reason) == ("\0" in odd)
    assert [one.size for one in found] == [2, 1]


def test_a_name_of_bytes_that_are_no_utf8_is_found_among_others(share, tree):
    share.put("/d/a\udcff", "/d/\udc80/", size=5)
    share.put("/d/b", size=6)

    found = describe(tree, "/d/b", "/d/a\udcff", "/d/\udc80/")

    assert [one.kind for one in found] == [Kind.FILE, Kind.FILE, Kind.DIRECTORY]
    assert [one.size for one in found[:2]] == [6, 5]


def test_names_are_those_of_one_directory_in_descending_order(share, tree):
    share.put("/d/a", "/d/reel2/x", "/d/reel2.mov", "/d/\udcff", "/d/.snapshot/7_a/", "/e")
    share.link("/d/link", "reel2")

    assert tree.names("/d/") == ["/d/\udcff", "/d/reel2/", "/d/reel2.mov", "/d/link", "/d/a"]
    for directory in ("/gone/", "/e/", "/d/link/", "/d\0/"):
        with pytest.raises(UnreadableError):
            tree.names(directory)


# Walks in parts


def test_files_between_two_directories_come_together_and_a_directory_alone(share, tree):
    share.put("/a", "/b", "/c/x", "/c/y", "/d", "/e/")

    assert [found.names for found in answer(tree, "/")] == [
        ["/e/"],
        ["/d"],
        ["/c/y", "/c/x"],
        ["/c/"],
        ["/b", "/a"],
    ]


@pytest.mark.parametrize("most", [1, 2, 3, 4])
def test_of_many_files_in_a_directory_some_are_described_at_a_time(share, tree, monkeypatch, most):
    monkeypatch.setattr(walking, "_AT_ONCE", most)
    share.put(*(f"/{number}" for number in range(7)), "/3.d/", "/3.d/x", "/3.d/y")

    parts = [found.names for found in answer(tree, "/")]

    assert max(map(len, parts)) == min(most, 4)
    assert [name for part in parts for name in part] == [
        "/6", "/5", "/4", "/3.d/y", "/3.d/x", "/3.d/", "/3", "/2", "/1", "/0"
    ]  # fmt: skip


def test_files_are_described_only_when_they_are_wanted(share, tree, monkeypatch):
    monkeypatch.setattr(walking, "_AT_ONCE", 2)
    share.put("/a", "/b", "/c", "/d")
    found = answer(tree, "/")
    assert next(found).names == ["/d", "/c"]

    os.unlink(share.at("/a"))

    (last,) = found
    assert last.names == ["/b", "/a"]
    assert last.described[1] == ReadFailure(NOT_THERE)


# Links


def test_a_link_is_never_entered(share, tree):
    share.put("/a/file", "/z")
    share.link("/b", "a")
    share.link("/c", ".")
    share.link("/d", "nowhere")

    links = ["/d", "/c", "/b"]
    assert list(walk(tree))[1:4] == list(zip(links, describe(tree, *links), strict=True))
    assert names(tree) == ["/z", "/d", "/c", "/b", "/a/file", "/a/"]
    assert {kind(tree, link) for link in ("/b", "/c", "/d")} == {Kind.OTHER}


@pytest.mark.parametrize("name", ["/link/file", "/link/a/file", "/a/up/a/file", "/link/"])
def test_no_part_of_a_name_may_be_a_link(share, tree, name):
    share.put("/a/file", "/a/a/file")
    share.link("/link", "a")
    share.link("/a/up", "..")

    expected = [Kind.OTHER] if name.endswith("/") else [NO_DIRECTORY, TOO_MANY_LINKS]
    assert kind(tree, name) in expected
    top = name.rpartition("/")[0] + "/"
    ((found, described),) = walk(tree, top)
    assert found == top
    assert described in [ReadFailure(NO_DIRECTORY), ReadFailure(TOO_MANY_LINKS)]


@pytest.mark.parametrize("odd", ["", "\udcff"])
def test_the_names_of_directories_that_are_links_lead_nowhere_together_either(share, tree, odd):
    share.put("/a/", "/z/")
    share.link(f"/b{odd}", "a")
    share.link("/c", "nowhere")

    described = describe(tree, "/z/", "/c/", f"/b{odd}/", "/a/")

    assert [one.kind for one in described] == [
        Kind.DIRECTORY,
        Kind.OTHER,
        Kind.OTHER,
        Kind.DIRECTORY,
    ]


def test_a_link_that_takes_the_place_of_a_directory_is_not_followed(share, tree):
    share.put("/a/b/file", size=3)
    share.put("/theirs/b/file", size=1000)
    assert size(tree, "/a/b/file") == 3

    os.rename(share.at("/a"), share.at("/moved"))
    share.link("/a", "theirs")

    assert size(tree, "/a/b/file") == 3  # the directory that was opened, wherever it went
    with MountedTree(share.root) as fresh:
        assert size(fresh, "/a/b/file") in (NO_DIRECTORY, TOO_MANY_LINKS)


def test_a_link_that_takes_the_place_of_a_directory_during_a_walk_is_not_followed(share, tree):
    share.put("/a/file", "/b/file", "/theirs/secret")
    found = answer(tree, "/")
    assert next(found).names == ["/theirs/secret"]

    os.rename(share.at("/a"), share.at("/moved"))
    share.link("/a", "theirs")
    *others, last = found

    assert [found.names for found in others] == [["/theirs/"], ["/b/file"], ["/b/"]]
    assert not any(isinstance(found.described[0], ReadFailure) for found in others)
    assert last.names == ["/a/"]
    assert last.described[0] in (ReadFailure(NO_DIRECTORY), ReadFailure(TOO_MANY_LINKS))


def test_the_mapped_path_itself_may_be_a_link(share, tmp_path):
    share.put("/file")
    (tmp_path / "link").symlink_to(share.root)

    with MountedTree(str(tmp_path / "link")) as tree:
        assert names(tree) == ["/file"]


# What cannot be read


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("/gone", NOT_THERE),
        ("/gone/file", NOT_THERE),
        ("/file/below", NO_DIRECTORY),
        ("/file/far/below", NO_DIRECTORY),
        ("/" + "x" * 256, os.strerror(errno.ENAMETOOLONG)),
        ("/" + "x" * 256 + "/file", os.strerror(errno.ENAMETOOLONG)),
        ("/a\0b", "stat: embedded null character in path"),
        ("/a\0b/file", "open: embedded null character in path"),
        ("/\ud800", NOT_THERE),
    ],
)
def test_what_cannot_be_described_says_why(share, tree, name, reason):
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
def test_a_directory_that_cannot_be_walked_says_why(share, tree, directory, reason):
    share.put("/file")

    assert list(walk(tree, directory)) == [(directory, ReadFailure(reason))]


def test_what_cannot_be_read_does_not_stop_the_walk_beside_it(share, tree):
    share.put("/a/file", "/locked/file", "/locked/sub/file", "/z/file")
    os.chmod(share.at("/locked"), 0)

    with ordinary_user():
        assert failures(tree) == {"/locked/": NO_PERMISSION}
        assert names(tree) == ["/z/file", "/z/", "/locked/", "/a/file", "/a/"]
        assert failures(tree, "/locked/") == {"/locked/": NO_PERMISSION}
        assert failures(tree, "/locked/sub/") == {"/locked/sub/": NO_PERMISSION}
        assert describe(tree, "/locked/file", "/locked/a") == [ReadFailure(NO_PERMISSION)] * 2


def test_a_directory_that_can_be_listed_but_not_entered_cannot_be_read(share, tree):
    share.put("/listed/file", "/listed/sub/file")
    os.chmod(share.at("/listed"), 0o444)

    with ordinary_user():
        assert failures(tree) == {"/listed/": NO_PERMISSION}
        assert names(tree) == ["/listed/"]


class Failing:
    """An entry of a listing of which the disk cannot say whether it is a directory."""

    name = "b"

    def is_dir(self, *, follow_symlinks: bool) -> bool:
        raise OSError(errno.EIO, INPUT_OUTPUT)


def test_what_a_listing_tells_no_more_of_than_the_name_is_looked_into():
    # A walk that looks into it learns why not before it passes what may have been below.
    assert mounted._name("/a/", Failing()) == "/a/b/"


@pytest.mark.parametrize("name", ["/a/b/", "/a/b"])
def test_what_cannot_be_described_is_still_known_for_a_directory(share, tree, monkeypatch, name):
    share.put(name, "/a/c")
    stat = os.stat

    def failing(path: bytes, **options: object) -> os.stat_result:
        if path == b"b":
            raise OSError(errno.EIO, INPUT_OUTPUT)
        return stat(path, **options)

    monkeypatch.setattr(mounted.os, "stat", failing)

    assert names(tree, "/a/") == ["/a/c", name]
    assert failures(tree, "/a/") == {name: INPUT_OUTPUT}


def test_what_went_away_during_a_walk_is_told(share, tree):
    share.put("/a/file", "/b/file")
    found = walk(tree)
    assert next(found)[0] == "/b/file"

    os.rename(share.at("/a"), share.at("/moved"))

    (name, described), last = found
    assert (name, described.kind) == ("/b/", Kind.DIRECTORY)
    assert last == ("/a/", ReadFailure(NOT_THERE))


@pytest.mark.parametrize("root", ["/nowhere", "/share/file", "", "a\0b"])
def test_a_mapped_path_that_is_no_directory_is_told(share, tmp_path, root):
    share.put("/file")
    path = str(tmp_path) + root if root.startswith("/") else root

    with pytest.raises(UsageError, match="mapped path") as caught:
        MountedTree(path)
    assert caught.value.exit_code == 2


# Attributes


def test_a_file_is_described_as_the_system_has_it(share, tree):
    share.put("/a/file", size=700)
    os.utime(share.at("/a/file"), (1_700_000_000, 1_700_000_100))

    expected = Attributes(
        Kind.FILE, 700, 1_700_000_100, 1_700_000_000, os.geteuid(), os.stat(share.root).st_gid
    )

    assert describe(tree, "/a/file") == [expected]
    assert list(walk(tree, "/a/")) == [("/a/file", expected)]


def test_the_root_and_directories_are_described_too(share, tree):
    share.put("/a/")

    assert kind(tree, "/") is Kind.DIRECTORY
    assert kind(tree, "/a/") is kind(tree, "/a") is Kind.DIRECTORY


def test_what_is_neither_file_nor_directory_is_something_else(share, tree, monkeypatch):
    monkeypatch.chdir(share.root)
    os.mkfifo("pipe")
    share.link("/link", "/")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")

    assert {name: kind(tree, name) for name in names(tree)} == {
        "/pipe": Kind.OTHER,
        "/link": Kind.OTHER,
        "/socket": Kind.OTHER,
    }
    assert names(tree) == ["/socket", "/pipe", "/link"]


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
def test_times_are_rounded_down(share, tree, nanoseconds, seconds):
    share.put("/a/file")
    os.utime(share.at("/a/file"), ns=(nanoseconds, nanoseconds))

    (described,) = describe(tree, "/a/file")
    assert (described.mtime, described.atime) == (seconds, seconds)
    assert [(found.mtime, found.atime) for _, found in walk(tree, "/a/")] == [(seconds, seconds)]


# Snapshots


def test_a_snapshot_is_found_by_its_id_alone(share, tree):
    share.put("/.snapshot/77_b/file", "/.snapshot/7_a/old", "/.snapshot/17_c/", "/.snapshot/770_/")

    with MountedTree(tree.snapshot(7)) as snapshot:
        assert names(snapshot) == ["/old"]
    with MountedTree(tree.snapshot(77)) as snapshot:
        assert names(snapshot) == ["/file"]


@pytest.mark.parametrize(
    "there",
    ["/", "/.snapshot/", "/.snapshot/77_b/", "/.snapshot/7/", "/.snapshot/7_a", "/.snapshot"],
)
def test_a_snapshot_that_the_mount_does_not_show_is_none(share, tree, there):
    share.put(there)

    assert tree.snapshot(7) is None


def test_a_snapshot_may_have_any_name(share, tree):
    share.put("/.snapshot/7_a b_\udcff_8_c/old")

    with MountedTree(tree.snapshot(7)) as snapshot:
        assert names(snapshot) == ["/old"]
    assert tree.snapshot(8) is None


# A share that goes on living


class Day:
    """A share as it was when its snapshot was taken, and what is found after it was changed."""

    def __init__(self, share: Share) -> None:
        share.put("/made/a", "/made/sub/b", "/made/z", "/d/e", "/d/f", size=3)
        share.link("/d/link", "e")
        self._share = share
        self.since = moment_between(share)

    def find(self, *wishes: NamedEntries | Subtree) -> tuple[dict[str, str], int]:
        """Return what is found of everything, and how many entries are known to have moved on."""
        with MountedTree(self._share.root, self.since) as tree:
            found = {
                name: said(described)
                for answer in tree.read(wishes)
                for part in answer
                for name, described in zip(part.names, part.described, strict=True)
            }
            return found, tree.changed_since


def moment_between(share: Share) -> int:
    """Return a moment that no change so far is stamped later than, and all to come are."""
    probe = share.root + ".probe"
    with open(probe, "w"):
        moment = os.stat(probe).st_ctime_ns
    while os.stat(probe).st_ctime_ns == moment:
        os.utime(probe)
    return moment


def said(described: Description) -> str:
    if isinstance(described, ReadFailure):
        return described.reason
    return f"{described.kind.value} {described.size}" if described.kind is Kind.FILE else "other"


def a_link_instead(share: Share, name: str) -> None:
    os.rename(share.at(name), share.at("/elsewhere"))
    share.link(name, "elsewhere")


def a_pipe_instead(share: Share, name: str) -> None:
    os.unlink(share.at(name))
    os.mkfifo(share.at(name))


def a_directory_instead(share: Share, name: str) -> None:
    os.unlink(share.at(name))
    share.put(f"{name}/inside")


@pytest.fixture
def day(share) -> Day:
    return Day(share)


ALL_MADE = {
    "/made/z": "F_REG 3",
    "/made/sub/b": "F_REG 3",
    "/made/sub/": "other",
    "/made/a": "F_REG 3",
}
FILES = NamedEntries(["/d/f", "/d/e"])


def test_where_nothing_happened_nothing_moved_on(day):
    wishes = [
        Subtree("/made/"),
        NamedEntries(["/d/link", "/d/f", "/d/e"]),
        NamedEntries(["/d/"]),
        NamedEntries(["/"]),
    ]

    found, changed_since = day.find(*wishes)

    assert list(found) == [*ALL_MADE, "/d/link", "/d/f", "/d/e", "/d/", "/"]
    assert "gone" not in str(found)
    assert changed_since == 0


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda share: os.unlink(share.at("/d/f")), GONE),
        (lambda share: os.rename(share.at("/d/f"), share.at("/d/g")), GONE),
        (lambda share: share.put("/d/f", size=30), "F_REG 30"),
        (lambda share: os.utime(share.at("/d/f"), (1, 1)), "F_REG 3"),
        (lambda share: os.chmod(share.at("/d/f"), 0o600), "F_REG 3"),
        (lambda share: os.link(share.at("/d/f"), share.at("/second")), "F_REG 3"),
        (lambda share: os.rename(share.at("/made/a"), share.at("/d/f")), "F_REG 3"),
        (lambda share: a_directory_instead(share, "/d/f"), "other"),
        (lambda share: a_link_instead(share, "/d/f"), "other"),
        (lambda share: a_pipe_instead(share, "/d/f"), "other"),
    ],
    ids=[
        "vanished", "renamed", "grown", "touched", "chmod", "second name", "replaced",
        "became a directory", "became a link", "became a pipe",
    ],
)  # fmt: skip
def test_a_file_that_changed_or_went_is_found_as_it_is_and_counted(share, day, change, expected):
    change(share)

    assert day.find(FILES) == ({"/d/f": expected, "/d/e": "F_REG 3"}, 1)


@pytest.mark.parametrize(
    "change",
    [
        lambda share: shutil.rmtree(share.at("/d")),
        lambda share: os.rename(share.at("/d"), share.at("/moved")),
        lambda share: a_link_instead(share, "/d"),
    ],
    ids=["vanished", "renamed", "became a link"],
)
def test_of_a_directory_that_went_every_entry_asked_for_is_gone(share, day, change):
    change(share)

    assert day.find(FILES) == ({"/d/f": GONE, "/d/e": GONE}, 2)


def test_of_a_directory_that_became_a_file_every_entry_asked_for_is_gone(share, day):
    shutil.rmtree(share.at("/d"))
    share.put("/d")

    assert day.find(FILES, NamedEntries(["/d/"])) == (
        {"/d/f": GONE, "/d/e": GONE, "/d/": "F_REG 0"},
        3,
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda share: shutil.rmtree(share.at("/made")),
        lambda share: os.rename(share.at("/made"), share.at("/moved")),
        lambda share: a_link_instead(share, "/made"),
        lambda share: (shutil.rmtree(share.at("/made")), share.put("/made")),
    ],
    ids=["vanished", "renamed", "became a link", "became a file"],
)
def test_a_directory_that_went_before_it_was_walked_is_gone_and_counted_once(share, day, change):
    change(share)

    assert day.find(Subtree("/made/")) == ({"/made/": GONE}, 1)


def test_what_is_new_in_a_created_directory_is_found_and_counted_with_the_directory(share, day):
    share.put("/made/new", size=7)

    assert day.find(Subtree("/made/")) == (ALL_MADE | {"/made/new": "F_REG 7"}, 2)


@pytest.mark.parametrize("name", ["/made/a", "/made/sub/b"])
def test_what_went_from_a_created_directory_is_noticed_by_the_directory(share, day, name):
    os.unlink(share.at(name))

    found, changed_since = day.find(Subtree("/made/"))

    assert found == {other: what for other, what in ALL_MADE.items() if other != name}
    assert changed_since == 1


def test_what_goes_during_a_walk_is_gone_and_counted(share, day):
    with MountedTree(share.root, day.since) as tree:
        found = walk(tree, "/made/")
        assert next(found)[0] == "/made/z"
        before = tree.changed_since

        os.rename(share.at("/made/sub"), share.at("/moved"))
        os.unlink(share.at("/made/a"))

        assert [*found] == [("/made/sub/", ReadFailure(GONE)), ("/made/a", ReadFailure(GONE))]
        assert (before, tree.changed_since) == (0, 2)


@pytest.mark.parametrize("content", ["/made/", "/made/sub/"])
def test_the_names_of_a_directory_show_that_it_moved_on(share, day, content):
    with MountedTree(share.root, day.since) as tree:
        tree.names(content)
        assert tree.changed_since == 0
    share.put(f"{content}new")
    with MountedTree(share.root, day.since) as tree:
        tree.names(content)
        assert tree.changed_since == 1


@pytest.mark.parametrize(
    ("later", "changed_since"),
    [(-3_000_000_000, 1), (-1_000_000_000, 1), (-1, 1), (0, 0), (1, 0), (1_000_000_000, 0)],
)
def test_a_change_counts_when_it_came_after_the_snapshot_be_it_by_a_moment(
    share, later, changed_since
):
    share.put("/file")
    since = os.stat(share.at("/file")).st_ctime_ns + later

    with MountedTree(share.root, since) as tree:
        describe(tree, "/file")
        assert tree.changed_since == changed_since


@pytest.mark.parametrize("offset", [1, 500_000_000, 999_999_999])
def test_a_change_counts_by_the_nanosecond_within_one_second(share, monkeypatch, offset):
    second = 1_700_000_000
    share.put("/file")
    found = os.stat(share.at("/file"))
    parts = list(found)
    parts[stat.ST_CTIME] = second
    stamped = os.stat_result(parts, {"st_ctime_ns": second * 10**9 + offset})
    monkeypatch.setattr(mounted.os, "stat", lambda *_args, **_options: stamped)

    counts = []
    for since in (offset - 1, offset, offset + 1):
        with MountedTree(share.root, second * 10**9 + since) as tree:
            describe(tree, "/file")
            counts.append(tree.changed_since)

    assert counts == [1, 0, 0]


def test_a_server_that_no_longer_knows_a_file_tells_that_it_is_gone(share, day, monkeypatch):
    def stale(*_args: object, **_options: object) -> os.stat_result:
        raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))

    monkeypatch.setattr(mounted.os, "stat", stale)

    assert day.find(FILES) == ({"/d/f": GONE, "/d/e": GONE}, 2)


def test_what_may_not_be_read_is_not_gone(share, day):
    os.chmod(share.at("/d"), 0)

    with MountedTree(share.root, day.since) as tree, ordinary_user():
        assert describe(tree, "/d/f", "/d/e") == [ReadFailure(NO_PERMISSION)] * 2
        assert failures(tree, "/d/") == {"/d/": NO_PERMISSION}
        assert tree.changed_since == 0


def test_a_tree_that_stands_still_counts_nothing_and_tells_what_the_system_says(share, tree):
    share.put("/a")

    assert describe(tree, "/gone", "/a")[0] == ReadFailure(NOT_THERE)
    assert failures(tree, "/none/") == {"/none/": NOT_THERE}
    assert names(tree) == ["/a"]
    assert tree.changed_since == 0


# What stays behind


def test_no_descriptor_stays_open(share):
    share.put(*(f"/{number}/sub/file" for number in range(100)), "/.snapshot/7_a/old")
    before = open_descriptors()

    with MountedTree(share.root) as tree:
        assert len(names(tree)) == 300
        assert kind(tree, "/5/sub/file") is Kind.FILE
        unfinished = walk(tree)
        next(unfinished)
        failures(tree, "/5/sub/file/")
        assert kind(tree, "/5/sub/file/below") == NO_DIRECTORY
        with MountedTree(tree.snapshot(7)) as snapshot:
            names(snapshot)
        tree.snapshot(8)
    with pytest.raises(UsageError):
        MountedTree(share.root + "/nowhere")

    assert open_descriptors() == before


def test_a_tree_can_be_closed_when_something_went_wrong(share):
    share.put("/a/file")
    before = open_descriptors()

    with contextlib.suppress(InterruptedError), MountedTree(share.root) as tree:
        assert kind(tree, "/a/file") is Kind.FILE
        raise InterruptedError

    assert open_descriptors() == before


# A look at one entry


def test_a_look_shows_what_identifies_an_entry(share, tree):
    share.put("/d/a.mov", size=5)
    os.utime(share.at("/d/a.mov"), ns=(1, 1_700_000_000_123_456_789))
    os.utime(share.at("/d"), ns=(1, -1))
    (file, directory) = (os.stat(share.at(name)) for name in ("/d/a.mov", "/d"))

    for afresh in (False, True):
        assert tree.inspect_entry("/d/a.mov", afresh=afresh) == EntryStat(
            Kind.FILE, 5, 1_700_000_000_123_456_789, str(file.st_ino)
        )
        for name in ("/d", "/d/"):
            assert tree.inspect_entry(name, afresh=afresh) == EntryStat(
                Kind.DIRECTORY, directory.st_size, -1, str(directory.st_ino)
            )


@pytest.mark.parametrize("afresh", [False, True])
def test_a_look_follows_no_link_and_opens_no_pipe(share, tree, afresh):
    share.put("/d/a.mov")
    share.link("/link", "d")
    os.mkfifo(share.at("/pipe"))

    assert tree.inspect_entry("/link", afresh=afresh).kind is Kind.OTHER
    assert tree.inspect_entry("/link/", afresh=afresh).kind is Kind.OTHER
    assert tree.inspect_entry("/link/a.mov", afresh=afresh) is None
    assert tree.inspect_entry("/pipe", afresh=afresh).kind is Kind.OTHER


@pytest.mark.parametrize("afresh", [False, True])
@pytest.mark.parametrize("name", ["/none", "/none/a", "/file/a", "/a\0b", "/\udcff/a", "/d/none"])
def test_a_look_at_what_is_not_there_shows_nothing(share, tree, name, afresh):
    share.put("/file", "/d/a")

    assert tree.inspect_entry(name, afresh=afresh) is None


def test_a_look_finds_any_name(share, tree):
    share.put("/d/\udcff\n")

    assert tree.inspect_entry("/d/\udcff\n", afresh=True).kind is Kind.FILE


def test_a_look_where_this_user_may_not_is_refused(share, tree):
    share.put("/closed/a", "/private", size=2)
    os.chmod(share.at("/closed"), 0)
    os.chmod(share.at("/private"), 0)
    with ordinary_user():
        for afresh in (False, True):
            with pytest.raises(UnreadableError, match=NO_PERMISSION):
                tree.inspect_entry("/closed/a", afresh=afresh)
            # To know what is there, nobody need be let read it.
            assert tree.inspect_entry("/private", afresh=afresh).size == 2


def test_a_look_afresh_asks_the_server_for_the_directory_and_the_file(share, tree, monkeypatch):
    share.put("/d/a")
    opened = []
    real = os.open

    def noted(path, flags, **where):
        opened.append(path)
        return real(path, flags, **where)

    monkeypatch.setattr(os, "open", noted)
    before = open_descriptors()
    tree.inspect_entry("/d/a")
    assert opened == [b"d"]
    tree.inspect_entry("/d/a", afresh=True)
    tree.inspect_entry("/d/b", afresh=True)

    assert opened == [b"d", b".", b"a", b"."]
    # Only the directory stays open.
    assert open_descriptors() == before + 1
