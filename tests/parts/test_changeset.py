"""The changes of one diff: each path once, descending, with all that happened to it."""

from hypothesis import given
from hypothesis import strategies as st

from qumulo_changelist.model import Change, Op
from qumulo_changelist.scan.changeset import Changed, ChangeSet

CREATE, MODIFY, DELETE = Op.CREATE, Op.MODIFY, Op.DELETE


def collected(*changes: tuple[Op, str]) -> ChangeSet:
    collection = ChangeSet()
    for op, path in changes:
        collection.add(Change(op, path))
    return collection


def test_paths_come_in_descending_order_a_directory_behind_its_content():
    changes = collected(
        (MODIFY, "/reel2/"), (CREATE, "/a"), (CREATE, "/reel2.mov"), (DELETE, "/reel2/b")
    )

    assert [changed.name for changed in changes] == ["/reel2/b", "/reel2/", "/reel2.mov", "/a"]


def test_what_happened_to_one_path_comes_together():
    (changed,) = collected((DELETE, "/a"), (CREATE, "/a"))

    assert changed == Changed("/a", created=True, modified=False, deleted=True)


def test_the_same_change_again_changes_nothing():
    once = collected((DELETE, "/a"), (MODIFY, "/b"))
    twice = collected((DELETE, "/a"), (MODIFY, "/b"), (MODIFY, "/b"), (DELETE, "/a"))

    assert list(once) == list(twice)
    assert len(once) == len(twice) == 2


def test_present_wins_over_deleted():
    assert [changed.exists for changed in collected((DELETE, "/a"), (CREATE, "/a"))] == [True]
    assert [changed.exists for changed in collected((DELETE, "/a"), (MODIFY, "/a"))] == [True]
    assert [changed.exists for changed in collected((DELETE, "/a"))] == [False]


def test_a_directory_and_a_file_of_one_name_are_two():
    assert [changed.name for changed in collected((DELETE, "/a/"), (CREATE, "/a"))] == ["/a/", "/a"]


def test_the_directories_of_an_operation_are_told_apart_from_files():
    changes = collected((CREATE, "/a/"), (CREATE, "/b"), (DELETE, "/c/"), (DELETE, "/a/"))

    assert changes.directories(CREATE) == {"/a/"}
    assert changes.directories(DELETE) == {"/a/", "/c/"}
    assert changes.directories(MODIFY) == set()


def test_it_can_be_gone_through_more_than_once():
    changes = collected((CREATE, "/a"))

    assert list(changes) == list(changes) != []


@given(st.lists(st.tuples(st.sampled_from(Op), st.sampled_from(["/", "/a", "/a/", "/a.", "/é"]))))
def test_any_changes_are_told_once_a_path_in_any_order(changes):
    expected = [
        Changed(name, *((op, name) in changes for op in (CREATE, MODIFY, DELETE)))
        for name in sorted({name for _, name in changes}, reverse=True)
    ]

    assert list(collected(*changes)) == list(collected(*reversed(changes))) == expected
    assert len(collected(*changes)) == len(expected)
