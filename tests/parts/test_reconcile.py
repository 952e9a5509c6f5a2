"""From changes to the entries of a list: rules 2 to 8 of the contract, over small trees in memory.

Changes are written as in ``CREATE /a/b``, entries as lines (``scanning.line_of``).
"""

from collections.abc import Iterator
from typing import Any

import pytest

from qumulo_changelist.changes import key
from qumulo_changelist.changes.key import ChangedPaths
from qumulo_changelist.model import (
    CREATE,
    DELETE,
    MODIFY,
    Attributes,
    Entry,
    Kind,
    ReadFailure,
    State,
)
from qumulo_changelist.scan.reconcile import choose_entry, hide_deletions, read_sides
from qumulo_changelist.trees.interface import DescribedEntries, NamedEntries, Subtree
from tests.parts.scanning import (
    BROKEN,
    DIRECTORY,
    FILE,
    LINK,
    DictTree,
    Locked,
    Malformed,
    collect,
    line_of,
    list_changes,
    list_entries,
    without_filters,
)

NO_OWNER = "no usable owner"
MALFORMED_FILE = ReadFailure(NO_OWNER, known=FILE)
MALFORMED_LINK = ReadFailure(NO_OWNER, known=LINK)
NO_KIND = ReadFailure("no usable type")


def lines(
    changes: str | list[str], now: dict[str, Any], before: dict[str, Any] | None = None
) -> list[str]:
    """Return the lines of a list; without ``before``, deletions are not wanted."""
    return [
        line_of(entry) for entry in entries(changes, now, before) if entry.state is not State.GONE
    ]


def entries(
    changes: str | list[str], now: dict[str, Any], before: dict[str, Any] | None = None
) -> list[Entry]:
    return list_changes([changes] if isinstance(changes, str) else changes, now, before)


# Rule 2: files


@pytest.mark.parametrize("op", [CREATE, MODIFY])
def test_a_created_or_modified_file_is_listed_with_its_attributes(op):
    assert entries(f"{op} /a/b", {"a": {"b": FILE}}) == [Entry(State.PRESENT, "/a/b", FILE, op)]


def test_a_name_that_did_not_change_is_not_listed():
    assert lines("MODIFY /a", {"a": FILE, "b": FILE, "c": {"d": FILE}}) == ["file /a"]


def test_a_diff_without_changes_lists_nothing():
    assert lines([], {"a": FILE}, {"a": FILE}) == []


# Rule 3: created directories


def test_a_created_directory_stands_for_every_file_below_it():
    now = {"d": {"a": FILE, "sub": {"deep": {"b": FILE}}, "empty": {}}, "e": FILE}

    assert lines("CREATE /d/", now) == ["file /d/sub/deep/b", "file /d/a"]


def test_a_file_below_a_created_directory_is_listed_once_even_if_the_diff_names_it():
    now = {"d": {"a": FILE, "sub": {"b": FILE}}}
    changes = ["CREATE /d/", "CREATE /d/a", "CREATE /d/sub/", "CREATE /d/sub/b", "MODIFY /d/a"]

    assert lines(changes, now) == ["file /d/sub/b", "file /d/a"]


def test_a_name_that_a_created_directory_should_contain_but_does_not_is_bad():
    changes = ["CREATE /d/", "CREATE /d/a", "CREATE /d/sub/", "MODIFY /d/old/"]

    assert lines(changes, {"d": {"b": FILE}}) == [
        "bad dir /d/sub",
        "bad dir /d/old",
        "file /d/b",
        "bad /d/a",
    ]


def test_a_created_directory_that_the_walk_missed_is_bad():
    class Late(DictTree):
        def walk(self, request: Subtree) -> Iterator[DescribedEntries]:
            return iter(())

    changes = collect(["CREATE /d/sub/", "CREATE /d/"])

    (entry,) = list_entries(changes.drain(), Late({"d": {"sub": {"never walked": FILE}}}))

    assert (entry.state, entry.name) == (State.UNREADABLE, "/d/sub")


