"""Created directories taken apart: the same list, as many smaller changes."""

import os
import tempfile
from collections.abc import Iterable
from functools import partial
from pathlib import Path

import pytest

from qumulo_changelist.model import CREATE, DELETE, MODIFY, Change, Op, State
from qumulo_changelist.scan import unfold
from qumulo_changelist.scan.changeset import ChangeSet, pack, unpack
from qumulo_changelist.scan.resolve import resolve
from qumulo_changelist.scan.scope import Scope
from qumulo_changelist.scan.slices import cut
from qumulo_changelist.trees.mounted import MountedTree

FILES = ["d/s/f", "d/s/t/g", "d/a", "d/x\1y/s/f", "a\1b/s/f", "a\1\2b/other/z", "e/s/f"]


@pytest.fixture(scope="module")
def mount() -> Iterable[str]:
    with tempfile.TemporaryDirectory() as root:
        for name in FILES:
            path = Path(root, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        yield root


def collected(changes: list[tuple[Op, str]]) -> ChangeSet:
    collection = ChangeSet(Scope("/"), limit=1000, folder=os.devnull)
    collection.add([Change(op, path) for op, path in changes])
    return collection


def listed(mount: str, changes: ChangeSet) -> list[tuple[State, str]]:
    """Return what a list holds that is made in the smallest slices."""
    with MountedTree(mount) as newer, MountedTree(f"{mount}/e") as older:
        return [
            (entry.state, entry.name)
            for keys in cut(changes.take(), 1, changes.whole)
            for batch in resolve(unpack(pack(keys)), newer, older)
            for entry in batch
        ]


def test_a_created_directory_becomes_what_is_in_it_down_to_those_without_directories(mount):
    changes = collected([(CREATE, "/e/"), (CREATE, "/f")])

    unfold.unfold(changes, partial(MountedTree, mount))

    assert unpack(pack(next(changes.take()))).names == ["/f", "/e/s/"]
    assert changes.whole == {"/e/s/"}


@pytest.mark.parametrize(
    "changes",
    [
        [(CREATE, "/")],
        [(CREATE, "/d/")],
        [(CREATE, "/a\1b/")],
        [(CREATE, "/d/"), (CREATE, "/d/")],
        [(CREATE, "/d/"), (MODIFY, "/d/")],
        [(CREATE, "/d/"), (DELETE, "/d/")],
        [(CREATE, "/d/"), (DELETE, "/d")],
        [(CREATE, "/d/"), (MODIFY, "/d/s/")],
        [(CREATE, "/d/"), (CREATE, "/d/s/"), (MODIFY, "/d/s/t/")],
        [(CREATE, "/d/"), (MODIFY, "/d/gone"), (CREATE, "/d/s/gone/")],
        [(CREATE, "/d/"), (DELETE, "/d/"), (CREATE, "/d/s/")],
        [(CREATE, "/e/"), (CREATE, "/gone/")],
        [(DELETE, "/s/"), (CREATE, "/e/")],
    ],
)
def test_the_list_stays_the_same(mount, changes):
    apart = collected(changes)
    unfold.unfold(apart, partial(MountedTree, mount))

    assert listed(mount, apart) == listed(mount, collected(changes))
