"""The trial of ``doctor``: the diff of two snapshots that it took."""

from collections.abc import Generator

from qumulo_changelist.cluster.interface import BEGUN_ANEW
from qumulo_changelist.model import CREATE, Change, Snapshot
from qumulo_changelist.operations.doctor.trial import Trial
from tests.parts.fake_cluster import UnusedCluster


class RestartedCluster(UnusedCluster):
    """A cluster whose diff is read through a ``qq`` that was started twice more."""

    def changes(self, older: int, newer: int) -> Generator[list[Change], None, None]:
        yield from (BEGUN_ANEW, BEGUN_ANEW, [Change(CREATE, "/a")])


def test_changes_that_come_after_a_new_beginning_are_counted():
    trial = Trial(RestartedCluster(), "show", "/show")
    trial.taken += [Snapshot(3), Snapshot(7)]

    assert trial.compare().detail == "1 change between them"
