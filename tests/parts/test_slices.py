"""Slices of a stream of changes: what is listed for one after the other is the whole list."""

from collections.abc import Iterable, Iterator
from itertools import groupby, pairwise, product

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from qumulo_changelist.changes import key
from qumulo_changelist.changes.key import CREATED, DELETED
from qumulo_changelist.changes.slice import Slice
from qumulo_changelist.changes.slices import cut
from qumulo_changelist.model import Attributes, Description, Kind
from qumulo_changelist.trees.interface import DescribedEntries, NamedEntries, TreeRequest
from tests.parts.scanning import MISSING, Quarters, list_entries


def keys_of(*lines: str) -> list[str]:
    """Return the keys of changes in stream order; a line is a letter and a path."""
    return sorted((key.make_key(line[2:], line[0]) for line in lines), reverse=True)


def lines_of(slices: list[list[str]]) -> list[list[str]]:
    return [[f"{key.letter_of(one)} {key.path_of(one)}" for one in keys] for keys in slices]


def whole_directories(keys: Iterable[str]) -> set[str]:
    return {
        key.path_of(one)
        for one in keys
        if key.path_of(one).endswith("/") and key.letter_of(one) in (CREATED, DELETED)
    }


def cut_blocks(keys: list[str], size: int, block: int = 3) -> list[list[str]]:
    """Return the keys in the slices of keys that come in blocks."""
    blocks = [keys[begin : begin + block] for begin in range(0, len(keys), block)]
    slices = list(cut(blocks, size, whole_directories(keys), Quarters(size)))
    assert [one.changes for one in slices] == [len(keys_in(one)) for one in slices]
    assert all(one == Slice.of(keys_in(one)) for one in slices)
    return list(map(keys_in, slices))


def keys_in(one: Slice) -> list[str]:
    parts = one.packed.decode("utf-8", "surrogatepass").split("\0")
    return [key.make_key(*both) for both in zip(parts[0::2], parts[1::2], strict=True)]


# Sizes


@pytest.mark.parametrize("block", [1, 2, 3, 100])
def test_files_are_cut_by_number_whatever_the_blocks(block):
    keys = keys_of(*(f"M /d/{number}" for number in range(8)))

    assert cut_blocks(keys, 3, block) == [keys[:3], keys[3:6], keys[6:]]
    assert cut_blocks(keys, 8, block) == [keys]
    assert cut_blocks(keys, 4, block) == [keys[:4], keys[4:]]
    assert cut_blocks(keys, 1000, block) == [keys]


def test_no_keys_make_no_slice():
    assert list(cut([], 3, set(), Quarters(3))) == []


def test_no_block_is_read_beyond_the_one_that_shows_where_to_cut():
    read: list[str] = []

    def blocks() -> Iterator[list[str]]:
        for one in keys_of(*(f"M /{number}" for number in range(8))):
            read.append(one)
            yield [one]

    slices = cut(blocks(), 3, set(), Quarters(3))

    assert next(slices).changes == 3
    assert len(read) == 4
    assert next(slices).changes == 3
    assert len(read) == 7


# Where no cut may fall


@pytest.mark.parametrize("letters", [CREATED, DELETED])
def test_a_whole_directory_stays_together_with_everything_below_it(letters):
    keys = keys_of("M /e", "M /d/sub/c", "C /d/sub/", "M /d/b", "M /d/a", f"{letters} /d/", "M /c")

    assert lines_of(cut_blocks(keys, 2)) == [
        ["M /e", "M /d/sub/c", "C /d/sub/", "M /d/b", "M /d/a", f"{letters} /d/"],
        ["M /c"],
    ]


@pytest.mark.parametrize("size", [4, 8, 100])
@pytest.mark.parametrize("block", [1, 2, 100])
@pytest.mark.parametrize("letters", [CREATED, DELETED])
def test_four_whole_directories_fill_a_slice(letters, block, size):
    keys = keys_of(*(f"{letters} /{letter}/" for letter in "abcdefghij"))

    assert cut_blocks(keys, size, block) == [keys[:4], keys[4:8], keys[8:]]


