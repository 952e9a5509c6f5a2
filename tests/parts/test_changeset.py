"""The changes between two snapshots: each path once, in descending order, in memory or on disk."""

import contextlib
import os
import tempfile
from collections.abc import Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qumulo_changelist.changes.changeset import ChangeSet
from qumulo_changelist.changes.key import (
    CREATED,
    DELETED,
    MODIFIED,
    ChangedPaths,
    escape,
    pack,
    unpack,
)
from qumulo_changelist.changes.scope import Scope
from qumulo_changelist.errors import SpillError
from qumulo_changelist.model import CREATE, DELETE, MODIFY, Change, Op

OPS: tuple[Op, ...] = (CREATE, MODIFY, DELETE)
Changes = list[tuple[Op, str]]

IN_MEMORY, ON_DISK = 1000, 3
"""The number of changes to keep in memory: enough for all of a test, or for few."""

everywhere = pytest.mark.parametrize("limit", [IN_MEMORY, ON_DISK], ids=["in memory", "on disk"])


@contextlib.contextmanager
def collect(
    *changes: tuple[Op, str], limit: int = IN_MEMORY, base: str = "/", page_size: int = 2
) -> Iterator[ChangeSet]:
    """Yield the changes of a diff that arrives in pages."""
    with tempfile.TemporaryDirectory() as folder:
        collected = ChangeSet(Scope(base), limit=limit, folder=folder)
        with contextlib.closing(collected):
            made = [Change(op, path) for op, path in changes]
            for begin in range(0, len(made), page_size):
                collected.add(made[begin : begin + page_size])
            yield collected
        assert os.listdir(folder) == []


def drain(changes: ChangeSet) -> ChangedPaths:
    """Return what a set contains, after it travelled to another process."""
    return unpack(pack(key for block in changes.drain() for key in block))


def changed_paths(
    *changes: tuple[Op, str], limit: int = IN_MEMORY, base: str = "/"
) -> ChangedPaths:
    with collect(*changes, limit=limit, base=base) as collected:
        return drain(collected)


# Paths


@everywhere
def test_paths_descend_with_a_directory_after_its_content(limit):
    changes: Changes = [
        (MODIFY, "/reel2/"),
        (CREATE, "/a"),
        (CREATE, "/reel2.mov"),
        (DELETE, "/reel2/b"),
    ]

    names = changed_paths(*changes, limit=limit).names

    assert names == ["/reel2/b", "/reel2/", "/reel2.mov", "/a"]


@everywhere
def test_a_path_comes_once_with_all_that_happened_to_it(limit):
    changes: Changes = [
        (DELETE, "/a"),
        (MODIFY, "/b"),
        (MODIFY, "/c"),
        (CREATE, "/a"),
        (MODIFY, "/a"),
    ]

    expected = ChangedPaths(["/c", "/b", "/a"], ["M", "M", "CDM"])

    assert changed_paths(*changes, limit=limit) == expected
    assert changed_paths(*changes, *reversed(changes), *changes, limit=limit) == expected


@everywhere
def test_a_directory_and_a_file_with_the_same_name_are_two_paths(limit):
    changes: Changes = [(DELETE, "/a/"), (CREATE, "/a"), (MODIFY, "/b")]

    assert changed_paths(*changes, limit=limit) == ChangedPaths(
        ["/b", "/a/", "/a"], ["M", "D", "C"]
    )


def test_an_empty_set_contains_nothing():
    with collect() as changes:
        assert not changes
        assert list(changes.drain()) == []


@everywhere
@pytest.mark.parametrize("base", ["/p", "/p\1"])
def test_only_changes_at_or_below_the_base_path_count(limit, base):
    changes: Changes = [
        (CREATE, f"{base}/a\1"),
        (CREATE, f"{base}2/b"),
        (MODIFY, f"{base}/"),
        (DELETE, f"{base}/c"),
        (DELETE, "/"),
    ]

    assert changed_paths(*changes, limit=limit, base=base) == ChangedPaths(
        ["/c", "/a\1", "/"], ["D", "C", "D"]
    )


