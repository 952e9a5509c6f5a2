"""Every way to a list gives the same bytes, with every combination of options."""

import os
import shutil
from collections.abc import Iterator
from itertools import combinations, product
from pathlib import Path
from typing import NamedTuple

import pytest

from qumulo_emulator.running import Emulator, serve_in_thread
from tests.end_to_end.conftest import site_on
from tests.end_to_end.lists import normalized
from tests.end_to_end.site import Site

# The values of each option; "" is the default.
TRANSPORTS = ("qq", "rest")
METADATA = ("mount", "snapshot", "rest")
WORKERS = ("1", "2")
# Twenty slices are enough work for several processes.
SLICES = ("3", "10", "")
SPILLS = ("1", "3", "")
PAGES = ("1", "3", "")
CHOICES = (TRANSPORTS, METADATA, WORKERS, SLICES, SPILLS, PAGES)
OPTIONS = ("transport", "metadata", "workers", "slice-size", "spill-after", "page-size")

# Every pair of values of two options is in one of these.
WAYS = [
    ("qq", "mount", "2", "", "1", "3"),
    ("qq", "mount", "2", "10", "", ""),
    ("qq", "rest", "2", "3", "", "1"),
    ("qq", "snapshot", "1", "3", "3", ""),
    ("rest", "mount", "1", "3", "1", "3"),
    ("rest", "mount", "1", "10", "", "1"),
    ("rest", "mount", "2", "", "3", "1"),
    ("rest", "rest", "1", "", "1", ""),
    ("rest", "rest", "2", "10", "3", "3"),
    ("rest", "snapshot", "1", "", "", "3"),
    ("rest", "snapshot", "2", "10", "1", "1"),
]

# This number of created directories is enough work for several processes.
MANY = 45

# They sort around the slash; each begins with the first one.
NEIGHBOURS = (b"a", b"a b", b"a!", b"a-", b"a.mov", b"a0", b"aa")
# They need care in XML, JSON, URLs and lines; XML cannot hold the last two.
ODD = (
    *(b"b&<>\"'", b"x\ny\tz\r", b"%01", b"%2F", b"-m", b" two  spaces ", b"n" * 250),
    *("é".encode(), "e\u0301".encode(), "\u2028\x85".encode(), "🎬".encode(), "\ue000".encode()),
    *(b"bell\x07\x01", "\uffff".encode()),
)
NOT_UTF8 = b"\xff\xfe"


def write(folder: Path, name: bytes, content: str = "x") -> None:
    path = os.path.join(os.fsencode(folder), name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(content)


def make_project(mount: Path) -> None:
    for name in (*NEIGHBOURS, *ODD):
        for top in (b"kept", b"gone", b"replaced", b"thinned"):
            write(mount, top + b"/" + name + b" file")
            write(mount, top + b"/" + name + b"/inside")
        write(mount, top + b"/" + NOT_UTF8)
    for name in (b"grown", b"renamed", b"saved", b"became a link", b"became a folder", b"deep"):
        write(mount, name + b".mov")
    write(mount, b"became a file.mov/lost/file")
    write(mount, b"top/old/" + b"deep/" * 40 + b"file")
    write(mount, b"found/" + NOT_UTF8 + b" folder/old")
    for folder in ("kept", "gone"):
        (mount / folder / "link").symlink_to("../grown.mov")
        os.mkfifo(mount / folder / "pipe")


def change_project(mount: Path) -> None:
    for name in (*NEIGHBOURS, *ODD):
        # A file is modified, and so is each folder where a file was created.
        write(mount, b"kept/" + name + b" file", "longer")
        write(mount, b"kept/" + name + b"/new")
        write(mount, b"new/" + name + b" file")
        write(mount, b"new/" + name + b"/inside/deep")
    write(mount, b"kept/" + NOT_UTF8, "longer")
    write(mount, b"new/" + NOT_UTF8)
    write(mount, b"found/" + NOT_UTF8 + b" folder/new")
    shutil.rmtree(mount / "gone")
    shutil.rmtree(mount / "replaced")
    for name in (*NEIGHBOURS[::2], *ODD[::2]):
        write(mount, b"replaced/" + name + b" file", "again")
        write(mount, b"replaced/" + name + b"/other")
        shutil.rmtree(os.path.join(os.fsencode(mount), b"thinned/" + name))
        os.unlink(os.path.join(os.fsencode(mount), b"thinned/" + name + b" file"))
    write(mount, b"grown.mov", "longer")
    (mount / "renamed.mov").rename(mount / "new name.mov")
    write(mount, b"replacement", "other")
    (mount / "replacement").replace(mount / "saved.mov")
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


class Project(NamedTuple):
    """A project with two snapshots."""

    site: Site
    older: int
    newer: int

    def list(self, way: tuple[str, ...], *, base: str | None = None) -> bytes:
        options = [f"--{name}={value}" for name, value in zip(OPTIONS, way, strict=True) if value]
        done = self.site.generate(self.older, self.newer, "--deletes", *options, base=base)
        # XML cannot hold some names.
        assert done.code == 1, done.messages
        return self.site.list_path.read_bytes()


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    folder = tmp_path_factory.mktemp("site")
    root = tmp_path_factory.mktemp("cluster")
    # Only the option limits the size of a page.
    with serve_in_thread(root, page_limit=1000) as running:
        yield work_on(running, site_on(running, folder))


def work_on(running: Emulator, site: Site) -> Project:
    make_project(site.mount)
    older = site.snapshot()
    change_project(site.mount)
    return Project(site, older, site.snapshot())


@pytest.fixture(scope="module")
def plain(project: Project) -> bytes:
    """The list that one process makes of all changes at once."""
    return project.list(("rest", "mount", "1", "", "", ""))


def test_every_pair_of_values_is_in_one_of_the_ways() -> None:
    pairs = {
        ((one, a), (other, b))
        for one, other in combinations(range(len(CHOICES)), 2)
        for a, b in product(CHOICES[one], CHOICES[other])
    }
    tested = {pair for way in WAYS for pair in combinations(enumerate(way), 2)}
    assert pairs == tested


@pytest.mark.parametrize("way", WAYS, ids=" ".join)
def test_every_way_gives_the_same_list(
    project: Project, plain: bytes, way: tuple[str, ...]
) -> None:
    assert normalized(project.list(way)) == normalized(plain)


# Below the source, the mount does not show snapshots: the cluster is asked for the older tree.
@pytest.mark.parametrize(
    ("transport", "metadata", "base"),
    [
        ("rest", "mount", "/thinned"),
        ("rest", "rest", "/replaced"),
    ],
)
def test_the_list_of_a_folder_is_its_part_of_the_whole_list(
    project: Project, plain: bytes, transport: str, metadata: str, base: str
) -> None:
    part = project.list((transport, metadata, "1", "", "", ""), base=base)
    name = f' name="{base}/'.encode()
    lines = [line for line in normalized(plain).splitlines() if name in line]
    expected = [line.replace(name, b' name="/') for line in lines]
    assert normalized(part).splitlines()[1:-1] == expected
