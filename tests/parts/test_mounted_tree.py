"""A tree on a mount: real directories, walked and described without ever following a link."""

import contextlib
import errno
import os
import socket
import subprocess
import tempfile
from collections.abc import Iterator

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from qumulo_changelist.errors import UnreadableError, UsageError
from qumulo_changelist.model import Attributes, Found, Kind, to_bytes, to_text
from qumulo_changelist.trees import mounted
from qumulo_changelist.trees.mounted import MountedTree

NOBODY = 65534
NOT_THERE = os.strerror(errno.ENOENT)
NO_DIRECTORY = os.strerror(errno.ENOTDIR)
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


def names(tree: MountedTree, directory: str = "/") -> list[str]:
    return [found.name for found in tree.walk(directory)]


def failures(tree: MountedTree, directory: str = "/") -> dict[str, str]:
    return {found.name: found.failure for found in tree.walk(directory) if not found.attributes}


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
    assert tree.describe(path).size == 3


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
            assert fresh.describe(f"{deepest}/file").kind is Kind.FILE
    finally:
        # Python's own way would go too deep.
        subprocess.run(["rm", "-rf", f"{share.root}/{name}"], check=True)


def test_more_directories_can_be_visited_than_stay_open(share, tree):
    paths = [f"/{a:02}/{b}/file" for a in range(60) for b in range(3)]
    share.put(*paths)
    before = open_descriptors()

    for _ in range(2):
        assert [tree.describe(path).kind for path in paths] == [Kind.FILE] * 180
    assert len(names(tree)) == 60 + 180 + 180

    assert open_descriptors() - before <= 70


def test_the_caller_may_ask_for_other_things_while_a_walk_goes_on(share, tree):
    share.put(*(f"/{letter}/{number}/file" for letter in "ab" for number in range(100)))

    found = [tree.describe(f"/b/{number % 100}/file") for number, _ in enumerate(tree.walk("/a/"))]

    assert len(found) == 200


# Links


def test_a_link_is_never_entered(share, tree):
    share.put("/a/file", "/z")
    share.link("/b", "a")
    share.link("/c", ".")
    share.link("/d", "nowhere")

    assert list(tree.walk("/"))[1:4] == [
        Found("/d", tree.describe("/d")),
        Found("/c", tree.describe("/c")),
        Found("/b", tree.describe("/b")),
    ]
    assert names(tree) == ["/z", "/d", "/c", "/b", "/a/file", "/a/"]
    assert {tree.describe(link).kind for link in ("/b", "/c", "/d")} == {Kind.OTHER}


@pytest.mark.parametrize("name", ["/link/file", "/link/a/file", "/a/up/a/file", "/link/"])
def test_no_part_of_a_name_may_be_a_link(share, tree, name):
    share.put("/a/file", "/a/a/file")
    share.link("/link", "a")
    share.link("/a/up", "..")

    if name.endswith("/"):
        assert tree.describe(name).kind is Kind.OTHER
    else:
        with pytest.raises(UnreadableError):
            tree.describe(name)
    top = name.rpartition("/")[0] + "/"
    (found,) = tree.walk(top)
    assert found.name == top
    assert found.attributes is None
    assert found.failure


def test_a_link_that_takes_the_place_of_a_directory_is_not_followed(share, tree):
    share.put("/a/b/file", size=3)
    share.put("/theirs/b/file", size=1000)
    assert tree.describe("/a/b/file").size == 3

    os.rename(share.at("/a"), share.at("/moved"))
    share.link("/a", "theirs")

    assert tree.describe("/a/b/file").size == 3  # the directory that was opened, wherever it went
    with MountedTree(share.root) as fresh, pytest.raises(UnreadableError):
        fresh.describe("/a/b/file")


def test_a_link_that_takes_the_place_of_a_directory_during_a_walk_is_not_followed(share, tree):
    share.put("/a/file", "/b/file", "/theirs/secret")
    walk = tree.walk("/")
    assert next(walk).name == "/theirs/secret"

    os.rename(share.at("/a"), share.at("/moved"))
    share.link("/a", "theirs")
    rest = {found.name: found.failure for found in walk}

    assert list(rest) == ["/theirs/", "/b/file", "/b/", "/a/"]
    assert rest.pop("/a/") in (NO_DIRECTORY, os.strerror(errno.ELOOP))
    assert set(rest.values()) == {""}


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

    with pytest.raises(UnreadableError) as caught:
        tree.describe(name)
    assert str(caught.value) == reason


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

    assert list(tree.walk(directory)) == [Found(directory, None, reason)]


