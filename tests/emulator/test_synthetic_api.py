"""A synthetic cluster through the API: its diff against its trees, its pages, its errors."""

from __future__ import annotations

import http.client
import json
import ssl
import time
from collections.abc import Iterator
from typing import Any

import pytest

from qumulo_emulator.running import Emulator, ThreadedEmulator, serve_in_thread
from qumulo_emulator.synthetic.shapes import Shape
from tests.emulator.wire import Client, attributes, file_url, get, pages, refusal

DIFF = "/v2/snapshots/2/changes-since/1"
SOURCE = "/synthetic"
SIZE = 1500


@pytest.fixture(scope="module")
def running() -> Iterator[ThreadedEmulator]:
    with serve_in_thread(synthetic=SIZE) as emulator:
        yield emulator


@pytest.fixture
def emulator(running: ThreadedEmulator) -> Iterator[ThreadedEmulator]:
    settings = running.cluster.settings
    yield running
    running.cluster.settings = settings
    running.faults.clear()


class Connection:
    """One connection that is kept open, for many requests."""

    def __init__(self, emulator: Emulator) -> None:
        context = ssl.create_default_context(cafile=emulator.certificate)
        self._connection = http.client.HTTPSConnection(
            emulator.host, emulator.port, timeout=60, context=context
        )
        self._headers = {"Authorization": f"Bearer {emulator.login()}"}

    def request(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        self.send(method, path, body)
        return self.receive()

    def send(self, method: str, path: str, body: object = None) -> None:
        data = None if body is None else json.dumps(body)
        self._connection.request(method, path, data, headers=self._headers)

    def receive(self) -> tuple[int, Any]:
        with self._connection.getresponse() as answer:
            return answer.status, json.loads(answer.read())

    def close(self) -> None:
        self._connection.close()


@pytest.fixture
def client(emulator: ThreadedEmulator) -> Iterator[Connection]:
    made = Connection(emulator)
    yield made
    made.close()


def changes(client: Client, query: str = "") -> list[tuple[str, str]]:
    return [
        (entry["op"], entry["path"])
        for page in pages(client, f"{DIFF}{query}")
        for entry in page["entries"]
    ]


def tree(client: Client, snapshot: int) -> dict[str, dict[str, Any]]:
    """Return all entries of a snapshot, by path."""
    query = f"?snapshot={snapshot}&limit=700"
    found = {f"{SOURCE}/": attributes(client, SOURCE, f"?snapshot={snapshot}")}
    pending = [SOURCE]
    while pending:
        for page in pages(client, file_url(pending.pop(), f"/entries/{query}")):
            for entry in page["files"]:
                found[entry["path"]] = entry
                if entry["type"] == "FS_FILE_TYPE_DIRECTORY":
                    pending.append(entry["path"])
    return found


def compared(older: dict[str, Any], newer: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the diff of two trees, computed from these trees alone."""
    found = []
    for operation, there, elsewhere in (("DELETE", older, newer), ("CREATE", newer, older)):
        gone = {path for path in there if path not in elsewhere}
        for path in gone:
            parent = path.rstrip("/").rpartition("/")[0] + "/"
            if parent not in gone:
                found.append((operation, path))
    for path in older.keys() & newer.keys():
        before, after = (dict(side[path], access_time="") for side in (older, newer))
        if path.endswith("/"):
            # Of a directory, only an added or removed entry counts, which changes its time.
            before, after = ({"time": side["modification_time"]} for side in (before, after))
        if before != after:
            found.append(("MODIFY", path))
    return sorted(found, key=lambda change: change[1].encode())


@pytest.mark.parametrize(
    ("shape", "size"),
    [
        *(("mixed", size) for size in (1, 2, 10, 1000, 1001, 13_400)),
        *(("sparse", size) for size in (1, 3)),
        *(("created", size) for size in (1, 1001)),
    ],
)
def test_the_diff_is_the_difference_of_both_trees(shape: Shape, size: int) -> None:
    with serve_in_thread(synthetic=size, shape=shape) as emulator:
        client = Connection(emulator)
        older, newer = tree(client, 1), tree(client, 2)
        found = changes(client, "?limit=10000")
        client.close()
    assert len(found) == (2 if shape == "created" else size)
    assert found == compared(older, newer)


def test_a_wide_directory_comes_in_pages_of_any_size() -> None:
    with serve_in_thread(synthetic=50, shape="wide") as emulator:
        where = file_url(f"{SOURCE}/show0000", "/entries/?limit=")
        (whole,) = pages(emulator, f"{where}100")
        found = list(pages(emulator, f"{where}7"))
        resolved = emulator.request(
            "POST", "/v1/files/resolve", [entry["id"] for entry in whole["files"]]
        )[1]
    assert [entry["name"] for entry in whole["files"]] == [f"clip{n:04}" for n in range(50)]
    assert [len(page["files"]) for page in found] == [*[7] * 7, 1]
    assert [entry for page in found for entry in page["files"]] == whole["files"]
    assert [one["path"] for one in resolved] == [entry["path"] for entry in whole["files"]]


def test_the_pages_are_the_same_whatever_their_size(client: Connection) -> None:
    everything = changes(client)
    assert len(everything) == SIZE
    for limit in (7, 100, SIZE - 1, SIZE, 10 * SIZE):
        assert changes(client, f"?limit={limit}") == everything
    where = file_url(f"{SOURCE}/show0000/reel0000", "/entries/")
    names = [entry["name"] for entry in get(client, where)["files"]]
    assert names == sorted(names, key=str.encode)
    for limit in (13, len(names) - 1, len(names), 10_000):
        found = list(pages(client, f"{where}?limit={limit}"))
        assert [entry["name"] for page in found for entry in page["files"]] == names
        assert max(len(page["files"]) for page in found) <= limit


def test_no_page_is_larger_than_the_page_limit_option() -> None:
    with serve_in_thread(synthetic=30, page_limit=4) as emulator:
        found = [len(page["entries"]) for page in pages(emulator, f"{DIFF}?limit=1000")]
        assert found == [4] * 7 + [2]
        reel = file_url(f"{SOURCE}/show0000/reel0000", "/entries/?limit=1000")
        assert len(get(emulator, reel)["files"]) == 4


def test_a_path_of_the_diff_exists_in_the_snapshots_that_its_operation_implies(
    client: Connection,
) -> None:
    where = {"CREATE": (404, 200, 200), "DELETE": (200, 404, 404), "MODIFY": (200, 200, 200)}
    some = changes(client)
    some = [*some[:40], *some[40::40]]
    assert {operation for operation, _ in some} == set(where)
    for operation, path in some:
        queries = ("?snapshot=1", "?snapshot=2", "")
        found = [client.request("GET", file_url(path, f"/info/attributes{q}")) for q in queries]
        assert tuple(status for status, _ in found) == where[operation], path
        for status, reply in found:
            if status == 404:
                assert refusal((status, reply)) == (404, "fs_no_such_entry_error")
            else:
                assert reply["path"] == path


def test_an_entry_has_the_same_attributes_alone_in_a_listing_and_by_its_id(
    client: Connection,
) -> None:
    for folder in (SOURCE, f"{SOURCE}/show0000", f"{SOURCE}/show0000/reel0000"):
        for query in ("?snapshot=1", "?snapshot=2", ""):
            listing = get(client, file_url(folder, f"/entries/{query}"))
            described = attributes(client, folder, query)
            assert listing["path"] == described["path"] == f"{folder}/"
            assert listing["id"] == described["id"]
            assert listing["child_count"] == described["child_count"] == len(listing["files"])
            for entry in listing["files"][::97]:
                alone = attributes(client, entry["path"], query)
                assert alone == {**entry, "lock": None}
                assert alone == get(client, f"/v1/files/{entry['id']}/info/attributes{query}")
            by_id = get(client, f"/v1/files/{listing['id']}/entries/{query}")
            assert by_id == listing


def test_the_root_of_the_cluster_contains_only_the_source(client: Connection) -> None:
    (source,) = get(client, file_url("/", "/entries/"))["files"]
    assert (source["path"], source["name"]) == ("/synthetic/", "synthetic")
    assert attributes(client, "/")["id"] == "2"
    _, (resolved,) = client.request("POST", "/v1/files/resolve", [source["id"]])
    assert resolved["path"] == "/synthetic/"


def test_every_version_lists_both_snapshots(client: Connection) -> None:
    source = attributes(client, SOURCE)["id"]
    for url in (
        "/v2/snapshots/",
        "/v3/snapshots/",
        "/v3/snapshots/status/",
        "/v4/snapshots/status/",
    ):
        entries = get(client, url)["entries"]
        assert [entry["id"] for entry in entries] == [1, 2]
        assert {entry["source_file_id"] for entry in entries} == {source}
    for number, name in ((1, "1_older"), (2, "2_newer")):
        assert get(client, f"/v3/snapshots/{number}")["name"] == name
        assert get(client, f"/v2/snapshots/{number}")["directory_name"] == name
        status = get(client, f"/v3/snapshots/status/{number}")
        assert status["source_file_path"] == "/synthetic/"


@pytest.mark.parametrize(
    ("method", "url", "status", "contents"),
    [
        ("GET", "/v2/snapshots/3/changes-since/1", 404, "api_snapshots_snapshot_not_found_error"),
        ("GET", "/v2/snapshots/1/changes-since/2", 400, "api_snapshots_invalid_diff_error"),
        ("GET", f"{DIFF}?after=nonsense", 400, "api_invalid_page_key_error"),
        ("GET", f"{DIFF}?limit=0", 400, "request_validation_error"),
        ("GET", "/v3/snapshots/7", 404, "api_snapshots_snapshot_not_found_error"),
        ("GET", file_url("/none", "/info/attributes"), 404, "fs_no_such_entry_error"),
        ("GET", file_url("/synthetic/show", "/entries/"), 404, "fs_no_such_entry_error"),
        ("GET", file_url("/synthetic/show00000", "/entries/"), 404, "fs_no_such_entry_error"),
        (
            *("GET", file_url(f"/synthetic/show{'1' * 5000}", "/info/attributes")),
            *(400, "fs_invalid_name_error"),
        ),
        ("GET", file_url("/synthetic/.snapshot", "/entries/"), 404, "fs_no_such_entry_error"),
        (
            *("GET", file_url("/", "/info/attributes?snapshot=1")),
            *(404, "fs_file_not_covered_by_snapshot_error"),
        ),
        (
            *("GET", file_url("/synthetic/index & notes.xml", "/entries/")),
            *(400, "fs_not_a_directory_error"),
        ),
        (
            *("GET", file_url("/synthetic", "/info/attributes?snapshot=3")),
            *(404, "api_snapshots_snapshot_not_found_error"),
        ),
        (
            *("GET", file_url("/synthetic", "/info/attributes?snapshot=one")),
            *(400, "request_validation_error"),
        ),
        ("GET", "/v1/files/77770000/info/attributes", 404, "fs_no_such_entry_error"),
        (
            *("GET", file_url("/synthetic", "/aggregates/?order-by=name")),
            *(400, "request_validation_error"),
        ),
        ("DELETE", "/v3/snapshots/1", 501, "emulator_not_supported_error"),
        ("DELETE", file_url("/synthetic/show0000"), 501, "emulator_not_supported_error"),
        ("GET", "/v1/nothing", 404, "http_not_found_error"),
        ("GET", "/v1/files//synthetic/info/attributes", 404, "http_not_found_error"),
        ("GET", "/v1/files//synthetic/show0000/entries/", 404, "http_not_found_error"),
        (
            *("GET", f"/v2/snapshots/{'2' * 5000}/changes-since/1"),
            *(400, "request_validation_error"),
        ),
    ],
)
def test_errors_have_the_usual_form(
    client: Connection, method: str, url: str, status: int, contents: str
) -> None:
    assert refusal(client.request(method, url)) == (status, contents)


def test_no_snapshot_can_be_taken(emulator: ThreadedEmulator) -> None:
    body = {"source_file_id": "2"}
    assert emulator.request("POST", "/v3/snapshots/", body)[0] == 501
    assert emulator.request("POST", "/v2/snapshots/", body)[0] == 501


def test_nothing_is_served_without_a_token(emulator: ThreadedEmulator) -> None:
    for url in (DIFF, file_url(SOURCE, "/info/attributes"), file_url(SOURCE, "/entries/")):
        assert emulator.request_as(None, "GET", url)[0] == 401
        assert emulator.request_as("session-v1:guessed", "GET", url)[0] == 401


def test_a_snapshot_does_not_differ_from_itself(client: Connection) -> None:
    assert get(client, "/v2/snapshots/2/changes-since/2")["entries"] == []


def test_settings_apply_to_a_synthetic_tree(emulator: ThreadedEmulator) -> None:
    everything = changes(emulator)
    emulator.settings(page_limit=800, empty_pages=True, last_page_next=None)
    sizes = [len(page["entries"]) for page in pages(emulator, DIFF)]
    assert sizes == [0, 800, 0, 700]
    emulator.settings(empty_pages=False, escape=False, page_limit=10_000)
    assert changes(emulator) == everything
    assert get(emulator, DIFF)["paging"]["next"] is None
    for setting in ({"order": "descending"}, {"uncovered": "live"}):
        refused = emulator.request("POST", "/emulator/settings", setting)
        assert refusal(refused) == (501, "emulator_not_supported_error")


def test_faults_sessions_and_the_log_apply_to_a_synthetic_tree(emulator: ThreadedEmulator) -> None:
    emulator.fault(path="*changes-since*", status=503, times=1)
    assert emulator.request("GET", DIFF)[0] == 503
    assert emulator.request("GET", DIFF)[0] == 200
    emulator.fault(path="*changes-since*", action="truncate", times=1)
    with pytest.raises(http.client.IncompleteRead):
        emulator.request("GET", DIFF)
    token = emulator.login()
    emulator.expire_sessions()
    assert emulator.request_as(token, "GET", DIFF)[0] == 401
    seen = [(sent["method"], sent["path"], sent["status"]) for sent in emulator.requests()]
    assert ("GET", DIFF, 503) in seen


def test_with_a_random_latency_requests_are_not_answered_in_order(
    emulator: ThreadedEmulator,
) -> None:
    connections = [Connection(emulator) for _ in range(8)]
    paths = [f"/v1/files/{number}/info/attributes" for number in range(900_001, 900_009)]
    emulator.settings(random_latency_ms=300)
    for connection, path in zip(connections, paths, strict=True):
        connection.send("GET", path)
    for connection in connections:
        connection.receive()
        connection.close()
    emulator.settings(random_latency_ms=0)
    answered = [sent["path"] for sent in emulator.requests() if sent["path"] in paths]
    assert sorted(answered) == sorted(paths)
    assert answered != paths


def test_requests_with_latency_are_answered_concurrently(
    emulator: ThreadedEmulator,
) -> None:
    connections = [Connection(emulator) for _ in range(8)]
    emulator.settings(latency_ms=400)
    begun = time.monotonic()
    for connection in connections:
        connection.send("GET", f"{DIFF}?limit=5")
    for connection in connections:
        _, page = connection.receive()
        assert len(page["entries"]) == 5
    took = time.monotonic() - begun
    assert 0.4 <= took < 8 * 0.4
    emulator.settings(latency_ms=0)
    for connection in connections:
        connection.close()
