"""Errors in Qumulo's form, with its statuses and classes; no path leads out of the root."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from qumulo_emulator.running import ThreadedEmulator
from tests.emulator.trees import lay_out
from tests.emulator.wire import attributes, create_snapshot, file_url, get, refusal, root_of

MISSING = (404, "fs_no_such_entry_error")


@pytest.mark.parametrize(
    "url",
    [
        "/v1",
        "/v1/nowhere",
        "/v9/snapshots/",
        "//v1/version",
        "/v1/version/",
        "/v1/session/who-am-i/",
        "/v2/snapshots",
        "/v3/snapshots",
        "/v4/snapshots/status",
        "/v1/files/2/entries",
        "/v1/files/2/aggregates",
        "/v1/files/2/info/attributes/",
        "/v2/snapshots/2/changes-since/1/",
        "/v1/cluster/nodes",
        "/emulator/faults/",
    ],
)
def test_an_unknown_url_or_a_wrong_trailing_slash_is_404(
    emulator: ThreadedEmulator, url: str
) -> None:
    assert refusal(emulator.request("GET", url)) == (404, "http_not_found_error")


@pytest.mark.parametrize(
    "url", ["/v1/smb/settings", "/v2/nfs/exports/", "/v1/files/2/info/acl", "/v1/users/"]
)
def test_an_unsupported_url_of_a_cluster_is_a_501_that_names_it(
    emulator: ThreadedEmulator, url: str
) -> None:
    answer = emulator.request("GET", url)
    assert refusal(answer) == (501, "emulator_not_supported_error")
    assert url in answer[1]["description"]


def test_an_unknown_method_of_a_path_is_405(emulator: ThreadedEmulator) -> None:
    assert refusal(emulator.request("PUT", "/v3/snapshots/"))[0] == 405


@pytest.mark.parametrize("method", ["GET", "PATCH"])
def test_a_missing_file_is_404(emulator: ThreadedEmulator, method: str) -> None:
    hidden = file_url("/.snapshot")
    for url in (file_url("/none"), hidden, "/v1/files/99999", f"/v1/files/{'9' * 5000}"):
        answer = emulator.request(method, f"{url}/info/attributes", {})
        assert refusal(answer) == MISSING
    assert refusal(emulator.request("DELETE", file_url("/none"))) == MISSING


def test_the_longest_path_can_be_requested_with_every_byte_encoded(
    emulator: ThreadedEmulator,
) -> None:
    path = ("/" + "é" * 127) * 128
    assert 32_000 < len(path.encode()) < 32_760
    encoded = "".join(f"%{byte:02X}" for byte in path.encode())
    url = f"/v1/files/{encoded}/info/attributes?snapshot=none"
    assert refusal(emulator.request("GET", url)) == (400, "request_validation_error")
    url = url.removesuffix("?snapshot=none")
    assert refusal(emulator.request("GET", url)) == (404, "fs_no_such_entry_error")


def test_head_is_answered_without_a_body(emulator: ThreadedEmulator) -> None:
    assert emulator.request("HEAD", "/v1/version") == (200, None)


def test_a_name_that_exists_already_is_409(emulator: ThreadedEmulator, folder: Path) -> None:
    lay_out(folder, {"a": 1, "d": {}})
    url = file_url(f"/{folder.name}", "/entries/")
    for action in ("CREATE_FILE", "CREATE_DIRECTORY"):
        for name in ("a", "d"):
            answer = emulator.request("POST", url, {"action": action, "name": name})
            assert refusal(answer) == (409, "fs_entry_exists_error")
    body = {"action": "RENAME", "name": "d", "old_path": f"/{folder.name}/a"}
    assert refusal(emulator.request("POST", url, body)) == (409, "fs_entry_exists_error")
    assert sorted(os.listdir(folder)) == ["a", "d"]


def test_a_directory_with_entries_cannot_be_deleted(
    emulator: ThreadedEmulator, folder: Path
) -> None:
    lay_out(folder, {"a": 1})
    answer = emulator.request("DELETE", file_url(f"/{folder.name}"))
    assert refusal(answer) == (409, "fs_directory_not_empty_error")
    assert (folder / "a").exists()


@pytest.mark.parametrize(
    ("url", "body"),
    [
        ("/v3/snapshots/", "no object"),
        ("/v3/snapshots/", ["no object"]),
        ("/v3/snapshots/", {"name_suffix": 3}),
        ("/v1/files/2/entries/", {"name": "x", "action": "EXPLODE"}),
        ("/v1/files/2/entries/", {"action": "CREATE_FILE"}),
        ("/v1/files/resolve", {"no": "list"}),
        ("/v1/files/resolve", [2]),
        ("/v1/session/login", {"username": "admin"}),
        ("/v1/session/login", {"username": "admin", "password": 1}),
        ("/v3/snapshots/", None),
    ],
)
def test_a_malformed_body_is_a_decode_error(
    emulator: ThreadedEmulator, url: str, body: object
) -> None:
    assert refusal(emulator.request("POST", url, body)) == (400, "decode_error")


@pytest.mark.parametrize(
    ("method", "url"),
    [
        *((method, f"/{v}/snapshots/77") for v in ("v2", "v3") for method in ("GET", "DELETE")),
        ("GET", "/v2/snapshots/status/77"),
        ("GET", "/v3/snapshots/status/77"),
        ("GET", "/v2/snapshots/78/changes-since/77"),
        ("GET", "/v1/files/2/info/attributes?snapshot=77"),
        ("GET", "/v1/files/2/entries/?snapshot=77"),
        ("GET", "/v1/files/2/aggregates/?snapshot=77"),
    ],
)
def test_a_missing_snapshot_is_404_with_its_own_class(
    emulator: ThreadedEmulator, method: str, url: str
) -> None:
    status, kind = refusal(emulator.request(method, url))
    assert status == 404
    assert "snapshot_not_found" in kind


def test_a_path_outside_of_a_snapshot_has_another_class_than_a_missing_path_inside(
    emulator: ThreadedEmulator, folder: Path
) -> None:
    lay_out(folder, {"beside": 1, "in": {"a": 1}})
    path = f"/{folder.name}"
    query = f"?snapshot={create_snapshot(emulator, 'v3', f'{path}/in')['id']}"
    for outside in ("/", path, f"{path}/beside", f"{path}/in2"):
        answer = emulator.request("GET", file_url(outside, f"/info/attributes{query}"))
        assert refusal(answer) == (404, "fs_file_not_covered_by_snapshot_error")
    answer = emulator.request("GET", file_url(f"{path}/in/none", f"/info/attributes{query}"))
    assert refusal(answer) == MISSING
    assert attributes(emulator, f"{path}/in/a", query)["size"] == "1"


def test_the_error_class_of_paths_missing_in_a_snapshot_can_be_set(
    emulator: ThreadedEmulator, folder: Path
) -> None:
    lay_out(folder, {"a": 1})
    path = f"/{folder.name}"
    query = f"?snapshot={create_snapshot(emulator, 'v3', path)['id']}"
    emulator.settings(absent_class="fs_no_such_inode_error")
    for url in (
        file_url(f"{path}/none", f"/info/attributes{query}"),
        file_url(f"{path}/none", f"/entries/{query}"),
        file_url(f"{path}/none/below", f"/aggregates/{query}"),
        f"/v1/files/99999/info/attributes{query}",
    ):
        assert refusal(emulator.request("GET", url)) == (404, "fs_no_such_inode_error")
    live = emulator.request("GET", file_url(f"{path}/none", "/info/attributes"))
    assert refusal(live) == MISSING


def test_paths_outside_of_a_snapshot_can_be_read_in_the_live_tree(
    emulator: ThreadedEmulator, folder: Path
) -> None:
    lay_out(folder, {"beside": {"new": 7}, "in": {"a": 1}})
    path = f"/{folder.name}"
    query = f"?snapshot={create_snapshot(emulator, 'v3', f'{path}/in')['id']}"
    lay_out(folder, {"in": {"a": 22, "late": 3}})
    emulator.settings(uncovered="live")
    assert attributes(emulator, f"{path}/beside/new", query)["size"] == "7"
    assert attributes(emulator, f"{path}/in/a", query)["size"] == "1"
    listed = get(emulator, file_url(f"{path}/beside", f"/entries/{query}"))
    assert [entry["name"] for entry in listed["files"]] == ["new"]
    counted = get(emulator, file_url(f"{path}/beside", f"/aggregates/{query}"))
    assert counted["total_files"] == "1"
    for missing in ("/in/late", "/beside/none"):
        answer = emulator.request("GET", file_url(f"{path}{missing}", f"/info/attributes{query}"))
        assert refusal(answer) == MISSING


@pytest.mark.parametrize(
    "pattern", ["/..", "/../outside", "/{}/..", "/{}/../../outside", "/./outside"]
)
def test_no_path_leads_out_of_the_root(
    emulator: ThreadedEmulator, folder: Path, pattern: str
) -> None:
    lay_out(folder, {"a": 1})
    path = pattern.format(folder.name)
    for method, rest in (
        ("GET", "/info/attributes"),
        ("GET", "/entries/"),
        ("GET", "/data"),
        ("DELETE", ""),
        ("PUT", "/data"),
    ):
        assert refusal(emulator.request(method, file_url(path, rest)))[0] == 400
    for name, old in (("a", path), (f"..{path}", f"/{folder.name}/a")):
        body = {"action": "RENAME", "name": name, "old_path": old, "clobber": True}
        url = file_url(f"/{folder.name}", "/entries/")
        assert refusal(emulator.request("POST", url, body))[0] == 400
    assert root_of(emulator).with_name("outside").read_bytes() == b"x"
    assert (folder / "a").exists()


@pytest.mark.parametrize("name", ["..%2Foutside", "%2E%2E", "%2E", "a%2Fb", "a%00", "n" * 256])
def test_an_entry_to_delete_is_a_single_valid_name(
    emulator: ThreadedEmulator, folder: Path, name: str
) -> None:
    lay_out(folder, {"a": {"b": 1}})
    for url in ("/v1/files/2/entries/", file_url(f"/{folder.name}", "/entries/")):
        answer = emulator.request("DELETE", url + name)
        assert refusal(answer) == (400, "fs_invalid_name_error")
    assert root_of(emulator).with_name("outside").exists()
    assert (folder / "a/b").exists()


def test_symbolic_links_are_listed_and_never_followed(
    emulator: ThreadedEmulator, folder: Path
) -> None:
    lay_out(folder, {"d": {"a": 1}, "in": "d", "up": "../..", "away": "/", "none": "x"})
    path = f"/{folder.name}"
    for name in ("in", "up", "away", "none"):
        assert attributes(emulator, f"{path}/{name}")["type"] == "FS_FILE_TYPE_SYMLINK"
        answer = emulator.request("GET", file_url(f"{path}/{name}", "/entries/"))
        assert refusal(answer) == (400, "fs_not_a_directory_error")
        for below in ("a", "outside", "etc"):
            answer = emulator.request("GET", file_url(f"{path}/{name}/{below}", "/info/attributes"))
            assert refusal(answer) == MISSING
        body = {"action": "CREATE_FILE", "name": "new"}
        answer = emulator.request("POST", file_url(f"{path}/{name}", "/entries/"), body)
        assert refusal(answer)[0] == 400
    assert emulator.request("DELETE", file_url(f"{path}/in"))[0] == 200
    assert get(emulator, file_url(f"{path}/d", "/entries/"))["child_count"] == 1


@pytest.mark.parametrize(
    ("method", "url", "body"),
    [
        ("GET", "/v3/snapshots/many", None),
        ("GET", "/v1/files/2/info/attributes?snapshot=many", None),
        ("GET", "/v1/files/no-slash/info/attributes", None),
        ("GET", "/v1/files/%2Fa%00/info/attributes", None),
        ("POST", "/v1/files/2/entries/", {"action": "CREATE_FILE", "name": "\ud800"}),
        ("POST", "/v1/files/2/entries/", {"action": "CREATE_SYMLINK", "name": "l", "old_path": ""}),
        (
            "POST",
            "/v1/files/2/entries/",
            {"action": "CREATE_SYMLINK", "name": "l", "old_path": "a\0"},
        ),
        ("POST", "/v3/snapshots/", {"expiration": "tomorrow"}),
        ("POST", f"/v3/snapshots/?expiration-time-to-live={'9' * 5000}days", {}),
        ("POST", "/v3/snapshots/?expiration-time-to-live=1lightyear", {}),
    ],
)
def test_an_invalid_value_is_400(
    emulator: ThreadedEmulator, method: str, url: str, body: object
) -> None:
    assert refusal(emulator.request(method, url, body))[0] == 400
