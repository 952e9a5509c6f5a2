"""Expanding created directories: the same list, from more and smaller changes."""

import os
import tempfile
from collections.abc import Iterable
from functools import partial
from pathlib import Path

import pytest

from qumulo_changelist.changes import expand
from qumulo_changelist.changes.changeset import ChangeSet
from qumulo_changelist.changes.key import pack, unpack
from qumulo_changelist.changes.marks import Quarters
from qumulo_changelist.changes.scope import Scope
from qumulo_changelist.changes.slices import cut
from qumulo_changelist.model import CREATE, DELETE, MODIFY, Change, Entry, Op
from qumulo_changelist.trees.mounted import MountedTree
from tests.parts.scanning import list_entries

FILES = ["d/s/f", "d/s/t/g", "d/a", "d/x\1y/s/f", "a\1b/s/f", "a\1\2b/other/z", "e/s/f"]


@pytest.fixture(scope="module")
def mount() -> Iterable[str]:
    with tempfile.TemporaryDirectory() as root:
        for name in FILES:
            path = Path(root, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        yield root


def collect(*changes: tuple[Op, str]) -> ChangeSet:
    collected = ChangeSet(Scope("/"), limit=1000, folder=os.devnull)
    collected.add([Change(op, path) for op, path in changes])
    return collected


def created(*names: str) -> ChangeSet:
    return collect(*((CREATE, name) for name in names))


def listed(mount: str, changes: ChangeSet) -> list[Entry]:
    """Return the entries of a list that is made from the smallest slices."""
    with MountedTree(mount) as newer, MountedTree(f"{mount}/e") as older:
        slices = cut(changes.drain(), 1, changes.whole_directories, Quarters(1))
        return list_entries(slices, newer, older)


def test_a_created_directory_is_expanded_down_to_directories_without_directories(mount):
    changes = created("/e/", "/f")

    expand.expand_directories(changes, partial(MountedTree, mount))

    assert unpack(pack(next(changes.drain()))).names == ["/f", "/e/s/"]
    assert changes.whole_directories == {"/e/s/"}


def test_an_unreadable_directory_stays_as_it_is_and_others_are_expanded(mount):
    changes = created("/c/", "/e/")

    expand.expand_directories(changes, partial(MountedTree, mount))

    assert changes.whole_directories == {"/c/", "/e/s/"}


@pytest.mark.parametrize("names", [[], ["/d/", "/e/"]], ids=["nothing", "enough"])
def test_no_tree_is_opened_if_nothing_is_to_be_expanded(monkeypatch, names):
    monkeypatch.setattr(expand, "_ENOUGH_DIRECTORIES", 2)
    changes = created(*names)

    expand.expand_directories(changes, lambda: pytest.fail("it was opened"))

    assert changes.whole_directories == set(names)


def test_once_there_are_enough_directories_the_others_stay_as_they_are(monkeypatch, mount):
    monkeypatch.setattr(expand, "_ENOUGH_DIRECTORIES", 2)
    changes = created("/d/")

    expand.expand_directories(changes, partial(MountedTree, mount))

    assert changes.whole_directories == {"/d/s/", "/d/x\1\2y/"}


def test_only_a_limited_number_of_directories_is_listed(monkeypatch, mount):
    monkeypatch.setattr(expand, "_MAX_LISTED", 2)
    changes = created("/e/", "/d/")

    expand.expand_directories(changes, partial(MountedTree, mount))

    assert changes.whole_directories == {"/d/s/", "/d/x\1\2y/", "/e/s/"}


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
    expanded = collect(*changes)
    expand.expand_directories(expanded, partial(MountedTree, mount))

    entries = listed(mount, expanded)

    assert entries
    assert [(one.state, one.name) for one in entries] == [
        (one.state, one.name) for one in listed(mount, collect(*changes))
    ]


def test_changed_directories_are_counted_only_if_they_are_expanded(mount):
    # All of them changed since that time; a walk will count /e/s/, /d/s/t/ and /gone/.
    open_changed = partial(MountedTree, mount, 1)

    assert expand.expand_directories(created("/e/", "/gone/"), open_changed) == 1
    assert expand.expand_directories(created("/d/s/"), open_changed) == 1
    assert expand.expand_directories(created("/d/s/", "/e/"), open_changed) == 2
    assert expand.expand_directories(created("/d/s/t/"), open_changed) == 0
    assert expand.expand_directories(created("/e/"), partial(MountedTree, mount)) == 0