def test_other_changes_count_as_one_each():
    keys = keys_of(*(f"M /{letter}/" for letter in "hgfedcba"), "C /A/", "M /A0")

    assert cut_blocks(keys, 8) == [keys[:8], keys[8:]]


@pytest.mark.parametrize("letters", [CREATED, DELETED])
def test_a_cut_may_fall_right_before_the_names_below_a_whole_directory(letters):
    keys = keys_of("M /f", "M /e", "M /d/b", "M /d/a", f"{letters} /d/", "M /c")

    assert cut_blocks(keys, 2) == [keys[:2], keys[2:5], keys[5:]]


def test_a_modified_directory_may_be_cut_from_the_names_below_it():
    keys = keys_of("M /d/b", "M /d/a", "M /d/", "M /c")

    assert lines_of(cut_blocks(keys, 2)) == [["M /d/b", "M /d/a"], ["M /d/", "M /c"]]


def test_the_changes_of_one_path_stay_together():
    keys = keys_of("M /b", "C /a", "D /a", "M /a", "M /")

    assert lines_of(cut_blocks(keys, 2)) == [["M /b", "M /a", "D /a", "C /a"], ["M /"]]


def test_equal_keys_stay_together():
    keys = keys_of("M /b", "M /a", "M /a", "M /a", "M /A")

    assert lines_of(cut_blocks(keys, 2)) == [["M /b", "M /a", "M /a", "M /a"], ["M /A"]]


@pytest.mark.parametrize("letters", [CREATED, DELETED])
def test_a_directory_and_a_file_with_the_same_name_stay_together(letters):
    keys = keys_of(f"{letters} /a/", "C /a.mov", "C /a", "M /A")

    assert lines_of(cut_blocks(keys, 1)) == [[f"{letters} /a/", "C /a.mov", "C /a"], ["M /A"]]


@pytest.mark.parametrize("letters", [CREATED, DELETED])
def test_a_whole_directory_does_not_keep_names_that_only_begin_like_it(letters):
    keys = keys_of("M /reel3", "M /reel2", f"{letters} /reel/", "M /ree")

    assert cut_blocks(keys, 1) == [[key] for key in keys]


@pytest.mark.parametrize("letters", [CREATED, DELETED])
def test_a_whole_directory_stays_together_with_all_names_up_to_its_place_in_the_list(letters):
    keys = keys_of(
        "M /reel20", "M /reel2/b", f"{letters} /reel2/", "M /reel2.mov", "M /reel2-old", "M /reel1"
    )

    for size in (2, 3, 4, 5):
        assert cut_blocks(keys, size) == [keys[:5], keys[5:]]


# Directories that move to the next slice


def test_a_waiting_modified_directory_moves_to_the_slice_of_its_place():
    keys = keys_of("M /reel2/", "M /reel2.mov", "M /reel2.aif", "M /reel2-old", "M /reel1")

    assert lines_of(cut_blocks(keys, 2)) == [
        ["M /reel2.mov"],
        ["M /reel2/", "M /reel2.aif", "M /reel2-old"],
        ["M /reel1"],
    ]


def test_all_waiting_modified_directories_move_together():
    keys = keys_of("M /a/", "M /a./", "M /a.-/", "M /a.-.", "M /a.--", "M /a-", "M /Z")

    assert lines_of(cut_blocks(keys, 4)) == [
        ["M /a.-."],
        ["M /a/", "M /a./", "M /a.-/", "M /a.--", "M /a-", "M /Z"],
    ]


def test_a_slice_of_nothing_but_waiting_directories_is_not_cut():
    keys = keys_of("M /a/", "M /a./", "M /a.-", "M /a-", "M /Z")

    assert lines_of(cut_blocks(keys, 2)) == [["M /a/", "M /a./", "M /a.-", "M /a-"], ["M /Z"]]


def test_a_modified_directory_moves_even_if_a_whole_directory_waits_too():
    keys = keys_of("M /a/", "D /a./", "M /a.-", "M /a-", "M /Z")

    assert lines_of(cut_blocks(keys, 1)) == [["D /a./", "M /a.-"], ["M /a/", "M /a-"], ["M /Z"]]


