"""Where a scenario is run: a server over made-up trees, a mount, a scratch folder."""

import contextlib
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass

import urllib3

from bench.scenarios import Scenario

REPOSITORY = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_REQUESTS = "/emulator/requests"
_BIN = os.path.dirname(sys.executable)


@dataclass(frozen=True, slots=True)
class Site:
    """A server that answers, and what it takes to ask it."""

    folder: str
    """Everything that is written lands below it."""
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
    def mount(self) -> str:
        """Where this machine sees the newer tree, if the scenario has it materialized."""
        return os.path.join(self.folder, "mount")

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
        """Write the archiver's configuration, and log in once by hand."""
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
        subprocess.run(
            [*self.qq, "login", "-u", self.username],
            input=self.password.encode() + b"\n",
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=True,
            start_new_session=True,  # else it asks on the terminal
        )

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
        with urllib3.HTTPSConnectionPool(self.host, self.port, ca_certs=self.certificate) as pool:
            answer = pool.request("GET", _REQUESTS, headers={"Authorization": f"Bearer {token}"})
            if answer.status != 200:
                return None
            paths = [entry["path"] for entry in answer.json()["entries"]]
        last_call = max((n for n, path in enumerate(paths) if path == _REQUESTS), default=-1)
        return paths[last_call + 1 :]


@contextlib.contextmanager
def served(scenario: Scenario, scratch: str) -> Iterator[Site]:
    """Serve a scenario's diff while the block lasts, in a folder of its own below ``scratch``."""
    folder = tempfile.mkdtemp(prefix="qumulo-bench-", dir=scratch)
    try:
        with _server(scenario, folder) as site:
            site.configure()
            yield site
    finally:
        shutil.rmtree(folder)


@contextlib.contextmanager
def _server(scenario: Scenario, folder: str) -> Iterator[Site]:
    password = secrets.token_urlsafe(12)
    command = [sys.executable, "-m", "qumulo_emulator", "serve"]
    command += ["--synthetic", str(scenario.size), "--shape", scenario.shape]
    command += ["--latency-ms", str(scenario.latency_ms), "--port", "0"]
    command += ["--certificate", os.path.join(folder, "certificate.pem")]
    if scenario.mounted:
        command += ["--materialize", os.path.join(folder, "mount")]
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
            facts = json.loads(ready)
            yield Site(
                folder,
                facts["host"],
                facts["port"],
                facts["username"],
                password,
                facts["certificate_sha256"],
                facts["source"],
                int(facts["older"]),
                int(facts["newer"]),
            )
        finally:
            server.terminate()
