"""Slices of a stream of changes: their pieces laid end to end are the list."""

from collections.abc import Iterable, Iterator
from itertools import groupby, pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from qumulo_changelist.scan.resolve import resolve

from qumulo_changelist.changes.changeset import CREATED, DELETED, pack, unpack
from qumulo_changelist.changes.slices import cut
from qumulo_changelist.model import Attributes, Description, Entry, Kind, ReadFailure
from qumulo_changelist.trees.interface import DescribedEntries, NamedEntries, TreeRequest


def keys_of(*lines: str) -> list[str]:
    """Return the keys of changes, written as what happened and the path, in stream order."""
    return sorted((f"{line[2:]}\0{line[0]}" for line in lines), reverse=True)


def whole_of(keys: Iterable[str]) -> set[str]:
    return {key[:-2] for key in keys if key.endswith((f"/\0{CREATED}", f"/\0{DELETED}"))}


def slices(keys: list[str], size: int, block: int = 3) -> list[list[str]]:
    blocks = [keys[begin : begin + block] for begin in range(0, len(keys), block)]
    return list(cut(blocks, size, whole_of(keys)))


def told(pieces: list[list[str]]) -> list[list[str]]:
    """Return the keys of pieces as they are written here."""
    return [[f"{key[-1]} {key[:-2]}" for key in piece] for piece in pieces]


# Sizes


@pytest.mark.parametrize("block", [1, 2, 3, 100])
def test_files_are_cut_by_number_however_they_come(block):
    keys = keys_of(*(f"M /d/{number}" for number in range(8)))

    assert slices(keys, 3, block) == [keys[:3], keys[3:6], keys[6:]]
    assert slices(keys, 8, block) == [keys]
    assert slices(keys, 4, block) == [keys[:4], keys[4:]]
    assert slices(keys, 1000, block) == [keys]


def test_nothing_makes_no_slice():
    assert list(cut([], 3, set())) == []


def test_a_slice_is_cut_off_before_more_is_read_than_tells_where():
    read: list[str] = []

    def blocks() -> Iterator[list[str]]:
        for key in keys_of(*(f"M /{number}" for number in range(8))):
            read.append(key)
            yield [key]

    slices = cut(blocks(), 3, set())

    assert len(next(slices)) == 3
    assert len(read) == 4
    assert len(next(slices)) == 3
    assert len(read) == 7


# Where a cut may not fall


@pytest.mark.parametrize("letters", [CREATED, DELETED])
def test_a_whole_directory_stays_together_with_what_is_below_it(letters):
    keys = keys_of("M /e", "M /d/sub/c", "C /d/sub/", "M /d/b", "M /d/a", f"{letters} /d/", "M /c")

    assert told(slices(keys, 2)) == [
        ["M /e", "M /d/sub/c", "C /d/sub/", "M /d/b", "M /d/a", f"{letters} /d/"],
        ["M /c"],
    ]


@pytest.mark.parametrize("size", [4, 8, 100])
@pytest.mark.parametrize("block", [1, 2, 100])
@pytest.mark.parametrize("letters", [CREATED, DELETED])
def test_four_whole_directories_make_a_slice(letters, block, size):
    keys = keys_of(*(f"{letters} /{letter}/" for letter in "abcdefghij"))

    assert slices(keys, size, block) == [keys[:4], keys[4:8], keys[8:]]


def test_beside_whole_directories_all_others_count_as_one_each():
    keys = keys_of(*(f"M /{letter}/" for letter in "hgfedcba"), "C /A/", "M /A0")

    assert slices(keys, 8) == [keys[:8], keys[8:]]


@pytest.mark.parametrize("letters", [CREATED, DELETED])
def test_a_cut_may_fall_right_before_what_is_below_a_whole_directory(letters):
    keys = keys_of("M /f", "M /e", "M /d/b", "M /d/a", f"{letters} /d/", "M /c")

    assert slices(keys, 2) == [keys[:2], keys[2:5], keys[5:]]


def test_a_modified_directory_may_be_cut_from_what_is_below_it():
    keys = keys_of("M /d/b", "M /d/a", "M /d/", "M /c")

    assert told(slices(keys, 2)) == [["M /d/b", "M /d/a"], ["M /d/", "M /c"]]


def test_what_happened_to_one_path_stays_together():
    keys = keys_of("M /b", "C /a", "D /a", "M /a", "M /")

    assert told(slices(keys, 2)) == [["M /b", "M /a", "D /a", "C /a"], ["M /"]]


def test_equal_keys_stay_together():
    keys = keys_of("M /b", "M /a", "M /a", "M /a", "M /A")

    assert told(slices(keys, 2)) == [["M /b", "M /a", "M /a", "M /a"], ["M /A"]]


@pytest.mark.parametrize("letters", [CREATED, DELETED])
def test_a_directory_and_a_file_of_one_name_stay_together(letters):
    keys = keys_of(f"{letters} /a/", "C /a.mov", "C /a", "M /A")

    assert told(slices(keys, 1)) == [[f"{letters} /a/", "C /a.mov", "C /a"], ["M /A"]]


@pytest.mark.parametrize("letters", [CREATED, DELETED])
def test_a_whole_directory_does_not_hold_on_to_names_that_only_begin_like_it(letters):
    keys = keys_of("M /reel3", "M /reel2", f"{letters} /reel/", "M /ree")

    assert slices(keys, 1) == [[key] for key in keys]


@pytest.mark.parametrize("letters", [CREATED, DELETED])
def test_a_whole_directory_stays_together_with_all_up_to_its_place_in_the_list(letters):
    keys = keys_of(
        "M /reel20", "M /reel2/b", f"{letters} /reel2/", "M /reel2.mov", "M /reel2-old", "M /reel1"
    )

    for size in (2, 3, 4, 5):
        assert slices(keys, size) == [keys[:5], keys[5:]]


