"""Whole directories in several slices: the list is the same, wherever they are cut."""

from collections.abc import Iterable, Iterator
from random import Random
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qumulo_changelist.bounds import EVERYTHING, Bounds
from qumulo_changelist.changes import key
from qumulo_changelist.changes.marks import Division, Mark
from qumulo_changelist.changes.sieve import ChangeSieve
from qumulo_changelist.changes.slice import Slice
from qumulo_changelist.changes.slices import cut
from qumulo_changelist.filters.paths import NO_PATTERNS, PathFilter
from qumulo_changelist.scan.sieve import EntrySieve
from qumulo_changelist.trees.interface import KnownListing
from tests.parts.scanning import (
    DictTree,
    Locked,
    Malformed,
    Quarters,
    collect,
    run_slices,
)
from tests.parts.test_any_changes import Directory, changes_between, contradictions, trees
from tests.parts.test_slices import keys_in, keys_of, whole_directories

seeds = st.integers(0, 10**6)


# Where slices begin and end


class Marked:
    """A division with certain marks, which keeps what it is asked."""

    def __init__(self, *marks: Mark, weight: int = 1) -> None:
        self._marks = marks
        self._weight = weight
        self.asked: list[str] = []

    def weigh(self, directory: str) -> int:
        return self._weight

    def marks(self, directory: str, letters: str) -> Iterator[Mark]:
        self.asked.append(f"{letters} {directory}")
        for mark in self._marks:
            yield mark
            self.asked.append(f"after {mark.name}")


def marks(*names: str, weight: int = 10) -> list[Mark]:
    return [Mark(name, weight) for name in names]


def cut_lines(*lines: str, division: Division, size: int = 10) -> list[str]:
    """Return each slice in short: where it begins and ends, its changes, how many end with it."""
    return [in_short(one) for one in slices_of(lines, division, size)]


def slices_of(lines: Iterable[str], division: Division, size: int = 10) -> list[Slice]:
    keys = keys_of(*lines)
    return list(cut([keys], size, whole_directories(keys), division))


def in_short(one: Slice) -> str:
    bounds = f"{one.bounds.upper or '*'} to {one.bounds.lower or '*'}"
    changes = " ".join(f"{key.letter_of(each)} {key.path_of(each)}," for each in keys_in(one))
    return f"{bounds}: {changes} {one.changes}"


def test_a_slice_ends_at_each_mark_and_has_the_directory_too():
    lines = ("M /e", "C /d/", "M /c")
    division = Marked(*marks("/d/x", "/d/b", weight=9))

    assert cut_lines(*lines, division=division) == [
        "* to /d/x: M /e, C /d/, 1",
        "/d/x to /d/b: C /d/, 0",
        "/d/b to *: C /d/, M /c, 2",
    ]
    assert division.asked == ["C /d/", "after /d/x", "after /d/b"]


def test_what_follows_the_last_mark_weighs_what_the_division_says():
    lines = ("C /d/", "M /c", "M /b")

    assert cut_lines(*lines, division=Marked(*marks("/d/x"), weight=9)) == [
        "* to /d/x: C /d/, 0",
        "/d/x to *: C /d/, M /c, 2",
        "* to *: M /b, 1",
    ]
    last = [Mark("/d/x", 1), Mark("/d/", 8), Mark("/d/never", 1)]
    assert cut_lines(*lines, division=Marked(*last, weight=99)) == [
        "* to /d/x: C /d/, 0",
        "/d/x to *: C /d/, M /c, M /b, 3",
    ]


def test_all_that_happened_to_a_directory_is_in_each_of_its_slices():
    division = Marked(*marks("/d/x"))

    assert cut_lines("D /d/", "C /d/", "M /d/", "C /d", division=division) == [
        "* to /d/x: M /d/, D /d/, C /d/, 0",
        "/d/x to *: M /d/, D /d/, C /d/, C /d, 4",
    ]
    assert division.asked[0] == "CDM /d/"


def test_names_that_no_file_system_has_are_not_escaped_in_marks():
    first, _ = slices_of(["C /d\1\2\1\1/"], Marked(*marks("/d\1\0/\0")))

    assert first.bounds == Bounds("/d\1\0/\0")


def test_a_directory_that_was_modified_waits_for_the_slice_of_its_place():
    lines = ("M /d/", "C /d.new/", "M /d.a", "M /c")

    assert cut_lines(*lines, division=Marked(*marks("/d.new/x", "/d.new/b"))) == [
        "* to /d.new/x: C /d.new/, 0",
        "/d.new/x to /d.new/b: C /d.new/, 0",
        "/d.new/b to *: M /d/, C /d.new/, M /d.a, M /c, 4",
    ]