def test_a_created_directory_that_is_gone_is_bad():
    assert entries("CREATE /d/", {}) == [
        Entry(State.UNREADABLE, "/d", Attributes(Kind.DIRECTORY), CREATE, "it does not exist")
    ]


def test_a_created_directory_that_is_a_file_now_is_bad():
    assert lines("CREATE /d/", {"d": FILE}) == ["bad dir /d"]


def test_an_unreadable_name_below_a_created_directory_is_bad():
    now = {"d": {"a": FILE, "b": BROKEN, "locked": Locked(c=FILE), "z": FILE}}

    assert lines("CREATE /d/", now) == ["file /d/z", "bad dir /d/locked", "bad /d/b", "file /d/a"]


def test_the_base_path_can_be_created():
    assert lines("CREATE /", {"a": FILE, "d": {"b": FILE}}) == ["file /d/b", "file /a"]


# Rule 4: modified directories


def test_a_modified_directory_is_listed_alone():
    assert entries("MODIFY /d/", {"d": {"a": FILE}}) == [
        Entry(State.PRESENT, "/d", DIRECTORY, MODIFY)
    ]


def test_a_modified_directory_that_is_gone_is_bad():
    assert lines("MODIFY /d/", {}) == ["bad dir /d"]


@pytest.mark.parametrize("instead", [FILE, LINK])
def test_a_modified_directory_that_is_no_directory_now_is_bad(instead):
    assert lines("MODIFY /d/", {"d": instead}) == ["bad dir /d"]


# Rule 5: deletions


def test_deletions_are_listed_only_if_wanted():
    assert lines(["DELETE /a", "DELETE /d/", "MODIFY /b"], {"b": FILE}) == ["file /b"]


def test_a_deleted_file_is_listed():
    assert lines("DELETE /a", {}, {"a": FILE}) == ["deleted /a"]


@pytest.mark.parametrize("named", [[], ["DELETE /d/a", "DELETE /d/sub/deep/b"]])
def test_a_deleted_directory_is_listed_with_every_file_that_was_below_it(named):
    before = {"d": {"a": FILE, "sub": {"deep": {"b": FILE}}, "empty": {}}}

    assert lines(["DELETE /d/", *named], {}, before) == [
        "deleted /d/sub/deep/b",
        "deleted /d/a",
        "deleted dir /d",
    ]


def test_a_deleted_file_that_the_older_snapshot_does_not_show_is_deleted_all_the_same():
    assert lines("DELETE /a", {}, {}) == ["deleted /a"]


def test_a_deleted_directory_that_the_diff_calls_a_file_is_bad():
    assert lines("DELETE /d", {}, {"d": {"a": FILE}}) == ["bad /d"]


def test_an_older_directory_that_cannot_be_read_is_bad():
    before = {"d": {"locked": Locked(a=FILE), "b": FILE}, "e": Locked(c=FILE)}

    assert lines(["DELETE /d/", "DELETE /e/"], {}, before) == [
        "bad dir /e",
        "bad dir /d/locked",
        "deleted /d/b",
        "deleted dir /d",
    ]


def test_the_base_path_can_be_deleted():
    before = {"a": FILE, "d": {"b": FILE}}

    assert lines("DELETE /", {}, before) == ["deleted /d/b", "deleted /a"]


def test_the_base_path_can_be_deleted_and_created_again():
    before = {"a": FILE, "d": {"b": FILE}, "e": {"f": FILE}}
    now = {"d": {"b": FILE, "c": FILE}}

    assert lines(["DELETE /", "CREATE /"], now, before) == [
        "deleted /e/f",
        "file /d/c",
        "file /d/b",
        "deleted /a",
    ]


# A malformed attribute


@pytest.mark.parametrize("op", [CREATE, MODIFY])
def test_a_malformed_file_or_directory_that_should_be_listed_is_bad(op):
    assert entries(f"{op} /a", {"a": MALFORMED_FILE}) == [
        Entry(State.UNREADABLE, "/a", Attributes(Kind.FILE), op, NO_OWNER)
    ]
    assert entries("MODIFY /d/", {"d": Malformed()}) == [
        Entry(State.UNREADABLE, "/d", Attributes(Kind.DIRECTORY), MODIFY, NO_OWNER)
    ]
    assert lines(f"{op} /a", {"a": Malformed()}) == ["bad /a"]


