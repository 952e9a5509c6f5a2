"""Keys in memory or on disk: all of them come out in descending order, and nothing remains."""

import contextlib
import os
from itertools import chain, groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qumulo_changelist.changes import sorted_keys
from qumulo_changelist.changes.sorted_keys import SortedKeys
from qumulo_changelist.errors import SpillError

KEYS = [f"/{letter}\0P" for letter in "cabdea"]
SORTED = [f"/{letter}\0P" for letter in "edcba"]

# With one NUL, with two, and those that sort around them.
HEADS = st.sampled_from(["1", "10", "1 2", "/a", "/a\0P", "/\udcff", "/😀"])
BATCHES = st.lists(st.lists(st.builds("{}\0{}".format, HEADS, st.sampled_from("PDé"))), max_size=4)


def drain(folder: object, limit: int, *batches: list[str]) -> list[str]:
    """Return the keys that come out; equal keys once."""
    with contextlib.closing(SortedKeys(limit, str(folder))) as keys:
        for batch in batches:
            keys.add(list(batch))
        return [key for key, _ in groupby(chain.from_iterable(keys.drain()))]


@pytest.mark.parametrize("limit", [1, 5, 6, 7, 100])
def test_keys_descend_whether_in_memory_or_on_disk(tmp_path, limit):
    assert drain(tmp_path, limit, KEYS) == SORTED
    assert drain(tmp_path, limit, KEYS[:2], [], KEYS[2:]) == SORTED
    assert drain(tmp_path, limit) == drain(tmp_path, limit, [], []) == []


@given(batches=BATCHES, limit=st.integers(1, 9))
def test_neither_limit_nor_batches_change_what_comes_out(tmp_path_factory, batches, limit):
    expected = sorted(
        set(chain.from_iterable(batches)),
        key=lambda key: key.encode("utf-8", "surrogatepass"),
        reverse=True,
    )

    assert drain(tmp_path_factory.getbasetemp(), limit, *batches) == expected


@pytest.mark.parametrize("limit", [4, 1000])
def test_blocks_are_neither_empty_nor_too_large(tmp_path, monkeypatch, limit):
    monkeypatch.setattr(sorted_keys, "_BLOCK_SIZE", 3)
    with contextlib.closing(SortedKeys(limit, str(tmp_path))) as keys:
        keys.add([f"/{number}\0P" for number in range(7)])
        blocks = list(keys.drain())

    assert all(blocks)
    assert list(chain.from_iterable(blocks)) == [f"/{number}\0P" for number in range(6, -1, -1)]
    if limit == 1000:
        assert list(map(len, blocks)) == [3, 3, 1]


def test_equal_keys_in_memory_follow_each_other(tmp_path):
    keys = SortedKeys(100, str(tmp_path))
    keys.add(["/a\0P", "/b\0P"])
    keys.add(["/a\0P"])

    assert list(keys.drain()) == [["/b\0P", "/a\0P", "/a\0P"]]


def test_keys_in_memory_are_forgotten_once_they_have_come_out(tmp_path):
    keys = SortedKeys(100, str(tmp_path))
    keys.add(list(KEYS))

    assert list(keys.drain())
    assert list(keys.drain()) == []


def test_the_list_that_is_added_stays_as_it_is(tmp_path):
    keys, added = SortedKeys(100, str(tmp_path)), list(KEYS)
    keys.add(added)
    list(keys.drain())

    assert added == KEYS


def test_the_folder_is_used_only_beyond_the_limit(tmp_path):
    missing = tmp_path / "missing"

    assert drain(missing, len(KEYS), KEYS) == SORTED
    with pytest.raises(SpillError, match="missing"):
        drain(missing, len(KEYS) - 1, KEYS)


def test_keys_are_shown_as_long_as_all_of_them_are_in_memory(tmp_path):
    with contextlib.closing(SortedKeys(3, str(tmp_path))) as keys:
        keys.add(["/b\0P", "/a\0P"])
        assert sorted(keys.in_memory) == ["/a\0P", "/b\0P"]

        keys.add(list(KEYS))
        assert keys.in_memory == []


def test_nothing_remains_on_disk(tmp_path):
    keys = SortedKeys(2, str(tmp_path))
    keys.add(list(KEYS))
    assert os.listdir(tmp_path) == []  # even now the file has no name

    keys.close()
    keys.close()

    assert os.listdir(tmp_path) == []
