"""Created directories taken apart: the same list, as many smaller changes."""

import os
import tempfile
from collections.abc import Iterable
from functools import partial
from pathlib import Path

import pytest
from qumulo_changelist.scan.resolve import resolve

from qumulo_changelist.changes import unfold
from qumulo_changelist.changes.changeset import ChangeSet, pack, unpack
from qumulo_changelist.changes.scope import Scope
from qumulo_changelist.changes.slices import cut
from qumulo_changelist.model import CREATE, DELETE, MODIFY, Change, Op, State
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


def test_a_directory_that_cannot_be_read_keeps_no_other_from_being_taken_apart(mount):
    changes = collected([(CREATE, "/c/"), (CREATE, "/e/")])

    unfold.unfold(changes, partial(MountedTree, mount))

    assert changes.whole == {"/c/", "/e/s/"}


@pytest.mark.parametrize("created", [[], ["/d/", "/e/"]], ids=["nothing", "enough"])
def test_no_tree_is_opened_where_nothing_is_to_be_taken_apart(monkeypatch, created):
    monkeypatch.setattr(unfold, "_ENOUGH", 2)
    changes = collected([(CREATE, name) for name in created])

    unfold.unfold(changes, lambda: pytest.fail("it was opened"))

    assert changes.whole == set(created)


def test_with_enough_directories_the_others_stay_as_they_are(monkeypatch, mount):
    monkeypatch.setattr(unfold, "_ENOUGH", 2)
    changes = collected([(CREATE, "/d/")])

    unfold.unfold(changes, partial(MountedTree, mount))

    assert changes.whole == {"/d/s/", "/d/x\1\2y/"}


def test_no_more_directories_are_looked_into_than_may_be(monkeypatch, mount):
    monkeypatch.setattr(unfold, "_LOOKED_INTO", 2)
    changes = collected([(CREATE, "/e/"), (CREATE, "/d/")])

    unfold.unfold(changes, partial(MountedTree, mount))

    assert changes.whole == {"/d/s/", "/d/x\1\2y/", "/e/s/"}


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


def test_what_moved_on_is_told_of_directories_that_are_taken_apart_and_of_no_others(mount):
    # Since long ago, all of them did; /e/s/, /d/s/t/ and /gone/ are left for a walk to tell.
    since = partial(MountedTree, mount, 1)

    assert unfold.unfold(collected([(CREATE, "/e/"), (CREATE, "/gone/")]), since) == 1
    assert unfold.unfold(collected([(CREATE, "/d/s/")]), since) == 1
    assert unfold.unfold(collected([(CREATE, "/d/s/"), (CREATE, "/e/")]), since) == 2
    assert unfold.unfold(collected([(CREATE, "/d/s/t/")]), since) == 0
    assert unfold.unfold(collected([(CREATE, "/e/")]), partial(MountedTree, mount)) == 0