def test_below_a_created_directory_only_malformed_files_are_bad():
    directory = {
        "a": MALFORMED_FILE,
        "b": FILE,
        "l": MALFORMED_LINK,
        "sub": Malformed(c=FILE),
    }

    assert lines(["CREATE /d/", "CREATE /l"], {"d": directory, "l": MALFORMED_LINK}) == [
        "left out /l",
        "file /d/sub/c",
        "left out /d/l",
        "file /d/b",
        "bad /d/a",
    ]


def test_a_malformed_directory_that_the_diff_names_below_a_created_one_is_not_listed():
    changes = ["CREATE /d/", "CREATE /d/sub/", "CREATE /d/a"]

    assert lines(changes, {"d": {"sub": Malformed(c=FILE), "a": MALFORMED_FILE}}) == [
        "file /d/sub/c",
        "bad /d/a",
    ]


def test_malformed_attributes_do_not_keep_a_name_from_being_deleted():
    before = {
        "a": MALFORMED_FILE,
        "l": MALFORMED_LINK,
        "d": Malformed(b=MALFORMED_FILE, sub=Malformed(c=FILE), l=MALFORMED_LINK),
    }
    changes = ["DELETE /a", "DELETE /l", "DELETE /d/"]

    assert lines(changes, {}, before) == [
        "left out /l",
        "deleted /d/sub/c",
        "left out /d/l",
        "deleted /d/b",
        "deleted dir /d",
        "deleted /a",
    ]
    assert entries(changes, {}, before)[-1].attributes == FILE
    assert lines([*changes, "DELETE /d/b", "DELETE /d/sub/"], {}, before)[1:5] == [
        "deleted /d/sub/c",
        "deleted dir /d/sub",
        "left out /d/l",
        "deleted /d/b",
    ]


def test_a_deleted_name_of_unknown_kind_is_a_deleted_file_only_if_the_diff_names_it():
    before = {"a": NO_KIND, "d": {"b": NO_KIND, "c": FILE}}

    assert lines(["DELETE /a", "DELETE /d/"], {}, before) == [
        "deleted /d/c",
        "bad /d/b",
        "deleted dir /d",
        "deleted /a",
    ]


def test_a_malformed_file_in_the_place_of_a_directory_does_not_hide_deletions_below_it():
    before = {"d": {"a": {"b": FILE}}}

    assert lines(["DELETE /d/", "CREATE /d/"], {"d": {"a": MALFORMED_FILE}}, before) == [
        "deleted /d/a/b",
        "bad /d/a",
    ]


@pytest.mark.parametrize("unknown", [NO_KIND, BROKEN])
def test_a_name_of_unknown_kind_hides_deletions_below_it(unknown):
    """It may be a directory that still contains the files."""
    before = {"d": {"a": {"b": FILE}}}

    assert lines(["DELETE /d/", "CREATE /d/"], {"d": {"a": unknown}}, before) == ["bad /d/a"]


# Rule 6: what was replaced exists


@pytest.mark.parametrize("op", [CREATE, MODIFY])
def test_a_file_that_replaces_a_file_is_listed_once(op):
    assert lines(["DELETE /a", f"{op} /a"], {"a": FILE}, {"a": FILE}) == ["file /a"]


def test_of_a_directory_created_again_only_missing_files_are_deleted():
    before = {"d": {"both": FILE, "old": FILE, "sub": {"old": FILE, "both": FILE}}}
    now = {"d": {"both": FILE, "new": FILE, "sub": {"both": FILE}}}

    assert lines(["DELETE /d/", "CREATE /d/"], now, before) == [
        "deleted /d/sub/old",
        "file /d/sub/both",
        "deleted /d/old",
        "file /d/new",
        "file /d/both",
    ]


