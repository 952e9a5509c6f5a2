"""Every way to the same list gives the same bytes: who is asked, by how many, in which portions."""

import os
import shutil
from collections.abc import Iterator
from itertools import combinations, product
from pathlib import Path
from typing import NamedTuple

import pytest

from qumulo_emulator.running import Emulator, serve_in_process
from tests.end_to_end.conftest import site_on
from tests.end_to_end.lists import settled
from tests.end_to_end.site import Site

# A choice for each option; "" is the default.
TRANSPORTS = ("qq", "rest")
METADATA = ("mount", "snapshot", "rest")
WORKERS = ("1", "2")
# A created directory counts as so many changes that a share of 700 is a few of those here.
SLICES = ("1", "700", "")
SPILLS = ("1", "3", "")
PAGES = ("1", "3", "")
CHOICES = (TRANSPORTS, METADATA, WORKERS, SLICES, SPILLS, PAGES)
OPTIONS = ("transport", "metadata", "workers", "slice-size", "spill-after", "page-size")

# All pairs of two choices are in one of these.
WAYS = [
    ("qq", "mount", "2", "", "1", "3"),
    ("qq", "mount", "2", "700", "", ""),
    ("qq", "rest", "2", "1", "", "1"),
    ("qq", "snapshot", "1", "1", "3", ""),
    ("rest", "mount", "1", "1", "1", "3"),
    ("rest", "mount", "1", "700", "", "1"),
    ("rest", "mount", "2", "", "3", "1"),
    ("rest", "rest", "1", "", "1", ""),
    ("rest", "rest", "2", "700", "3", "3"),
    ("rest", "snapshot", "1", "", "", "3"),
    ("rest", "snapshot", "2", "700", "1", "1"),
]

# Created directories weigh so much that this many of them are worth several processes.
MANY = 45

# Around the slash in the order of bytes; each name begins with the first.
NEIGHBOURS = (b"a", b"a b", b"a!", b"a-", b"a.mov", b"a0", b"aa")
# What XML, JSON, URLs and lines make difficult; the last two no list can write.
ODD = (
    *(b"b&<>\"'", b"x\ny\tz\r", b"%01", b"%2F", b"-m", b" two  blanks ", b"n" * 250),
    *("é".encode(), "e\u0301".encode(), "\u2028\x85".encode(), "🎬".encode(), "\ue000".encode()),
    *(b"bell\x07\x01", "\uffff".encode()),
)
NO_UNICODE = b"\xff\xfe"


