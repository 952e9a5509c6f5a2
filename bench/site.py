"""The surroundings of a scenario: a server of made-up trees, a mount, a scratch folder."""

import contextlib
import json
import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import urllib3

from bench.scenarios import Scenario

REPOSITORY = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# A tree that is laid out with its snapshots has about three for each change, counting links.
_FILES_FOR_A_CHANGE = 4
_REQUESTS = "/emulator/requests"
_BIN = os.path.dirname(sys.executable)


@dataclass(frozen=True, slots=True)
class Site:
    """A running server, and what is needed to ask it."""

    folder: str
    """Lists and everything else are written below it."""
    mount: str
    """Where this machine shows the newer tree, if the scenario needs that."""
    host: str
    port: int
    username: str
    password: str
    fingerprint: str
    source: str
    """The directory of the cluster that the snapshots are of."""
    older: int
    newer: int

    @property
    def certificate(self) -> str:
        """The file with the server's certificate, in PEM."""
        return os.path.join(self.folder, "certificate.pem")

    @property
    def credentials(self) -> str:
        """The file with the session of a login by hand, as ``qq`` writes it."""
        return os.path.join(self.folder, "credentials")

    @property
    def configuration(self) -> str:
        """The archiver's configuration."""
        return os.path.join(self.folder, "DNAClientServices.conf")

    @property
    def environment(self) -> dict[str, str]:
        """The environment of the commands: an ordinary one, without the user's own settings."""
        return {
            "PATH": f"{_BIN}:/usr/bin:/bin",
            "HOME": self.folder,
            "XDG_STATE_HOME": os.path.join(self.folder, "state"),
            "TMPDIR": tempfile.gettempdir(),
        }

    def configure(self) -> None:
        """Write the archiver's configuration, and a session as ``qq login`` writes it."""
        with open(self.configuration, "w", encoding="utf-8") as file:
            file.write(
                "[General]\n"
                f"QumuloClusterIP={self.host}\n"
                f"QumuloClusterPort={self.port}\n"
                f"QumuloUsername={self.username}\n"
                f"QumuloPassword={self.password}\n"
                f"QumuloCertificateFingerprint={self.fingerprint}\n"
                f"FastScanWorkFolder={self.folder}/work\n"
            )
        login = {"username": self.username, "password": self.password}
        with self._pool() as pool:
            answer = pool.request("POST", "/v1/session/login", json=login)
        with open(self.credentials, "w", encoding="utf-8") as file:
            json.dump({"version": 1, "bearer_token": answer.json()["bearer_token"]}, file)

    @property
    def qq(self) -> list[str]:
        """``qq`` with the options for this server."""
        where = ["--host", self.host, "--port", str(self.port)]
        return [os.path.join(_BIN, "qq"), *where, "--credentials-store", self.credentials]

    def requests(self) -> list[str] | None:
        """Return the paths of the requests since the last call; None if the server has no record.

        The emulator remembers the last hundred thousand.
        """
        with open(self.credentials, encoding="utf-8") as file:
            token = json.load(file)["bearer_token"]
        with self._pool() as pool:
            answer = pool.request("GET", _REQUESTS, headers={"Authorization": f"Bearer {token}"})
            if answer.status != 200:
                return None
            paths = [entry["path"] for entry in answer.json()["entries"]]
        last_call = max((n for n, path in enumerate(paths) if path == _REQUESTS), default=-1)
        return paths[last_call + 1 :]

    def _pool(self) -> urllib3.HTTPSConnectionPool:
        return urllib3.HTTPSConnectionPool(self.host, self.port, ca_certs=self.certificate)


@contextlib.contextmanager
def serve_scenario(scenario: Scenario, scratch: str) -> Iterator[Site]:
    """Serve the diff of a scenario for a ``with`` block, in a new folder below ``scratch``.

    If ``scratch`` cannot have that many files, as a file system in memory may not, the tree is laid
    out in the system's temporary folder instead.
    """
    with contextlib.ExitStack() as folders:
        folder = folders.enter_context(_folder(scratch))
        mount = os.path.join(folder, "mount")
        if scenario.needs_mount and not _has_room(folder, scenario.size * _FILES_FOR_A_CHANGE):
            mount = os.path.join(folders.enter_context(_folder(tempfile.gettempdir())), "mount")
        site = folders.enter_context(_server(scenario, folder, mount))
        site.configure()
        yield site


def _folder(parent: str) -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="qumulo-bench-", dir=parent)


def _has_room(folder: str, files: int) -> bool:
    limits = os.statvfs(folder)
    return not limits.f_files or limits.f_favail > files


@contextlib.contextmanager
def _server(scenario: Scenario, folder: str, mount: str) -> Iterator[Site]:
    password = secrets.token_urlsafe(12)
    command = [sys.executable, "-m", "qumulo_emulator", "serve"]
    command += ["--synthetic", str(scenario.size), "--shape", scenario.shape]
    command += ["--latency-ms", str(scenario.latency_ms), "--port", "0"]
    command += ["--certificate", os.path.join(folder, "certificate.pem")]
    if scenario.needs_mount:
        command += ["--materialize", mount, "--materialize-snapshots"]
    server = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        env=os.environ | {"QUMULO_EMULATOR_PASSWORD": password},
        start_new_session=True,  # Ctrl-C reaches only the bench, which then ends the server
    )
    with server:
        try:
            assert server.stdout
            ready = server.stdout.readline()
            if not ready:
                raise SystemExit(f"the server ended with {server.wait()}")
            yield _site(json.loads(ready), folder, mount, password)
        finally:
            server.terminate()


def _site(facts: dict[str, Any], folder: str, mount: str, password: str) -> Site:
    return Site(
        folder,
        mount,
        facts["host"],
        facts["port"],
        facts["username"],
        password,
        facts["certificate_sha256"],
        facts["source"],
        int(facts["older"]),
        int(facts["newer"]),
    )
