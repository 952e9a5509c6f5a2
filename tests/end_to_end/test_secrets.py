"""Secrets: whatever a command does, nothing shows or keeps one but the files that are for it.

Every command runs with secrets that can be recognized, also encoded. What it prints, every file
that it leaves, and the command line and the environment of each program that it starts are searched
for them.
"""

import base64
import json
import os
import plistlib
import signal
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, quote_plus
from xml.sax.saxutils import escape

import pytest

from qumulo_emulator.running import Emulator, serve_in_process, serve_in_thread
from tests.end_to_end.processes import SECONDS, wait_until
from tests.end_to_end.site import GUID, Site
from tests.qq import QQ
from tests.quick import quick_command

PASSWORD = "marked \"& <pass>word' é% 1"
WRONG = "marked wrong password 2"
IN_URL = "marked-token-of-a-webhook-3"
FORGED = "access-v1:" + base64.b64encode(b"marked and refused 4").decode()

RECORD = """\
#!/bin/sh
{{ cat /proc/$$/cmdline /proc/$$/environ; echo; }} >> {record}
exec {program} "$@"
"""


def ways_to_write(secret: str) -> Iterator[bytes]:
    """A secret as it may turn up somewhere."""
    plain = secret.encode()
    yield from (plain, secret.encode("utf-16-le"), plain.hex().encode())
    written = [json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]]
    written += [quote(secret, safe=""), quote(secret), quote_plus(secret), repr(secret)[1:-1]]
    written += [escape(secret), escape(secret, {'"': "&quot;"})]
    yield from map(str.encode, written)
    for shift in range(3):  # without the ends, which depend on what is beside it
        yield base64.b64encode(b" " * shift + plain)[4:-4]


class Watch:
    """Searches for secrets where a command can have left them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.record = folder / "started-programs"
        self.programs = 0

    def recorded(self, program: str, name: str) -> Path:
        """A program that records how it was started, in a folder for the PATH."""
        folder = self.folder / "bin"
        folder.mkdir(exist_ok=True)
        (folder / name).write_text(RECORD.format(record=self.record, program=program))
        (folder / name).chmod(0o755)
        return folder

    def check(self, printed: bytes, secrets: set[str], meant: set[Path]) -> None:
        """Fail if a secret was printed, or is in a file that is not meant for it."""
        found = {"what was printed": printed}
        for path in self.folder.rglob("*"):
            if path.is_file() and path not in meant:
                found[str(path)] = os.fsencode(path) + path.read_bytes()
        for where, content in found.items():
            for secret in secrets:
                for written in ways_to_write(secret):
                    assert written not in content, (where, secret, written)
        assert b"Traceback" not in printed
        started = self.record.read_bytes() if self.record.exists() else b""
        self.programs = started.count(b"\0\n")


class Archive:
    """A site whose password and tokens are marked, and the commands that are run for it."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.secrets = {PASSWORD, WRONG, IN_URL, FORGED}
        self.watch = Watch(site.folder)
        site.qq = self.watch.recorded(str(site.qq / "qq"), "qq")
        self.command = self.watch.recorded("true", "archive") / "archive"
        site.environment = {
            "TMPDIR": str(site.folder),
            "QUMULO_CHANGELIST_PASSWORD": PASSWORD,
            "QUMULO_CHANGELIST_ACCESS_TOKEN": FORGED,
        }
        self.configure()
        self.meant = {site.configuration, site.folder / "projects.toml"}

    def configure(self, **changes: str | None) -> None:
        written = {"QumuloPassword": '"' + PASSWORD.replace('"', '\\"') + '"'}
        self.site.configure(**(written | changes))

    def type(self, name: str, *arguments: str, code: int | None = 0) -> str:
        """Run a command, search for secrets, and return what it said."""
        done = subprocess.run(
            [quick_command(name), *arguments],
            capture_output=True,
            env=self.site.variables(),
            cwd=self.site.folder,
            stdin=subprocess.DEVNULL,
            timeout=120,
        )
        assert code in (None, done.returncode), done.stderr
        for session in self.site.folder.rglob("sessions/*.json"):
            self.secrets.add(json.loads(session.read_text())["bearer_token"])
            self.meant.add(session)
        self.watch.check(done.stdout + done.stderr, self.secrets, self.meant)
        return done.stderr.decode("utf-8", "replace")

    def list(self, older: int, newer: int, *options: str, code: int | None = 0) -> str:
        arguments = self.site.arguments(older, newer, "--verbose", *options)
        return self.type("qumulo_generate_changelist.py", *arguments, code=code)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """A cluster whose password is marked."""
    with serve_in_process(tmp_path_factory.mktemp("cluster"), password=PASSWORD) as running:
        yield running


@pytest.fixture
def archive(guarded: Emulator, tmp_path: Path) -> Iterator[Archive]:
    root = Path(str(guarded.root))
    (root / tmp_path.name).mkdir()
    yield Archive(
        Site(
            root, tmp_path, guarded.port, PASSWORD, QQ["qq of today"], f"/{tmp_path.name}",
            guarded.certificate_sha256, cluster=guarded,
        )
    )  # fmt: skip
    guarded.clear_faults()


def changed(site: Site) -> tuple[int, int]:
    older = site.snapshot()
    (site.mount / "new.mov").write_text("x")
    return older, site.snapshot()


