"""Where a scenario is run: a server over made-up trees, a mount, a scratch folder."""

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
# What a change takes in a tree laid out with its snapshots, links counted: about three.
_FILES_A_CHANGE = 4
_REQUESTS = "/emulator/requests"
_BIN = os.path.dirname(sys.executable)


@dataclass(frozen=True, slots=True)
class Site:
    """A server that answers, and what it takes to ask it."""

    folder: str
    """Lists, and all else that is written, land below it."""
    mount: str
    """Where this machine sees the newer tree, if the scenario has it materialized."""
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
        """The server's, in PEM."""
        return os.path.join(self.folder, "certificate.pem")

    @property
    def credentials(self) -> str:
        """Where the session of a login by hand is kept, as ``qq`` writes it."""
        return os.path.join(self.folder, "credentials")

    @property
    def configuration(self) -> str:
        """The archiver's configuration."""
        return os.path.join(self.folder, "DNAClientServices.conf")

    @property
    def environment(self) -> dict[str, str]:
        """That of the commands: an ordinary one, with nothing of whoever runs this."""
        return {
            "PATH": f"{_BIN}:/usr/bin:/bin",
            "HOME": self.folder,
            "XDG_STATE_HOME": os.path.join(self.folder, "state"),
            "TMPDIR": tempfile.gettempdir(),
        }

    def configure(self) -> None:
        """Write the archiver's configuration, and a session as ``qq login`` leaves it."""
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
        """``qq`` and the options that lead it here."""
        where = ["--host", self.host, "--port", str(self.port)]
        return [os.path.join(_BIN, "qq"), *where, "--credentials-store", self.credentials]

    def requests(self) -> list[str] | None:
        """Return the paths that were asked for since the last call, as far as the server knows.

        The emulator remembers the newest hundred thousand. None where the server does not say.
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
def served(scenario: Scenario, scratch: str) -> Iterator[Site]:
    """Serve a scenario's diff while the block lasts, in a folder of its own below ``scratch``.

    A tree that would take more files than a file system in memory may have goes to the system's
    temporary folder instead.
    """
    with contextlib.ExitStack() as folders:
        folder = folders.enter_context(_folder(scratch))
        mount = os.path.join(folder, "mount")
        if scenario.mounted and not _has_room(folder, scenario.size * _FILES_A_CHANGE):
            mount = os.path.join(folders.enter_context(_folder(tempfile.gettempdir())), "mount")
        site = folders.enter_context(_server(scenario, folder, mount))
        site.configure()
        yield site


def _folder(place: str) -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="qumulo-bench-", dir=place)


def _has_room(folder: str, files: int) -> bool:
    found = os.statvfs(folder)
    return not found.f_files or found.f_favail > files


@contextlib.contextmanager
def _server(scenario: Scenario, folder: str, mount: str) -> Iterator[Site]:
    password = secrets.token_urlsafe(12)
    command = [sys.executable, "-m", "qumulo_emulator", "serve"]
    command += ["--synthetic", str(scenario.size), "--shape", scenario.shape]
    command += ["--latency-ms", str(scenario.latency_ms), "--port", "0"]
    command += ["--certificate", os.path.join(folder, "certificate.pem")]
    if scenario.mounted:
        command += ["--materialize", mount, "--materialize-snapshots"]
    server = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        env=os.environ | {"QUMULO_EMULATOR_PASSWORD": password},
        start_new_session=True,  # an interrupt from the terminal ends the bench, which ends it
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
