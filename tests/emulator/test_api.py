"""The API on the wire: who may ask, what comes back page by page, and how it says no."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from qumulo_emulator.running import Emulator, ThreadedEmulator, serve_in_thread
from tests.emulator.trees import lay_out


@pytest.fixture
def served(tmp_path: Path) -> Iterator[ThreadedEmulator]:
    root = lay_out(tmp_path / "root", {"show": {"a.mov": 5, "reel": {"b.mov": 7, "link": "b.mov"}}})
    with serve_in_thread(root, page_limit=3) as emulator:
        yield emulator


def ref(path: str) -> str:
    return quote(path.encode("utf-8", "surrogateescape"), safe="")


def attributes(emulator: Emulator, path: str, query: str = "") -> dict[str, Any]:
    status, reply = emulator.request("GET", f"/v1/files/{ref(path)}/info/attributes{query}")
    assert status == 200, reply
    found: dict[str, Any] = reply
    return found


def take_snapshot(emulator: Emulator, path: str = "/show", suffix: str = "s") -> int:
    source = attributes(emulator, path)["id"]
    body = {"name_suffix": suffix, "expiration": "", "source_file_id": source}
    status, reply = emulator.request("POST", "/v3/snapshots/", body)
    assert status == 200, reply
    number: int = reply["id"]
    return number


def pages(emulator: Emulator, first: str) -> list[dict[str, Any]]:
    """All pages of a collection, followed as clients do."""
    found = []
    uri: str | None = first
    while uri:
        status, page = emulator.request("GET", uri)
        assert status == 200, page
        found.append(page)
        uri = page["paging"]["next"]
    return found


# Who may ask


def test_only_login_and_version_need_no_token(served: ThreadedEmulator) -> None:
    assert served.request_as(None, "GET", "/v1/version")[0] == 200
    for path in ("/v1/session/who-am-i", "/v3/snapshots/", "/v1/files/2/entries/", "/v1/nowhere"):
        assert served.request_as(None, "GET", path)[0] == 401
        assert served.request_as("made up", "GET", path)[0] == 401
    assert served.request_as(None, "POST", "/emulator/faults", {"status": 500})[0] == 401


@pytest.mark.parametrize("field", ["username", "password"])
def test_a_wrong_login_is_refused(served: ThreadedEmulator, field: str) -> None:
    body = {"username": "admin", "password": served.password} | {field: "wrong"}
    assert served.request_as(None, "POST", "/v1/session/login", body)[0] == 401


def test_sessions_can_be_ended_and_access_tokens_outlive_them(served: ThreadedEmulator) -> None:
    _, me = served.request("GET", "/v1/session/who-am-i")
    user = {"auth_id": me["id"]}
    status, made = served.request("POST", "/v1/auth/access-tokens/", {"user": user})
    assert status == 200, made
    assert made["bearer_token"].startswith("access-v1:")
    session = served.login()
    served.expire_sessions()
    assert served.request_as(session, "GET", "/v1/session/who-am-i")[0] == 401
    assert served.request_as(made["bearer_token"], "GET", "/v1/session/who-am-i")[0] == 200
    served.request("DELETE", f"/v1/auth/access-tokens/{made['id']}")
    assert served.request_as(made["bearer_token"], "GET", "/v1/session/who-am-i")[0] == 401


# Page by page


def test_no_page_is_larger_than_the_limit_whatever_is_asked_for(served: ThreadedEmulator) -> None:
    lay_out(Path(served.root, "show"), {str(number): 1 for number in range(7)})
    found = pages(served, f"/v1/files/{ref('/show')}/entries/?limit=1000")
    assert [len(page["files"]) for page in found] == [3, 3, 3]
    assert {page["child_count"] for page in found} == {9}
    names = [entry["name"] for page in found for entry in page["files"]]
    assert names == ["0", "1", "2", "3", "4", "5", "6", "a.mov", "reel"]


def test_a_directory_that_changes_between_pages_neither_skips_nor_repeats_the_others(
    served: ThreadedEmulator,
) -> None:
    folder = lay_out(Path(served.root, "many"), {f"{number:02}": 1 for number in range(12)})
    names = []
    uri = f"/v1/files/{ref('/many')}/entries/?limit=2"
    while uri:
        _, page = served.request("GET", uri)
        names += [entry["name"] for entry in page["files"]]
        (folder / names[0]).unlink(missing_ok=True)
        (folder / f"00-{len(names)}").write_bytes(b"x")
        uri = page["paging"]["next"]
    assert names == [f"{number:02}" for number in range(12)]


@pytest.mark.parametrize("limit", ["0", "-1", "many", ""])
def test_a_limit_that_is_none_is_refused(served: ThreadedEmulator, limit: str) -> None:
    assert served.request("GET", f"/v1/files/2/entries/?limit={limit}")[0] == 400


def test_a_page_key_of_something_else_is_refused(served: ThreadedEmulator) -> None:
    lay_out(Path(served.root, "show"), {str(number): 1 for number in range(7)})
    _, page = served.request("GET", f"/v1/files/{ref('/show')}/entries/")
    key = page["paging"]["next"].partition("?")[2]
    assert served.request("GET", f"/v1/files/{ref('/show/reel')}/entries/?{key}")[0] == 400
    assert served.request("GET", f"/v1/files/{ref('/show')}/entries/?after=made-up")[0] == 400


def test_a_diff_comes_in_pages_too(served: ThreadedEmulator) -> None:
    older = take_snapshot(served)
    lay_out(Path(served.root, "show"), {str(number): 1 for number in range(7)})
    newer = take_snapshot(served)
    found = pages(served, f"/v2/snapshots/{newer}/changes-since/{older}?limit=5")
    assert [len(page["entries"]) for page in found] == [3, 3, 2]
    entries = [(entry["op"], entry["path"]) for page in found for entry in page["entries"]]
    assert entries == [("MODIFY", "/show/"), *(("CREATE", f"/show/{n}") for n in range(7))]


def test_what_the_api_leaves_open_can_be_chosen(served: ThreadedEmulator) -> None:
    older = take_snapshot(served)
    lay_out(Path(served.root, "show"), {str(number): 1 for number in range(4)})
    newer = take_snapshot(served)
    diff = f"/v2/snapshots/{newer}/changes-since/{older}"
    served.settings(empty_pages=True, last_page_next=None, order="descending", page_limit=4)
    found = pages(served, diff)
    assert [len(page["entries"]) for page in found] == [0, 4, 0, 1]
    assert found[-1]["paging"]["next"] is None
    assert found[1]["entries"][0] == {"op": "CREATE", "path": "/show/3"}
    swapped = f"/v2/snapshots/{older}/changes-since/{newer}"
    assert served.request("GET", swapped)[0] == 400
    served.settings(swapped_ids="empty")
    assert served.request("GET", swapped)[1]["entries"] == []
    served.settings(swapped_ids="diff", empty_pages=False)
    assert {"op": "DELETE", "path": "/show/3"} in served.request("GET", swapped)[1]["entries"]
    assert served.request("GET", f"/v2/snapshots/{newer}/changes-since/{newer}")[1]["entries"] == []
    other = take_snapshot(served, "/")
    assert served.request("GET", f"/v2/snapshots/{other}/changes-since/{newer}")[0] == 400


# What it says of files


def test_numbers_and_text_are_what_the_api_publishes(served: ThreadedEmulator) -> None:
    path = Path(served.root, "show/a.mov")
    os.utime(path, ns=(0, 1_700_000_000_120_000_000))
    found, disk = attributes(served, "/show/a.mov"), path.stat()
    assert found["size"] == "5"
    assert found["num_links"] == 1
    assert found["type"] == "FS_FILE_TYPE_FILE"
    assert found["modification_time"] == "2023-11-14T22:13:20.12Z"
    assert found["access_time"] == "1970-01-01T00:00:00Z"
    assert found["owner"] == str(3 * 2**32 + disk.st_uid)
    assert found["group"] == str(4 * 2**32 + disk.st_gid)
    assert found["owner_details"] == {"id_type": "NFS_UID", "id_value": str(disk.st_uid)}
    assert int(found["mode"], 8) == disk.st_mode & 0o7777
    assert attributes(served, "/show/reel")["path"] == "/show/reel/"
    assert attributes(served, "/show/reel")["child_count"] == 2


@pytest.mark.parametrize(
    "name",
    [
        "two  blanks ",
        "&<>\"'",
        "new\nline",
        "🎬 é e\u0301",
        "n" * 255,
        "-dash",
        "%2F",
        "?#",
        "\udcff",
    ],
)
def test_any_name_can_be_listed_and_asked_for(served: ThreadedEmulator, name: str) -> None:
    os.mkdir(os.fsencode(served.root) + b"/show/" + name.encode("utf-8", "surrogateescape"))
    number = attributes(served, f"/show/{name}")["id"]
    found = pages(served, f"/v1/files/{ref('/show')}/entries/")
    assert {entry["name"]: entry["id"] for page in found for entry in page["files"]}[name] == number
    assert attributes(served, number)["path"] == f"/show/{name}/"


def test_files_are_made_written_read_renamed_and_deleted(served: ThreadedEmulator) -> None:
    folder = f"/v1/files/{ref('/show')}/entries/"
    status, made = served.request("POST", folder, {"name": "new", "action": "CREATE_FILE"})
    assert (status, made["size"]) == (200, "0")
    assert served.request("POST", folder, {"name": "new", "action": "CREATE_FILE"})[0] == 409
    body = {"name": "other", "action": "RENAME", "old_path": "/show/new"}
    assert served.request("POST", folder, body)[0] == 200
    assert attributes(served, "/show/other")["id"] == made["id"]
    assert served.request("DELETE", f"/v1/files/{ref('/show/other')}")[0] == 200
    assert not Path(served.root, "show/other").exists()


def test_aggregates_count_a_tree_now_and_then(served: ThreadedEmulator) -> None:
    number = take_snapshot(served)
    Path(served.root, "show/a.mov").unlink()
    counts = {}
    for query in ("", f"?snapshot={number}"):
        _, counts[query] = served.request("GET", f"/v1/files/{ref('/show')}/aggregates/{query}")
    assert [count["total_files"] for count in counts.values()] == ["1", "2"]
    assert [count["total_symlinks"] for count in counts.values()] == ["1", "1"]


def test_ids_are_resolved_to_paths(served: ThreadedEmulator) -> None:
    number = attributes(served, "/show/reel/b.mov")["id"]
    status, reply = served.request("POST", "/v1/files/resolve", ["2", number])
    assert status == 200
    assert {entry["id"]: entry["path"] for entry in reply} == {"2": "/", number: "/show/reel/b.mov"}


# Snapshots on the wire


def test_names_of_snapshots_in_both_versions(served: ThreadedEmulator) -> None:
    source = attributes(served, "/show")["id"]
    first = take_snapshot(served, suffix="daily")
    _, second = served.request("POST", "/v3/snapshots/", {"source_file_id": source})
    _, third = served.request("POST", "/v2/snapshots/", {"name": "old", "source_file_id": source})
    names = [entry["name"] for entry in served.request("GET", "/v3/snapshots/")[1]["entries"]]
    assert names == [f"{first}_daily", f"{second['id']}_OnDemand", f"{third['id']}_old"]
    assert (third["name"], third["directory_name"]) == ("old", f"{third['id']}_old")
    _, status = served.request("GET", f"/v3/snapshots/status/{first}")
    assert status["source_file_path"] == "/show/"


def test_deleting_is_answered_as_each_version_does(served: ThreadedEmulator) -> None:
    first, second = take_snapshot(served), take_snapshot(served)
    assert served.request("DELETE", f"/v3/snapshots/{first}")[0] == 202
    assert served.request("DELETE", f"/v2/snapshots/{second}")[0] == 200
    assert served.request("GET", f"/v3/snapshots/{first}")[0] == 404


def test_an_expiration_can_be_set_and_taken_back(served: ThreadedEmulator) -> None:
    number = take_snapshot(served)
    uri = f"/v3/snapshots/{number}"
    _, changed = served.request("PATCH", uri, {"expiration": "2099-01-01T00:00:00Z"})
    assert changed["expiration"] == "2099-01-01T00:00:00Z"
    assert served.request("PATCH", uri, {"expiration": ""})[1]["expiration"] == ""


# How it says no


@pytest.mark.parametrize(
    ("method", "path", "status", "kind"),
    [
        ("GET", "/v1/nowhere", 404, "http_not_found_error"),
        ("GET", "/v3/snapshots", 404, "http_not_found_error"),
        ("GET", "/v1/files/2/info/attributes/", 404, "http_not_found_error"),
        ("GET", f"/v1/files/{ref('/none')}/info/attributes", 404, "fs_no_such_entry_error"),
        ("GET", f"/v1/files/{ref('/show/.snapshot')}/entries/", 404, "fs_no_such_entry_error"),
        ("GET", "/v1/files/999999/info/attributes", 404, "fs_no_such_entry_error"),
        ("GET", "/v3/snapshots/77", 404, ".*snapshot_not_found.*"),
        ("GET", "/v2/snapshots/78/changes-since/77", 404, ".*snapshot_not_found.*"),
        ("GET", "/v1/files/2/info/attributes?snapshot=77", 404, ".*snapshot_not_found.*"),
        ("GET", f"/v1/files/{ref('/show/../..')}/entries/", 400, ".*"),
        ("GET", f"/v1/files/{ref('/show/reel/link/x')}/info/attributes", 404, ".*"),
        ("GET", "/v1/smb/settings", 501, ".*"),
    ],
)
def test_errors_have_qumulos_form(
    served: ThreadedEmulator, method: str, path: str, status: int, kind: str
) -> None:
    answered, error = served.request(method, path)
    assert answered == status, error
    assert {"description", "module", "error_class", "user_visible", "stack"} <= set(error)
    assert re.fullmatch(kind, error["error_class"])


def test_what_a_snapshot_does_not_cover_is_said_so(served: ThreadedEmulator) -> None:
    number = take_snapshot(served, "/show/reel")
    uri = f"/v1/files/{ref('/show/a.mov')}/info/attributes?snapshot={number}"
    status, error = served.request("GET", uri)
    assert (status, error["error_class"]) == (404, "fs_file_not_covered_by_snapshot_error")


def test_a_body_that_is_no_json_is_refused(served: ThreadedEmulator) -> None:
    status, error = served.request("POST", "/v3/snapshots/", "no object")
    assert (status, error["error_class"]) == (400, "decode_error")