REPLACED = [
    # By a link.
    ("/a", FILE, LINK, ["left out /a", "deleted /a"]),
    ("/a", LINK, LINK, ["left out /a"]),
    ("/a/", {"b": FILE}, LINK, ["deleted /a/b", "left out /a", "deleted dir /a"]),
    # By a file.
    ("/a", LINK, FILE, ["file /a"]),
    ("/a/", {"b": FILE}, FILE, ["deleted /a/b", "file /a"]),
    # By a directory.
    ("/a", FILE, {"b": FILE}, ["file /a/b", "deleted /a"]),
]


@pytest.mark.parametrize(("deleted", "before", "now", "expected"), REPLACED)
def test_a_file_a_link_and_a_directory_can_replace_each_other(deleted, before, now, expected):
    created = "/a/" if isinstance(now, dict) else "/a"

    found = lines([f"DELETE {deleted}", f"CREATE {created}"], {"a": now}, {"a": before})

    assert found == expected


@pytest.mark.parametrize(("deleted", "before", "now", "expected"), REPLACED)
def test_they_can_replace_each_other_below_a_directory_created_again(
    deleted, before, now, expected
):
    below = [line.replace("/a", "/d/a") for line in expected if line != "deleted dir /a"]

    found = lines(["DELETE /d/", "CREATE /d/"], {"d": {"a": now}}, {"d": {"a": before}})

    assert found == below


def test_a_rename_is_a_deletion_and_a_creation():
    changes = ["DELETE /old/", "CREATE /new/", "MODIFY /up/"]
    directory = {"a": FILE}

    assert lines(changes, {"new": directory, "up": {}}, {"old": directory, "up": {}}) == [
        "dir /up",
        "deleted /old/a",
        "deleted dir /old",
        "file /new/a",
    ]


@pytest.mark.parametrize("now", [{"d": Locked()}, {}])
def test_no_deletion_is_listed_below_a_created_directory_that_cannot_be_read(now):
    before = {"d": {"a": FILE, "sub": {"b": FILE}}, "e": FILE}
    changes = ["DELETE /d/", "CREATE /d/", "DELETE /e"]

    found = entries(changes, now, before)

    assert [(one.state, one.name) for one in found] == [
        (State.DELETED, "/e"),
        (State.GONE, "/d/sub/b"),
        (State.GONE, "/d/a"),
        (State.UNREADABLE, "/d"),
    ]


def test_deletions_beside_an_unreadable_directory_are_listed():
    before = {"d": {"a": FILE, "sub": {"b": FILE, "c": {"e": FILE}}, "z": FILE}}
    now = {"d": {"sub": Locked(), "y": FILE}}

    assert lines(["DELETE /d/", "CREATE /d/"], now, before) == [
        "deleted /d/z",
        "file /d/y",
        "bad dir /d/sub",
        "deleted /d/a",
    ]


def test_a_file_that_exists_but_cannot_be_read_is_bad_and_not_deleted():
    assert lines(["DELETE /a", "CREATE /a"], {"a": BROKEN}, {"a": FILE}) == ["bad /a"]


# Rule 7: what is never listed


@pytest.mark.parametrize("op", [CREATE, MODIFY, DELETE])
def test_a_link_is_left_out(op):
    assert lines(f"{op} /a", {"a": LINK}, {"a": LINK}) == ["left out /a"]


def test_links_below_created_and_deleted_directories_are_left_out():
    now, before = {"d": {"a": LINK, "b": FILE}}, {"e": {"a": LINK, "b": FILE}}

    assert lines(["CREATE /d/", "DELETE /e/"], now, before) == [
        "deleted /e/b",
        "left out /e/a",
        "deleted dir /e",
        "file /d/b",
        "left out /d/a",
    ]


# Rule 8: what cannot be read


@pytest.mark.parametrize("op", [CREATE, MODIFY])
def test_a_file_that_cannot_be_read_is_bad_with_the_reason(op):
    assert entries(f"{op} /a", {"a": BROKEN}) == [
        Entry(State.UNREADABLE, "/a", Attributes(Kind.FILE), op, "I/O error")
    ]


