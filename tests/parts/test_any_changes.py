"""Any changes of any small trees: the list is what the contract wants, however it is cut."""

from collections.abc import Iterator
from itertools import pairwise
from random import Random
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from qumulo_changelist.model import Attributes, Entry, Kind, State
from tests.parts.scanning import (
    BROKEN,
    FILE,
    LINK,
    DictTree,
    Locked,
    collect,
    line_of,
    list_changes,
    list_entries,
)


class Directory(dict[str, Any]):
    """A directory of a tree; two with the same identity are the same directory."""

    def __init__(self, identity: int, content: dict[str, Any]) -> None:
        super().__init__(content)
        self.identity = identity


def directories(depth: int) -> st.SearchStrategy[Directory]:
    files = st.integers(0, 1).map(lambda version: Attributes(Kind.FILE, mtime=version))
    inside: st.SearchStrategy[Any] = files | st.just(LINK)
    if depth:
        inside |= directories(depth - 1)
    content = st.dictionaries(st.sampled_from(["a", "a.", "a-b", "ab", "é"]), inside, max_size=4)
    return st.builds(Directory, st.integers(0, 1), content)


trees = directories(2)


# What a diff says of two trees, and what the contract wants listed


def is_same(old: object, new: object) -> bool:
    """Return whether a name has the same file or directory as before, perhaps modified."""
    if isinstance(old, Directory) and isinstance(new, Directory):
        return old.identity == new.identity
    if isinstance(old, Directory) or isinstance(new, Directory):
        return False
    return None not in (old, new) and (old == LINK) == (new == LINK)


def diff(old: Directory, new: Directory, above: str = "/") -> Iterator[str]:
    """Yield the changes that a cluster reports between two states of a directory."""
    for name in old.keys() | new.keys():
        before, now = old.get(name), new.get(name)
        if is_same(before, now):
            if isinstance(before, Directory):
                yield from diff(before, new[name], f"{above}{name}/")
            elif before != now:
                yield f"MODIFY {above}{name}"
            continue
        for op, found in (("DELETE", before), ("CREATE", now)):
            if found is not None:
                yield f"{op} {above}{name}" + "/" * isinstance(found, Directory)
        yield f"MODIFY {above}"


def changes_between(old: Directory, new: Directory) -> list[str]:
    return [change for change in diff(old, new) if change != "MODIFY /"]


def paths(tree: Directory, above: str = "") -> Iterator[tuple[str, Any]]:
    for name, found in tree.items():
        yield f"{above}/{name}", found
        if isinstance(found, Directory):
            yield from paths(found, f"{above}/{name}")


class Expected:
    """The lines that the contract wants, path by path and without any stream."""

    def __init__(self, old: Directory, new: Directory) -> None:
        self._before, self._now = dict(paths(old)), dict(paths(new))

    def lines(self) -> list[str]:
        """Return the lines of a list with deletions."""
        words = {path: self._word_of_old(path) for path in self._before}
        for path in self._now:
            word = self._word_of_new(path)
            if word is not None:
                words[path] = word
        return [f"{words[path]} {path}" for path in sorted(words, reverse=True) if words[path]]

    def _word_of_old(self, path: str) -> str:
        if self._before[path] == LINK or self._is_kept(path):
            return ""
        if isinstance(self._before[path], Directory):
            # A deleted directory stands for deleted directories below it.
            return "deleted dir" if self._is_kept(parent_of(path)) else ""
        return "deleted"

    def _word_of_new(self, path: str) -> str | None:
        """Return "" if nothing is listed, and None if the word of the older tree counts."""
        now = self._now[path]
        if now == LINK:
            return None
        if not isinstance(now, Directory):
            return "" if self._is_kept(path) and self._before[path] == now else "file"
        if not self._is_kept(path):
            return "" if isinstance(self._before.get(path), Directory) else None
        entries = [name for name in self._before | self._now if parent_of(name) == path]
        return "" if all(map(self._is_kept, entries)) else "dir"

    def _is_kept(self, path: str) -> bool:
        if not path:
            return True
        is_kept = is_same(self._before.get(path), self._now.get(path))
        return is_kept and self._is_kept(parent_of(path))


def parent_of(path: str) -> str:
    return path.rpartition("/")[0]


def lines(entries: list[Entry]) -> list[str]:
    return [line_of(one) for one in entries if one.state not in (State.LEFT_OUT, State.GONE)]


@given(
    old=trees,
    new=trees,
    seed=st.integers(0, 999),
    slice_size=st.integers(1, 3),
)
@example(
    old=Directory(0, {"a": Directory(0, {"b": FILE}), "a.": FILE}),
    new=Directory(0, {"a": FILE, "a.": Directory(1, {"b": FILE})}),
    seed=1,
    slice_size=1,
)
@settings(max_examples=300)
def test_any_two_trees_lead_to_the_list_that_the_contract_wants(old, new, seed, slice_size):
    random = Random(seed)
    changes = changes_between(old, new)
    # The diff may come in any order, and report a change again.
    changes += random.sample(changes, k=min(3, len(changes)))
    random.shuffle(changes)
    expected = Expected(old, new).lines()

    entries = list_changes(changes, new, old)

    assert lines(entries) == expected
    assert list_changes(changes, new, old, slice_size=slice_size) == entries

    # Without deletions, the older tree may be read all the same.
    unwanted = [line for line in expected if not line.startswith("deleted")]
    slices = list(collect(changes).drain())
    assert lines(list_changes(changes, new)) == unwanted
    assert lines(list_entries(slices, DictTree(new), DictTree(old), deletes=False)) == unwanted
    # The cluster's ids may come from a tree of their own.
    identified = DictTree(new)
    assert list_entries(slices, DictTree(new), DictTree(old), identified=identified) == entries


# Contradictory changes

some_paths = st.sampled_from(
    ["/", "/a", "/a/", "/a/b", "/a/b/", "/a/b/c", "/a.", "/a./", "/a./b", "/é", "/a/\udcff"]
)
contradictions = st.lists(
    st.builds("{} {}".format, st.sampled_from(["CREATE", "MODIFY", "DELETE"]), some_paths).filter(
        lambda change: change != "MODIFY /"
    ),
    max_size=10,
)


def broken(tree: Directory) -> dict[str, Any]:
    """Return a tree of which some entries cannot be read."""
    content: dict[str, Any] = {}
    for name, found in tree.items():
        if isinstance(found, Directory):
            content[name] = Locked(broken(found)) if name == "a-b" else broken(found)
        else:
            content[name] = BROKEN if name == "ab" else found
    return content


@given(
    changes=contradictions,
    now=trees | trees.map(broken),
    before=st.none() | trees | trees.map(broken),
)
@settings(max_examples=200)
def test_whatever_a_diff_claims_names_descend_and_none_comes_twice(changes, now, before):
    entries = list_changes(changes, now, before)
    names = [entry.name for entry in entries if entry.state is not State.LEFT_OUT]

    assert all(first > second for first, second in pairwise(names))
    assert all(name == "/" or (name.startswith("/") and name[-1] != "/") for name in names)
    assert list_changes(changes, now, before, slice_size=1) == entries
