"""What whole directories weigh: known ahead, and from few answers."""

import pytest

from qumulo_changelist.changes.key import CREATED, DELETED
from qumulo_changelist.errors import FailingError, ReplyError, UnreadableError
from tests.parts.planned import division_of, snapshot_of

SIZE = 1000
BOTH = CREATED + DELETED


def test_a_weight_is_the_number_of_entries_below_a_directory_in_each_tree_that_is_walked() -> None:
    newer = snapshot_of(["/a/x", "/a/b/y", "/a/b/z", "/new/"])
    older = snapshot_of(["/a/x", "/gone/x"])
    weights, _ = division_of(newer, older, size=SIZE)
    weights.expect([("/a/", CREATED), ("/a/", DELETED), ("/gone/", DELETED), ("/new/", CREATED)])

    # The cluster counts the directory itself as well.
    assert weights.weigh("/a/", BOTH) == 5 + 2
    assert weights.weigh("/a/", CREATED) == 5
    assert weights.weigh("/gone/", BOTH) == 2
    assert weights.weigh("/new/", BOTH) == 1


def test_weights_are_asked_for_before_they_are_needed_but_not_too_many_at_once() -> None:
    names = [f"/{number}/d/" for number in range(200)]
    snapshot = snapshot_of(names)
    weights, _ = division_of(snapshot, size=SIZE)

    weights.expect([(name, CREATED) for name in names])

    assert len(snapshot.requests) == 32
    assert weights.weigh("/199/d/", CREATED) == 1
    assert snapshot.most_unanswered == 32
    assert len(snapshot.requests) == 200


def test_of_many_directories_in_one_the_cluster_names_the_heaviest_in_one_answer() -> None:
    names = [f"/in/{number:04}/a" for number in range(1500)]
    names += [f"/in/giant/{number}" for number in range(2000)]
    snapshot = snapshot_of(names)
    weights, _ = division_of(snapshot, size=SIZE)
    created = sorted({name.rpartition("/")[0] + "/" for name in names})

    weights.expect([(name, CREATED) for name in created])
    weights.settle(created)

    assert weights.weigh("/in/giant/", CREATED) == 2001
    assert {weights.weigh(name, CREATED) for name in created[:-1]} == {2}
    assert snapshot.requests == ["count /proj/in"]


@pytest.mark.parametrize("most_named", [0, 5])
def test_one_that_is_not_named_and_may_be_heavy_is_asked_about(most_named: int) -> None:
    names = [f"/in/{number}/{file}" for number in range(10) for file in range(1100)]
    names += [f"/in/small{number}/a" for number in range(5)]
    snapshot = snapshot_of(names, most_named=most_named)
    weights, _ = division_of(snapshot, size=SIZE)
    created = sorted({name.rpartition("/")[0] + "/" for name in names})

    weights.expect([(name, CREATED) for name in created])
    weights.settle(created)

    assert {weights.weigh(f"/in/{number}/", CREATED) for number in range(10)} == {1101}
    assert {weights.weigh(f"/in/small{number}/", CREATED) for number in range(5)} == {2}
    assert len(snapshot.requests) == 1 + len(created) - most_named


def test_of_very_many_directories_in_different_places_only_some_are_asked_about() -> None:
    names = [f"/{number}/d/{file}" for number in range(1200) for file in "abc"]
    snapshot = snapshot_of(names)
    weights, _ = division_of(snapshot, size=SIZE)
    created = sorted({name.rpartition("/")[0] + "/" for name in names})

    weights.expect([(name, CREATED) for name in created])
    weights.settle(created)

    assert {weights.weigh(name, CREATED) for name in created} == {4}
    assert len(snapshot.requests) == 1000


@pytest.mark.parametrize("error", [UnreadableError("no"), FailingError("no"), ReplyError("no")])
def test_a_weight_that_the_cluster_does_not_state_is_a_quarter_of_a_slice(error: Exception) -> None:
    snapshot = snapshot_of(["/a/x", "/b/x"])
    snapshot.errors = {"count /proj/a": error}
    weights, division = division_of(snapshot, size=SIZE)

    weights.expect([("/a/", CREATED)])

    assert weights.weigh("/a/", CREATED) is None
    assert division.weigh("/a/") == SIZE // 4
    assert division.count(["/a/"], SIZE) == 500
    assert list(division.marks("/a/", CREATED)) == []


def test_after_a_failure_that_is_about_no_directory_nothing_more_is_asked() -> None:
    snapshot = snapshot_of(["/a/x", "/b/x"])
    snapshot.errors = {"count /proj/a": FailingError("no")}
    weights, _ = division_of(snapshot, size=SIZE)
    weights.expect([("/a/", CREATED)])
    assert weights.weigh("/a/", CREATED) is None

    weights.expect([("/b/", CREATED)])

    assert weights.weigh("/b/", CREATED) is None
    assert snapshot.requests == ["count /proj/a"]


def test_counting_ends_as_soon_as_there_is_enough() -> None:
    snapshot = snapshot_of([f"/{name}/{number}" for name in "ab" for number in range(SIZE)])
    weights, division = division_of(snapshot, size=SIZE)
    weights.expect([("/a/", CREATED)])

    assert division.count(iter(["/a/", "never asked"]), SIZE) == SIZE + 1


def test_a_diff_may_name_the_base_path_beside_directories_in_it() -> None:
    names = [f"/{number}/a" for number in range(10)]
    weights, _ = division_of(snapshot_of(names), size=SIZE)
    created = ["/", *(f"/{number}/" for number in range(10))]

    weights.expect([(name, CREATED) for name in created])
    weights.settle(created)

    assert weights.weigh("/3/", CREATED) == 2
    assert weights.weigh("/", CREATED) is None
