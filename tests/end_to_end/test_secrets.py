"""The password: in nobody's sight, and in no file but the archiver's own."""

import os
import stat
import subprocess
from pathlib import Path

import pytest

from qumulo_emulator.running import Emulator, serve_in_process
from tests.end_to_end.conftest import QQ
from tests.end_to_end.site import Site

COMMANDS = ["qumulo_create_snap.py", "qumulo_generate_changelist.py"]


def arguments(site: Site, script: str) -> list[str]:
    if script == "qumulo_create_snap.py":
        return ["-p", "show", "-s", site.source, "--verbose"]
    older = site.snapshot()
    (site.mount / "new.mov").write_text("x")
    return site.arguments(older, site.snapshot(), "--deletes", "--verbose")


def seen_of_processes() -> bytes:
    """Everything that any process on this machine shows to others of its user."""
    seen = b""
    for process in os.listdir("/proc"):
        if process.isdigit() and int(process) != os.getpid():
            for what in ("cmdline", "environ"):
                try:
                    seen += Path("/proc", process, what).read_bytes()
                except OSError:
                    continue  # it ended, or is another user's
    return seen


@pytest.mark.parametrize(
    ("qq", "script"),
    [("qq of today", COMMANDS[0]), ("qq of today", COMMANDS[1]), ("qq before 6.2.2", COMMANDS[1])],
)
def test_the_password_is_in_no_command_line_and_no_environment_while_a_command_runs(
    own_cluster: Emulator, own_site: Site, qq: str, script: str
) -> None:
    own_site.qq = QQ[qq]
    command = own_site.command(script, *arguments(own_site, script))
    own_cluster.settings(latency_ms=150)
    secret = own_site.password.encode()
    looks_at_qq = 0
    with subprocess.Popen(
        command, env=own_site.variables(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        while running.poll() is None:
            seen = seen_of_processes().replace(emulator_password_variable(secret), b"")
            assert secret not in seen
            looks_at_qq += b"--credentials-store" in seen
        assert running.stdout
        assert running.stderr
        output, messages = running.stdout.read(), running.stderr.read()
    assert running.returncode == 0, messages
    assert looks_at_qq > 5
    assert secret not in output + messages
    assert b"running" in messages


def emulator_password_variable(secret: bytes) -> bytes:
    """How the emulator itself is told its password: that is the test's, not the command's."""
    return b"QUMULO_EMULATOR_PASSWORD=" + secret


def test_the_password_is_in_no_file_but_the_archivers_own(site: Site, any_qq: Path) -> None:
    site.qq = any_qq
    older = site.snapshot()
    (site.mount / "new.mov").write_text("x")
    assert site.generate(older, site.snapshot(), "--deletes", "--verbose").code == 0
    files = [path for path in site.folder.rglob("*") if path.is_file()]
    holding = [path for path in files if site.password.encode() in path.read_bytes()]
    assert holding == [site.configuration]
    assert site.list_path in files


def test_the_session_is_kept_where_only_its_user_can_read_it(site: Site, any_qq: Path) -> None:
    site.qq = any_qq
    site.snapshot_by_command()
    (kept,) = site.folder.rglob("sessions/*.json")
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    ("qq", "password"),
    [
        ("qq of today", "p%s#1;=\"'\\\\x"),
        ("qq of today", "-p secret --help"),
        ("qq of today", "x" * 100),
        ("qq before 6.2.2", "$(id) `id` *"),
        ("qq before 6.2.2", "Grüße 🎬"),
    ],
)
def test_any_password_gets_through(tmp_path: Path, qq: str, password: str) -> None:
    root = tmp_path / "cluster"
    root.mkdir()
    typed = password.replace("\\\\", "\\")
    with serve_in_process(root, password=typed) as running:
        site = Site(root, tmp_path, running.port, password, QQ[qq])
        assert site.snapshot_by_command() == 1
