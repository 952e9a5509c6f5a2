"""What filters leave out of the lists of any small trees: compared with the oracle.

The cases are small enough that names meet in every combination: a file that a filter leaves out
replaces a different one, an excluded directory replaces a file, and so on.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qumulo_changelist.changes.changeset import ChangeSet
from qumulo_changelist.changes.scope import Scope
from qumulo_changelist.changes.sieve import ChangeSieve
from qumulo_changelist.changes.slices import cut
from qumulo_changelist.checks.proof import net_files
from qumulo_changelist.filters.files import FileFilter
from qumulo_changelist.filters.filters import Filters
from qumulo_changelist.filters.tally import FilterCount
from qumulo_changelist.model import Attributes, Change, Kind, Op, State
from qumulo_changelist.names import to_text
from qumulo_changelist.scan.sieve import EntrySieve
from qumulo_changelist.scan.tally import Tally
from tests import oracle
from tests.oracle import Tree, expected_diff, expected_entries
from tests.oracle.test_oracle_properties import any_trees
from tests.parts.scanning import (
    BROKEN,
    LINK,
    DictTree,
    Locked,
    Product,
    Quarters,
    line_of,
    run_slices,
)

PATTERNS = st.sampled_from(
    (
        *("a", "a.", "a0", "z", "*", "a*", "?", "[!a]", "/a", "a/", "/a/", "*/", "a/a", "a/*"),
        *("**/a", "a/**", "a/**/a", "**/a/", "/*/a0", "/*/*/", "*0/"),
    )
)
EXCLUDES = PATTERNS | PATTERNS.map(lambda pattern: f"!{pattern}")


# A format of ours holds names that no XML does, so none is drawn.
NAMEABLE = any_trees().map(
    lambda trees: tuple(
        Tree({path.replace(b"\xff", b"z"): node for path, node in tree.nodes.items()})
        for tree in trees
    )
)


@st.composite
def any_filters(draw: st.DrawFn) -> Filters:
    include = draw(st.lists(PATTERNS, max_size=2))
    return Filters(
        include=tuple(include) if draw(st.booleans()) else (),
        exclude=tuple(draw(st.lists(EXCLUDES, max_size=3))),
        min_size=draw(st.sampled_from([None, None, 0, 1, 2])),
        max_size=draw(st.sampled_from([None, None, 1, 2])),
    )


def content_of(tree: Tree) -> dict[str, Any]:
    """A tree of the oracle as nested dictionaries."""
    root: dict[str, Any] = {}
    folders = {b"": root}
    for path in sorted(tree.nodes):
        node = tree.nodes[path]
        if not path:
            continue
        above, _, name = path.rpartition(b"/")
        made: Any = {} if node.kind == "dir" else LINK
        if node.kind == "file":
            made = Attributes(Kind.FILE, size=node.size)
        elif node.kind == "dir":
            folders[path] = made
        folders[above][to_text(name)] = made
    return root


def number_of_files(content: dict[str, Any], directory: str = "/") -> int:
    found: Any = content
    for name in filter(None, directory.split("/")):
        found = found.get(name, {}) if isinstance(found, dict) else {}
    return sum(
        number_of_files(one) if isinstance(one, dict) else one != LINK for one in found.values()
    )


def run(
    trees: tuple[Tree, Tree], filters: Filters, *, deletes: bool, looks: bool, size: int
) -> tuple[list[str], Tally]:
    """Return what is listed, and what was counted."""
    before, after = trees
    changes = ChangeSet(
        Scope("/"), limit=10**9, folder="", sieve=ChangeSieve(filters.paths, looks, deletes)
    )
    page: list[tuple[Op, str]] = sorted(expected_diff(before, after, "/"))  # type: ignore[arg-type]
    changes.add([Change(*one) for one in page])
    limits = FileFilter(filters.min_size, filters.max_size)
    product: Product = run_slices(
        cut(changes.drain(), size, changes.whole_directories, Quarters(size)),
        DictTree(content_of(after)),
        DictTree(content_of(before)) if deletes or looks else None,
        deletes=deletes,
        sieve=EntrySieve(filters.paths, limits, deletes),
    )
    product.tally.filtered.merge(changes.left_out)
    shown = [one for one in product.entries if one.state is not State.LEFT_OUT]
    return [line_of(one) for one in shown if one.state is not State.GONE], product.tally


def expected(trees: tuple[Tree, Tree], filters: Filters, *, deletes: bool) -> list[str]:
    words = {
        ("file", "F_REG"): "file",
        ("file", "F_DIR"): "dir",
        ("delete-file", "F_REG"): "deleted",
        ("delete-file", "F_DIR"): "deleted dir",
    }
    wanted = oracle.Filters(filters.include, filters.exclude, filters.min_size, filters.max_size)
    found = expected_entries(*trees, source="/", base="/", deletes=deletes, filters=wanted)
    return [f"{words[entry.element, entry.type]} {to_text(entry.path)}" for entry in found]


SMALL, LARGE = Attributes(Kind.FILE, size=1), Attributes(Kind.FILE, size=9)
LARGE_ALONE = Filters(min_size=5)
NO_CACHE = Filters(exclude=("cache/", "*.tmp"))


def make(
    changes: str,
    before: dict[str, Any],
    now: dict[str, Any],
    filters: Filters,
    *,
    looks: bool = True,
) -> Product:
    """Make a list with deletions; changes are written as in ``C/a D/b/``."""
    ops: dict[str, Op] = {"C": "CREATE", "M": "MODIFY", "D": "DELETE"}
    collected = ChangeSet(
        Scope("/"), limit=10**9, folder="", sieve=ChangeSieve(filters.paths, looks, deletes=True)
    )
    collected.add([Change(ops[one[0]], one[1:]) for one in changes.split()])
    product = run_slices(
        cut(collected.drain(), 1000, collected.whole_directories, Quarters(1000)),
        DictTree(now),
        DictTree(before),
        sieve=EntrySieve(filters.paths, filters.at(0), deletes=True),
    )
    product.tally.filtered.merge(collected.left_out)
    return product


CASES = [
    ("M/a", {"a": SMALL}, {"a": LARGE}, LARGE_ALONE, "file /a"),
    ("M/a", {"a": LARGE}, {"a": SMALL}, LARGE_ALONE, ""),
    ("D/a", {"a": SMALL}, {}, LARGE_ALONE, "deleted /a"),
    ("D/a C/a", {"a": LARGE}, {"a": SMALL}, LARGE_ALONE, ""),
    ("D/d/ C/d/", {"d": {"a": LARGE}}, {"d": {"a": SMALL}}, LARGE_ALONE, ""),
    ("D/d/ C/d/", {"d": {"a": SMALL}}, {"d": {"b": SMALL}}, LARGE_ALONE, "deleted /d/a"),
    (
        *("D/d/ C/d", {"d": {"a": LARGE}}, {"d": SMALL}, LARGE_ALONE),
        "deleted /d/a, deleted dir /d",
    ),
    ("D/d/ C/d", {"d": {"a": LARGE}}, {"d": LARGE}, LARGE_ALONE, "deleted /d/a, file /d"),
    ("D/cache C/cache/", {"cache": LARGE}, {"cache": {"a": LARGE}}, NO_CACHE, "deleted /cache"),
    ("D/a C/a", {"a": SMALL}, {"a": LINK}, LARGE_ALONE, "left out /a, deleted /a"),
    ("D/a.mov C/a.tmp", {"a.mov": SMALL}, {"a.tmp": SMALL}, NO_CACHE, "deleted /a.mov"),
    ("D/a.tmp C/a.mov", {"a.tmp": SMALL}, {"a.mov": SMALL}, NO_CACHE, "file /a.mov"),
    (
        *("M/x/ C/x/cache/a M/x/cache/b/ D/x/cache/c/", {"x": {"cache": {"b": {}, "c": {}}}}),
        *({"x": {"cache": {"a": SMALL, "b": {}}}}, NO_CACHE, "dir /x"),
    ),
    (
        *("C/d/", {}, {"d": {"cache": {"a": SMALL}, "b": SMALL, "c.tmp": SMALL}}, NO_CACHE),
        "file /d/b",
    ),
    (
        *("D/d/", {"d": {"cache": {"a": SMALL}, "b": SMALL, "c.tmp": SMALL}}, {}, NO_CACHE),
        "deleted /d/b, deleted dir /d",
    ),
    ("D/cache/", {"cache": {"a": SMALL}}, {}, NO_CACHE, ""),
    ("C/d/", {}, {"d": Locked()}, Filters(include=("*.mov",)), "bad dir /d"),
    ("M/d/ M/d/a", {"d": {"a": SMALL}}, {"d": {"a": BROKEN}}, Filters(include=("*.mov",)), ""),
    ("C/cache/ C/d/", {}, {"cache": Locked(), "d": {"cache": Locked()}}, NO_CACHE, ""),
]


@pytest.mark.parametrize(("changes", "before", "now", "filters", "expected"), CASES)
def test_the_cases_of_the_documentation(
    changes: str,
    before: dict[str, Any],
    now: dict[str, Any],
    filters: Filters,
    expected: str,
) -> None:
    for looks in (True, False):
        product = make(changes, before, now, filters, looks=looks)

        listed = [one for one in product.entries if one.state is not State.GONE]
        assert ", ".join(map(line_of, listed)) == expected
    check_number_of_files(before, now, make(changes, before, now, filters).tally)


def test_an_excluded_directory_is_counted_where_a_snapshot_has_it() -> None:
    nothing: dict[str, Any] = {}
    gone = make("D/cache/ C/cache", {"cache": nothing}, {"cache": SMALL}, NO_CACHE).tally.filtered
    come = make("D/cache C/cache/", {"cache": SMALL}, {"cache": nothing}, NO_CACHE).tally.filtered

    assert (gone.older_directories, gone.newer_directories) == ({"/cache/"}, set())
    assert (come.older_directories, come.newer_directories) == (set(), {"/cache/"})


def check_number_of_files(before: dict[str, Any], now: dict[str, Any], tally: Tally) -> None:
    """Make sure that what is listed and left out leads from the older files to the newer ones."""
    filtered = tally.filtered
    gain = sum(number_of_files(now, one) for one in filtered.newer_directories)
    gain -= sum(number_of_files(before, one) for one in filtered.older_directories)
    changed = number_of_files(now) - number_of_files(before)
    assert net_files(tally.totals, filtered) + gain == changed


def test_many_changes_in_an_excluded_directory_are_one_name_that_nobody_looks_up() -> None:
    below = " ".join(f"C/d/cache/{number}" for number in range(50))
    changes = ChangeSet(Scope("/"), limit=10**9, folder="", sieve=ChangeSieve(NO_CACHE.paths))

    changes.add([Change("CREATE", one[1:]) for one in below.split()])

    assert (len(changes), changes.in_scope, changes.whole_directories) == (1, 50, set())
    now = DictTree({"d": {"cache": {}}})
    product = run_slices(
        cut(changes.drain(), 1000, set(), Quarters(1000)), now, sieve=EntrySieve(NO_CACHE.paths)
    )
    assert (product.entries, now.requests) == ([], [])
    assert product.tally.filtered.newer_directories == {"/d/cache/"}
    assert product.tally.filtered.older_directories == {"/d/cache/"}
    assert product.tally.filtered.counts == {"exclude": FilterCount(0, 0, 1)}


@settings(max_examples=60)
@given(NAMEABLE, any_filters(), st.booleans(), st.booleans(), st.sampled_from([1, 3, 1000]))
def test_a_list_has_what_passes(
    trees: tuple[Tree, Tree], filters: Filters, deletes: bool, looks: bool, size: int
) -> None:
    lines, _ = run(trees, filters, deletes=deletes, looks=looks, size=size)

    assert lines == expected(trees, filters, deletes=deletes)


@settings(max_examples=60)
@given(NAMEABLE, any_filters(), st.booleans(), st.sampled_from([1, 1000]))
def test_what_is_left_out_is_counted_so_that_the_number_of_files_agrees(
    trees: tuple[Tree, Tree], filters: Filters, deletes: bool, size: int
) -> None:
    before, after = map(content_of, trees)
    _, tally = run(trees, filters, deletes=deletes, looks=True, size=size)

    check_number_of_files(before, after, tally)


@settings(max_examples=60)
@given(NAMEABLE, any_filters(), st.booleans())
def test_filters_count_the_same_whether_names_are_looked_up_or_not(
    trees: tuple[Tree, Tree], filters: Filters, deletes: bool
) -> None:
    counts = [
        {
            name: (each.files, each.directories)
            for name, each in run(trees, filters, deletes=deletes, looks=looks, size=1000)[
                1
            ].filtered.counts.items()
        }
        for looks in (False, True)
    ]

    assert counts[0] == counts[1]
