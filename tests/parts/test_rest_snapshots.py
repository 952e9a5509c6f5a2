"""Snapshots, the user and the version over REST: what no real cluster, and no ``qq``, shows."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from qumulo_changelist.cluster.rest.client import RestCluster
from qumulo_changelist.config.settings import Secret
from qumulo_changelist.errors import ReplyError, SnapshotMissingError, UnreachableError
from qumulo_changelist.model import Snapshot
from qumulo_emulator.running import ThreadedEmulator, serve_in_thread
from tests.parts.canned import Canned, serve
from tests.parts.conftest import RecordingListener

pytestmark = pytest.mark.usefixtures("time_passes")


@pytest.fixture
def canned() -> Iterator[Canned]:
    with serve() as running:
        yield running


@pytest.fixture
def cluster(canned, listener) -> Iterator[RestCluster]:
    with RestCluster(canned.settings(), listener) as made:
        yield made


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[ThreadedEmulator]:
    with serve_in_thread(tmp_path) as running:
        yield running


def reach(
    emulator: ThreadedEmulator, listener: RecordingListener, **changed: object
) -> RestCluster:
    login: dict[str, object] = {
        "username": emulator.username,
        "password": Secret(emulator.password),
    }
    settings = Canned(emulator.port, emulator.certificate_sha256).settings(**(login | changed))
    return RestCluster(settings, listener)


# The deletion of a snapshot


def test_a_deletion_is_repeated_after_a_broken_connection(emulator, listener):
    _, taken = emulator.request("POST", "/v3/snapshots/", {"source_file_id": "2"})
    emulator.fault(method="DELETE", action="truncate", times=1)
    with reach(emulator, listener) as cluster, pytest.raises(SnapshotMissingError):
        cluster.delete_snapshot(taken["id"])
    assert emulator.request("GET", f"/v3/snapshots/{taken['id']}")[0] == 404


@pytest.mark.parametrize("error_class", ["fs_no_such_entry_error", ""])
def test_whatever_a_missing_snapshot_is_called_it_is_missing(canned, cluster, error_class):
    canned.gives((404, {"error_class": error_class, "description": "?"}))

    with pytest.raises(SnapshotMissingError):
        cluster.delete_snapshot(7)


# All snapshots


def test_the_list_of_all_snapshots_is_followed_to_its_end(canned, cluster):
    more = {"entries": [{"id": 7}], "paging": {"next": "/v4/snapshots/status/?after=7"}}
    canned.gives((200, more), (200, {"entries": [{"id": 8, "lock_key": "k"}], "paging": None}))

    assert cluster.all_snapshots() == [Snapshot(7), Snapshot(8, is_locked=True)]


@pytest.mark.parametrize("newest", ["v4", "v3", "v2"])
def test_the_list_of_all_snapshots_is_requested_in_the_newest_version(canned, cluster, newest):
    def answer(_method: str, uri: str) -> tuple[int, object]:
        if uri == f"/{newest}/snapshots/status/":
            return 200, {"entries": []}
        return 404, {"error_class": "http_not_found_error"}

    canned.answer = answer

    assert cluster.all_snapshots() == []
    versions = ["v4", "v3", "v2"]
    asked = [f"GET /{one}/snapshots/status/" for one in versions[: versions.index(newest) + 1]]
    assert canned.asked == asked


def test_a_list_with_a_snapshot_without_an_id_is_refused(canned, cluster):
    canned.gives((200, {"entries": [{"id": 7}, {"name": "x"}]}))

    with pytest.raises(ReplyError, match="status/: the answer is not as documented"):
        cluster.all_snapshots()


# The version, and access tokens


def test_the_version_of_the_core_needs_no_login(canned, cluster):
    canned.login = (401, b"")
    canned.gives((200, {"revision_id": "Qumulo Core 7.2.1"}))

    assert cluster.core_version() == "Qumulo Core 7.2.1"
    assert "Authorization" not in canned.headers[0]


def test_an_access_token_replaces_the_password(emulator, listener):
    with reach(emulator, listener) as cluster:
        number, token = cluster.create_access_token(time.time_ns() + 3600 * 10**9)
    assert token.reveal() not in repr(token)
    with reach(emulator, listener, password=Secret("none"), access_token=token) as cluster:
        assert cluster.caller().name == emulator.username
    _, created = emulator.request("GET", f"/v1/auth/access-tokens/{number}")
    assert created["expiration_time"]


def test_an_access_token_is_requested_once(canned, cluster):
    caller = {"id": "500", "name": "admin", "privileges": []}
    canned.gives((200, caller), (500, b""))

    with pytest.raises(UnreachableError):
        cluster.create_access_token()
    assert canned.asked == ["GET /v1/session/who-am-i", "POST /v1/auth/access-tokens/"]
    assert canned.bodies[1] == b'{"user":{"auth_id":"500"}}'
