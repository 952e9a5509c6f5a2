"""What clients do again and again: name a file in a URL, follow pages, take a snapshot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qumulo_emulator.running import Emulator


def file_url(path: str, rest: str = "") -> str:
    """The URL of a file by its path, each byte outside of ASCII and each slash encoded."""
    return f"/v1/files/{quote(path.encode('utf-8', 'surrogateescape'), safe='')}{rest}"


def got(emulator: Emulator, url: str) -> Any:
    """The reply to a GET that succeeds."""
    status, reply = emulator.request("GET", url)
    assert status == 200, reply
    return reply


def attributes(emulator: Emulator, path: str, query: str = "") -> dict[str, Any]:
    """All attributes of a file."""
    found: dict[str, Any] = got(emulator, file_url(path, f"/info/attributes{query}"))
    return found


def pages(emulator: Emulator, url: str) -> Iterator[dict[str, Any]]:
    """The pages of a collection, each asked for when the one before has been looked at."""
    following: str | None = url
    while following:
        page = got(emulator, following)
        yield page
        following = page["paging"]["next"]


def created(emulator: Emulator, version: str, path: str, **fields: object) -> dict[str, Any]:
    """A snapshot of a directory, as a version of the API answers for it."""
    body = {"source_file_id": attributes(emulator, path)["id"], **fields}
    status, reply = emulator.request("POST", f"/{version}/snapshots/", body)
    assert status == 200, reply
    found: dict[str, Any] = reply
    return found


def refusal(answer: tuple[int, Any]) -> tuple[int, str]:
    """The status and the class of an answer that is an error in Qumulo's form."""
    status, error = answer
    assert set(error) == {"description", "module", "error_class", "user_visible", "stack"}
    assert isinstance(error["description"], str)
    assert isinstance(error["module"], str)
    assert error["user_visible"] is True
    assert isinstance(error["stack"], list)
    return status, error["error_class"]
