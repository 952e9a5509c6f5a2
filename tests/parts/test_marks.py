"""Whole directories in several slices: the list is the same, wherever they are cut."""

from collections.abc import Iterator
from random import Random
from typing import Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from qumulo_changelist.bounds import Bounds
from qumulo_changelist.changes.marks import Division, Mark, Quarters
from qumulo_changelist.changes.sieve import ChangeSieve
from qumulo_changelist.changes.slices import cut
from qumulo_changelist.filters.paths import NO_PATTERNS, PathFilter
from qumulo_changelist.scan.sieve import EntrySieve
from qumulo_changelist.trees.interface import KnownListing
from tests.parts.scanning import (
    DictTree,
    Locked,
    Malformed,
    collect,
    run_slices,
)
from tests.parts.test_any_changes import Directory, changes_between, contradictions, trees

seeds = st.integers(0, 10**6)

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
@settings(max_examples=300)
def test_any_two_trees_have_the_same_list_wherever_whole_directories_are_cut(
    old, new, seed, deletes, filters
):
    random = Random(seed)
    changes = changes_between(old, new)
    before, now = broken(old, random), broken(new, random)

    for diff in (changes, ["CREATE /"], ["DELETE /"], ["CREATE /", "DELETE /"]):
        check(Case(diff, now, before, deletes, filters, seed % 2 == 0), random)


@given(changes=contradictions, old=trees, new=trees, seed=seeds, deletes=st.booleans())
@settings(max_examples=300)
def test_whatever_a_diff_claims_the_list_does_not_depend_on_marks(changes, old, new, seed, deletes):
    random = Random(seed)

    check(Case(changes, broken(new, random), broken(old, random), deletes), random)
