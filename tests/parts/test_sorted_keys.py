"""Keys in memory or beyond it: all of them, descending, and nothing stays behind."""

import os
from itertools import chain, groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qumulo_changelist.changes import sorted_keys as module
from qumulo_changelist.changes.sorted_keys import SortedKeys
from qumulo_changelist.errors import OutputError

FEW = [f"/{letter}\0P" for letter in "cabdea"]
# With one NUL, with two, and those that sort around them.
HEADS = st.sampled_from(["1", "10", "1 2", "/a", "/a\0P", "/\udcff", "/😀"])
SOME = st.lists(st.builds("{}\0{}".format, HEADS, st.sampled_from(["P", "D", "é", "\1\1"])))


def taken(folder: object, limit: int, *batches: list[str]) -> list[str]:
    """Return what is handed out; of equal ones, one."""
    keys = SortedKeys(limit, str(folder))
    try:
        for batch in batches:
            keys.add(list(batch))
        return [key for key, _ in groupby(chain.from_iterable(keys.take()))]
    finally:
        keys.close()


def in_utf8(key: str) -> bytes:
    return key.encode("utf-8", "surrogatepass")


@pytest.mark.parametrize("limit", [1, 5, 6, 7, 100])
def test_keys_come_in_descending_order_wherever_they_are_held(tmp_path, limit):
    expected = [f"/{letter}\0P" for letter in "edcba"]

    assert taken(tmp_path, limit, FEW) == expected
    assert taken(tmp_path, limit, FEW[:2], [], FEW[2:]) == expected


@given(batches=st.lists(SOME, max_size=4), limit=st.integers(1, 9))
def test_neither_limit_nor_batches_show_in_what_comes_out(tmp_path_factory, batches, limit):
    expected = sorted(set(chain.from_iterable(batches)), key=in_utf8, reverse=True)

    assert taken(tmp_path_factory.getbasetemp(), limit, *batches) == expected


@pytest.mark.parametrize("limit", [1, 100])
def test_of_no_keys_nothing_comes(tmp_path, limit):
    assert taken(tmp_path, limit) == []
    assert taken(tmp_path, limit, [], []) == []


def test_in_memory_equal_keys_come_one_after_another(tmp_path):
    keys = SortedKeys(100, str(tmp_path))
    keys.add(["/a\0P", "/b\0P"])
    keys.add(["/a\0P"])

    assert list(keys.take()) == [["/b\0P", "/a\0P", "/a\0P"]]


@pytest.mark.parametrize("limit", [4, 1000])
def test_no_block_is_empty_or_larger_than_it_may_be(tmp_path, monkeypatch, limit):
    monkeypatch.setattr(module, "_BLOCK", 3)
    keys = SortedKeys(limit, str(tmp_path))
    keys.add([f"/{number}\0P" for number in range(7)])

    blocks = list(keys.take())
    keys.close()

    assert all(blocks)
    assert list(chain.from_iterable(blocks)) == [f"/{number}\0P" for number in range(6, -1, -1)]
    if limit == 1000:
        assert list(map(len, blocks)) == [3, 3, 1]


def test_what_was_handed_out_from_memory_is_forgotten(tmp_path):
    keys = SortedKeys(100, str(tmp_path))
    keys.add(list(FEW))

    assert list(keys.take())
    assert list(keys.take()) == []


def test_what_was_taken_in_stays_the_callers_own(tmp_path):
    keys, mine = SortedKeys(100, str(tmp_path)), ["/b\0P", "/a\0P", "/c\0P"]
    keys.add(mine)
    list(keys.take())

    assert mine == ["/b\0P", "/a\0P", "/c\0P"]


def test_up_to_the_limit_the_disk_is_not_touched(tmp_path):
    expected = [f"/{letter}\0P" for letter in "edcba"]

    assert taken(tmp_path / "not there", len(FEW), FEW) == expected


def test_beyond_the_limit_a_folder_that_is_not_there_is_told(tmp_path):
    with pytest.raises(OutputError, match="not there"):
        taken(tmp_path / "not there", len(FEW) - 1, FEW)


def test_keys_can_be_held_in_place_of_others_while_none_is_on_disk(tmp_path):
    keys = SortedKeys(3, str(tmp_path))
    keys.add(["/b\0P", "/a\0P"])
    assert sorted(keys.held) == ["/a\0P", "/b\0P"]

    keys.hold(["/c\0P", "/d\0P"])
    assert list(keys.take()) == [["/d\0P", "/c\0P"]]

    keys.add(list(FEW))
    assert keys.held == []
    keys.close()


def test_nothing_stays_on_disk(tmp_path):
    keys = SortedKeys(2, str(tmp_path))
    keys.add(list(FEW))
    assert os.listdir(tmp_path) == []  # it has no name even now

    keys.close()
    keys.close()

    assert os.listdir(tmp_path) == []
