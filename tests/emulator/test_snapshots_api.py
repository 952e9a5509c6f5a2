"""Snapshots in each version of the API, from their creation to their end."""

from __future__ import annotations

import os
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from qumulo_emulator.running import ThreadedEmulator, serve_in_thread
from tests.emulator.trees import lay_out
from tests.emulator.wire import attributes, create_snapshot, get, refusal

V2 = {
    *("id", "name", "timestamp", "directory_name", "source_file_id", "created_by_policy"),
    *("expiration", "in_delete"),
}
V3 = {"id", "name", "timestamp", "source_file_id", "policy_id", "expiration", "in_delete"}
V3_STATUS = V3 | {"source_file_path", "owners", "policy_name", "lock_key"}
FUTURE = "2099-01-01T00:00:00Z"


def label_of(version: str) -> str:
    return "name" if version == "v2" else "name_suffix"


def listed(emulator: ThreadedEmulator, url: str, number: int) -> list[dict[str, Any]]:
    """Return the entries of a list with this id: one or none."""
    return [entry for entry in get(emulator, url)["entries"] if entry["id"] == number]


def in_dot_snapshot(folder: Path) -> list[str]:
    where = folder / ".snapshot"
    return sorted(os.listdir(where)) if where.exists() else []


@pytest.mark.parametrize(("version", "fields"), [("v2", V2), ("v3", V3)])
def test_a_snapshot_is_the_same_when_created_listed_and_read(
    emulator: ThreadedEmulator, folder: Path, version: str, fields: set[str]
) -> None:
    path = f"/{folder.name}"
    made = create_snapshot(
        emulator, version, path, **{label_of(version): "daily", "expiration": ""}
    )
    assert set(made) == fields
    assert type(made["id"]) is int
    assert made["source_file_id"] == attributes(emulator, path)["id"]
    assert (made["expiration"], made["in_delete"]) == ("", False)
    assert made["timestamp"].endswith("Z")
    assert get(emulator, f"/{version}/snapshots/{made['id']}") == made
    assert listed(emulator, f"/{version}/snapshots/", made["id"]) == [made]


@pytest.mark.parametrize("version", ["v2", "v3"])
@pytest.mark.parametrize(
    "label", ["daily", "two  blanks", "é 🎬", "\udcff", "-x", "%2F", "n" * 240]
)
def test_the_name_in_dot_snapshot_is_the_id_and_the_given_name(
    emulator: ThreadedEmulator, folder: Path, version: str, label: str
) -> None:
    made = create_snapshot(emulator, version, f"/{folder.name}", **{label_of(version): label})
    directory = f"{made['id']}_{label}"
    if version == "v2":
        assert (made["name"], made["directory_name"]) == (label, directory)
    else:
        assert made["name"] == directory
    raw = directory.encode("utf-8", "surrogateescape")
    assert os.listdir(os.fsencode(folder / ".snapshot")) == [raw]


@pytest.mark.parametrize("version", ["v2", "v3"])
@pytest.mark.parametrize("given", [{}, {"label": ""}, {"label": None}])
def test_a_snapshot_without_a_name_is_called_on_demand(
    emulator: ThreadedEmulator, folder: Path, version: str, given: dict[str, object]
) -> None:
    fields = {label_of(version): label for label in given.values()}
    made = create_snapshot(emulator, version, f"/{folder.name}", **fields)
    assert made["name" if version == "v3" else "directory_name"] == f"{made['id']}_OnDemand"
    assert in_dot_snapshot(folder) == [f"{made['id']}_OnDemand"]


@pytest.mark.parametrize("version", ["v2", "v3"])
@pytest.mark.parametrize("label", ["a/b", "..", "a\0", "n" * 254, "\ud800"])
def test_a_name_that_is_invalid_for_a_directory_is_refused(
    emulator: ThreadedEmulator, folder: Path, version: str, label: str
) -> None:
    source = attributes(emulator, f"/{folder.name}")["id"]
    body = {"source_file_id": source, label_of(version): label}
    answer = emulator.request("POST", f"/{version}/snapshots/", body)
    assert refusal(answer) == (400, "fs_invalid_name_error")
    assert in_dot_snapshot(folder) == []


@pytest.mark.parametrize(("version", "name"), [("v2", "s"), ("v3", "{}_s"), ("v4", "{}_s")])
def test_a_status_adds_the_path_of_the_source(
    emulator: ThreadedEmulator, folder: Path, version: str, name: str
) -> None:
    number = create_snapshot(emulator, "v3", f"/{folder.name}", name_suffix="s")["id"]
    (status,) = listed(emulator, f"/{version}/snapshots/status/", number)
    assert status["source_file_path"] == f"/{folder.name}/"
    assert status["name"] == name.format(number)
    if version != "v2":
        assert set(status) == V3_STATUS
        assert (status["owners"], status["lock_key"]) == ([], None)
    if version != "v4":
        assert get(emulator, f"/{version}/snapshots/status/{number}") == status


