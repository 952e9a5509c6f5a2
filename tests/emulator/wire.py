"""What clients do again and again: name a file in a URL, follow pages, take a snapshot."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qumulo_emulator.running import Emulator


class Client(Protocol):
    """Sends requests: an `Emulator`, or a single connection to it."""

    def request(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """Return the status and the parsed reply."""


def root_of(emulator: Emulator) -> Path:
    """Return the directory that an emulator serves."""
    assert emulator.root is not None
    return Path(emulator.root)


def file_url(path: str, rest: str = "") -> str:
    """Return the URL of a file; slashes and all bytes outside of ASCII are encoded."""
    return f"/v1/files/{quote(path.encode('utf-8', 'surrogateescape'), safe='')}{rest}"


def get(client: Client, url: str) -> Any:
    """Return the reply to a GET that must succeed."""
    status, reply = client.request("GET", url)
    assert status == 200, reply
    return reply


def attributes(client: Client, path: str, query: str = "") -> dict[str, Any]:
    """Return all attributes of a file."""
    found: dict[str, Any] = get(client, file_url(path, f"/info/attributes{query}"))
    return found


def pages(client: Client, url: str) -> Iterator[dict[str, Any]]:
    """Yield the pages of a collection; each is requested when the one before has been used."""
    following: str | None = url
    while following:
        page = get(client, following)
        yield page
        following = page["paging"]["next"]


def create_snapshot(client: Client, version: str, path: str, **fields: object) -> dict[str, Any]:
    """Take a snapshot of a directory, and return the reply of this version of the API."""
    body = {"source_file_id": attributes(client, path)["id"], **fields}
    status, reply = client.request("POST", f"/{version}/snapshots/", body)
    assert status == 200, reply
    found: dict[str, Any] = reply
    return found


def refusal(answer: tuple[int, Any]) -> tuple[int, str]:
    """Return the status and the class of an answer, which must be an error in Qumulo's form."""
    status, error = answer
    assert set(error) == {"description", "module", "error_class", "user_visible", "stack"}
    assert isinstance(error["description"], str)
    assert isinstance(error["module"], str)
    assert error["user_visible"] is True
    assert isinstance(error["stack"], list)
    return status, error["error_class"]
