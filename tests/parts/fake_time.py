"""Time that passes only while requests wait to be sent again, so that no test waits."""

from collections.abc import Iterator

import pytest

from qumulo_changelist.cluster import backoff
from qumulo_changelist.cluster.rest import outage
from qumulo_changelist.cluster.rest.loop import Loop
from qumulo_changelist.machine import waiting
from qumulo_changelist.pending import Pending


class FakeTime:
    """The time, and the chance that pauses depend on.

    Attributes:
        now: the time in seconds.
        chance: from 0 to 1; a pause of 1 is the longest.
        pauses: the seconds of each pause so far.
    """

    def __init__(self) -> None:
        self.now = 0.0
        self.chance = 1.0
        self.pauses: list[float] = []

    def pass_by(self, seconds: float) -> None:
        self.now += seconds
        self.pauses.append(seconds)

    def begin(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Replace the time by which patience is measured, until the test ends."""
        usual = Loop.pause

        def pause(loop: Loop, seconds: float) -> Pending[None]:
            self.pass_by(seconds)
            return usual(loop, 0)

        outage.outage_of.cache_clear()
        monkeypatch.setattr(Loop, "pause", pause)
        monkeypatch.setattr(backoff, "now", lambda: self.now)
        monkeypatch.setattr(backoff, "chance", lambda: self.chance)
        monkeypatch.setattr(waiting, "pause", self.pass_by)


@pytest.fixture
def time_passes(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeTime]:
    """Time that passes only while requests wait to be sent again."""
    made = FakeTime()
    made.begin(monkeypatch)
    yield made
    outage.outage_of.cache_clear()
