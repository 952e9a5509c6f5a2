"""An emulated cluster for all tests of a worker, and a site of its own for each test."""

import itertools
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from qumulo_emulator.running import Emulator, serve_in_process
from tests.end_to_end.site import REPOSITORY, Site

QQ = {
    "qq of today": Path(sys.executable).parent,
    "qq before 6.2.2": REPOSITORY / ".qq" / "5.1.0.1" / "bin",
}
_numbers = itertools.count()


def site_on(cluster: Emulator, folder: Path, source: str = "/") -> Site:
    """A project on a cluster, with today's qq; its files but the cluster's own are in a folder."""
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
    """A cluster that pages by 3, so that everything takes several pages."""
    with serve_in_process(tmp_path_factory.mktemp("cluster"), page_limit=3) as running:
        yield running


@pytest.fixture(params=QQ, ids=list(QQ))
def any_qq(request: pytest.FixtureRequest) -> Path:
    """The folder of each generation of qq in turn."""
    return QQ[request.param]


@pytest.fixture
def site(cluster: Emulator, tmp_path: Path) -> Site:
    """A project of its own on the shared cluster, with today's qq."""
    source = f"/project{next(_numbers)}"
    Path(str(cluster.root), source[1:]).mkdir()
    return site_on(cluster, tmp_path, source)


@pytest.fixture
def own_cluster(tmp_path: Path) -> Iterator[Emulator]:
    """A cluster that a test may break, or expects nobody else on."""
    root = tmp_path / "cluster"
    root.mkdir()
    with serve_in_process(root, page_limit=3) as running:
        yield running


@pytest.fixture
def own_site(own_cluster: Emulator, tmp_path: Path) -> Site:
    """A project that is all of a cluster of its own."""
    return site_on(own_cluster, tmp_path)
