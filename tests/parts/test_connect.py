"""From the configuration to a cluster: the way that it names, and nothing else is loaded."""

import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from qumulo_changelist.cluster.connect import (
    open_cluster,
    report_unchecked_certificate,
    with_answering_host,
)
from qumulo_changelist.cluster.qq.client import QqCluster
from qumulo_changelist.cluster.rest.client import RestCluster
from qumulo_changelist.config.settings import Secret, Settings
from qumulo_changelist.errors import UnreachableError
from qumulo_changelist.events import CertificateUnchecked, NodeChosen, SecretExposed


@pytest.fixture
def settings() -> Iterator[Settings]:
    """Settings with a second host that takes connections, and a first one that takes none."""
    with socket.create_server(("127.0.0.2", 0)) as listening:
        port = listening.getsockname()[1]
        yield Settings(("127.0.0.1", "127.0.0.2"), port, "archiver", Secret("password"))


def test_qq_is_given_a_host_that_answers_and_is_closed_at_the_end(settings, listener):
    with open_cluster(settings, listener) as cluster:
        assert isinstance(cluster, QqCluster)

    assert listener.events == [NodeChosen("127.0.0.2", ("127.0.0.1 (Connection refused)",))]
    with pytest.raises(UnreachableError):
        cluster.snapshots(7)


def test_settings_with_an_answering_host_in_front_stay_as_they_are(settings, listener):
    chosen = with_answering_host(settings)

    assert chosen.hosts == ("127.0.0.2", "127.0.0.1")
    assert with_answering_host(chosen, listener).hosts == chosen.hosts
    rest = replace(settings, transport="rest")
    assert with_answering_host(rest, listener) is rest
    assert listener.events == []


@pytest.mark.parametrize(
    ("verify_tls", "fingerprint", "is_reported"),
    [(True, "", False), (True, "ab" * 32, False), (False, "ab" * 32, False), (False, "", True)],
)
def test_an_unchecked_certificate_is_reported_once(
    settings, listener, verify_tls, fingerprint, is_reported
):
    rest = replace(settings, transport="rest", verify_tls=verify_tls, fingerprint=fingerprint)

    with open_cluster(rest, listener) as cluster:
        assert isinstance(cluster, RestCluster)

    assert listener.events == [CertificateUnchecked()] * is_reported
    report_unchecked_certificate(rest, listener)
    assert listener.events == [CertificateUnchecked()] * 2 * is_reported


@pytest.mark.parametrize("transport", ["qq", "rest"])
def test_a_secret_that_others_can_read_is_reported(settings, listener, transport):
    exposed = replace(
        settings, hosts=("127.0.0.2",), transport=transport, exposed_file="/c", exposed_to="all"
    )

    with open_cluster(exposed, listener):
        pass

    assert listener.events == [SecretExposed("/c", "all")]


def test_qq_needs_no_module_for_rest():
    code = """
import sys
from qumulo_changelist.cluster.connect import open_cluster
from qumulo_changelist.config.settings import Secret, Settings
with open_cluster(Settings(("127.0.0.1",), 1, "a", Secret("b"))):
    print("ssl" in sys.modules)
"""

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "False\n"