@pytest.mark.parametrize("op", [CREATE, MODIFY])
@pytest.mark.parametrize("now", [{}, {"a": {"b": FILE}}])
def test_a_file_that_is_gone_or_a_directory_now_is_bad(op, now):
    assert lines(f"{op} /a", now) == ["bad /a"]


def test_an_unreadable_entry_does_not_keep_others_from_being_listed():
    changes = ["MODIFY /a", "CREATE /b", "MODIFY /c", "CREATE /d/"]

    assert lines(changes, {"a": FILE, "b": BROKEN, "c": FILE, "d": Locked()}) == [
        "bad dir /d",
        "file /c",
        "bad /b",
        "file /a",
    ]


# The order


def test_names_descend_without_their_trailing_slash():
    now = {
        "reel2": {"b": FILE},
        "reel2.mov": FILE,
        "reel2-old": {"c": FILE},
        "reel20": FILE,
        "reel1": {},
    }
    before = {"reel2.bak": FILE, "reel1.old": {"x": FILE}, "reel2": {"a": FILE}}
    changes = ["DELETE /reel2.bak", "DELETE /reel1.old/", "DELETE /reel2/a", "MODIFY /reel2/"]
    changes += ["CREATE /reel2/b", "CREATE /reel2.mov", "CREATE /reel2-old/", "MODIFY /reel20"]
    changes += ["MODIFY /reel1/"]

    assert lines(changes, now, before) == [
        "file /reel20",
        "file /reel2/b",
        "deleted /reel2/a",
        "file /reel2.mov",
        "deleted /reel2.bak",
        "file /reel2-old/c",
        "dir /reel2",
        "deleted /reel1.old/x",
        "deleted dir /reel1.old",
        "dir /reel1",
    ]


# What a name had before: the proof counts it


@pytest.mark.parametrize("found", [FILE, BROKEN])
@pytest.mark.parametrize(
    ("changes", "before", "replaces"),
    [
        (["DELETE /a", "CREATE /a"], {"a": FILE}, True),
        (["DELETE /a", "CREATE /a"], {"a": BROKEN}, True),
        (["DELETE /a", "CREATE /a"], {"a": LINK}, False),
        (["DELETE /a/", "CREATE /a"], {"a": {"b": FILE}}, False),
        ("CREATE /a", {}, False),
        ("MODIFY /a", {"a": FILE}, False),
    ],
)
def test_a_file_replaces_only_a_regular_file_with_its_name(changes, before, replaces, found):
    (entry,) = [one for one in entries(changes, {"a": found}, before) if one.op != DELETE]

    assert entry.replaces is replaces


def test_an_unreadable_directory_can_replace_a_file_too():
    (entry,) = entries(["DELETE /a", "CREATE /a/"], {"a": Locked()}, {"a": FILE})

    assert (entry.state, entry.attributes.kind, entry.replaces) == (
        State.UNREADABLE,
        Kind.DIRECTORY,
        True,
    )


# One entry for each name


def created(state: State, known: Attributes = FILE) -> Entry:
    return Entry(state, "/a", known, CREATE)


def deleted(state: State, known: Attributes = FILE) -> Entry:
    return Entry(state, "/a", known, DELETE)


PRESENT, UNREADABLE = State.PRESENT, State.UNREADABLE
DELETED, GONE, LEFT_OUT = State.DELETED, State.GONE, State.LEFT_OUT


