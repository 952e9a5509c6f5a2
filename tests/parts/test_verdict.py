"""Why one name is on a list, or is not: a table of cases, and the oracle for all others."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qumulo_changelist.changes.mentions import Mentions, find_mentions
from qumulo_changelist.changes.scope import Scope
from qumulo_changelist.model import CREATE, DELETE, MODIFY, Change, Op
from qumulo_changelist.scan.verdict import Facts, Listing, Sight, Verdict, decide, expect
from tests.oracle import Tree, expected_diff, expected_entries, has_base
from tests.oracle.test_oracle_properties import any_trees

NAME = "/reel/a.mov"

OPS: dict[str, Op] = {"C": CREATE, "M": MODIFY, "D": DELETE}


def mentions(words: str) -> Mentions:
    """What a diff says: ``C`` of the file, ``D/`` of the directory, ``^C`` of one above it."""
    own, above = [], []
    for word in words.split():
        op = OPS[word.strip("^/")]
        if word.startswith("^"):
            above.append(Change(op, "/reel/"))
        else:
            own.append(Change(op, NAME + "/" * word.endswith("/")))
    return Mentions(own, above)


@pytest.mark.parametrize(
    ("older", "newer", "diff", "reason", "rule", "expected"),
    [
        ("absent", "file", "C", "created", "2", "file"),
        ("file", "file", "M", "modified", "2", "file"),
        ("file", "file", "C D", "replaced", "6", "file"),
        ("directory", "file", "C D/", "replaced", "6", "file"),
        ("file", "file", "", "unchanged", "", "nothing"),
        ("absent", "file", "^C", "below a created directory", "3", "file"),
        ("file", "file", "^C ^D", "below a created directory", "3", "file"),
        ("absent", "directory", "C/", "created directory", "3", "nothing"),
        ("absent", "directory", "^C", "created directory", "3", "nothing"),
        ("directory", "directory", "C/ D/", "created directory", "3", "nothing"),
        ("file", "directory", "C/ D", "replaced by something else", "6", "deleted file"),
        ("directory", "directory", "M/", "modified directory", "4", "directory"),
        ("directory", "directory", "", "unchanged", "", "nothing"),
        ("file", "absent", "D", "deleted", "5", "deleted file"),
        ("file", "absent", "^D", "below a deleted directory", "5", "deleted file"),
        ("directory", "absent", "D/", "deleted", "5", "deleted directory"),
        ("directory", "absent", "^D", "directory below a deleted one", "5", "nothing"),
        ("file", "other", "C D", "replaced by something else", "6", "deleted file"),
        ("directory", "other", "C D/", "replaced by something else", "6", "deleted directory"),
        ("absent", "other", "C", "not a regular file", "7", "nothing"),
        ("other", "absent", "D", "not a regular file", "7", "nothing"),
        ("other", "file", "C D", "replaced", "6", "file"),
        ("absent", "absent", "", "absent", "", "nothing"),
        ("unknown", "file", "M", "modified", "2", "file"),
        ("file", "unknown", "M", "unknown", "", "unknown"),
        ("unknown", "absent", "D", "unknown", "", "unknown"),
        ("file", "absent", "", "unknown", "", "unknown"),
    ],
)
def test_the_rules_decide(
    older: Sight, newer: Sight, diff: str, reason: str, rule: str, expected: Listing
) -> None:
    facts = Facts(older=older, newer=newer, mentions=mentions(diff), deletes=True, listed=expected)

    assert decide(facts) == Verdict(reason, rule, expected)  # type: ignore[arg-type]


def verdict(older: Sight, newer: Sight, diff: str = "", **more: Any) -> tuple[str, str]:
    found = decide(Facts(older=older, newer=newer, mentions=mentions(diff), **more))
    return found.reason, found.expected


def test_other_things_than_the_rules_for_changes_decide() -> None:
    assert verdict("file", "absent", "D") == ("deletions not wanted", "nothing")
    assert verdict("file", "absent", "D", deletes=True, moved_to="/b") == ("moved away", "nothing")
    assert verdict("absent", "file", "C", listed="file", moved_from="/b") == ("moved here", "file")
    assert verdict("absent", "file", "C", listed="unreadable") == ("unreadable", "unreadable")
    assert verdict("absent", "file", "C", listed="unreadable", can_be_held=False) == (
        *("name", "unreadable"),
    )
    assert verdict("absent", "file", "^C", listed_below=True) == (
        *("below an unreadable directory", "nothing"),
    )
    for expected in (True, "covered by a deleted directory"), (False, "contradiction"):
        found = verdict("file", "absent", "^D", deletes=True, is_covered=expected[0])
        assert found[0] == expected[1]
    of_files: frozenset[Listing] = frozenset(("directory", "deleted file", "unreadable"))
    for left_out in (
        verdict("directory", "directory", "M/", never_listed=of_files),
        verdict("file", "absent", "D", deletes=True, never_listed=of_files),
        verdict("absent", "file", "C", can_be_held=False, never_listed=of_files),
    ):
        assert left_out == ("not in the format", "nothing")
    assert verdict("absent", "file", "C", never_listed=of_files) == ("contradiction", "file")
    assert verdict("file", "file", "C", is_outside=True) == ("outside", "nothing")
    assert verdict("directory", "directory", "M/", is_base=True) == ("base path", "nothing")


def test_without_the_diff_only_a_full_list_can_be_explained() -> None:
    assert verdict("file", "file", diff_is_known=False) == ("unknown", "unknown")
    assert verdict("absent", "file", is_full=True, listed="file") == ("full list", "file")
    assert verdict("absent", "directory", is_full=True) == ("created directory", "nothing")
    assert verdict("absent", "other", is_full=True) == ("not a regular file", "nothing")
    assert verdict("absent", "absent", is_full=True) == ("absent", "nothing")


@pytest.mark.parametrize(
    ("diff", "listed", "expected"),
    [("C", "nothing", "file"), ("", "file", "nothing"), ("M", "deleted file", "file")],
)
def test_a_list_that_does_not_follow_the_rules_contradicts_them(
    diff: str, listed: Listing, expected: Listing
) -> None:
    assert verdict("file", "file", diff, listed=listed) == ("contradiction", expected)


# What a diff says of a name


def test_only_what_decides_about_a_name_is_kept_of_a_diff() -> None:
    pages = [
        [Change(CREATE, "/p/a/"), Change(MODIFY, "/p/a/b/"), Change(DELETE, "/p/a/b/c")],
        [Change(MODIFY, "/p/"), Change(CREATE, "/p/a/b/c/"), Change(CREATE, "/p/a/b/c0")],
        [Change(DELETE, "/p/a/b/c"), Change(CREATE, "/p/a/b"), Change(CREATE, "/q/a/")],
    ]

    found = find_mentions(Scope("/p"), pages, "/a/b/c")

    assert found.own == [Change(DELETE, "/a/b/c"), Change(CREATE, "/a/b/c/")]
    assert found.above == [Change(CREATE, "/a/")]


def test_a_directory_above_the_base_path_stands_for_it() -> None:
    found = find_mentions(Scope("/p/q"), [[Change(DELETE, "/p/")]], "/a")

    assert found == Mentions([], [Change(DELETE, "/")])


# The oracle

_ELEMENTS: dict[tuple[str, str], Listing] = {
    ("file", "F_REG"): "file",
    ("file", "F_DIR"): "directory",
    ("delete-file", "F_REG"): "deleted file",
    ("delete-file", "F_DIR"): "deleted directory",
}
_SIGHTS: dict[str, Sight] = {"file": "file", "dir": "directory", "other": "other"}


def sight(tree: Tree, path: bytes) -> Sight:
    return _SIGHTS[tree.nodes[path].kind] if path in tree.nodes else "absent"


@given(any_trees(), st.booleans(), st.sampled_from(["/proj", "/proj/a", "/"]))
def test_the_rules_for_one_name_are_those_of_the_oracle(
    trees: tuple[Tree, Tree], deletes: bool, base: str
) -> None:
    before, after = trees
    if not any(has_base(tree, "/proj", base) for tree in trees):
        return
    entries = expected_entries(before, after, source="/proj", base=base, deletes=deletes)
    listed = {entry.path: (entry.element, entry.type) for entry in entries}
    diff = [Change(OPS[op[0]], path) for op, path in expected_diff(before, after, "/proj")]
    scope = Scope(base)
    for path in before.nodes.keys() | after.nodes.keys():
        full = b"/proj/" + path
        # XML cannot hold a name that is not UTF-8.
        if not path or b"\xff" in path or not full.startswith(scope.base.encode() + b"/"):
            continue
        name = full[len(scope.base) :]
        facts = Facts(
            older=sight(before, path),
            newer=sight(after, path),
            mentions=find_mentions(scope, [diff], name.decode()),
            deletes=deletes,
        )

        expected = _ELEMENTS[listed[name]] if name in listed else "nothing"
        assert expect(facts) == expected, (name, facts)