def test_all_versions_list_the_same_snapshots(emulator: ThreadedEmulator, folder: Path) -> None:
    old = create_snapshot(emulator, "v2", f"/{folder.name}", name="old")["id"]
    new = create_snapshot(emulator, "v3", f"/{folder.name}", name_suffix="new")["id"]
    assert get(emulator, f"/v3/snapshots/{old}")["name"] == f"{old}_old"
    assert get(emulator, f"/v2/snapshots/{new}")["name"] == "new"
    for url in ("/v2/snapshots/", "/v3/snapshots/", "/v4/snapshots/status/"):
        numbers = [entry["id"] for entry in get(emulator, url)["entries"]]
        assert numbers == sorted(numbers)
        assert numbers[-2:] == [old, new]


@pytest.mark.parametrize(("source_path", "fields"), [("empty", {""}), ("missing", set())])
def test_a_status_can_be_set_to_omit_the_path_of_the_source(
    emulator: ThreadedEmulator, folder: Path, source_path: str, fields: set[str]
) -> None:
    number = create_snapshot(emulator, "v3", f"/{folder.name}")["id"]
    emulator.settings(source_path=source_path)
    for version in ("v2", "v3", "v4"):
        (status,) = listed(emulator, f"/{version}/snapshots/status/", number)
        assert {status[field] for field in status if field == "source_file_path"} == fields
        if version != "v4":
            assert get(emulator, f"/{version}/snapshots/status/{number}") == status


def test_without_v3_snapshots_only_version_2_exists(
    emulator: ThreadedEmulator, folder: Path
) -> None:
    number = create_snapshot(emulator, "v3", f"/{folder.name}")["id"]
    source = attributes(emulator, f"/{folder.name}")["id"]
    emulator.settings(v3_snapshots=False)
    for url in ("/v3/snapshots/", f"/v3/snapshots/status/{number}", "/v4/snapshots/status/"):
        assert refusal(emulator.request("GET", url)) == (404, "http_not_found_error")
    answer = emulator.request("POST", "/v3/snapshots/", {"source_file_id": source})
    assert refusal(answer) == (404, "http_not_found_error")
    assert get(emulator, f"/v2/snapshots/status/{number}")["id"] == number
    made = create_snapshot(emulator, "v2", f"/{folder.name}")["id"]
    assert diff(emulator, made, number) == []
    assert get(emulator, "/v1/version")["revision_id"] == "Qumulo Core 5.1.2"


# Expiration


@pytest.mark.parametrize("version", ["v2", "v3"])
@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_an_expiration_can_be_set_changed_and_removed(
    emulator: ThreadedEmulator, folder: Path, version: str, method: str
) -> None:
    made = create_snapshot(emulator, version, f"/{folder.name}", expiration=FUTURE)
    assert made["expiration"] == FUTURE
    url = f"/{version}/snapshots/{made['id']}"
    for sent, answered in (
        ("2098-02-03T04:05:06.5Z", "2098-02-03T04:05:06.5Z"),
        ("2098-02-03T04:05:06+02:00", "2098-02-03T02:05:06Z"),
        ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"),
        ("", ""),
    ):
        expected = {**made, "expiration": answered}
        assert emulator.request(method, url, {"expiration": sent}) == (200, expected)
        assert get(emulator, url) == expected


def test_a_snapshot_can_be_given_a_time_to_live(emulator: ThreadedEmulator, folder: Path) -> None:
    source = attributes(emulator, f"/{folder.name}")["id"]
    url = "/v3/snapshots/?expiration-time-to-live="
    status, made = emulator.request("POST", f"{url}2days", {"source_file_id": source})
    assert status == 200
    taken, end = (date.fromisoformat(made[field][:10]) for field in ("timestamp", "expiration"))
    assert end - taken == timedelta(days=2)
    status, made = emulator.request("POST", f"{url}never", {"source_file_id": source})
    assert (status, made["expiration"]) == (200, "")


def test_an_expired_snapshot_disappears(emulator: ThreadedEmulator, folder: Path) -> None:
    number = create_snapshot(emulator, "v3", f"/{folder.name}", expiration=FUTURE)["id"]
    kept = create_snapshot(emulator, "v3", f"/{folder.name}")["id"]
    url = f"/v3/snapshots/{number}"
    assert emulator.request("PATCH", url, {"expiration": "2001-01-01T00:00:00Z"})[0] == 200
    assert refusal(emulator.request("GET", url))[0] == 404
    assert listed(emulator, "/v3/snapshots/", number) == []
    answer = emulator.request("GET", f"/v2/snapshots/{kept}/changes-since/{number}")
    assert refusal(answer)[0] == 404
    begun = time.monotonic()
    while in_dot_snapshot(folder) != [f"{kept}_OnDemand"]:
        assert time.monotonic() - begun < 20
        time.sleep(0.02)


