"""Taking a snapshot once: what is asked of the cluster if it is unclear whether it was taken."""

import time
from collections.abc import Callable

import pytest

from qumulo_changelist.cluster.snapshot_creation import PAUSES, take_snapshot
from qumulo_changelist.errors import (
    ChangelistError,
    FailingError,
    RefusedError,
    UnclearOutcomeError,
)
from qumulo_changelist.events import SnapshotSought
from qumulo_changelist.model import Snapshot
from tests.parts.conftest import RecordingListener
from tests.parts.fake_cluster import UnusedCluster
from tests.parts.fake_time import FakeTime

NAME, PATH = "show-1700000000-run", "/projects"
BROKEN = UnclearOutcomeError("the connection broke", connection_broke=True)
SLOW = UnclearOutcomeError("it took too long")
DAY = 24 * 3600 * 10**9


def taken(
    number: int = 7, name: str = f"7_{NAME}", source: str = PATH, *, age: int = 0
) -> Snapshot:
    return Snapshot(number, name, time.time_ns() - age, source)


class UnclearCluster(UnusedCluster):
    """A cluster that answers with what a script says, one after the other."""

    def __init__(self, *script: Snapshot | list[Snapshot] | ChangelistError) -> None:
        self.script = list(script)
        self.asked: list[str] = []

    def _next(self, asked: str) -> Snapshot | list[Snapshot]:
        self.asked.append(asked)
        answer = self.script.pop(0)
        if isinstance(answer, ChangelistError):
            raise answer
        return answer

    def create_snapshot(self, name: str, path: str, expires: int = 0) -> Snapshot:
        assert (name, path, expires) == (NAME, PATH, 5)
        answer = self._next("create")
        assert isinstance(answer, Snapshot)
        return answer

    def all_snapshots(self) -> list[Snapshot]:
        answer = self._next("list")
        assert isinstance(answer, list)
        return answer


Take = Callable[[UnclearCluster], Snapshot]


@pytest.fixture
def take(listener: RecordingListener, time_passes: FakeTime) -> Take:
    return lambda cluster: take_snapshot(cluster, NAME, PATH, listener, expires=5, known={4})


def test_a_clear_answer_leads_to_no_question(take: Take, listener: RecordingListener) -> None:
    cluster = UnclearCluster(taken())
    assert take(cluster).id == 7
    assert (cluster.asked, listener.events) == (["create"], [])


def test_what_the_cluster_refuses_is_not_asked_for(take: Take) -> None:
    cluster = UnclearCluster(RefusedError("no"))
    with pytest.raises(RefusedError):
        take(cluster)
    assert cluster.asked == ["create"]


@pytest.mark.parametrize("unclear", [BROKEN, SLOW])
@pytest.mark.parametrize("name", [NAME, f"7_{NAME}"], ids=["version 2", "version 3"])
@pytest.mark.parametrize("source", [PATH, ""])
def test_a_snapshot_that_was_taken_is_used(
    take: Take,
    listener: RecordingListener,
    unclear: UnclearOutcomeError,
    name: str,
    source: str,
) -> None:
    found = taken(name=name, source=source)
    cluster = UnclearCluster(unclear, [taken(6, "6_other"), found])

    assert take(cluster) == found
    assert cluster.asked == ["create", "list"]
    assert listener.events == [SnapshotSought(NAME, str(unclear))]


@pytest.mark.parametrize(
    "other",
    [
        taken(name=f"8_{NAME}"),
        taken(name=f"7_{NAME}2"),
        taken(4, f"4_{NAME}"),
        taken(source="/projects/a"),
        taken(age=DAY + 60 * 10**9),
        taken()._replace(is_going=True),
    ],
)
def test_a_different_snapshot_is_not_taken_for_it(take: Take, other: Snapshot) -> None:
    found = taken(9, f"9_{NAME}")
    cluster = UnclearCluster(BROKEN, [other], [other, found])

    assert take(cluster) == found
    assert cluster.asked == ["create", "list", "list"]


def test_clocks_may_differ(take: Take) -> None:
    found = taken(age=3600 * 10**9)._replace(source=PATH)
    assert take(UnclearCluster(SLOW, [found])) == found


def test_one_that_is_certainly_not_there_is_taken_once_more(
    take: Take, time_passes: FakeTime
) -> None:
    cluster = UnclearCluster(BROKEN, [], [], taken(9))
    assert take(cluster).id == 9
    assert cluster.asked == ["create", "list", "list", "create"]
    assert time_passes.pauses == list(PAUSES)


def test_it_is_taken_no_third_time(take: Take) -> None:
    cluster = UnclearCluster(BROKEN, [], [], BROKEN, [], [])
    with pytest.raises(UnclearOutcomeError, match=f"take a snapshot named {NAME}$"):
        take(cluster)
    assert cluster.asked == ["create", "list", "list"] * 2


def test_one_that_the_cluster_may_still_take_is_not_taken_again(take: Take) -> None:
    cluster = UnclearCluster(SLOW, [], [])
    with pytest.raises(UnclearOutcomeError, match=f"too long: take a snapshot named {NAME}$"):
        take(cluster)
    assert cluster.asked == ["create", "list", "list"]


def test_it_stays_unclear_if_the_cluster_cannot_be_asked(take: Take) -> None:
    cluster = UnclearCluster(BROKEN, [], FailingError("Error 503"))
    with pytest.raises(
        UnclearOutcomeError, match=f"named {NAME}, and it cannot be asked: Error 503"
    ):
        take(cluster)
    assert cluster.asked == ["create", "list", "list"]
