r"""Keys: any path and what happened to it, as text that sorts like the path and comes back."""

from itertools import product

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qumulo_changelist.changes import key
from qumulo_changelist.changes.key import (
    CREATED,
    DELETED,
    MODIFIED,
    ChangedPaths,
    EncodedChanges,
    pack,
    unpack,
)
from qumulo_changelist.model import CREATE, DELETE, MODIFY, Change, Op

OPS: tuple[Op, ...] = (CREATE, MODIFY, DELETE)
LETTERS = {CREATE: CREATED, MODIFY: MODIFIED, DELETE: DELETED}

UNCOMMON = ["/a\0", "/a\1", "/a\0\1/", "/a\1\0", "/a\1\1", "/a\1\2", "/a\ud800", "/a\udcff", "/a\n"]
characters = st.characters() | st.sampled_from("\0\1\2\n\r/a\ud800\udcff\udc80\U0001f3ac")
texts = st.text(characters, max_size=4)
paths = texts.map("/{}".format) | st.sampled_from(UNCOMMON)
changes = st.lists(st.builds(Change, st.sampled_from(OPS), paths), max_size=8)


def encode(*changes: tuple[Op, str]) -> EncodedChanges:
    return key.encode([Change(op, path) for op, path in changes], prefix_length=0)


def make_key(path: str, letter: str) -> str:
    return key.make_key(key.escape(path), letter)


def in_utf8(path: str) -> bytes:
    return path.encode("utf-8", "surrogatepass")


# A page of changes


@given(changes)
@example([Change(CREATE, "/a"), Change(MODIFY, "/a\0C"), Change(DELETE, "/a\1")])
def test_a_page_is_encoded_as_its_changes_are_one_by_one(page):
    encoded = key.encode(page, prefix_length=0)

    assert encoded.keys == [make_key(change.path, LETTERS[change.op]) for change in page]
    assert encoded.directories == [
        (key.escape(change.path), LETTERS[change.op])
        for change in page
        if change.path.endswith("/") and change.op != MODIFY
    ]
    assert encoded.has_creations == any(change.op == CREATE for change in page)
    assert encoded.has_deletions == any(change.op == DELETE for change in page)


@given(page=changes, base=texts)
@example([Change(CREATE, "/a"), Change(DELETE, "/b/")], "/p\1")
def test_the_base_path_is_cut_off_each_path(page, base):
    below = [Change(change.op, base + change.path) for change in page]

    assert key.encode(below, prefix_length=len(base)) == key.encode(page, prefix_length=0)


def test_an_empty_page_has_no_keys():
    assert encode() == EncodedChanges([], [], has_creations=False, has_deletions=False)


@pytest.mark.parametrize("name", ["/d\0/", "/d\1/", "/\0C/", "/d/\0D/"])
def test_a_created_directory_is_found_whatever_its_name(name):
    encoded = encode((MODIFY, "/a"), (CREATE, name))

    assert encoded.directories == [(key.escape(name), CREATED)]
    assert encoded.keys[1].startswith(key.escape(name))


def test_a_name_that_looks_like_a_created_directory_is_not_found_to_be_one():
    assert encode((MODIFY, "/d/\0C"), (MODIFY, "/e/\0C/"), (CREATE, "/\0C")).directories == []
    assert encode((MODIFY, "/a\0D"), (MODIFY, "/a\0C"))[2:] == (False, False)


# One key


@given(path=paths, letter=st.sampled_from([CREATED, MODIFIED, DELETED]))
def test_the_parts_of_a_key_can_be_read(path, letter):
    made = make_key(path, letter)

    assert key.unescape(key.path_of(made)) == path
    assert key.letter_of(made) == letter
    assert key.is_created_directory(made) == (path.endswith("/") and letter == CREATED)


@given(paths)
def test_escaping_a_path_removes_nul_and_is_undone(path):
    assert "\0" not in key.escape(path)
    assert key.unescape(key.escape(path)) == path


@given(st.lists(paths))
@example(UNCOMMON)
def test_keys_sort_as_the_bytes_of_their_paths(paths):
    made = {make_key(path, letter): path for path, letter in product(paths, "CMD")}

    found = [made[one] for one in sorted(made)]

    assert found == sorted(found, key=in_utf8)


@given(path=paths, other=paths)
@example("/a", "/a!")
def test_a_lower_bound_separates_the_keys_of_a_path_from_those_of_smaller_paths(path, other):
    bound = key.lower_bound(key.escape(path))

    for letter in "CMD":
        assert bound < make_key(path, letter)
        assert (make_key(other, letter) < bound) == (other < path)


# Keys with other text, and with a group


@given(path=paths, text=st.text(characters, min_size=1))
@example("/a", "\0")
@example("/a", "\1")
@example("/a", "\1\1")
def test_a_path_and_any_text_come_back_from_one_key(path, text):
    assert key.split(key.join(path, text)) == (path, text)


@given(path=paths, text=st.text(characters, min_size=1))
@example("/a", "\0")
def test_a_joined_key_contains_one_nul_that_does_not_end_it(path, text):
    before, nul, after = key.join(path, text).partition("\0")

    assert before
    assert nul
    assert after
    assert "\0" not in after


@given(st.lists(st.tuples(paths, st.text(characters, min_size=1)), max_size=6))
def test_joined_keys_sort_by_the_bytes_of_their_paths(pairs):
    found = [key.split(one)[0] for one in sorted(key.join(*pair) for pair in pairs)]

    assert found == sorted((path for path, _ in pairs), key=in_utf8)


@given(
    st.lists(st.tuples(st.sampled_from(["1 5 3", "1 5", "17 5 3"]), paths), min_size=1, max_size=6)
)
def test_grouped_keys_sort_by_group_first_and_both_parts_come_back(pairs):
    keyed = [(group, key.join(path, "text")) for group, path in pairs]

    grouped = sorted(key.add_group(*pair) for pair in keyed)

    assert [key.group_of(one) for one in grouped] == sorted(group for group, _ in pairs)
    assert sorted((key.group_of(one), key.without_group(one)) for one in grouped) == sorted(keyed)


# Keys that travel


@given(st.dictionaries(paths, st.sets(st.sampled_from("CMD"), min_size=1), max_size=6))
def test_packed_keys_come_back_as_paths_each_with_all_that_happened_to_it(happened):
    keys = [make_key(path, letter) for path, letters in happened.items() for letter in letters]
    names = sorted(happened, reverse=True)

    # Equal keys may come several times.
    unpacked = unpack(pack(sorted([*keys, *keys[:2]], reverse=True)))

    assert unpacked == ChangedPaths(names, ["".join(sorted(happened[name])) for name in names])


def test_no_keys_are_packed_as_no_paths():
    assert unpack(pack([])) == ChangedPaths([], [])


@given(st.lists(paths.map(lambda path: make_key(path, CREATED))), st.integers(0, 5))
def test_directories_are_found_in_a_part_of_the_keys(keys, begin):
    found = key.directories_in(keys, begin, begin + 3)

    assert found == [
        at for at in range(len(keys))[begin : begin + 3] if key.path_of(keys[at]).endswith("/")
    ]