def test_what_cannot_be_read_does_not_stop_the_walk_beside_it(share, tree):
    share.put("/a/file", "/locked/file", "/locked/sub/file", "/z/file")
    os.chmod(share.at("/locked"), 0)

    with ordinary_user():
        assert failures(tree) == {"/locked/": NO_PERMISSION}
        assert names(tree) == ["/z/file", "/z/", "/locked/", "/a/file", "/a/"]
        assert failures(tree, "/locked/") == {"/locked/": NO_PERMISSION}
        assert failures(tree, "/locked/sub/") == {"/locked/sub/": NO_PERMISSION}
        with pytest.raises(UnreadableError, match=NO_PERMISSION):
            tree.describe("/locked/file")


def test_a_directory_that_can_be_listed_but_not_entered_cannot_be_read(share, tree):
    share.put("/listed/file", "/listed/sub/file")
    os.chmod(share.at("/listed"), 0o444)

    with ordinary_user():
        assert failures(tree) == {"/listed/": NO_PERMISSION}
        assert names(tree) == ["/listed/"]


class Failing:
    """An entry of a listing that the disk cannot say more of than its kind."""

    def __init__(self, name: str, *, directory: bool | OSError) -> None:
        self.name = name
        self._directory = directory

    def stat(self, *, follow_symlinks: bool) -> os.stat_result:
        raise OSError(errno.EIO, "Input/output error")

    def is_dir(self, *, follow_symlinks: bool) -> bool:
        if isinstance(self._directory, OSError):
            raise self._directory
        return self._directory


@pytest.mark.parametrize(
    ("directory", "name"),
    [(True, "/a/b/"), (False, "/a/b"), (OSError(errno.EIO, "Input/output error"), "/a/b")],
)
def test_what_cannot_be_described_is_still_known_for_a_directory(directory, name):
    found = mounted._found("/a/", Failing("b", directory=directory))

    assert found == Found(name, None, "Input/output error")


def test_what_went_away_during_a_walk_is_told(share, tree):
    share.put("/a/file", "/b/file")
    walk = tree.walk("/")
    assert next(walk).name == "/b/file"

    os.rename(share.at("/a"), share.at("/moved"))

    assert [(found.name, found.failure) for found in walk] == [("/b/", ""), ("/a/", NOT_THERE)]


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

    assert tree.describe("/a/file") == expected
    assert next(tree.walk("/a/")) == Found("/a/file", expected)


def test_the_root_and_directories_are_described_too(share, tree):
    share.put("/a/")

    assert tree.describe("/").kind is Kind.DIRECTORY
    assert tree.describe("/a/").kind is tree.describe("/a").kind is Kind.DIRECTORY


def test_what_is_neither_file_nor_directory_is_something_else(share, tree, monkeypatch):
    monkeypatch.chdir(share.root)
    os.mkfifo("pipe")
    share.link("/link", "/")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")

    assert {name: tree.describe(name).kind for name in names(tree)} == {
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

    assert tree.describe("/a/file").mtime == seconds
    assert tree.describe("/a/file").atime == seconds
    assert [found.attributes.mtime for found in tree.walk("/a/")] == [seconds]


# Snapshots


def test_a_snapshot_is_found_by_its_id_alone(share, tree):
    share.put("/.snapshot/77_b/file", "/.snapshot/7_a/old", "/.snapshot/17_c/", "/.snapshot/770_/")

    with tree.snapshot(7) as snapshot:
        assert names(snapshot) == ["/old"]
    with tree.snapshot(77) as snapshot:
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

    with tree.snapshot(7) as snapshot:
        assert names(snapshot) == ["/old"]
    assert tree.snapshot(8) is None


# What stays behind


def test_no_descriptor_stays_open(share):
    share.put(*(f"/{number}/sub/file" for number in range(100)), "/.snapshot/7_a/old")
    before = open_descriptors()

    with MountedTree(share.root) as tree:
        assert len(names(tree)) == 300
        assert tree.describe("/5/sub/file").kind is Kind.FILE
        unfinished = tree.walk("/")
        next(unfinished)
        failures(tree, "/5/sub/file/")
        with pytest.raises(UnreadableError):
            tree.describe("/5/sub/file/below")
        with tree.snapshot(7) as snapshot:
            names(snapshot)
        tree.snapshot(8)
    with pytest.raises(UsageError):
        MountedTree(share.root + "/nowhere")

    assert open_descriptors() == before


def test_a_tree_can_be_closed_when_something_went_wrong(share):
    share.put("/a/file")
    before = open_descriptors()

    with contextlib.suppress(InterruptedError), MountedTree(share.root) as tree:
        tree.describe("/a/file")
        raise InterruptedError

    assert open_descriptors() == before