def test_a_whole_directory_that_waits_is_in_the_slice_of_what_is_in_it_and_in_that_of_its_place():
    lines = ("D /d/b", "D /d/", "C /d.new/", "M /d.a", "M /c")

    assert cut_lines(*lines, division=Marked(*marks("/d.new/x", "/d.new/b"))) == [
        "* to /d.new/x: D /d/b, D /d/, C /d.new/, 1",
        "/d.new/x to /d.new/b: C /d.new/, 0",
        "/d.new/b to *: D /d/, C /d.new/, M /d.a, M /c, 4",
    ]


@pytest.mark.parametrize("lines", [["C /d/", "M /d/x"], ["C /d/", "C /d/e/"], ["D /", "C /d/"]])
def test_a_directory_with_changes_below_it_is_not_cut(lines):
    division = Marked(*marks("/d/x"))

    assert len(slices_of(lines, division)) == 1
    assert division.asked == []


def test_a_directory_begins_a_slice_if_the_one_before_would_become_too_heavy_with_it():
    few, many = (tuple(f"M /e{number}" for number in range(most)) for most in (4, 5))
    divided = Marked(*marks("/d/x", weight=6))

    assert len(slices_of([*few, "C /d/"], divided)) == 2
    first, second, third = slices_of([*many, "C /d/"], divided)
    assert (first.changes, first.bounds) == (5, EVERYTHING)
    assert (second.changes, third.changes) == (0, 1)
    assert len(slices_of([*few, "C /d/"], Marked(weight=6))) == 1
    assert [one.changes for one in slices_of([*many, "C /d/"], Marked(weight=6))] == [5, 1]


def test_marks_that_are_out_of_place_cut_nothing():
    odd = marks("/e", "/d/x", "/d/x", "/d/y", "/d/x/", "/d/b/", "/d/b.c", "/d", "/c", "")

    assert cut_lines("C /d/", division=Marked(*odd)) == [
        "* to /d/x: C /d/, 0",
        "/d/x to /d/b: C /d/, 0",
        "/d/b to *: C /d/, 1",
    ]


def test_the_next_mark_is_not_asked_for_before_its_slice_is_wanted():
    division = Marked(*marks("/d/x", "/d/b", weight=9))
    keys = keys_of("M /e", "C /d/", "M /c")
    slices = cut(iter([keys[:1], keys[1:]]), 10, {"/d/"}, division)

    next(slices)

    assert division.asked == ["C /d/"]
    next(slices)
    assert division.asked == ["C /d/", "after /d/x"]


# What is known of wide directories


def known(directory: str, *names: str) -> KnownListing:
    return KnownListing(directory, list(names))


def test_what_is_known_up_to_a_mark_is_in_the_slice_that_ends_there():
    first, second, last = known("/d/"), known("/d/"), known("/d/a/")
    division = Marked(
        Mark("/d/x", 9, first, last), Mark("/d/b", 9, None, second), Mark("/d/", 9, last)
    )

    slices = slices_of(["C /d/", "D /d/"], division)

    assert [(one.newer_known, one.older_known) for one in slices] == [
        (first, last),
        (None, second),
        (last, None),
    ]


def test_what_is_known_of_two_directories_is_in_different_slices():
    first, second = known("/d/", "/d/a"), known("/c/", "/c/z")
    of_each = {"/d/": Mark("/d/", 1, first), "/c/": Mark("/c/x", 1, second)}
    division = Marked()
    division.marks = lambda directory, letters: iter([of_each[directory]])  # type: ignore[method-assign]

    slices = slices_of(["C /d/", "C /c/"], division)

    assert [one.newer_known for one in slices] == [first, second, None]


def test_what_is_known_is_not_used_if_the_slice_needs_more():
    division = Marked(
        Mark("/d/x", 9),
        Mark("/c", 9, known("/d/")),
        Mark("/d/b", 9, known("/d/")),
        Mark("/d/a", 9, known("/d/")),
    )

    slices = slices_of(["C /d/"], division)

    assert [one.newer_known for one in slices] == [None, None, known("/d/"), None]


# Any marks

TEXTS = ["a", "a.", "a-", "ab", "é", "\udcff", "\0", "/", "/a", "-", ".", "0", "/a./", "/é/a"]