def test_a_modified_directory_stays_before_a_file_with_its_name():
    keys = keys_of("M /b", "M /a/", "M /a", "M /A")

    assert lines_of(cut_blocks(keys, 2)) == [["M /b"], ["M /a/", "M /a", "M /A"]]


# Any changes


class TreeOfNames:
    """A tree that contains the names it is given, and their directories; each size is different."""

    changed_since = 0

    def __init__(self, names: Iterable[str]) -> None:
        self._names = {
            name[:end]
            for name in names
            for end in range(1, len(name) + 1)
            if end == len(name) or name[end - 1] == "/"
        }

    def read(self, wanted: Iterable[TreeRequest]) -> Iterator[Iterable[DescribedEntries]]:
        for request in wanted:
            if isinstance(request, NamedEntries):
                yield [self._describe(request.names)]
            else:
                yield self._walk(request.directory)

    def names(self, directory: str) -> list[str]:
        raise NotImplementedError

    def _walk(self, directory: str) -> Iterator[DescribedEntries]:
        below = [name for name in self._names if name.startswith(directory) and name != directory]
        # A directory comes alone, files that are neighbours together.
        for _, group in groupby(sorted(below, reverse=True), lambda name: name[-1] == "/" and name):
            yield self._describe(list(group))

    def _describe(self, names: list[str]) -> DescribedEntries:
        return DescribedEntries(names, [self._description(name) for name in names])

    def _description(self, name: str) -> Description:
        if name not in self._names:
            return MISSING
        return Attributes(Kind.DIRECTORY if name[-1] == "/" else Kind.FILE, size=len(name))


COMPONENTS = ["a", "a.", "a.-", "a-", "é"]
"""Those that continue with a byte below ``/`` come after a directory in a stream."""

NAMES = [
    "/",
    *(
        f"/{'/'.join(path)}{end}"
        for depth in (1, 2, 3)
        for path in product(COMPONENTS, repeat=depth)
        for end in ("", "/")
    ),
]
names = st.sampled_from(NAMES)
changes = st.dictionaries(
    names, st.sampled_from(["C", "M", "D", "CD", "CM", "CDM"]), max_size=12
).map(lambda happened: {f"{one} {name}" for name in happened for one in happened[name]})
sizes = st.integers(1, 5)


@given(lines=changes, size=sizes, block=st.integers(1, 20))
@example({"M /a/", "D /a./", "M /a./b", "M /a.-", "C /a", "M /a-"}, 1, 20)
def test_slices_contain_every_key_once_in_descending_order_whatever_the_blocks(lines, size, block):
    keys = keys_of(*lines)
    modified = {line for line in lines if line[0] == "M" and line.endswith("/")}

    slices = cut_blocks(keys, size, block)

    assert sorted((one for keys in slices for one in keys), reverse=True) == keys
    assert all(first > second for keys in slices for first, second in pairwise(keys))
    assert all(slices)
    assert all(len(keys) >= size - len(modified) for keys in slices[:-1])
    assert slices == cut_blocks(keys, size, 1000)


@given(lines=changes, size=sizes, newer=st.sets(names), older=st.sets(names))
@example({"M /a/", "D /a./", "M /a./b", "M /a.-", "C /a", "M /a-"}, 1, {"/a.-"}, {"/a./b"})
@example({"C /a/", "M /a.", "D /a", "M /a-"}, 1, {"/a/b", "/a."}, {"/a"})
@example({"D /", "M /a", "M /b/"}, 1, set(), {"/a", "/b/c"})
@settings(max_examples=200)
def test_the_list_does_not_depend_on_the_slices(lines, size, newer, older):
    keys = keys_of(*lines)
    changed = {line[2:] for line in lines if line[0] != "D"}
    now, before = TreeOfNames(newer | changed), TreeOfNames(older)

    entries = list_entries(cut_blocks(keys, size), now, before)

    assert entries == list_entries([keys], now, before)
    assert all(first.name >= second.name for first, second in pairwise(entries))