# What moves


def test_a_modified_directory_that_waits_goes_to_where_its_place_is():
    keys = keys_of("M /reel2/", "M /reel2.mov", "M /reel2.aif", "M /reel2-old", "M /reel1")

    assert told(slices(keys, 2)) == [
        ["M /reel2.mov"],
        ["M /reel2/", "M /reel2.aif", "M /reel2-old"],
        ["M /reel1"],
    ]


def test_all_modified_directories_that_wait_move_together():
    keys = keys_of("M /a/", "M /a./", "M /a.-/", "M /a.-.", "M /a.--", "M /a-", "M /Z")

    assert told(slices(keys, 4)) == [
        ["M /a.-."],
        ["M /a/", "M /a./", "M /a.-/", "M /a.--", "M /a-", "M /Z"],
    ]


def test_a_slice_that_would_hold_nothing_but_what_moves_is_none():
    keys = keys_of("M /a/", "M /a./", "M /a.-", "M /a-", "M /Z")

    assert told(slices(keys, 2)) == [["M /a/", "M /a./", "M /a.-", "M /a-"], ["M /Z"]]


def test_a_modified_directory_stays_where_a_whole_one_waits_too():
    keys = keys_of("M /a/", "D /a./", "M /a.-", "M /a-", "M /Z")

    assert told(slices(keys, 1)) == [["D /a./", "M /a.-"], ["M /a/", "M /a-"], ["M /Z"]]


def test_a_modified_directory_moves_no_further_than_a_file_of_its_name():
    keys = keys_of("M /b", "M /a/", "M /a", "M /A")

    assert told(slices(keys, 2)) == [["M /b"], ["M /a/", "M /a", "M /A"]]


# Any changes


class Shown:
    """A tree that holds what it was given, and what is above that; odd sizes tell files apart."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = {
            name[:end] for name in names for end in range(1, len(name) + 1)
            if end == len(name) or name[end - 1] == "/"
        }  # fmt: skip

    def read(self, wanted: Iterable[TreeRequest]) -> Iterator[Iterable[DescribedEntries]]:
        for wish in wanted:
            if isinstance(wish, NamedEntries):
                yield [DescribedEntries(wish.names, [self._described(name) for name in wish.names])]
            else:
                yield self._below(wish.directory)

    def _below(self, directory: str) -> Iterator[DescribedEntries]:
        below = [name for name in self._names if name.startswith(directory) and name != directory]
        alone = groupby(sorted(below, reverse=True), lambda name: name.endswith("/") and name)
        for _, group in alone:
            names = list(group)
            yield DescribedEntries(names, [self._described(name) for name in names])

    def _described(self, name: str) -> Description:
        if name not in self._names:
            return ReadFailure("not there")
        return Attributes(Kind.DIRECTORY if name.endswith("/") else Kind.FILE, size=len(name))


def resolved(keys: list[str], newer: Shown, older: Shown) -> list[Entry]:
    if not keys:
        return []
    return [one for batch in resolve(unpack(pack(keys)), newer, older) for one in batch]


components = st.text(st.sampled_from("a.-é"), min_size=1, max_size=3)
names = st.builds(
    "/{}{}".format, st.lists(components, max_size=3).map("/".join), st.sampled_from(["", "/"])
).map(lambda name: name.replace("//", "/"))
lines = st.sets(st.builds("{} {}".format, st.sampled_from("CMD"), names), max_size=16)
sizes = st.integers(1, 5)


@given(lines=lines, size=sizes, block=st.integers(1, 20))
@example({"M /a/", "D /a./", "M /a./b", "M /a.-", "C /a", "M /a-"}, 1, 20)
def test_slices_hold_every_key_once_and_each_descends(lines, size, block):
    keys = keys_of(*lines)

    pieces = slices(keys, size, block)

    assert sorted((key for piece in pieces for key in piece), reverse=True) == keys
    assert all(first > second for piece in pieces for first, second in pairwise(piece))
    assert all(pieces)


@given(lines=lines, size=sizes, block=st.integers(1, 20))
def test_where_the_blocks_end_means_nothing(lines, size, block):
    keys = keys_of(*lines)

    assert slices(keys, size, block) == slices(keys, size, 1000)


@given(lines=lines, size=sizes)
def test_no_slice_is_short_but_the_last_and_where_directories_moved(lines, size):
    modified = {line[2:] for line in lines if line[0] == "M" and line.endswith("/")}
    pieces = slices(keys_of(*lines), size)

    for piece in pieces[:-1]:
        assert len(piece) >= size - len(modified)


@given(lines=lines, size=sizes, newer=st.sets(names), older=st.sets(names))
@example({"M /a/", "D /a./", "M /a./b", "M /a.-", "C /a", "M /a-"}, 1, {"/a.-"}, {"/a./b"})
@example({"C /a/", "M /a.", "D /a", "M /a-"}, 1, {"/a/b", "/a."}, {"/a"})
@example({"D /", "M /a", "M /b/"}, 1, set(), {"/a", "/b/c"})
@settings(max_examples=200)
def test_resolved_slice_by_slice_the_list_is_what_it_is_in_one(lines, size, newer, older):
    keys = keys_of(*lines)
    changed = {line[2:] for line in lines if line[0] != "D"}
    now, before = Shown(newer | changed), Shown(older)

    together = [one for piece in slices(keys, size) for one in resolved(piece, now, before)]

    assert together == resolved(keys, now, before)
    assert all(first.name >= second.name for first, second in pairwise(together))
