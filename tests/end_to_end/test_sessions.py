"""Sessions: one login serves many runs, a refused one leads to one new login."""

import json
import subprocess
from pathlib import Path

import pytest

from qumulo_emulator.running import Emulator
from tests.end_to_end.site import Site


def logins(cluster: Emulator) -> int:
    """How often a command logged in (the test's own session began before it)."""
    return sum(request["path"] == "/v1/session/login" for request in cluster.requests())


@pytest.fixture
def watched(own_cluster: Emulator, own_site: Site) -> tuple[Emulator, Site, int]:
    """A cluster, a site on it, and how many logins there were before."""
    own_cluster.settings()
    return own_cluster, own_site, logins(own_cluster)


def test_one_login_serves_many_runs(watched: tuple[Emulator, Site, int], any_qq: Path) -> None:
    cluster, site, before = watched
    site.qq = any_qq
    older = site.snapshot_by_command()
    (site.mount / "a.mov").write_text("x")
    newer = site.snapshot_by_command()
    site.scan_list(older, newer, "--deletes")
    assert logins(cluster) - before == 1


def test_a_session_that_ended_leads_to_one_new_login(
    watched: tuple[Emulator, Site, int], any_qq: Path
) -> None:
    cluster, site, before = watched
    site.qq = any_qq
    older = site.snapshot_by_command()
    cluster.expire_sessions()
    newer = site.snapshot_by_command()
    assert (older, newer) == (1, 2)
    cluster.expire_sessions()
    site.scan_list(older, newer)
    # Two of the logins are the test's own, to end the sessions.
    assert logins(cluster) - before <= 3 + 2


def test_a_session_that_ends_in_the_middle_of_a_diff_costs_a_login_and_no_change(
    watched: tuple[Emulator, Site, int], any_qq: Path
) -> None:
    cluster, site, _ = watched
    site.qq = any_qq
    older = site.snapshot_by_command()
    for number in range(10):
        (site.mount / f"{number}.mov").write_text("x")
    newer = site.snapshot_by_command()
    whole = site.scan_list(older, newer)
    before = logins(cluster)
    cluster.fault(method="GET", path="*changes-since*", status=401, skip=2, times=1)
    assert site.scan_list(older, newer) == whole
    assert logins(cluster) - before == 1


def test_a_user_whom_the_cluster_always_refuses_is_told_so_after_one_new_login(
    watched: tuple[Emulator, Site, int],
) -> None:
    cluster, site, _ = watched
    older, newer = site.snapshot_by_command(), site.snapshot_by_command()
    before = logins(cluster)
    cluster.fault(method="GET", path="*changes-since*", status=401)
    done = site.generate(older, newer)
    assert done.code == 1
    assert "Error 401" in done.messages
    assert logins(cluster) - before == 1


def test_a_damaged_session_is_replaced(watched: tuple[Emulator, Site, int]) -> None:
    _, site, _ = watched
    site.snapshot_by_command()
    (kept,) = site.folder.rglob("sessions/*.json")
    for damage in ("{", '{"version": 9}', '{"version": 1, "bearer_token": "no"}'):
        kept.write_text(damage)
        site.snapshot_by_command()
        assert json.loads(kept.read_text())["version"] == 1


def test_two_runs_at_once_do_not_harm_each_other(
    watched: tuple[Emulator, Site, int],
) -> None:
    cluster, site, before = watched
    for number in range(20):
        (site.mount / f"{number}.mov").write_text("x")
    run = site.command("qumulo_create_snap.py", "-p", "show", "-s", "/")
    ids = sorted(int(output) for output in at_once(site, [run] * 4))
    assert ids == [1, 2, 3, 4]
    assert logins(cluster) - before == 1
    for number in range(20):
        (site.mount / f"{number}.mov").write_text("longer")
    newer = site.snapshot_by_command()
    alone = site.scan_list(ids[0], newer)
    run = site.command("qumulo_generate_changelist.py", *site.arguments(ids[0], newer))
    assert at_once(site, [run] * 4) == [f"{site.list_path}\n".encode()] * 4
    assert site.list_path.read_bytes() == alone
    left = sorted(path.name for path in site.list_path.parent.iterdir())
    assert left == ["1-files.json", "1-files.xml"]


def at_once(site: Site, commands: list[list[str]]) -> list[bytes]:
    """Run commands side by side; return what each printed."""
    running = [
        subprocess.Popen(command, env=site.variables(), stdout=subprocess.PIPE)
        for command in commands
    ]
    outputs = [process.communicate()[0] for process in running]
    assert [process.returncode for process in running] == [0] * len(running)
    return outputs