class RandomMarks:
    """Marks at names of trees and at any other text, with what is known between some of them."""

    def __init__(self, random: Random, *trees: DictTree | None) -> None:
        self._random = random
        self._trees = trees

    def weigh(self, directory: str) -> int:
        return self._random.randint(1, 4)

    def marks(self, directory: str, letters: str) -> Iterator[Mark]:
        random = self._random
        names = [self._text(directory) for _ in range(random.randrange(6))]
        upper = ""
        for name in sorted(set(names), reverse=True):
            known = [self._known(tree, directory, Bounds(name, upper)) for tree in self._trees]
            yield Mark(name, random.randint(1, 4), *known)
            upper = name
        if random.random() < 0.3:
            known = [self._known(tree, directory, Bounds("", upper)) for tree in self._trees]
            yield Mark(directory, random.randint(1, 4), *known)

    def _text(self, directory: str) -> str:
        random = self._random
        parts = [random.choice(TEXTS) for _ in range(random.randint(1, 3))]
        if random.random() < 0.5:
            parts = [random.choice(["a", "a.", "ab", "a-b", "é"])]
            while random.random() < 0.6:
                parts += ["/", random.choice(["a", "a.", "ab", "a-b", "é"])]
        above = directory if random.random() < 0.95 else ""
        return above + "".join(parts)

    def _known(self, tree: DictTree | None, top: str, bounds: Bounds) -> KnownListing | None:
        below = [one for one in tree.directories() if one.startswith(top)] if tree else []
        if not tree or not below or self._random.random() < 0.5:
            return None
        directory = self._random.choice(below)
        return KnownListing(directory, bounds.select(tree.names(directory)))


def broken(tree: Directory, random: Random) -> dict[str, Any]:
    """Return a tree of which some entries cannot be read."""
    content: dict[str, Any] = {}
    for name, found in tree.items():
        if isinstance(found, Directory):
            below = broken(found, random)
            content[name] = random.choice([below, below, Locked(below), Malformed(below)])
        else:
            content[name] = found
    return content


class Case(NamedTuple):
    """What differs between two trees, and how it is listed."""

    changes: list[str]
    now: dict[str, Any]
    before: dict[str, Any]
    deletes: bool
    filters: PathFilter = NO_PATTERNS
    with_ids: bool = False

    def listed(self, size: int, division: Division) -> tuple[Any, ...]:
        """Return the list, and everything that is counted."""
        sieve = ChangeSieve(self.filters, keeps_files=True, deletes=self.deletes)
        collected = collect(self.changes, sieve)
        slices = [*cut(collected.drain(), size, collected.whole_directories, division)]
        assert sum(one.changes for one in slices) == len(collected)
        product = run_slices(
            slices,
            DictTree(self.now),
            DictTree(self.before),
            identified=DictTree(self.now) if self.with_ids else None,
            deletes=self.deletes,
            sieve=EntrySieve(self.filters, deletes=self.deletes),
        )
        tally, left_out = product.tally, product.tally.filtered
        return (
            product.entries,
            (tally.totals, tally.unreadable, tally.left_out, sorted(tally.unread_directories)),
            (left_out.counts, left_out.created, left_out.deleted, left_out.existing),
            (left_out.newer_directories, left_out.older_directories),
        )


def check(case: Case, random: Random) -> None:
    size = random.randint(1, 8)
    division = RandomMarks(random, DictTree(case.now), DictTree(case.before))
    assert case.listed(size, division) == case.listed(10**9, Quarters(10**9))


any_filters = st.sampled_from(
    [(), (), ("a-b",), ("a/a",), ("a.", "ab/"), ("é/", "!a/é/"), ("/a/*",)]
).map(lambda patterns: PathFilter(exclude=patterns))


@given(old=trees, new=trees, seed=seeds, deletes=st.booleans(), filters=any_filters)
@settings(max_examples=100)
def test_any_two_trees_have_the_same_list_wherever_whole_directories_are_cut(
    old, new, seed, deletes, filters
):
    random = Random(seed)
    changes = changes_between(old, new)
    before, now = broken(old, random), broken(new, random)

    for diff in (changes, ["CREATE /"], ["DELETE /"], ["CREATE /", "DELETE /"]):
        check(Case(diff, now, before, deletes, filters, seed % 2 == 0), random)


@given(changes=contradictions, old=trees, new=trees, seed=seeds, deletes=st.booleans())
@settings(max_examples=100)
def test_whatever_a_diff_claims_the_list_does_not_depend_on_marks(changes, old, new, seed, deletes):
    random = Random(seed)

    check(Case(changes, broken(new, random), broken(old, random), deletes), random)