def test_adding_a_page_returns_the_number_of_changes_that_count():
    with collect(base="/p") as changes:
        assert changes.add([]) == 0
        assert changes.add([Change(CREATE, "/q/a")]) == 0
        assert not changes
        assert changes.add([Change(CREATE, "/p/a"), Change(CREATE, "/q/a")]) == 1
        assert len(changes) == 1


@everywhere
def test_the_length_is_the_number_of_changes_that_were_added(limit):
    with collect(*[(CREATE, f"/{number}") for number in range(8)], limit=limit) as changes:
        assert len(changes) == 8


# From code points that sort around the escapes of a key.
paths = st.sampled_from(["/", "/a", "/a/", "/a.", "/a\0", "/a\0C", "/a\1", "/a\2", "/é", "/\udcff"])
some_changes = st.lists(st.tuples(st.sampled_from(OPS), paths), max_size=12)


@given(changes=some_changes, limit=st.sampled_from([IN_MEMORY, ON_DISK]))
@example([(CREATE, "/a"), (CREATE, "/a\0C"), (DELETE, "/a"), (CREATE, "/a\0")], IN_MEMORY)
@example([(CREATE, "/a"), (CREATE, "/a\0C"), (DELETE, "/a"), (CREATE, "/a\0")], ON_DISK)
def test_any_changes_come_out_once_a_path_whatever_their_order(changes, limit):
    counted = [(op, path) for op, path in changes if (op, path) != (MODIFY, "/")]
    names = sorted({path for _, path in counted}, reverse=True)
    letters = ["".join(sorted({op[0] for op, path in counted if path == name})) for name in names]

    assert changed_paths(*changes, limit=limit) == ChangedPaths(names, letters)
    assert changed_paths(*reversed(changes), limit=limit) == ChangedPaths(names, letters)


def test_only_changes_beyond_the_limit_need_the_folder(tmp_path):
    missing = str(tmp_path / "missing")
    changes = ChangeSet(Scope("/"), limit=2, folder=missing)

    changes.add([Change(CREATE, "/a"), Change(CREATE, "/b")])
    with pytest.raises(SpillError, match=missing):
        changes.add([Change(CREATE, "/c")])


# What is known before the changes come out


@everywhere
@pytest.mark.parametrize("page_size", [1, 2, 100])
def test_directories_that_were_created_or_deleted_are_whole(limit, page_size):
    changes: Changes = [
        (CREATE, "/a/"),
        (CREATE, "/b"),
        (DELETE, "/c\1/"),
        (DELETE, "/a/"),
        (DELETE, "/d"),
    ]

    with collect(*changes, (MODIFY, "/e/"), limit=limit, page_size=page_size) as collected:
        assert collected.whole_directories == {"/a/", escape("/c\1/")}


@pytest.mark.parametrize(
    ("changes", "created", "deleted"),
    [
        ([], False, False),
        ([(MODIFY, "/a"), (MODIFY, "/C"), (MODIFY, "/D/")], False, False),
        ([(CREATE, "/a")], True, False),
        ([(DELETE, "/a/")], False, True),
        # Pages of other changes come after it.
        ([(CREATE, "/a"), (MODIFY, "/b"), (MODIFY, "/c")], True, False),
        ([(DELETE, "/a"), (MODIFY, "/b"), (MODIFY, "/c")], False, True),
        ([(MODIFY, "/a"), (DELETE, "/b"), (CREATE, "/c")], True, True),
    ],
)
def test_it_is_known_whether_anything_was_created_or_deleted(changes, created, deleted):
    with collect(*changes, page_size=1) as collected:
        assert (collected.has_creations, collected.has_deletions) == (created, deleted)


# Expanding


@pytest.mark.parametrize(
    ("changes", "directories"),
    [
        ([(CREATE, "/d/"), (CREATE, "/d"), (CREATE, "/d.mov"), (CREATE, "/dog")], ["/d/"]),
        ([(CREATE, "/d/"), (CREATE, "/d/"), (CREATE, "/c/"), (DELETE, "/b/")], ["/c/", "/d/"]),
        ([(CREATE, "/d/"), (CREATE, "/d/a"), (CREATE, "/e/"), (CREATE, "/e/a/")], ["/e/a/"]),
        ([(CREATE, "/d/"), (DELETE, "/d/"), (CREATE, "/e/"), (MODIFY, "/e/")], []),
        ([(CREATE, "/\1/")], ["/\1/"]),
        ([], []),
    ],
)
def test_only_created_directories_are_those_with_no_other_change_at_or_below_them(
    changes, directories
):
    with collect(*changes) as collected:
        assert collected.only_created_directories() == directories


