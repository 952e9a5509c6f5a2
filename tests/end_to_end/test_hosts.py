"""A cluster with several addresses, of either version of IP."""

import socket
from pathlib import Path

import pytest

from qumulo_emulator.running import serve_in_thread
from tests.end_to_end.conftest import site_on


def has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")
def test_qq_asks_the_host_that_answers_also_over_ipv6(tmp_path: Path, any_qq: Path) -> None:
    root = tmp_path / "cluster"
    root.mkdir()
    with serve_in_thread(root, host="::1") as cluster:
        site = site_on(cluster, tmp_path)
        site.qq = any_qq
        site.configure(QumuloClusterIP="127.0.0.1, [::1]")
        done = site.run("qumulo_create_snap.py", "-p", "show", "-s", "/")

    assert (done.code, done.output) == (0, "1\n"), done.messages
    assert done.messages == (
        "qq asks ::1, since others do not answer: 127.0.0.1 (Connection refused)\n"
    )
