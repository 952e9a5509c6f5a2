"""One emulated cluster for the tests of a worker process; each test has a project on it."""

import itertools
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from qumulo_emulator.running import Emulator, serve_in_process, serve_in_thread
from tests.disk.shim import build_shim
from tests.end_to_end.forked import ForkServer
from tests.end_to_end.site import Site
from tests.qq import QQ

PAGE_LIMIT = 3

_numbers = itertools.count()


def site_on(cluster: Emulator, folder: Path, source: str = "/") -> Site:
    """A project on a cluster, with today's qq; its other files are in a folder."""
    return Site(
        Path(str(cluster.root)),
        folder,
        cluster.port,
        cluster.password,
        QQ["qq of today"],
        source,
        cluster.certificate_sha256,
        cluster=cluster,
    )


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """A cluster with 3 entries a page, so that everything takes several pages."""
    with serve_in_process(tmp_path_factory.mktemp("cluster"), page_limit=PAGE_LIMIT) as running:
        yield running


@pytest.fixture(scope="session")
def forks() -> Iterator[ForkServer]:
    """Starts commands at once."""
    with ForkServer() as server:
        yield server


@pytest.fixture(scope="session")
def watched() -> Iterator[ForkServer]:
    """Starts commands whose calls that write to a disk are recorded, fail, or kill them."""
    shim = build_shim()
    if not shim:
        pytest.skip("gcc and libc6-dev are not installed (see tests/system-packages.txt)")
    with ForkServer(shim) as server:
        yield server


@pytest.fixture(autouse=True)
def _without_faults(request: pytest.FixtureRequest) -> Iterator[None]:
    """Undo the faults and settings of a test on the shared cluster."""
    used = "cluster" in request.fixturenames
    cluster: Emulator | None = request.getfixturevalue("cluster") if used else None
    yield
    if cluster:
        cluster.clear_faults()
        cluster.settings(page_limit=PAGE_LIMIT, latency_ms=0, v3_snapshots=True)


@pytest.fixture
def memory_site(cluster: Emulator, tmp_path: Path) -> Iterator[Site]:
    """A new project whose lists are in memory, if that is possible: a disk may be busy."""
    source = f"/project{next(_numbers)}"
    Path(str(cluster.root), source[1:]).mkdir()
    parent = "/dev/shm" if os.access("/dev/shm", os.W_OK) else str(tmp_path)
    with tempfile.TemporaryDirectory(prefix="site-", dir=parent) as folder:
        yield site_on(cluster, Path(folder), source)


@pytest.fixture(params=QQ, ids=list(QQ))
def any_qq(request: pytest.FixtureRequest) -> Path:
    """The folder of qq: the test runs with each generation."""
    return QQ[request.param]


@pytest.fixture
def site(cluster: Emulator, tmp_path: Path) -> Site:
    """A new project on the shared cluster, with today's qq."""
    source = f"/project{next(_numbers)}"
    Path(str(cluster.root), source[1:]).mkdir()
    return site_on(cluster, tmp_path, source)


@pytest.fixture
def own_cluster(tmp_path: Path) -> Iterator[Emulator]:
    """A cluster that a test may break, and that no other test uses."""
    root = tmp_path / "cluster"
    root.mkdir()
    with serve_in_thread(root, page_limit=PAGE_LIMIT) as running:
        yield running


@pytest.fixture
def own_site(own_cluster: Emulator, tmp_path: Path) -> Site:
    """A project that is the whole of a cluster."""
    return site_on(own_cluster, tmp_path)
