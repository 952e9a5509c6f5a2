"""A cluster of four nodes: each gets its share of a list's requests, slow and dead ones less."""

import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from qumulo_changelist.cluster.rest.client import RestCluster
from qumulo_changelist.config.settings import Secret, Settings
from qumulo_changelist.model import ReadFailure
from qumulo_emulator.running import Emulator, serve_in_process
from tests.end_to_end.conftest import site_on
from tests.end_to_end.site import Site

CHANGES = 400
"""Each is the only one in its directory, so a list of them takes this number of requests."""


@pytest.fixture(scope="module")
def four() -> Iterator[Emulator]:
    with serve_in_process(synthetic=CHANGES, shape="sparse", nodes=4) as running:
        yield running


def site_knowing_all(four: Emulator, folder: Path) -> Site:
    made = site_on(four, folder, "/synthetic")
    made.configure(QumuloClusterIP=",".join(host for host, _ in four.addresses))
    return made


@pytest.fixture
def nodes_site(four: Emulator, tmp_path: Path) -> Iterator[Site]:
    """A site that knows all four nodes, which are alive and quick after the test."""
    yield site_knowing_all(four, tmp_path)
    for number in (1, 2, 3, 4):
        four.change_node(number, alive=True, latency_ms=0)
    four.clear_faults()


def loads(four: Emulator) -> list[int]:
    return [node["requests"] for node in four.nodes()]


def list_changes(site: Site, workers: int = 1) -> tuple[list[str], list[int]]:
    """Return the lines of a list that processes make, and the requests that each node got."""
    assert site.cluster
    before = loads(site.cluster)
    options = ("--metadata=rest", "--transport=rest", f"--workers={workers}", "--slice-size=40")
    done = site.generate(1, 2, *options)
    assert done.code == 0, done.messages
    lines = Path(done.output.strip()).read_text(encoding="utf-8").splitlines()
    assert len([line for line in lines if " name=" in line]) == CHANGES
    after = loads(site.cluster)
    return lines, [now - then for then, now in zip(before, after, strict=True)]


@pytest.fixture(scope="module")
def usual(four: Emulator, tmp_path_factory: pytest.TempPathFactory) -> tuple[list[str], list[int]]:
    """The list that one process makes when all nodes are alive, and the requests of each node."""
    return list_changes(site_knowing_all(four, tmp_path_factory.mktemp("usual")))


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_each_node_gets_its_share(
    nodes_site: Site, usual: tuple[list[str], list[int]], workers: int
) -> None:
    lines, requests = usual if workers == 1 else list_changes(nodes_site, workers)
    assert lines == usual[0]
    assert sum(requests) >= CHANGES
    # A connection to the cluster begins with any node, and each process has one to each snapshot.
    assert max(requests) - min(requests) <= 2 + 2 * workers


def test_a_node_that_is_dead_gets_nothing_and_changes_nothing(
    nodes_site: Site, four: Emulator, usual: tuple[list[str], list[int]]
) -> None:
    four.change_node(3, alive=False)
    lines, requests = list_changes(nodes_site)
    assert lines == usual[0]
    assert requests[2] == 0
    others = [requests[0], requests[1], requests[3]]
    assert max(others) - min(others) <= 6


def test_a_node_that_dies_in_the_middle_changes_nothing(
    nodes_site: Site, four: Emulator, usual: tuple[list[str], list[int]]
) -> None:
    begun = loads(four)[2]
    # After twenty requests it answers no more, so that the list cannot be done before it dies.
    four.fault(action="stall", node=3, skip=20)

    def die() -> None:
        while loads(four)[2] < begun + 20:
            time.sleep(0.01)
        four.change_node(3, alive=False)

    dying = Thread(target=die)
    dying.start()
    lines, requests = list_changes(nodes_site)
    dying.join()
    assert lines == usual[0]
    assert 20 <= requests[2] < max(requests)


def test_a_slow_node_gets_few_requests_and_all_if_no_other_is_alive(
    nodes_site: Site, four: Emulator
) -> None:
    four.change_node(2, latency_ms=150)
    settings = Settings(
        tuple(host for host, _ in four.addresses),
        four.port,
        four.username,
        Secret(four.password),
        fingerprint=four.certificate_sha256,
    )
    before = loads(four)
    with RestCluster(settings, lambda _event: None) as cluster:
        for _ in range(60):
            cluster.describe("/synthetic", 1)
        requests = [now - then for then, now in zip(before, loads(four), strict=True)]
        for number in (1, 3, 4):
            four.change_node(number, alive=False)
        assert not isinstance(cluster.describe("/synthetic", 1), ReadFailure)
    # Four answers show that it is slow, if those of the others are quick meanwhile.
    assert 4 <= requests[1] <= 9
    others = [requests[0], requests[2], requests[3]]
    assert sum(requests) == 61  # with the login
    assert max(others) - min(others) <= 1
