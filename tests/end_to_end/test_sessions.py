"""Sessions of qq: one login serves many runs, and a refused session leads to one new login."""

import json
import subprocess
from pathlib import Path

from qumulo_emulator.running import Emulator
from tests.end_to_end.files import write_files
from tests.end_to_end.site import Site

DIFF = "*changes-since*"


def logins(cluster: Emulator) -> int:
    """The number of logins so far; the test's own session began before the first snapshot."""
    return sum(request["path"] == "/v1/session/login" for request in cluster.requests())


def test_a_login_serves_many_runs_until_its_session_ends(
    cluster: Emulator, site: Site, any_qq: Path
) -> None:
    site.qq = any_qq
    older = site.snapshot()
    write_files(site.mount, *(f"{number}.mov" for number in range(10)))
    newer = site.snapshot()

    before = logins(cluster)
    site.snapshot_by_command()
    complete = site.scan_list(older, newer, "--deletes")
    assert logins(cluster) - before == 1

    # All sessions end between two runs. The second login is the test's own, to end them.
    cluster.expire_sessions()
    assert site.scan_list(older, newer, "--deletes") == complete
    assert logins(cluster) - before <= 2 + 1

    # The session ends in the middle of a diff.
    before = logins(cluster)
    cluster.fault(method="GET", path=DIFF, status=401, skip=2, times=1)
    assert site.scan_list(older, newer, "--deletes") == complete
    assert logins(cluster) - before == 1


def test_a_user_whom_the_cluster_always_refuses_causes_one_new_login(
    cluster: Emulator, site: Site
) -> None:
    older, newer = site.snapshot_by_command(), site.snapshot()
    before = logins(cluster)
    cluster.fault(method="GET", path=DIFF, status=401)
    done = site.generate(older, newer)
    assert done.code == 1
    assert "Error 401" in done.messages
    assert logins(cluster) - before == 1


def test_a_damaged_session_is_replaced(site: Site) -> None:
    """Damaged files that never reach qq are a matter of ``tests/parts/test_qq_session.py``."""
    site.snapshot_by_command()
    (kept,) = site.folder.rglob("sessions/*.json")
    for damage in ('{"version": 9}', '{"version": 1, "bearer_token": "no"}'):
        kept.write_text(damage)
        site.snapshot_by_command()
        assert json.loads(kept.read_text())["version"] == 1


def test_runs_at_the_same_time_do_not_harm_each_other(
    own_cluster: Emulator, own_site: Site
) -> None:
    site, names = own_site, [f"{number}.mov" for number in range(20)]
    before = logins(own_cluster)
    write_files(site.mount, *names)
    run = site.command("qumulo_create_snap.py", "-p", "show", "-s", "/")
    ids = sorted(int(output) for output in run_at_once(site, [run] * 3))
    assert ids == [1, 2, 3]
    assert logins(own_cluster) - before == 1
    write_files(site.mount, *names, size=20)
    newer = site.snapshot()
    alone = site.scan_list(ids[0], newer)
    run = site.command("qumulo_generate_changelist.py", *site.arguments(ids[0], newer))
    assert run_at_once(site, [run] * 3) == [f"{site.list_path}\n".encode()] * 3
    assert site.list_path.read_bytes() == alone
    left = sorted(path.name for path in site.list_path.parent.iterdir())
    assert left == ["1-files.json", "1-files.xml"]


def run_at_once(site: Site, commands: list[list[str]]) -> list[bytes]:
    """Run commands at the same time; return what each printed."""
    running = [
        subprocess.Popen(command, env=site.variables(), stdout=subprocess.PIPE)
        for command in commands
    ]
    outputs = [process.communicate()[0] for process in running]
    assert [process.returncode for process in running] == [0] * len(running)
    return outputs