def test_only_created_directories_on_disk_are_not_known():
    with collect(*[(CREATE, f"/{name}/") for name in "abcd"], limit=ON_DISK) as collected:
        assert collected.only_created_directories() == []


# Counting folders

CHANGES: Changes = [
    (DELETE, "/gone/"),
    (DELETE, "/kept/a"),
    (DELETE, "/kept/b"),
    (DELETE, "/c"),
    (CREATE, "/kept/a"),
    (CREATE, "/new/"),
    (CREATE, "/kept/new/"),
    (MODIFY, "/kept/"),
    (MODIFY, "/other/d"),
]


@pytest.mark.parametrize(
    ("letters", "count"), [(DELETED, 3), (CREATED, 3), (CREATED + DELETED, 6), (MODIFIED, 2)]
)
def test_folders_are_counted_that_changed_or_contain_changes(letters, count):
    with collect(*CHANGES) as collected:
        assert collected.count_folders(*letters) == count


def test_of_changes_on_disk_only_created_and_deleted_folders_are_counted():
    with collect(*CHANGES, limit=ON_DISK) as collected:
        assert collected.count_folders(DELETED) == 3


# The base path


@pytest.mark.parametrize("op", [CREATE, DELETE])
@pytest.mark.parametrize("path", ["/a/p/", "/a/", "/"])
def test_the_base_path_is_created_or_deleted_with_itself_or_an_ancestor(path, op):
    # What comes later does not change that.
    with collect((op, path), (op, "/a/p/b/"), (op, "/a/p/c/"), base="/a/p") as collected:
        assert collected.base_created is (op == CREATE)
        assert collected.base_deleted is (op == DELETE)
        assert collected.whole_directories == {"/", "/b/", "/c/"}


@pytest.mark.parametrize("op", [CREATE, DELETE])
@pytest.mark.parametrize("path", ["/a/p/x/", "/a/px/", "/a/p", "/a/p/x", "/a/p/\0C"])
def test_no_other_path_creates_or_deletes_the_base_path(path, op):
    with collect((op, path), (MODIFY, "/a/p/"), (MODIFY, "/a/"), base="/a/p") as collected:
        assert not collected.base_created
        assert not collected.base_deleted


@everywhere
@pytest.mark.parametrize(
    ("forgotten", "letters", "created", "deleted"),
    [
        ((), "CD", True, True),
        ((CREATED,), "D", False, True),
        ((DELETED,), "C", True, False),
        ((CREATED, DELETED), "", False, False),
    ],
)
def test_the_creation_and_deletion_of_the_base_path_can_be_forgotten(
    forgotten, letters, created, deleted, limit
):
    changes: Changes = [
        (CREATE, "/p/"),
        (DELETE, "/p/"),
        *((op, f"/p/{name}/") for name in "abc" for op in (CREATE, DELETE)),
    ]
    with collect(*changes, limit=limit, base="/p") as collected:
        for letter in forgotten:
            collected.forget_base(letter)

        assert (collected.base_created, collected.base_deleted) == (created, deleted)
        assert ("/" in collected.whole_directories) is (created or deleted)
        assert {"/a/", "/b/", "/c/"} <= collected.whole_directories
        assert drain(collected) == ChangedPaths(
            ["/c/", "/b/", "/a/", *["/"] * bool(letters)], ["CD"] * 3 + [letters] * bool(letters)
        )


def test_a_forgotten_base_path_is_not_among_the_created_directories():
    with collect((CREATE, "/p/"), base="/p") as collected:
        assert collected.only_created_directories() == ["/"]
        collected.forget_base(CREATED)
        assert collected.only_created_directories() == []
