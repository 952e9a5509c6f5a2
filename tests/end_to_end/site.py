"""A customer's site: a cluster, a mount of it, the archiver's configuration, and the commands."""

import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from qumulo_emulator.running import Emulator
from tests.quick import REPOSITORY, quick_command

GUID = "9b1deb4d-3b7d"


class CommandResult(NamedTuple):
    """How a command ended."""

    code: int
    output: str
    """What it printed on standard output."""
    messages: str
    """What it printed on standard error."""


@dataclass
class Site:
    """Runs the commands for one project.

    ``root`` is the emulated cluster's ``/`` on this machine, so it is also a mount of the cluster.
    """

    root: Path
    folder: Path
    port: int
    password: str
    qq: Path
    """The folder of ``qq``."""
    source: str = "/"
    """The directory that snapshots are taken of."""
    fingerprint: str | None = None
    """Of the cluster's certificate, for REST."""
    environment: dict[str, str] = field(default_factory=dict)
    cluster: Emulator | None = None
    """Takes snapshots, quicker than a command."""
    installed: bool = False
    """Whether commands start with a Python of their own, as users start them."""

    def __post_init__(self) -> None:
        self.configure()

    @property
    def mount(self) -> Path:
        """Where this machine sees the source."""
        return self.mounted(self.source)

    def mounted(self, path: str) -> Path:
        return self.root / path.strip("/")

    @property
    def configuration(self) -> Path:
        return self.folder / "DNAClientServices.conf"

    def configure(self, **changes: str | None) -> None:
        """Write the archiver's configuration, without the keys whose value is None."""
        values: dict[str, str | None] = {
            "QumuloClusterIP": "127.0.0.1",
            "QumuloClusterPort": str(self.port),
            "QumuloUsername": "admin",
            "QumuloPassword": self.password,
            "FastScanWorkFolder": str(self.folder / "work"),
            "QumuloCertificateFingerprint": self.fingerprint,
        } | changes
        lines = [f"{key}={value}" for key, value in values.items() if value is not None]
        self.configuration.write_text("\n".join(["[General]", *lines, ""]), encoding="utf-8")
        self.configuration.chmod(0o600)

    def command(self, script: str, *arguments: str) -> list[str]:
        """A command as it is installed, for a test of its process."""
        return [sys.executable, str(REPOSITORY / script), *arguments]

    def variables(self) -> dict[str, str]:
        """The environment of a command, with this ``qq`` first on the PATH."""
        return {
            "PATH": f"{self.qq}:/usr/bin:/bin",
            "HOME": str(self.folder),
            "XDG_STATE_HOME": str(self.folder / "state"),
            "QUMULO_CHANGELIST_CONFIG": str(self.configuration),
            **self.environment,
        }

    def run(self, script: str, *arguments: str) -> CommandResult:
        done = subprocess.run(
            self.command(script, *arguments)
            if self.installed
            else [quick_command(script), *arguments],
            capture_output=True,
            env=self.variables(),
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            timeout=120,
        )
        return CommandResult(
            done.returncode,
            done.stdout.decode("utf-8", "surrogateescape"),
            done.stderr.decode("utf-8", "surrogateescape"),
        )

    def snapshot_by_command(self, path: str | None = None) -> int:
        """Take a snapshot with the command; return its id."""
        done = self.run("qumulo_create_snap.py", "-p", "show", "-s", path or self.source)
        assert done.code == 0, done.messages
        return int(done.output)

    def snapshot(self) -> int:
        """Take a snapshot without the command, which is quicker; return its id."""
        cluster = self.cluster
        assert cluster
        source = quote(self.source, safe="")
        _, directory = cluster.request("GET", f"/v1/files/{source}/info/attributes")
        wanted = {"name_suffix": "s", "expiration": "", "source_file_id": directory["id"]}
        _, snapshot = cluster.request("POST", "/v3/snapshots/", wanted)
        number: int = snapshot["id"]
        return number

    def arguments(
        self, older: int, newer: int, *options: str, base: str | None = None
    ) -> list[str]:
        """The arguments for a list; there is no mapped path with ``--metadata=rest``."""
        base = base or self.source
        mapped = [] if "--metadata=rest" in options else ["-m", str(self.mounted(base))]
        return [
            *("-p", "show", "-b", base, *mapped, "-g", GUID, "-i", "1"),
            *("--prevsnapshotid", str(older), "--newsnapshotid", str(newer), *options),
        ]

    def generate(
        self, older: int, newer: int, *options: str, base: str | None = None
    ) -> CommandResult:
        return self.run(
            "qumulo_generate_changelist.py", *self.arguments(older, newer, *options, base=base)
        )

    @property
    def list_path(self) -> Path:
        return self.folder / "work" / "sdna-scan-files" / GUID / "1-files.xml"

    def scan_list(
        self, older: int, newer: int, *options: str, base: str | None = None, code: int = 0
    ) -> bytes:
        """Generate a list with the exit code ``code``, and return its content."""
        done = self.generate(older, newer, *options, base=base)
        assert done.code == code, done.messages
        assert done.output == f"{self.list_path}\n"
        return self.list_path.read_bytes()


def make_policy(cluster: Emulator, source: str, name: str) -> None:
    """Make a snapshot policy of a directory."""
    _, directory = cluster.request("GET", f"/v1/files/{quote(source, safe='')}/info/attributes")
    schedule = {
        "creation_schedule": {
            "frequency": "SCHEDULE_HOURLY_OR_LESS", "timezone": "UTC",
            "fire_every": 1, "fire_every_interval": "FIRE_IN_HOURS",
            "window_start_hour": 0, "window_start_minute": 0,
            "window_end_hour": 23, "window_end_minute": 59,
            "on_days": ["EVERY_DAY"],
        },
        "expiration_time_to_live": "1days",
    }  # fmt: skip
    wanted = {"policy_name": name, "source_file_id": directory["id"], "schedule": schedule}
    status, answer = cluster.request("POST", "/v3/snapshots/policies/", wanted)
    assert status == 200, answer
