"""The changes of one diff: each path once, descending, with all that happened to it."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from itertools import chain, pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qumulo_changelist.changes import sorted_keys as keys
from qumulo_changelist.changes.changeset import (
    CREATED,
    DELETED,
    MODIFIED,
    ChangedPaths,
    ChangeSet,
    pack,
    unpack,
)
from qumulo_changelist.changes.scope import Scope
from qumulo_changelist.errors import OutputError
from qumulo_changelist.model import CREATE, DELETE, MODIFY, Change, Op

OPS: tuple[Op, ...] = (CREATE, MODIFY, DELETE)

IN_MEMORY, ON_DISK = 1000, 3
"""So many changes are held in memory: all, or few."""

everywhere = pytest.mark.parametrize("limit", [IN_MEMORY, ON_DISK], ids=["in memory", "on disk"])


@contextlib.contextmanager
def collected(
    *changes: tuple[Op, str], limit: int = IN_MEMORY, base: str = "/", page: int = 2
) -> Iterator[ChangeSet]:
    """Give the changes of a diff that came in pages."""
    with tempfile.TemporaryDirectory() as folder:
        collection = ChangeSet(Scope(base), limit=limit, folder=folder)
        with contextlib.closing(collection):
            made = [Change(op, path) for op, path in changes]
            for begin in range(0, len(made), page):
                collection.add(made[begin : begin + page])
            yield collection
        assert os.listdir(folder) == []


def taken(*changes: tuple[Op, str], limit: int = IN_MEMORY, base: str = "/") -> ChangedPaths:
    """Return what a set says of changes, when it has travelled to another process."""
    with collected(*changes, limit=limit, base=base) as collection:
        return unpack(pack([key for block in collection.take() for key in block]))


# Paths


@everywhere
def test_paths_come_in_descending_order_a_directory_behind_its_content(limit):
    changes = [(MODIFY, "/reel2/"), (CREATE, "/a"), (CREATE, "/reel2.mov"), (DELETE, "/reel2/b")]

    assert taken(*changes, limit=limit).names == ["/reel2/b", "/reel2/", "/reel2.mov", "/a"]


@everywhere
def test_what_happened_to_one_path_comes_together(limit):
    changes = [(DELETE, "/a"), (MODIFY, "/b"), (MODIFY, "/c"), (CREATE, "/a"), (MODIFY, "/a")]

    assert taken(*changes, limit=limit) == ChangedPaths(["/c", "/b", "/a"], ["M", "M", "CDM"])


@everywhere
def test_the_same_change_again_changes_nothing(limit):
    once = [(DELETE, "/a"), (MODIFY, "/b"), (CREATE, "/c/"), (MODIFY, "/a")]

    assert taken(*once, *reversed(once), *once, limit=limit) == taken(*once, limit=limit)
    assert taken(*once).names == ["/c/", "/b", "/a"]


@everywhere
def test_a_directory_and_a_file_of_one_name_are_two(limit):
    assert taken((DELETE, "/a/"), (CREATE, "/a"), (MODIFY, "/b"), limit=limit) == ChangedPaths(
        ["/b", "/a/", "/a"], ["M", "D", "C"]
    )


def test_no_change_is_nothing():
    assert taken() == ChangedPaths([], [])
    with collected() as changes:
        assert not changes
        assert list(changes.take()) == []


@everywhere
def test_only_what_is_below_the_base_path_counts(limit):
    changes = [
        (CREATE, "/p/a"),
        (CREATE, "/p2/b"),
        (MODIFY, "/p/"),
        (DELETE, "/p/c"),
        (DELETE, "/"),
    ]

    assert taken(*changes, limit=limit, base="/p") == ChangedPaths(
        ["/c", "/a", "/"], ["D", "C", "D"]
    )


def test_whoever_adds_changes_is_told_how_many_count():
    with collected(base="/p") as changes:
        assert changes.add([]) == 0
        assert changes.add([Change(CREATE, "/q/a")]) == 0
        assert not changes
        assert changes.add([Change(CREATE, "/p/a"), Change(CREATE, "/q/a")]) == 1
        assert len(changes) == 1


@everywhere
def test_so_many_are_counted_as_were_added_wherever_they_are(limit):
    with collected(*[(CREATE, f"/{number}") for number in range(8)], limit=limit) as changes:
        assert len(changes) == 8


# What is known before


@everywhere
@pytest.mark.parametrize("page", [1, 2, 100])
def test_the_directories_that_were_created_or_deleted_are_known(limit, page):
    changes = [(CREATE, "/a/"), (CREATE, "/b"), (DELETE, "/c/"), (DELETE, "/a/"), (DELETE, "/d")]

    with collected(*changes, (MODIFY, "/e/"), limit=limit, page=page) as collection:
        assert collection.whole == {"/a/", "/c/"}


@pytest.mark.parametrize(
    ("changes", "created"),
    [
        ([(CREATE, "/p/q/")], True),
        ([(CREATE, "/p/")], True),
        ([(CREATE, "/")], True),
        ([(DELETE, "/p/q/"), (CREATE, "/p/q/"), (CREATE, "/p/q/a/")], True),
        ([(DELETE, "/p/q/")], False),
        ([(MODIFY, "/p/q/")], False),
        ([(CREATE, "/p/q/a/"), (CREATE, "/p/r/"), (CREATE, "/p/q")], False),
        ([], False),
    ],
)
def test_whether_the_base_path_itself_was_created_is_known(changes, created):
    with collected(*changes, base="/p/q") as collection:
        assert collection.base_created is created


@pytest.mark.parametrize(
    ("changes", "created", "deleted"),
    [
        ([], False, False),
        ([(MODIFY, "/a"), (MODIFY, "/C"), (MODIFY, "/D/")], False, False),
        # A name that looks like what happened to another.
        ([(MODIFY, "/a\0D"), (MODIFY, "/a\0C")], False, False),
        ([(CREATE, "/a")], True, False),
        ([(DELETE, "/a/")], False, True),
        # One a page, and pages of other changes after it.
        ([(CREATE, "/a"), (MODIFY, "/b"), (MODIFY, "/c")], True, False),
        ([(DELETE, "/a"), (MODIFY, "/b"), (MODIFY, "/c")], False, True),
        ([(MODIFY, "/a"), (DELETE, "/b"), (CREATE, "/c")], True, True),
    ],
)
def test_whether_anything_was_created_or_deleted_is_known(changes, created, deleted):
    with collected(*changes, page=1) as collection:
        assert (collection.creations, collection.deletions) == (created, deleted)


def test_that_the_base_path_was_created_is_not_forgotten():
    with collected((CREATE, "/"), (CREATE, "/a/"), (CREATE, "/b/"), (DELETE, "/")) as collection:
        assert collection.base_created
        assert collection.whole == {"/", "/a/", "/b/"}


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
def test_the_directories_are_known_of_which_no_more_is_told_than_that_they_were_created(
    changes, directories
):
    with collected(*changes) as collection:
        assert collection.only_created() == directories


def test_none_of_them_is_known_of_changes_on_disk():
    with collected(*[(CREATE, f"/{name}/") for name in "abcd"], limit=ON_DISK) as collection:
        assert collection.only_created() == []


def test_a_directory_that_is_taken_apart_counts_as_what_is_in_it():
    with collected((CREATE, "/d/"), (CREATE, "/a"), (CREATE, "/b"), page=100) as changes:
        changes.take_apart("/d/", ["/d/e", "/d/f", "/d/g/"])

        assert len(changes) == 5


def test_only_more_changes_than_memory_shall_hold_need_the_folder(tmp_path):
    missing = str(tmp_path / "missing")
    changes = ChangeSet(Scope("/"), limit=2, folder=missing)

    changes.add([Change(CREATE, "/a"), Change(CREATE, "/b")])
    with pytest.raises(OutputError, match=missing):
        changes.add([Change(CREATE, "/c")])


# Blocks


def test_many_are_handed_out_in_blocks_and_forgotten_on_the_way(monkeypatch):
    monkeypatch.setattr(keys, "_BLOCK", 3)
    with collected(*[(CREATE, f"/{number}") for number in range(8)]) as changes:
        blocks = list(changes.take())
        again = list(changes.take())

    assert [len(block) for block in blocks] == [3, 3, 2]
    assert unpack(pack(list(chain(*blocks)))).names == [f"/{number}" for number in range(7, -1, -1)]
    assert again == []


# Names of any kind

UNCOMMON = ["/a\0", "/a\1", "/a\0\1/", "/a\1\0", "/a\1\1", "/a\1\2", "/a\ud800", "/a\udcff", "/a\n"]
characters = st.characters() | st.sampled_from("\0\1\2\n\r/a\ud800\udcff\udc80\U0001f3ac")
any_paths = st.text(characters, max_size=4).map("/{}".format)


@everywhere
@pytest.mark.parametrize("path", UNCOMMON)
def test_a_path_may_hold_any_character(path, limit):
    others = [(MODIFY, "/a"), (MODIFY, "/b"), (MODIFY, "/a/c"), (MODIFY, "/a\2")]

    changed = taken((DELETE, path), *others, limit=limit)

    assert changed.names == sorted([path, "/a", "/b", "/a/c", "/a\2"], reverse=True)
    assert changed.letters[changed.names.index(path)] == "D"


def test_paths_that_look_alike_are_kept_apart():
    assert taken(*((CREATE, path) for path in UNCOMMON)).names == sorted(UNCOMMON, reverse=True)


@pytest.mark.parametrize("name", ["/d\0/", "/d\1/", "/\0C/", "/d/\0D/"])
def test_a_created_directory_of_an_uncommon_name_is_whole_by_the_name_that_keys_have(name):
    with collected((CREATE, name)) as changes:
        (key,), (whole,) = next(changes.take()), changes.whole

    assert key.startswith(whole)
    assert unpack(pack([key])) == ChangedPaths([name], ["C"])


@everywhere
def test_below_a_base_path_with_an_uncommon_name_uncommon_names_count_too(limit):
    changes = [(CREATE, "/p\1/a\1"), (CREATE, "/p\1/b")]

    assert taken(*changes, limit=limit, base="/p\1").names == ["/b", "/a\1"]


def test_a_name_that_looks_like_a_created_directory_is_none():
    with collected((MODIFY, "/d/\0C"), (MODIFY, "/e/\0C/"), (CREATE, "/\0C")) as changes:
        assert changes.whole == set()
        assert not changes.base_created


some_changes = st.lists(
    st.tuples(
        st.sampled_from(OPS),
        st.sampled_from(["/", "/a", "/a/", "/a.", "/é", *UNCOMMON]) | any_paths,
    ),
    max_size=12,
)


@given(changes=some_changes, limit=st.sampled_from([IN_MEMORY, ON_DISK]))
@example([(CREATE, "/a"), (CREATE, "/a\0C"), (DELETE, "/a"), (CREATE, "/a\0")], IN_MEMORY)
@example([(CREATE, "/a"), (CREATE, "/a\0C"), (DELETE, "/a"), (CREATE, "/a\0")], ON_DISK)
def test_any_changes_are_told_once_a_path_in_any_order(changes, limit):
    counted = [(op, path) for op, path in changes if (op, path) != (MODIFY, "/")]
    names = sorted({path for _, path in counted}, reverse=True)
    letters = ["".join(sorted({op[0] for op, path in counted if path == name})) for name in names]

    assert taken(*changes, limit=limit) == ChangedPaths(names, letters)
    assert taken(*reversed(changes), limit=limit) == ChangedPaths(names, letters)


@given(st.lists(any_paths))
def test_keys_descend_as_their_paths_do(paths):
    with collected(*((CREATE, path) for path in paths)) as changes:
        keys = [key for block in changes.take() for key in block]

    assert all(first >= second for first, second in pairwise(keys))
    assert [unpack(pack([key])).names for key in keys] == [[path] for path in sorted(paths)[::-1]]


# How much there is to ask

ASKED = [
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
def test_folders_are_counted_that_changed_in_a_way_or_hold_what_did(letters, count):
    with collected(*ASKED) as collection:
        assert collection.folders(*letters) == count


def test_of_changes_on_disk_only_folders_count_that_were_created_or_deleted():
    with collected(*ASKED, limit=ON_DISK) as collection:
        assert collection.folders(DELETED) == 3


# The base path


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
def test_that_the_base_path_came_or_went_can_be_forgotten(
    forgotten, letters, created, deleted, limit
):
    changes = [
        (CREATE, "/p/"),
        (DELETE, "/p/"),
        *((op, f"/p/{name}/") for name in "abc" for op in (CREATE, DELETE)),
    ]
    with collected(*changes, limit=limit, base="/p") as collection:
        assert (collection.base_created, collection.base_deleted) == (True, True)
        for what in forgotten:
            collection.forget_base(what)

        assert (collection.base_created, collection.base_deleted) == (created, deleted)
        assert ("/" in collection.whole) is (created or deleted)
        assert {"/a/", "/b/", "/c/"} <= collection.whole
        left = unpack(pack([key for block in collection.take() for key in block]))

    assert left.names == ["/c/", "/b/", "/a/", *["/"] * bool(letters)]
    assert left.letters == ["CD"] * 3 + [letters] * bool(letters)


@pytest.mark.parametrize("op", [CREATE, DELETE])
def test_only_a_base_path_that_came_or_went_itself_or_with_one_above_it_is_said_to(op):
    for path in ("/a/p/", "/a/"):
        with collected((op, path), base="/a/p") as collection:
            assert collection.base_created is (op == CREATE)
            assert collection.base_deleted is (op == DELETE)
    for path in ("/a/p/x/", "/a/px/", "/a/p/x"):
        with collected((op, path), base="/a/p") as collection:
            assert not collection.base_created
            assert not collection.base_deleted
    with collected((MODIFY, "/a/p/"), (MODIFY, "/a/"), base="/a/p") as collection:
        assert not collection.base_created
        assert not collection.base_deleted


def test_a_base_path_that_is_forgotten_was_not_only_created():
    with collected((CREATE, "/p/"), base="/p") as collection:
        assert collection.only_created() == ["/"]
        collection.forget_base(CREATED)
        assert collection.only_created() == []
