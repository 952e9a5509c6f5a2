"""How long to wait before the same is tried again."""

import pytest

from qumulo_changelist.cluster.backoff import Backoff
from tests.parts.fake_time import FakeTime


@pytest.fixture
def clock(time_passes: FakeTime) -> FakeTime:
    time_passes.now, time_passes.chance = 1000.0, 0.0
    return time_passes


def pauses(backoff: Backoff, clock: FakeTime) -> list[float]:
    """Return all pauses of what fails at once each time."""
    found = []
    while (pause := backoff.pause()) is not None:
        found.append(pause)
        clock.now += pause
    return found


def test_pauses_double_up_to_half_a_minute_and_the_last_one_ends_with_the_time(clock):
    clock.chance = 1.0

    backoff = Backoff(125)

    assert pauses(backoff, clock) == [0.5, 1, 2, 4, 8, 16, 30, 30, 30, 3.5]
    assert (backoff.tries, backoff.spent, backoff.left) == (11, 125, 0)


def test_chance_shortens_each_pause_to_its_half_at_most(clock):
    assert pauses(Backoff(15.75), clock) == [0.25, 0.5, 1, 2, 4, 8]


def test_what_failed_once_is_never_tried_again_if_there_is_no_time(clock):
    assert Backoff(0).pause() is None


def test_what_began_before_has_less_time_and_the_tries_take_of_it(clock):
    backoff = Backoff(300, began=clock.now - 100)

    assert backoff.pause() == 0.25
    clock.now += 199.875
    assert backoff.pause() == 0.125
    clock.now += 0.125
    assert backoff.pause() is None


def test_the_number_of_tries_may_be_limited(clock):
    assert pauses(Backoff(300, max_tries=3), clock) == [0.25, 0.5]


def test_a_cluster_that_asks_for_time_gets_it_as_far_as_there_is_some(clock):
    backoff = Backoff(60)

    assert backoff.pause(45) == 45
    assert backoff.pause() == 0.5
    assert backoff.pause(61) is None