def write(folder: Path, name: bytes, content: str = "x") -> None:
    path = os.path.join(os.fsencode(folder), name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(content)


def a_project(mount: Path) -> None:
    for name in (*NEIGHBOURS, *ODD):
        for top in (b"kept", b"gone", b"anew", b"thinned"):
            write(mount, top + b"/" + name + b" file")
            write(mount, top + b"/" + name + b"/inside")
        write(mount, top + b"/" + NO_UNICODE)
    for name in (b"grown", b"renamed", b"replaced", b"became a link", b"became a folder", b"deep"):
        write(mount, name + b".mov")
    write(mount, b"became a file.mov/lost/file")
    write(mount, b"top/old/" + b"deep/" * 40 + b"file")
    write(mount, b"found/" + NO_UNICODE + b" folder/old")
    for folder in ("kept", "gone"):
        (mount / folder / "link").symlink_to("../grown.mov")
        os.mkfifo(mount / folder / "pipe")


def a_day_later(mount: Path) -> None:
    for name in (*NEIGHBOURS, *ODD):
        # Modified: a file and, by what came and went there, its neighbours.
        write(mount, b"kept/" + name + b" file", "longer")
        write(mount, b"kept/" + name + b"/new")
        write(mount, b"new/" + name + b" file")
        write(mount, b"new/" + name + b"/inside/deep")
    write(mount, b"kept/" + NO_UNICODE, "longer")
    write(mount, b"new/" + NO_UNICODE)
    write(mount, b"found/" + NO_UNICODE + b" folder/new")
    shutil.rmtree(mount / "gone")
    shutil.rmtree(mount / "anew")
    for name in (*NEIGHBOURS[::2], *ODD[::2]):
        write(mount, b"anew/" + name + b" file", "again")
        write(mount, b"anew/" + name + b"/other")
        shutil.rmtree(os.path.join(os.fsencode(mount), b"thinned/" + name))
        os.unlink(os.path.join(os.fsencode(mount), b"thinned/" + name + b" file"))
    write(mount, b"grown.mov", "longer")
    (mount / "renamed.mov").rename(mount / "new name.mov")
    write(mount, b"replacement", "other")
    (mount / "replacement").replace(mount / "replaced.mov")
    (mount / "became a link.mov").unlink()
    (mount / "became a link.mov").symlink_to("grown.mov")
    (mount / "became a folder.mov").unlink()
    write(mount, b"became a folder.mov/clip")
    shutil.rmtree(mount / "became a file.mov")
    write(mount, b"became a file.mov")
    os.link(mount / "deep.mov", mount / "second name.mov")
    (mount / "top" / "old").rename(mount / "top" / "moved")
    (mount / "new" / "link").symlink_to("../grown.mov")
    os.mkfifo(mount / "new" / "pipe")
    for number in range(MANY):
        write(mount, b"reel%d/clip.mov" % number)


class Made(NamedTuple):
    """A project with two snapshots."""

    site: Site
    older: int
    newer: int

    def list(self, way: tuple[str, ...], *, base: str | None = None) -> bytes:
        options = [f"--{name}={value}" for name, value in zip(OPTIONS, way, strict=True) if value]
        done = self.site.generate(self.older, self.newer, "--deletes", *options, base=base)
        # Some names cannot be written.
        assert done.code == 1, done.messages
        return self.site.list_path.read_bytes()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    folder = tmp_path_factory.mktemp("site")
    root = tmp_path_factory.mktemp("cluster")
    # The options alone say how large a page is.
    with serve_in_process(root, page_limit=1000) as running:
        yield snapshots(running, site_on(running, folder))


def snapshots(running: Emulator, site: Site) -> Made:
    a_project(site.mount)
    older = site.snapshot_by_api(running)
    a_day_later(site.mount)
    return Made(site, older, site.snapshot_by_api(running))


@pytest.fixture(scope="module")
def plain(made: Made) -> bytes:
    """The list as one process makes it of all changes at once."""
    return made.list(("qq", "mount", "1", "", "", ""))


def test_the_ways_hold_every_pair_of_choices() -> None:
    pairs = {
        ((one, a), (other, b))
        for one, other in combinations(range(len(CHOICES)), 2)
        for a, b in product(CHOICES[one], CHOICES[other])
    }
    held = {pair for way in WAYS for pair in combinations(enumerate(way), 2)}
    assert pairs == held


@pytest.mark.parametrize("way", WAYS, ids=" ".join)
def test_every_way_gives_the_same_list(made: Made, plain: bytes, way: tuple[str, ...]) -> None:
    assert settled(made.list(way)) == settled(plain)


# What is below the snapshots' source no mount shows: the older tree is asked of the cluster.
@pytest.mark.parametrize(
    ("transport", "metadata", "base"),
    [
        ("qq", "mount", "/anew"),
        ("qq", "rest", "/thinned"),
        ("rest", "mount", "/thinned"),
        ("rest", "rest", "/anew"),
    ],
)
def test_a_list_of_a_part_is_that_part_of_the_list(
    made: Made, plain: bytes, transport: str, metadata: str, base: str
) -> None:
    part = made.list((transport, metadata, "1", "", "", ""), base=base)
    name = f' name="{base}/'.encode()
    lines = [line for line in settled(plain).splitlines() if name in line]
    expected = [line.replace(name, b' name="/') for line in lines]
    assert settled(part).splitlines()[1:-1] == expected