@pytest.mark.parametrize(
    ("same", "chosen"),
    [
        ([created(PRESENT), deleted(DELETED)], [(PRESENT, True)]),
        ([created(PRESENT), deleted(GONE)], [(PRESENT, True)]),
        ([created(PRESENT), deleted(LEFT_OUT, LINK)], [(PRESENT, False)]),
        ([created(PRESENT), deleted(DELETED, DIRECTORY)], [(PRESENT, False)]),
        ([created(UNREADABLE), deleted(DELETED)], [(UNREADABLE, True)]),
        ([created(UNREADABLE), deleted(GONE)], [(UNREADABLE, True)]),
        ([created(LEFT_OUT, LINK), deleted(DELETED)], [(LEFT_OUT, False), (DELETED, False)]),
        ([created(LEFT_OUT, LINK), deleted(GONE)], [(LEFT_OUT, False), (GONE, False)]),
        ([created(LEFT_OUT, LINK), deleted(LEFT_OUT, LINK)], [(LEFT_OUT, False)]),
        ([created(LEFT_OUT, LINK), deleted(UNREADABLE)], [(LEFT_OUT, False), (UNREADABLE, False)]),
        ([created(PRESENT)], [(PRESENT, False)]),
        ([deleted(DELETED)], [(DELETED, False)]),
        ([deleted(GONE)], [(GONE, False)]),
        ([deleted(LEFT_OUT, LINK)], [(LEFT_OUT, False)]),
    ],
)
def test_of_a_name_what_exists_is_chosen_in_either_order(same, chosen):
    for order in (same, same[::-1]):
        assert [(one.state, one.replaces) for one in choose_entry(order)] == chosen


@pytest.mark.parametrize("state", State)
def test_a_hidden_deletion_is_gone_and_all_else_stays(state):
    unreadable = Entry(UNREADABLE, "/d", DIRECTORY, DELETE, "I/O error")

    hidden = hide_deletions([created(state), deleted(state), unreadable])

    assert hidden[:2] == [created(state), deleted(GONE)]
    assert hidden[2].reason == "I/O error"


# Both sides


def sides(
    changes: list[str],
    now: dict[str, Any],
    before: dict[str, Any] | None,
    identified: dict[str, Any] | None = None,
) -> list[str]:
    """Return what the trees have: operation, name and size of each entry."""
    packed = key.pack(one for block in collect(changes).drain() for one in block)
    older, created = (None if tree is None else DictTree(tree) for tree in (before, identified))
    return [
        f"{entry.op} {entry.name} {entry.attributes.size}"
        for batch in read_sides(without_filters(key.unpack(packed)), DictTree(now), older, created)
        for entry in batch
    ]


SMALL, LARGE = Attributes(Kind.FILE, size=1), Attributes(Kind.FILE, size=2)


def test_a_name_that_both_trees_have_comes_twice_with_the_newer_first():
    assert sides(["DELETE /a", "CREATE /a"], {"a": LARGE}, {"a": SMALL}) == [
        "CREATE /a 2",
        "DELETE /a 1",
    ]


def test_without_an_older_tree_no_deletion_comes():
    assert sides(["DELETE /a", "CREATE /a", "DELETE /b"], {"a": LARGE}, None) == ["CREATE /a 2"]


def test_created_names_are_described_by_the_tree_with_ids_and_modified_ones_by_the_newer_tree():
    changes = ["CREATE /a", "MODIFY /b", "CREATE /d/", "MODIFY /e/", "CREATE /e/f", "MODIFY /e/g"]
    now = {"a": SMALL, "b": SMALL, "d": {"c": SMALL}, "e": {"f": SMALL, "g": SMALL}}
    identified = {"a": LARGE, "b": LARGE, "d": {"c": LARGE}, "e": {"f": LARGE, "g": LARGE}}

    assert sides(changes, now, {}, identified) == [
        "MODIFY /e/g 1",
        "CREATE /e/f 2",
        "MODIFY /e 512",
        "CREATE /d/c 2",
        "MODIFY /b 1",
        "CREATE /a 2",
    ]


def test_the_tree_with_ids_is_asked_only_for_created_names():
    now = {"d": {"x": FILE, "y": FILE}, "kept": FILE, "new": FILE}
    changed = ChangedPaths(["/new", "/kept", "/d/x", "/d/"], ["C", "M", "M", "C"])
    identified = DictTree(now)

    found = read_sides(without_filters(changed), DictTree(now), None, identified)

    assert [entry.name for batch in found for entry in batch] == ["/new", "/kept", "/d/y", "/d/x"]
    assert identified.requests == [NamedEntries(["/new"]), Subtree("/d/")]