def test_through_qq_nothing_shows_a_secret(archive: Archive, any_qq: Path) -> None:
    site = archive.site
    archive.watch.recorded(str(any_qq / "qq"), "qq")
    snapshot = ("qumulo_create_snap.py", "-p", "show", "-s", site.source, "--verbose")
    archive.configure(QumuloPassword=WRONG)
    assert "qq login" in archive.type(*snapshot, code=1)
    archive.configure()
    older, newer = changed(site)
    assert "running" in archive.list(older, newer, "--deletes", "--workers=2")
    assert archive.watch.programs > 3
    (site.folder / "state" / "qumulo-changelist" / "sessions").chmod(0o755)
    assert site.cluster
    site.cluster.fault(path="*changes-since*", status=503)
    archive.list(older, newer, "--retry-for=0", code=1)

    (kept,) = site.folder.rglob("sessions/*.json")
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700


def test_over_rest_nothing_shows_a_secret(archive: Archive, guarded: Emulator) -> None:
    older, newer = changed(archive.site)
    archive.configure(QumuloTransport="rest")
    guarded.fault(path="*changes-since*", action="garbage", times=1)
    archive.list(older, newer, code=None)
    guarded.clear_faults()
    guarded.fault(path="*changes-since*", action="close", times=1)
    assert "trying again" in archive.list(older, newer, "--workers=2")
    for wrong, words in (
        ({"QumuloPassword": WRONG}, "77"),
        ({"QumuloAccessToken": FORGED}, "77"),
        ({"QumuloCertificateFingerprint": "0" * 64}, "69"),
        ({"QumuloCertificateFingerprint": None}, "69"),
        ({"QumuloPassword": f"{WRONG}\\n"}, "23"),
        ({"QumuloAccessToken": f"{FORGED} é"}, "23"),
        ({"QumuloUsername": None}, "23"),
    ):
        archive.configure(QumuloTransport="rest", **wrong)
        archive.list(older, newer, code=int(words))
    archive.site.configuration.write_bytes(
        plistlib.dumps({"QumuloPassword": WRONG}).replace(b"</dict>", b"<date>" + WRONG.encode())
    )
    archive.list(older, newer, code=23)


def test_no_command_of_a_cycle_shows_a_secret(archive: Archive, guarded: Emulator) -> None:
    site = archive.site
    archive.configure(QumuloTransport="rest")
    (site.folder / "projects.toml").write_text(
        f'[projects.show]\npath = "{site.source}"\nguid = "{GUID}"\n'
        f'notify_url = "https://127.0.0.1:{site.port}/{IN_URL}"\n'
        f'metrics_file = "{site.folder}/m.prom"\n'
    )
    own = ("--projects", str(site.folder / "projects.toml"), "--verbose")
    program = "qumulo-changelist"
    hand = ("--", str(archive.command), "{list}")
    site.configuration.chmod(0o644)
    said = archive.type(program, "run", "show", *own, *hand)
    assert "could not be notified" in said
    for exposed in (site.configuration, site.folder / "projects.toml"):
        assert said.count(f"{exposed} has a secret, and every user of this machine") == 1
    assert archive.watch.programs == 1
    (site.mount / "new.mov").write_text("x")
    archive.type(program, "run", "show", *own, "--json", "--", "false", code=3)
    archive.type(program, "diff", "committed", "latest", "-", "--project", "show", *own)
    for command in ("status", "history"):
        archive.type(program, command, "--json", "--verbose", code=None)
    archive.type(program, "projects", "check", *own[:2])
    archive.type(program, "doctor", "show", *own, code=None)
    archive.configure(QumuloTransport="rest", QumuloPassword=WRONG)
    archive.type(program, "run", "show", *own, code=77)


def test_a_new_configuration_has_the_token_and_nothing_else_does(archive: Archive) -> None:
    site = archive.site
    made = site.folder / "new" / "cluster.conf"
    del site.environment["QUMULO_CHANGELIST_ACCESS_TOKEN"]
    archive.meant.add(made)

    done = archive.type(
        "qumulo-changelist",
        *("init", "--yes", "--token", "--verbose", "--write-config", str(made)),
        *("--cluster", "127.0.0.1", "--port", str(site.port), "--user", "admin"),
        *("--fingerprint", site.fingerprint or "", "--source", site.source, "--guid", GUID),
        *("--project", "show", "--work-folder", str(site.folder / "work")),
        *("--projects", str(site.folder / "projects.toml"), "--mapped-path", str(site.mount)),
    )

    content = made.read_text()
    token = content.partition("QumuloAccessToken=")[2].split()[0].strip('"')
    assert token.startswith("access-v1:")
    assert token not in done
    assert PASSWORD not in content
    assert stat.S_IMODE(made.stat().st_mode) == 0o600
    assert stat.S_IMODE(made.parent.stat().st_mode) == 0o700
    archive.secrets.add(token)
    archive.type("qumulo-changelist", "history", "--json")


def stalled(cluster: Emulator) -> bool:
    _, faults = cluster.request("GET", "/emulator/faults")
    return bool(faults["entries"][0]["times"] < 9)


def test_a_run_that_is_interrupted_while_it_hangs_shows_no_secret(
    archive: Archive, guarded: Emulator
) -> None:
    site = archive.site
    archive.configure(QumuloTransport="rest")
    older, newer = changed(site)
    guarded.fault(path="*changes-since*", action="stall", times=9)
    arguments = site.arguments(older, newer, "--verbose")
    with subprocess.Popen(
        site.command("qumulo_generate_changelist.py", *arguments),
        env=site.variables(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as running:
        try:
            wait_until(lambda: stalled(guarded))
            running.send_signal(signal.SIGTERM)
            guarded.clear_faults()
            printed, _ = running.communicate(timeout=SECONDS)
        finally:
            running.kill()

    assert running.returncode == 128 + signal.SIGTERM, printed
    archive.watch.check(printed, archive.secrets, archive.meant)


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
