"""Trees that can be seen in a test, what the cluster says of them, and the real `qq`."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from qumulo_emulator.cluster import Cluster
    from qumulo_emulator.running import Emulator


def make(directory: Path, tree: Mapping[str, Any]) -> None:
    """Make what a tree shows: text is a file, a mapping a directory."""
    directory.mkdir(exist_ok=True)
    for name, content in tree.items():
        if isinstance(content, str):
            (directory / name).write_text(content)
        else:
            make(directory / name, content)


def ref(path: str) -> str:
    """A path as it is sent in a URL."""
    return quote(os.fsencode(path), safe="")


def attributes(emulator: Emulator, path: str, snapshot: int | None = None) -> dict[str, Any]:
    """The attributes of a path, which must exist."""
    query = "" if snapshot is None else f"?snapshot={snapshot}"
    status, reply = emulator.request("GET", f"/v1/files/{ref(path)}/info/attributes{query}")
    assert status == 200, reply
    assert isinstance(reply, dict)
    return reply


def take(emulator: Emulator, path: str, **fields: object) -> int:
    """Take a snapshot; returns its id."""
    source = attributes(emulator, path)["id"]
    body = {"source_file_id": source, "expiration": "", **fields}
    status, reply = emulator.request("POST", "/v3/snapshots/", body)
    assert status == 200, reply
    number = reply["id"]
    assert isinstance(number, int)
    return number


def pages(emulator: Emulator, uri: str, key: str = "entries") -> list[list[Any]]:
    """All pages of a collection."""
    found = []
    while uri:
        status, reply = emulator.request("GET", uri)
        assert status == 200, reply
        found.append(reply[key])
        uri = reply["paging"]["next"]
    return found


def diff(emulator: Emulator, newer: int, older: int) -> list[str]:
    """All changes, each as `OP path`."""
    found = pages(emulator, f"/v2/snapshots/{newer}/changes-since/{older}")
    return [f"{entry['op']} {entry['path']}" for page in found for entry in page]


class Changes:
    """Snapshots of one directory of a cluster, and what changed from each to the next."""

    def __init__(self, cluster: Cluster, path: str) -> None:
        self._cluster = cluster
        self._parts = tuple(part for part in path.split("/") if part)
        self._last = self._take()

    def _take(self) -> int:
        return self._cluster.snapshots.take(self._parts, None, None).id

    def since_last(self) -> list[str]:
        """What changed since this was last asked, each as `OP path`."""
        newer = self._take()
        found = self._cluster.diff(newer, self._last)
        self._last = newer
        return [f"{change.operation.value} {change.path}" for change in found]


@dataclass(frozen=True)
class Qq:
    """The vendor's command, logged in with credentials of its own."""

    path: str
    credentials: Path

    def start(self, emulator: Emulator, *arguments: str, stdin: str = "") -> tuple[int, str, str]:
        """Run it; returns its exit code, what it printed, and its messages."""
        where = ["--host", emulator.host, "--port", str(emulator.port)]
        command = [self.path, *where, "--credentials-store", str(self.credentials), *arguments]
        done = subprocess.run(
            command,
            input=stdin.encode(),
            capture_output=True,
            timeout=60,
            # Without a terminal of its own it reads the password from standard input.
            start_new_session=True,
            env={**os.environ, "HOME": str(self.credentials.parent), "PYTHONIOENCODING": "utf-8"},
        )
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    def login(self, emulator: Emulator) -> None:
        """Log in, the password on standard input."""
        code, _, messages = self.start(
            emulator, "login", "-u", emulator.username, stdin=f"{emulator.password}\n"
        )
        assert code == 0, messages

    def run(self, emulator: Emulator, *arguments: str) -> str:
        """Run it; it must succeed; returns what it printed."""
        code, printed, messages = self.start(emulator, *arguments)
        assert code == 0, printed + messages
        return printed

    def json(self, emulator: Emulator, *arguments: str) -> Any:
        """Run it; it must succeed and print JSON; returns that."""
        return json.loads(self.run(emulator, *arguments))
