"""How slow a node must be to be held back, for how long, and when it gets its share again."""

import pytest

from qumulo_changelist.cluster.rest.pace import Pace

NOW = 1000.0


def pace_of(*milliseconds: float) -> Pace:
    """The pace of a node after these answers."""
    pace = Pace()
    for one in milliseconds:
        pace.add(one / 1000)
    return pace


QUICK = (1, 9, 2, 1)


@pytest.mark.parametrize(
    ("answers", "is_held_back"),
    [
        ((200, 200, 200), False),  # too few
        ((200, 200, 200, 200), True),
        ((39, 100, 100, 100), True),  # more than twice 9 ms, and 20 ms
        ((38, 100, 100, 100), False),
        ((200, 200, 1, 200), False),  # one of them was quick
        ((1, 200, 200, 200, 200), True),  # the last four count
        (QUICK, False),
    ],
)
def test_a_node_is_held_back_if_each_of_four_answers_takes_much_longer_than_another_nodes(
    answers: tuple[float, ...], is_held_back: bool
) -> None:
    slow = pace_of(*answers)
    slow.compare([slow, pace_of(500, 500, 500, 500), pace_of(*QUICK), Pace()], NOW)
    assert slow.is_held_back(NOW) is is_held_back


def test_nodes_of_which_nothing_is_known_are_compared_with_nothing() -> None:
    slow = pace_of(200, 200, 200, 200)
    slow.compare([slow, pace_of(1, 1, 1)], NOW)
    assert not slow.is_held_back(NOW)


@pytest.mark.parametrize(("milliseconds", "seconds"), [(30, 1), (200, 5), (2000, 50), (10_000, 60)])
def test_the_slower_a_node_the_longer_it_is_left_alone(milliseconds: float, seconds: float) -> None:
    slow = pace_of(*[milliseconds] * 4)
    slow.compare([pace_of(1, 1, 1, 1)], NOW)
    assert slow.is_held_back(NOW + seconds - 0.01)
    assert not slow.is_held_back(NOW + seconds)


def test_afterwards_it_gets_one_request_and_its_share_once_that_is_answered_quickly() -> None:
    slow, others = pace_of(200, 200, 200, 200), [pace_of(*QUICK)]
    slow.compare(others, NOW)
    slow.under_way = 1
    assert slow.is_held_back(NOW + 5)

    slow.add(0.2)
    slow.compare(others, NOW + 6)
    slow.under_way = 0
    assert slow.is_held_back(NOW + 10)
    assert not slow.is_held_back(NOW + 11)

    slow.add(0.001)
    slow.compare(others, NOW + 12)
    slow.under_way = 1
    assert not slow.is_held_back(NOW + 12)
