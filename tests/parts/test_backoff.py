"""How long to wait before the same is tried again."""

import pytest

from qumulo_changelist.cluster.backoff import Backoff


class Clock:
    """A clock that stands still unless a test moves it."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def pauses(backoff: Backoff, clock: Clock) -> list[float]:
    """Return all pauses of what fails at once each time."""
    found = []
    while (pause := backoff.pause()) is not None:
        found.append(pause)
        clock.now += pause
    return found


def test_pauses_double_up_to_half_a_minute_and_end_with_the_time(clock):
    found = pauses(Backoff(125, chance=lambda: 0.9999999999, clock=clock), clock)

    assert found == pytest.approx([0.5, 1, 2, 4, 8, 16, 30, 30, 30])


def test_chance_shortens_each_pause_to_its_half_at_most(clock):
    assert pauses(Backoff(16, chance=lambda: 0.0, clock=clock), clock) == [0.25, 0.5, 1, 2, 4, 8]


def test_what_failed_once_is_never_tried_again_if_there_is_no_time(clock):
    assert Backoff(0, clock=clock).pause() is None
    assert Backoff(0, clock=clock).pause(0) is None


def test_the_time_begins_with_the_first_failure_and_the_tries_take_of_it(clock):
    backoff = Backoff(300, chance=lambda: 0.0, clock=clock)
    clock.now += 10_000

    assert backoff.pause() == 0.25
    clock.now += 299.8
    assert backoff.pause() is None


def test_a_cluster_that_asks_for_time_gets_it_as_far_as_there_is_some(clock):
    backoff = Backoff(60, chance=lambda: 0.0, clock=clock)

    assert backoff.pause(45) == 45
    assert backoff.pause() == 0.5
    assert backoff.pause(60) is None
