"""Whole directories in many slices, on every kind of tree: the same list, and little more to read.

Where a plan of the work cuts is tested elsewhere; here it is cut anywhere.
"""

import contextlib
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest

from qumulo_changelist import read_settings
from qumulo_changelist.changes.changeset import ChangeSet
from qumulo_changelist.changes.marks import Division, Mark
from qumulo_changelist.changes.scope import Scope
from qumulo_changelist.changes.slice import Slice
from qumulo_changelist.changes.slices import cut
from qumulo_changelist.cluster.rest.client import RestCluster
from qumulo_changelist.events import ignore
from qumulo_changelist.model import CREATE, Change, Entry
from qumulo_changelist.snapshot_paths import snapshot_paths
from qumulo_changelist.trees.identified import IdentifiedTree
from qumulo_changelist.trees.interface import Tree
from qumulo_changelist.trees.mounted import MountedTree
from qumulo_changelist.trees.sources import MountSource, RestSource
from qumulo_emulator.running import Emulator, serve_in_thread
from tests.end_to_end.conftest import site_on
from tests.end_to_end.site import Site
from tests.end_to_end.test_every_way import NEIGHBOURS, NOT_UTF8, write
from tests.parts.scanning import Quarters, list_entries

ONE_SLICE = 10**9


class CutsAnywhere:
    """A division with marks at some names of trees, and at text that is nearly such a name."""

    def __init__(self, random: Random, *trees: Tree) -> None:
        self._random = random
        self._trees = trees
        self.made: list[str] = []

    def weigh(self, directory: str) -> int:
        return 3

    def marks(self, directory: str, letters: str) -> Iterator[Mark]:
        below = {name for tree in self._trees for name in names_below(tree, directory)}
        some = self._random.sample(sorted(below), min(len(below), 12))
        marks = [name[: self._random.choice([len(name), len(name), -1])] for name in some]
        for name in sorted({*marks}, reverse=True):
            self.made.append(name)
            yield Mark(name, 3)


def names_below(tree: Tree, directory: str) -> list[str]:
    """Return the names in a directory, and in directories in it; none if it cannot be read."""
    with contextlib.suppress(Exception):
        names = tree.names(directory)
        below = [one for name in names if name.endswith("/") for one in tree.names(name)]
        return names + below
    return []


class Project(NamedTuple):
    """A project with two snapshots."""

    cluster: Emulator
    site: Site
    older: int
    newer: int
    changes: list[Change]

    def rest(self, snapshot: int) -> RestSource:
        settings = read_settings(str(self.site.configuration), "rest")
        return RestSource(settings, snapshot, snapshot_paths("/"), 8)

    def mount(self, snapshot: int) -> MountSource:
        with MountedTree(str(self.site.mount)) as live:
            return MountSource(live.find_snapshot(snapshot) or "")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    with serve_in_thread(tmp_path_factory.mktemp("cluster")) as running:
        site = site_on(running, tmp_path_factory.mktemp("site"))
        fill(site.mount, b"gone", b"again", b"again-gone")
        older = site.snapshot()
        for folder in ("gone", "again", "again-gone"):
            shutil.rmtree(site.mount / folder)
        fill(site.mount, b"again", b"again.new", b"new", every=2)
        newer = site.snapshot()
        with RestCluster(read_settings(str(site.configuration), "rest"), ignore) as cluster:
            changes = [one for page in cluster.changes(older, newer) for one in page]
        yield Project(running, site, older, newer, changes)


def fill(mount: Path, *folders: bytes, every: int = 1) -> None:
    for folder in folders:
        for name in (*NEIGHBOURS, NOT_UTF8)[::every]:
            write(mount, folder + b"/" + name + b" file")
            write(mount, folder + b"/" + name + b"/inside/deep")


def slices_of(changes: list[Change], size: int, division: Division) -> list[Slice]:
    collected = ChangeSet(Scope("/"), limit=10**9, folder="")
    collected.add(changes)
    return list(cut(collected.drain(), size, collected.whole_directories, division))


@pytest.mark.parametrize("kind", ["rest", "mount", "both"])
def test_the_list_is_the_same_wherever_whole_directories_are_cut(
    project: Project, kind: str
) -> None:
    source = project.rest if kind == "rest" else project.mount
    with (
        source(project.newer).open(ignore) as newer,
        source(project.older).open(ignore) as older,
        project.rest(project.newer).open(ignore) as identified,
    ):
        division = CutsAnywhere(Random(kind), newer, older)
        known = IdentifiedTree(newer, identified) if kind == "both" else None

        def list_with(size: int, division: Division) -> list[Entry]:
            slices = slices_of(project.changes, size, division)
            return list_entries(slices, newer, older, identified=known)

        expected = list_with(ONE_SLICE, Quarters(ONE_SLICE))

        assert len(expected) > 60
        assert list_with(5, division) == expected
        assert len(division.made) > 30


def test_only_the_directories_above_a_cut_are_listed_again(project: Project) -> None:
    with project.rest(project.newer).open(ignore) as newer:
        slices = slices_of([Change(CREATE, "/")], 5, CutsAnywhere(Random(1), newer))
        seen = len(project.cluster.requests())
        list_entries(slices, newer)
    paths = [request["path"] for request in project.cluster.requests()[seen:]]
    listed = Counter(path[len("/v1/files/") : -len("entries/")] for path in paths)

    assert len(listed) == 1 + 3 + 3 * 4 * 2
    cuts = [one.bounds.lower for one in slices if one.bounds.lower]
    for directory, times in listed.items():
        top = "/" if directory == "//" else directory
        cuts_within = [one for one in cuts if one.startswith(top)]
        # Names such as /a.mov are between what is in /a/ and the place of /a in a list.
        cuts_after = [one for one in cuts if top[:-1] < one < top]
        assert times == 1 + len(cuts_within) + bool(cuts_after)
    assert len(cuts) > 6
    assert sorted(listed.values())[len(listed) // 2] == 1
