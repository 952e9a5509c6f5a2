"""Each fault at each request over REST: the list is that of an undisturbed run, byte for byte."""

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from qumulo_changelist import ChangelistRequest, Event, Settings, generate_changelist
from qumulo_changelist.cluster.rest import limits
from qumulo_changelist.config.settings import Secret
from qumulo_changelist.events import ClusterAwaited, NodeSkipped, RequestRetried
from qumulo_changelist.operations.lists.result import ChangelistResult
from qumulo_emulator.running import ThreadedEmulator, serve_in_thread
from tests.end_to_end.files import write_files
from tests.end_to_end.lists import deleted, file, normalized, scan_list
from tests.end_to_end.site import GUID
from tests.parts.conftest import RecordingListener, listener
from tests.parts.fake_time import FakeTime, time_passes

__all__ = ["listener", "time_passes"]

CREATED = [f"reel/{number}.mov" for number in range(7)]

REQUESTS = {
    "a page of the diff": "*/changes-since/*",
    "a page of a directory": "*/entries/*",
    "attributes": "*/info/attributes*",
    "the status of a snapshot": "/v3/snapshots/status/*",
    "the login": "/v1/session/login",
}
FAULTS: dict[str, dict[str, object]] = {
    "429": {"status": 429, "retry_after": 45},
    "500": {"status": 500},
    "502 without a body": {"status": 502, "empty_body": True},
    "503": {"status": 503},
    "504": {"status": 504},
    "closed": {"action": "close"},
    "stalled": {"action": "stall"},
    "truncated": {"action": "truncate"},
    "garbled": {"action": "garbage"},
}


class Show:
    """A project of which two snapshots are compared, over REST alone.

    The cluster has two nodes, of which a run knows the first; the second one can always be asked to
    bring it back.
    """

    def __init__(self, emulator: ThreadedEmulator, folder: Path) -> None:
        self.emulator = emulator
        self.settings = Settings(
            ("127.0.0.1",),
            emulator.port,
            emulator.username,
            Secret(emulator.password),
            work_folder=str(folder),
            transport="rest",
            fingerprint=emulator.certificate_sha256,
        )
        self.request = ChangelistRequest(
            project="show",
            guid=GUID,
            source_index="1",
            base_path="/",
            older=1,
            newer=2,
            metadata="rest",
            deletes=True,
            workers=1,
        )

    def list_changes(self, listener: Callable[[Event], object]) -> ChangelistResult:
        return generate_changelist(self.request, self.settings, listener)

    def expected(self) -> bytes:
        """The list, worked out by hand."""
        root = Path(str(self.emulator.root))
        lines = [file(root, f"/{name}") for name in sorted(CREATED, reverse=True)]
        return scan_list([*lines, deleted("/gone"), file(root, "/deep/down/modified")])

    def check(self, result: ChangelistResult) -> None:
        """Check the list."""
        assert normalized(Path(result.path).read_bytes()) == self.expected()


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ThreadedEmulator]:
    root = tmp_path_factory.mktemp("root")
    write_files(root, "deep/down/modified", "gone", "old/file")
    with serve_in_thread(root, page_limit=3, nodes=2) as running:
        _snapshot(running)
        write_files(root, *CREATED)
        write_files(root, "deep/down/modified", size=20)
        (root / "gone").unlink()
        _snapshot(running)
        yield running


def _snapshot(emulator: ThreadedEmulator) -> None:
    wanted = {"name_suffix": "s", "expiration": "", "source_file_id": "2"}
    emulator.request("POST", "/v3/snapshots/", wanted)


@pytest.fixture
def show(
    emulator: ThreadedEmulator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    time_passes: FakeTime,
) -> Iterator[Show]:
    for name in ("ANSWER_TIMEOUT", "SLOW_TIMEOUT", "BRIEF_TIMEOUT"):
        monkeypatch.setattr(limits, name, 0.3)
    yield Show(emulator, tmp_path)
    emulator.clear_faults()
    if not emulator.nodes()[0]["alive"]:
        emulator.change_node(1, alive=True)


def test_an_undisturbed_run_repeats_nothing(show: Show, listener: RecordingListener) -> None:
    show.check(show.list_changes(listener))
    assert not listener.of(RequestRetried)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("request_", REQUESTS)
def test_a_fault_changes_nothing(
    show: Show, listener: RecordingListener, request_: str, fault: str
) -> None:
    """Each comes twice in a row."""
    show.emulator.fault(path=REQUESTS[request_], times=2, **FAULTS[fault])

    result = show.list_changes(listener)

    show.check(result)
    assert len(listener.of(RequestRetried)) == 2
    assert result.receipt.newer_snapshot.name, "its status was waited for"


class Outage:
    """Lets the first node stop with the first request that is sent again, and come back.

    Args:
        emulator: the cluster.
        retries: the number of requests that are sent again before it comes back.
        back: called when it does.
    """

    def __init__(
        self, emulator: ThreadedEmulator, retries: int, back: Callable[[], object]
    ) -> None:
        self.events: list[Event] = []
        self._emulator = emulator
        self._retries = retries
        self._back = back

    def __call__(self, event: Event) -> None:
        self.events.append(event)
        if isinstance(event, RequestRetried):
            if self.count(RequestRetried) == 1:
                self._emulator.change_node(1, alive=False)
            if self.count(RequestRetried) == self._retries:
                self._emulator.change_node(1, alive=True)
                self._back()

    def count(self, kind: type[Event]) -> int:
        return sum(isinstance(event, kind) for event in self.events)


@pytest.mark.parametrize("request_", REQUESTS)
def test_a_cluster_that_restarts_is_waited_for(show: Show, request_: str) -> None:
    show.emulator.fault(path=REQUESTS[request_], times=1, action="close")
    outage = Outage(show.emulator, 6, lambda: None)

    show.check(show.list_changes(outage))
    assert outage.count(RequestRetried) >= 6
    assert outage.count(ClusterAwaited) >= 1


def test_a_name_that_does_not_resolve_for_a_moment_changes_nothing(
    show: Show, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual, missing = socket.getaddrinfo, [None] * 3

    def resolve(*arguments: Any, **options: Any) -> Any:
        if missing:
            missing.pop()
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return usual(*arguments, **options)

    show.emulator.fault(path=REQUESTS["a page of the diff"], times=1, action="close")
    outage = Outage(show.emulator, 2, lambda: monkeypatch.setattr(socket, "getaddrinfo", resolve))

    show.check(show.list_changes(outage))
    assert not missing
    assert outage.count(RequestRetried) == 5


@pytest.mark.parametrize("request_", REQUESTS)
def test_a_node_that_goes_away_for_good_changes_nothing(show: Show, request_: str) -> None:
    show.settings = replace(show.settings, hosts=tuple(host for host, _ in show.emulator.addresses))
    show.emulator.fault(path=REQUESTS[request_], times=1, action="close")
    outage = Outage(show.emulator, 1_000_000, lambda: None)

    show.check(show.list_changes(outage))
    assert outage.count(RequestRetried) == 1
    assert outage.count(NodeSkipped) >= 1
    assert outage.count(ClusterAwaited) == 0
