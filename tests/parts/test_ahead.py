"""How far ahead a snapshot is read."""

import pytest

from qumulo_changelist.trees.ahead import Ahead


class Reading:
    """A reader for which time passes only as a test says."""

    def __init__(self, most: int) -> None:
        self.now = 100.0
        self.idle = 50.0
        self.ahead = Ahead(most, lambda: self.idle, lambda: self.now)

    def uses(self, answers: int, *, idle: float, busy: float, entries: int = 1) -> int:
        """Use answers, each after some seconds of waiting and working; return the limit."""
        for _ in range(answers):
            self.now += idle + busy
            self.idle += idle
            self.ahead.count_answer(entries)
        return self.ahead.limit


def test_it_doubles_as_long_as_the_reader_is_idle():
    reading = Reading(most=100)

    limits = [reading.uses(reading.ahead.limit, idle=5, busy=1) for _ in range(6)]

    assert limits == [8, 16, 32, 64, 100, 100]


def test_it_stays_small_if_answers_come_at_once():
    assert Reading(most=100).uses(1000, idle=0.1, busy=1) == 4


def test_it_grows_when_the_cluster_becomes_slow():
    reading = Reading(most=100)
    reading.uses(1000, idle=0, busy=1)

    assert reading.uses(200, idle=5, busy=1) == 100


@pytest.mark.parametrize("most", [1, 2, 3, 7])
def test_it_never_exceeds_what_is_allowed(most):
    reading = Reading(most)

    assert reading.ahead.limit == most if most < 4 else 4
    assert reading.uses(100, idle=5, busy=1) == most


def test_large_answers_are_held_in_smaller_numbers():
    reading = Reading(most=100)

    assert reading.uses(500, idle=5, busy=1, entries=1000) == 16
    assert reading.uses(500, idle=5, busy=1, entries=1_000_000) == 1
    assert reading.uses(500, idle=5, busy=1) == 100
