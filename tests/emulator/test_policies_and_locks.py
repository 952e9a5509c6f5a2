"""Snapshot policies, locked snapshots, deletions that last, missing privileges, another clock."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
import urllib.request
from email.utils import parsedate_to_datetime
from pathlib import Path
from ssl import create_default_context
from typing import Any

import pytest

from qumulo_emulator.running import ThreadedEmulator, serve_in_thread
from tests.emulator.wire import attributes, create_snapshot, file_url, get, refusal

POLICIES = "/v3/snapshots/policies/"
LOCKED = (409, "api_snapshots_snapshot_locked_error")
DAILY = {
    "creation_schedule": {"frequency": "SCHEDULE_DAILY_OR_WEEKLY", "timezone": "UTC"},
    "expiration_time_to_live": "2days",
}


def policy(emulator: ThreadedEmulator, folder: Path, **fields: object) -> dict[str, Any]:
    """Create a policy for a folder as the SDK does, and return it."""
    body = {
        "policy_name": f"of {folder.name}",
        "schedule": DAILY,
        "source_file_id": attributes(emulator, f"/{folder.name}")["id"],
        "enabled": True,
        "snapshot_name_template": None,
        "lock_key_ref": None,
        **fields,
    }
    status, made = emulator.request("POST", POLICIES, body)
    assert status == 200, made
    assert isinstance(made, dict)
    return made


def status_of(emulator: ThreadedEmulator, number: int) -> dict[str, Any]:
    (status,) = (
        entry
        for entry in get(emulator, "/v4/snapshots/status/")["entries"]
        if entry["id"] == number
    )
    assert get(emulator, f"/v3/snapshots/status/{number}") == status
    assert isinstance(status, dict)
    return status


def lock(emulator: ThreadedEmulator, number: int) -> tuple[int, Any]:
    return emulator.request("POST", f"/v3/snapshots/{number}/lock", {"lock_key_ref": "key-1"})


# Policies


def test_a_policy_is_the_same_when_created_listed_and_read(
    emulator: ThreadedEmulator, folder: Path
) -> None:
    made = policy(emulator, folder)

    assert made["policy_name"] == f"of {folder.name}"
    assert made["schedule"] == {"id": 1, **DAILY}
    assert (made["enabled"], made["snapshot_name_template"]) == (True, None)
    assert get(emulator, f"{POLICIES}{made['id']}") == made
    assert made in get(emulator, POLICIES)["entries"]
    assert emulator.request("DELETE", f"{POLICIES}{made['id']}") == (200, None)
    assert emulator.request("GET", f"{POLICIES}{made['id']}")[0] == 404


def test_a_policy_takes_snapshots_on_demand(emulator: ThreadedEmulator, folder: Path) -> None:
    made = policy(emulator, folder)

    taken = emulator.run_policy(made["policy_name"])

    name = f"{taken['id']}_{made['policy_name']}_{folder.name}"
    status = status_of(emulator, taken["id"])
    assert os.listdir(folder / ".snapshot") == [name]
    assert (status["name"], status["policy_id"]) == (name, made["id"])
    assert status["policy_name"] == made["policy_name"]
    assert status["source_file_path"] == f"/{folder.name}/"
    assert (status["lock_key"], status["expiration"] > status["timestamp"]) == (None, True)
    assert get(emulator, f"/v2/snapshots/status/{taken['id']}")["created_by_policy"] is True


def test_the_snapshots_of_a_policy_stay_when_it_is_deleted(
    emulator: ThreadedEmulator, folder: Path
) -> None:
    made = policy(emulator, folder, schedule={"expiration_time_to_live": ""})
    taken = emulator.run_policy(made["policy_name"])
    emulator.request("DELETE", f"{POLICIES}{made['id']}")

    status = status_of(emulator, taken["id"])
    assert (status["policy_name"], status["expiration"]) == (made["policy_name"], "")
    with pytest.raises(ValueError, match="404"):
        emulator.run_policy(made["policy_name"])


def test_a_policy_names_and_locks_its_snapshots(emulator: ThreadedEmulator, folder: Path) -> None:
    template = "{Year}-{ID} {Policy}, {Directory}"
    made = policy(emulator, folder, snapshot_name_template=template, lock_key_ref="key-9")

    taken = emulator.run_policy(made["policy_name"])

    status = status_of(emulator, taken["id"])
    year, number = status["timestamp"][:4], taken["id"]
    assert status["name"] == f"{year}-{number} {made['policy_name']}, {folder.name}"
    assert status["lock_key"] == "key-9"
    assert refusal(emulator.request("DELETE", f"/v3/snapshots/{number}")) == LOCKED


@pytest.mark.parametrize(
    "wrong",
    [
        {"policy_name": ""},
        {"policy_name": "a/b"},
        {"policy_name": None},
        {"schedule": None},
        {"schedule": {"expiration_time_to_live": "soon"}},
        {"snapshot_name_template": "{Policy}"},
        {"snapshot_name_template": "{ID}{Color}"},
        {"snapshot_name_template": "{ID}/x"},
    ],
)
def test_a_policy_that_cannot_name_its_snapshots_is_refused(
    emulator: ThreadedEmulator, wrong: dict[str, object]
) -> None:
    body = {"policy_name": "p", "schedule": DAILY, "source_file_id": "2", **wrong}
    assert refusal(emulator.request("POST", POLICIES, body))[0] == 400


def test_two_policies_cannot_have_the_same_name(emulator: ThreadedEmulator, folder: Path) -> None:
    made = policy(emulator, folder)
    body = {"policy_name": made["policy_name"], "schedule": DAILY}
    assert refusal(emulator.request("POST", POLICIES, body))[0] == 409


# Locks


@pytest.mark.parametrize("version", ["v2", "v3"])
def test_a_locked_snapshot_can_only_expire_later(
    emulator: ThreadedEmulator, folder: Path, version: str
) -> None:
    made = create_snapshot(emulator, "v3", f"/{folder.name}", expiration="2098-01-01T00:00:00Z")
    url = f"/{version}/snapshots/{made['id']}"
    assert lock(emulator, made["id"]) == (200, {"lock_key_ref": "key-1"})
    assert refusal(lock(emulator, made["id"])) == LOCKED

    assert refusal(emulator.request("DELETE", url)) == LOCKED
    earlier = {"expiration": "2097-12-31T23:59:59Z"}
    assert refusal(emulator.request("PATCH", url, earlier)) == LOCKED
    for later in ("2099-01-01T00:00:00Z", ""):
        assert emulator.request("PATCH", url, {"expiration": later})[0] == 200
    assert refusal(emulator.request("PATCH", url, earlier)) == LOCKED
    assert status_of(emulator, made["id"])["lock_key"] == "key-1"


def test_the_status_can_be_listed_by_locks(emulator: ThreadedEmulator, folder: Path) -> None:
    locked, open_one = (create_snapshot(emulator, "v3", f"/{folder.name}")["id"] for _ in "ab")
    lock(emulator, locked)

    def listed(filters: str) -> set[int]:
        entries = get(emulator, f"/v4/snapshots/status/?filter={filters}")["entries"]
        return {entry["id"] for entry in entries} & {locked, open_one}

    assert listed("api_snapshots_exclude_locked") == {open_one}
    assert listed("api_snapshots_exclude_not_locked") == {locked}
    assert listed("api_snapshots_exclude_locked,api_snapshots_exclude_not_locked") == set()


def test_only_a_snapshot_that_exists_is_locked_and_only_with_a_key(
    emulator: ThreadedEmulator, folder: Path
) -> None:
    made = create_snapshot(emulator, "v3", f"/{folder.name}")
    assert refusal(lock(emulator, made["id"] + 1000))[0] == 404
    for body in ({}, {"lock_key_ref": ""}):
        answer = emulator.request("POST", f"/v3/snapshots/{made['id']}/lock", body)
        assert refusal(answer)[0] == 400


def test_policies_and_locks_survive_a_restart(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    with serve_in_thread(root, state=tmp_path / "state") as emulator:
        body = {"policy_name": "h\udcff", "schedule": DAILY, "source_file_id": "2"}
        made = emulator.request("POST", POLICIES, body)[1]
        taken = emulator.run_policy("h\udcff")["id"]
        lock(emulator, taken)
        status = status_of(emulator, taken)
    with serve_in_thread(root, state=tmp_path / "state") as emulator:
        assert get(emulator, POLICIES)["entries"] == [made]
        assert status_of(emulator, taken) == status
        assert status["name"] == f"{taken}_h\udcff"


def test_a_state_of_before_policies_and_locks_can_be_used(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    with serve_in_thread(root, state=tmp_path / "state") as emulator:
        taken = create_snapshot(emulator, "v3", "/")
    with contextlib.closing(sqlite3.connect(tmp_path / "state" / "state.sqlite")) as database:
        for column in ("policy_id", "policy_name", "full_name", "lock_key"):
            database.execute(f"ALTER TABLE snapshots DROP COLUMN {column}")
        database.execute("DROP TABLE policies")
        database.execute("PRAGMA user_version = 1")
        database.commit()
    with serve_in_thread(root, state=tmp_path / "state") as emulator:
        assert get(emulator, f"/v3/snapshots/{taken['id']}") == taken
        assert get(emulator, POLICIES)["entries"] == []
        assert lock(emulator, taken["id"])[0] == 200


# Deletions that last


def test_a_deleted_snapshot_can_remain_listed(emulator: ThreadedEmulator, folder: Path) -> None:
    older, newer = (create_snapshot(emulator, "v3", f"/{folder.name}")["id"] for _ in "ab")
    emulator.settings(deletions_last=True)

    assert emulator.request("DELETE", f"/v3/snapshots/{older}")[0] == 202

    assert status_of(emulator, older)["in_delete"] is True
    assert os.listdir(folder / ".snapshot") == [f"{newer}_OnDemand"]
    for method, url in (
        ("DELETE", f"/v3/snapshots/{older}"),
        ("GET", f"/v2/snapshots/{newer}/changes-since/{older}"),
        ("GET", file_url(f"/{folder.name}", f"/info/attributes?snapshot={older}")),
    ):
        assert refusal(emulator.request(method, url))[0] == 404


# Privileges


@pytest.mark.parametrize(
    ("privilege", "method", "path"),
    [
        ("SNAPSHOT_READ", "GET", "/v4/snapshots/status/"),
        ("SNAPSHOT_READ", "GET", "/v3/snapshots/status/1"),
        ("SNAPSHOT_READ", "GET", "/v2/snapshots/"),
        ("SNAPSHOT_WRITE", "POST", "/v3/snapshots/"),
        ("SNAPSHOT_WRITE", "POST", "/v2/snapshots/"),
        ("SNAPSHOT_WRITE", "PATCH", "/v3/snapshots/1"),
        ("SNAPSHOT_WRITE", "DELETE", "/v3/snapshots/1"),
        ("SNAPSHOT_LOCK", "POST", "/v3/snapshots/1/lock"),
        ("SNAPSHOT_DIFFERENCE_READ", "GET", "/v2/snapshots/2/changes-since/1"),
        ("SNAPSHOT_POLICY_READ", "GET", POLICIES),
        ("SNAPSHOT_POLICY_WRITE", "POST", POLICIES),
        ("FILE_READ_ACCESS", "GET", "/v1/files/2/info/attributes"),
        ("FILE_READ_ACCESS", "GET", "/v1/files/2/entries/"),
        ("FILE_READ_ACCESS", "GET", "/v1/files/2/aggregates/"),
        ("ACCESS_TOKENS_WRITE", "POST", "/v1/auth/access-tokens/"),
    ],
)
def test_a_request_without_its_privilege_is_403(
    emulator: ThreadedEmulator, privilege: str, method: str, path: str
) -> None:
    emulator.settings(missing_privileges=[f"PRIVILEGE_{privilege}"])
    answer = emulator.request(method, path, {})
    assert refusal(answer) == (403, "http_forbidden_error")
    assert f"PRIVILEGE_{privilege}" in answer[1]["description"]
    emulator.settings(missing_privileges=[])
    assert emulator.request(method, path, {})[0] != 403


def test_who_am_i_leaves_out_what_is_missing(emulator: ThreadedEmulator) -> None:
    before = get(emulator, "/v1/session/who-am-i")["privileges"]
    emulator.settings(missing_privileges=["PRIVILEGE_SNAPSHOT_WRITE"])
    after = get(emulator, "/v1/session/who-am-i")["privileges"]
    assert set(before) - set(after) == {"PRIVILEGE_SNAPSHOT_WRITE"}


def test_a_synthetic_tree_needs_privileges_too() -> None:
    with serve_in_thread(synthetic=10) as emulator:
        emulator.settings(missing_privileges=["PRIVILEGE_SNAPSHOT_DIFFERENCE_READ"])
        assert emulator.request("GET", "/v2/snapshots/2/changes-since/1")[0] == 403
        assert get(emulator, POLICIES)["entries"] == []


# The clock


def test_the_clock_of_the_cluster_can_be_ahead(emulator: ThreadedEmulator, folder: Path) -> None:
    def seconds_ahead() -> float:
        context = create_default_context(cafile=emulator.certificate)
        with urllib.request.urlopen(f"{emulator.url}/v1/version", context=context) as answer:
            (date,) = answer.headers.get_all("Date")
        return parsedate_to_datetime(date).timestamp() - time.time()

    assert -5 < seconds_ahead() < 5
    emulator.settings(clock_shift=-3600)
    assert -3605 < seconds_ahead() < -3595
    emulator.settings(clock_shift=90_000)
    assert 89_995 < seconds_ahead() < 90_005
    tomorrow = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 90_000))
    made = create_snapshot(emulator, "v3", f"/{folder.name}")
    assert made["timestamp"].startswith(tomorrow)


def test_time_can_pass_on_the_cluster_and_takes_with_it_what_has_expired(
    emulator: ThreadedEmulator, folder: Path
) -> None:
    before = time.time()
    made = [
        create_snapshot(emulator, "v3", f"/{folder.name}", expiration=moment(before + hours * 3600))
        for hours in (1, 3)
    ]

    emulator.advance(2 * 3600)

    known = {entry["id"]: entry for entry in get(emulator, "/v3/snapshots/")["entries"]}
    assert made[0]["id"] not in known
    assert known[made[1]["id"]]["timestamp"] == made[1]["timestamp"]
    later = create_snapshot(emulator, "v3", f"/{folder.name}")
    assert later["timestamp"][:19] >= moment(before + 2 * 3600)[:19]
    assert later["timestamp"][:19] <= moment(time.time() + 2 * 3600)[:19]
    emulator.advance(3600)
    assert made[1]["id"] not in {one["id"] for one in get(emulator, "/v3/snapshots/")["entries"]}


def test_a_session_ends_when_enough_time_has_passed_on_the_cluster(
    emulator: ThreadedEmulator,
) -> None:
    token = emulator.login()
    assert emulator.request_as(token, "GET", "/v1/session/who-am-i")[0] == 200
    emulator.advance(9 * 3600)
    assert emulator.request_as(token, "GET", "/v1/session/who-am-i")[0] == 200
    emulator.advance(3600)
    assert emulator.request_as(token, "GET", "/v1/session/who-am-i")[0] == 401


def test_time_never_passes_backwards(emulator: ThreadedEmulator) -> None:
    with pytest.raises(ValueError, match="400"):
        emulator.advance(-1)


def moment(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


@pytest.mark.parametrize(
    "setting",
    [
        {"missing_privileges": ["PRIVILEGE_OF_KINGS"]},
        {"missing_privileges": "PRIVILEGE_SNAPSHOT_READ"},
        {"clock_shift": 1.5},
        {"clock_shift": 10**12},
        {"clock_shift": -(10**12)},
        {"deletions_last": 1},
    ],
)
def test_a_setting_that_makes_no_sense_is_refused(
    emulator: ThreadedEmulator, setting: dict[str, object]
) -> None:
    assert refusal(emulator.request("POST", "/emulator/settings", setting))[0] == 400
