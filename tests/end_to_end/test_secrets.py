"""The password: no process shows it, and no file contains it but the archiver's configuration."""

import stat
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from qumulo_emulator.running import Emulator, serve_in_thread
from tests.end_to_end.processes import shown_by_processes
from tests.end_to_end.site import Site
from tests.qq import INSTALLED, QQ


def snapshot_arguments(site: Site) -> list[str]:
    return ["qumulo_create_snap.py", "-p", "show", "-s", site.source, "--verbose"]


def list_arguments(site: Site) -> list[str]:
    older = site.snapshot()
    (site.mount / "new.mov").write_text("x")
    arguments = site.arguments(older, site.snapshot(), "--deletes", "--verbose")
    return ["qumulo_generate_changelist.py", *arguments]


def emulator_password_variable(secret: bytes) -> bytes:
    """The variable with the emulator's own password: it is the test's, not the command's."""
    return b"QUMULO_EMULATOR_PASSWORD=" + secret


@pytest.mark.parametrize(
    ("qq", "arguments"),
    [("qq of today", snapshot_arguments), ("qq before 6.2.2", list_arguments)],
    ids=["a snapshot", "a list"],
)
def test_no_command_line_and_no_environment_shows_the_password(
    cluster: Emulator, site: Site, qq: str, arguments: Callable[[Site], list[str]]
) -> None:
    site.qq = INSTALLED[qq]
    command = site.command(*arguments(site))
    cluster.settings(latency_ms=50)
    secret = site.password.encode()
    times_qq_was_seen = 0
    with subprocess.Popen(
        command, env=site.variables(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        while running.poll() is None:
            shown = shown_by_processes().replace(emulator_password_variable(secret), b"")
            assert secret not in shown
            times_qq_was_seen += b"--credentials-store" in shown
            time.sleep(0.01)
        assert running.stdout
        assert running.stderr
        output, messages = running.stdout.read(), running.stderr.read()
    assert running.returncode == 0, messages
    assert times_qq_was_seen > 5
    assert secret not in output + messages
    assert b"running" in messages


def test_no_file_contains_the_password_and_only_its_user_can_read_the_session(
    site: Site, any_qq: Path
) -> None:
    site.qq = any_qq
    assert site.run(*list_arguments(site)).code == 0
    files = [path for path in site.folder.rglob("*") if path.is_file()]
    with_password = [path for path in files if site.password.encode() in path.read_bytes()]
    assert with_password == [site.configuration]
    assert site.list_path in files
    (kept,) = site.folder.rglob("sessions/*.json")
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    ("qq", "password"),
    [
        ("qq of today", "-p --help p%s#1;=\"'\\\\x $(id) `id` *" + "x" * 100),
        ("qq before 6.2.2", "$(id) `id` * Grüße 🎬"),
    ],
    ids=["qq of today", "qq before 6.2.2"],
)
def test_a_password_can_contain_anything(tmp_path: Path, qq: str, password: str) -> None:
    root = tmp_path / "cluster"
    root.mkdir()
    typed = password.replace("\\\\", "\\")
    with serve_in_thread(root, password=typed) as running:
        site = Site(root, tmp_path, running.port, password, QQ[qq])
        assert site.snapshot_by_command() == 1