@pytest.mark.parametrize("version", ["v2", "v3"])
def test_an_expiration_that_is_invalid_or_in_the_past_is_refused(
    emulator: ThreadedEmulator, folder: Path, version: str
) -> None:
    source = attributes(emulator, f"/{folder.name}")["id"]
    for expiration in ("2001-01-01T00:00:00Z", "tomorrow", "2099-13-01T00:00:00Z"):
        body = {"source_file_id": source, "expiration": expiration}
        assert refusal(emulator.request("POST", f"/{version}/snapshots/", body))[0] == 400
    assert in_dot_snapshot(folder) == []


def test_any_expiration_survives_a_restart(tmp_path: Path) -> None:
    root = lay_out(tmp_path / "root", {"a": 1})
    ends = ["", FUTURE, "9999-12-31T23:59:59Z"]
    for _ in range(2):
        with serve_in_thread(root, state=tmp_path / "state") as emulator:
            known = get(emulator, "/v3/snapshots/")["entries"]
            if not known:
                known = [create_snapshot(emulator, "v3", "/", expiration=end) for end in ends]
            assert [snapshot["expiration"] for snapshot in known] == ends


# Deletion


@pytest.mark.parametrize(("version", "status"), [("v2", 200), ("v3", 202)])
def test_a_deleted_snapshot_is_gone_and_each_version_answers_with_its_own_status(
    emulator: ThreadedEmulator, folder: Path, version: str, status: int
) -> None:
    number = create_snapshot(emulator, "v3", f"/{folder.name}")["id"]
    url = f"/{version}/snapshots/{number}"
    assert emulator.request("DELETE", url) == (status, None)
    for method in ("GET", "PATCH", "DELETE"):
        assert refusal(emulator.request(method, url, {}))[0] == 404
    for everything in ("/v2/snapshots/", "/v3/snapshots/", "/v4/snapshots/status/"):
        assert listed(emulator, everything, number) == []
    assert in_dot_snapshot(folder) == []


def test_an_id_is_never_used_again(emulator: ThreadedEmulator, folder: Path) -> None:
    numbers = []
    for _ in range(3):
        numbers.append(create_snapshot(emulator, "v3", f"/{folder.name}")["id"])
        emulator.request("DELETE", f"/v3/snapshots/{numbers[-1]}")
    first = numbers[0]
    assert numbers == [first, first + 1, first + 2]


# The diff, where the API's documentation leaves the answer open


@pytest.fixture
def compared(emulator: ThreadedEmulator, folder: Path) -> tuple[int, int, int]:
    """An older and a newer snapshot of a directory, and a third one of its subdirectory."""
    lay_out(folder, {"in": {"was": 1}})
    older = create_snapshot(emulator, "v3", f"/{folder.name}")["id"]
    lay_out(folder / "in", {"new": 1})
    newer = create_snapshot(emulator, "v3", f"/{folder.name}")["id"]
    return older, newer, create_snapshot(emulator, "v3", f"/{folder.name}/in")["id"]


def diff(emulator: ThreadedEmulator, newer: int, older: int) -> list[tuple[str, str]]:
    found = get(emulator, f"/v2/snapshots/{newer}/changes-since/{older}")["entries"]
    assert all(set(entry) == {"op", "path"} for entry in found)
    return [(entry["op"], entry["path"]) for entry in found]


def refused(emulator: ThreadedEmulator, newer: int, older: int) -> bool:
    answer = emulator.request("GET", f"/v2/snapshots/{newer}/changes-since/{older}")
    return answer[0] == 400 and refusal(answer)[0] == 400


def test_a_diff_contains_operations_and_paths(
    emulator: ThreadedEmulator, folder: Path, compared: tuple[int, int, int]
) -> None:
    older, newer, _ = compared
    path = f"/{folder.name}/in/"
    assert diff(emulator, newer, older) == [("MODIFY", path), ("CREATE", f"{path}new")]


def test_the_answer_to_swapped_ids_can_be_set(
    emulator: ThreadedEmulator, folder: Path, compared: tuple[int, int, int]
) -> None:
    older, newer, _ = compared
    assert refused(emulator, older, newer)
    emulator.settings(swapped_ids="empty")
    assert diff(emulator, older, newer) == []
    emulator.settings(swapped_ids="diff")
    path = f"/{folder.name}/in/"
    assert diff(emulator, older, newer) == [("MODIFY", path), ("DELETE", f"{path}new")]
    emulator.settings(swapped_ids="error")
    assert refused(emulator, older, newer)


def test_the_answer_to_the_same_id_twice_can_be_set(
    emulator: ThreadedEmulator, compared: tuple[int, int, int]
) -> None:
    number = compared[0]
    assert diff(emulator, number, number) == []
    emulator.settings(same_id="error")
    assert refused(emulator, number, number)
    emulator.settings(same_id="diff")
    assert diff(emulator, number, number) == []


def test_the_answer_to_different_sources_can_be_set(
    emulator: ThreadedEmulator, folder: Path, compared: tuple[int, int, int]
) -> None:
    _, older, newer = compared
    assert refused(emulator, newer, older)
    emulator.settings(different_sources="empty")
    assert diff(emulator, newer, older) == []
    emulator.settings(different_sources="diff")
    assert ("CREATE", f"/{folder.name}/in/new") in diff(emulator, newer, older)
