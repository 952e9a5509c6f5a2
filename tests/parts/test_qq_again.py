"""Commands of qq that fail for a reason that may pass: which are started again, how long."""

import json
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from qumulo_changelist.cluster import backoff
from qumulo_changelist.cluster.interface import BEGUN_ANEW
from qumulo_changelist.cluster.qq.client import QqCluster
from qumulo_changelist.cluster.qq.process import QqProcess
from qumulo_changelist.cluster.qq.session import QqSession
from qumulo_changelist.config.settings import Secret
from qumulo_changelist.errors import (
    ChangelistError,
    FailingError,
    IncompleteReplyError,
    LoginError,
    NotFoundError,
    QqFailedError,
    QqTimeoutError,
    RefusedError,
    ReplyError,
    UnclearOutcomeError,
    UnreachableError,
)
from qumulo_changelist.events import RequestRetried
from qumulo_changelist.model import CREATE, Attributes, Change, Kind
from tests.parts.conftest import FakeQq, RecordingListener
from tests.parts.test_qq_cluster import CLUSTER, ONE_CHANGE, PASSWORD, FakeCluster, nodes

# It fails as often as a test says, and then does what the command does.
FAILS_FIRST = """
left = state("fail-" + command, 0)
if left:
    leave("fail-" + command, left - 1)
    exec(state("failure", ""))
"""
RETRY_FOR = 60


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait a thousandth of the usual time."""
    monkeypatch.setattr(backoff, "FIRST_PAUSE", 0.001)


class FailingCluster(FakeCluster):
    """A cluster whose first answers to a command fail."""

    def __init__(self, qq: FakeQq) -> None:
        super().__init__(qq)
        head, _, tail = CLUSTER.partition('if command == "login":')
        qq.does(f'{head}{FAILS_FIRST}\nif command == "login":{tail}')
        self.folder = qq.folder

    def fails(self, command: str, script: str, *, times: int = 1000) -> None:
        """Let a command run a script first, for some times."""
        (self.folder / f"fail-{command}").write_text(json.dumps(times))
        (self.folder / "failure").write_text(json.dumps(script))


@pytest.fixture
def fake(qq: FakeQq) -> FailingCluster:
    made = FailingCluster(qq)
    made.answers("snapshot_diff", ONE_CHANGE)
    made.answers("snapshot_list_statuses", 'say(\'{"entries": [{"id": 7}]}\')')
    made.answers("version", 'say(\'{"revision_id": "Qumulo Core 7"}\')')
    return made


@pytest.fixture
def opened(
    fake: FailingCluster, listener: RecordingListener, session_folder: str
) -> Iterator[Callable[..., QqCluster]]:
    made: list[QqCluster] = []

    def open_cluster(retry_for: float = RETRY_FOR, timeout: float = 60) -> QqCluster:
        process = QqProcess("192.0.2.10", 8000, listener, timeout=timeout)
        session = QqSession("192.0.2.10", 8000, "archiver", folder=session_folder)
        password = Secret(PASSWORD)
        made.append(
            QqCluster(process, session, "archiver", password, listener, retry_for=retry_for)
        )
        return made[-1]

    yield open_cluster
    for cluster in made:
        cluster.close()


def prints(words: str) -> str:
    return f"say({words!r}, on=2); sys.exit(1)"


PASSING = [
    "Error 429: too_many_requests",
    "Error 500: internal",
    "Error 502: bad gateway",
    "Error 503: busy",
    "Error 504: gateway",
    "Connection error: [Errno 111] Connection refused",
    "Connection error: [Errno 104] Connection reset by peer",
    "Connection error: [Errno -3] Temporary failure in name resolution",
    "Connection error: Remote end closed connection without response",
    "Connection error: [Errno 110] Connection timed out",
    "Connection error: [Errno 113] No route to host",
    "IncompleteRead(3 bytes read, 9 more expected)",
]
LASTING = {
    "Error 400: bad": ChangelistError,
    "Error 403: no": RefusedError,
    "Error 404: snapshot_not_found": NotFoundError,
    "Error 501: not implemented": FailingError,
    "Connection error: [Errno -2] Name or service not known": UnreachableError,
    "out of order": QqFailedError,
}


@pytest.mark.parametrize("words", PASSING)
def test_what_may_pass_is_tried_again_and_reported(fake, opened, listener, words):
    fake.fails("snapshot_list_statuses", prints(words), times=2)

    assert [one.id for one in opened().all_snapshots()] == [7]
    assert fake.commands == ["login", *["snapshot_list_statuses"] * 3]
    events = listener.of(RequestRetried)
    assert [event.request for event in events] == ["`qq snapshot_list_statuses`"] * 2
    assert {event.reason for event in events} == {f"failed with exit code 1: {words}"}
    assert 0.0005 <= events[0].seconds < 0.001 <= events[1].seconds < 0.002


@pytest.mark.parametrize("words", LASTING)
def test_what_does_not_pass_is_not_tried_again(fake, opened, listener, words):
    fake.fails("snapshot_list_statuses", prints(words))

    with pytest.raises(LASTING[words], match="failed with exit code 1"):
        opened().all_snapshots()
    assert fake.commands.count("snapshot_list_statuses") == 1
    assert listener.of(RequestRetried) == []


def test_garbled_output_is_not_requested_again(fake, opened):
    fake.fails("snapshot_list_statuses", "say('<html>'); sys.exit(0)")

    with pytest.raises(ReplyError, match="not JSON"):
        opened().all_snapshots()
    assert fake.commands.count("snapshot_list_statuses") == 1


def test_without_time_nothing_is_tried_again(fake, opened):
    fake.fails("snapshot_diff", prints("Error 503: busy"))

    with pytest.raises(FailingError, match="Error 503"):
        list(opened(retry_for=0).changes(3, 7))
    assert fake.commands == ["login", "snapshot_diff"]


def test_what_never_passes_is_tried_until_the_time_is_over(fake, opened, listener):
    fake.fails("snapshot_diff", prints("Error 503: busy"))
    began = time.monotonic()

    with pytest.raises(FailingError, match="Error 503"):
        list(opened(retry_for=0.5).changes(3, 7))
    assert 0.1 < time.monotonic() - began < 20
    assert len(listener.of(RequestRetried)) == fake.commands.count("snapshot_diff") - 1 > 0


def test_a_qq_that_hangs_is_started_again(fake, opened, listener):
    fake.fails("snapshot_diff", "say('{\"entries\": ['); time.sleep(20)", times=1)

    begun_anew, page = opened(timeout=1).changes(3, 7)
    assert begun_anew is BEGUN_ANEW
    assert page == [Change(CREATE, "/a")]
    (event,) = listener.of(RequestRetried)
    assert event.reason == "did nothing for 1 second, and was ended"


def test_a_qq_that_always_hangs_ends_the_run(fake, opened):
    fake.fails("snapshot_diff", "time.sleep(20)")

    with pytest.raises(QqTimeoutError, match="did nothing"):
        list(opened(retry_for=0.1, timeout=0.5).changes(3, 7))
    assert fake.commands == ["login", *["snapshot_diff"] * 2]


def test_a_diff_that_breaks_begins_anew(fake, opened):
    first = 'say(\'{"entries": [{"op": "CREATE", "path": "/a"}], "paging": {"next": "x"}}\')'
    fake.fails("snapshot_diff", f"{first}; {prints('Error 503: busy')}", times=1)
    fake.answers("snapshot_diff", f"{first}; {ONE_CHANGE.replace('/a', '/b')}")

    pages = list(opened().changes(3, 7))

    assert [change.path for page in pages for change in page] == ["/a", "/a", "/b"]


def test_a_listing_that_breaks_is_made_anew_and_has_each_entry_once(fake, opened):
    page = {"files": [{"name": "a", "type": "FS_FILE_TYPE_FILE"}], "paging": {"next": "x"}}
    fake.fails("fs_read_dir", f"say({json.dumps(page)!r}); {prints('Error 503: no')}", times=1)
    last = {"files": [{"name": "b", "type": "FS_FILE_TYPE_FILE"}], "paging": {"next": ""}}
    fake.answers("fs_read_dir", f"say({json.dumps(page)!r}); say({json.dumps(last)!r})")

    assert list(opened().directory("/proj", 3)) == ["a", "b"]


def test_statuses_that_break_off_have_each_snapshot_once(fake, opened):
    one = 'say(\'{"entries": [{"id": 7}]}\')'
    fake.fails("snapshot_list_statuses", f"{one}; {prints('Error 503: no')}", times=1)

    assert [snapshot.id for snapshot in opened().all_snapshots()] == [7]


def test_a_session_that_ends_in_the_middle_leads_to_each_snapshot_once(fake, opened):
    one = 'say(\'{"entries": [{"id": 7}]}\')'
    fake.fails("snapshot_list_statuses", f"{one}; {prints('Error 401: Need to log in')}", times=1)

    assert [snapshot.id for snapshot in opened().all_snapshots()] == [7]
    assert fake.commands.count("login") == 2


def test_a_walk_that_breaks_is_walked_anew(fake, opened):
    whole = nodes(("/proj/", "DIRECTORY", 1), ("/proj/a", "FILE", 0))
    part = nodes(("/proj/", "DIRECTORY", 1))
    fake.fails("fs_walk_tree", f"{part}; {prints('Connection error: reset')}", times=1)
    fake.answers("fs_walk_tree", whole)

    assert opened().walk("/proj", 3) == {"/proj/a": Attributes(Kind.FILE)}


def test_a_tree_that_lacks_entries_is_not_walked_again(fake, opened):
    fake.answers("fs_walk_tree", nodes(("/proj/", "DIRECTORY", 5)))

    with pytest.raises(IncompleteReplyError, match="0 of the 5"):
        opened().walk("/proj", 3)
    assert fake.commands.count("fs_walk_tree") == 1


# What is never repeated


@pytest.mark.parametrize("words", [*PASSING[3:9:2], *PASSING[9:11]])
def test_a_creation_and_a_deletion_are_never_repeated(fake, opened, words):
    commands = {
        "snapshot_create_snapshot": lambda cluster: cluster.create_snapshot("a", "/a"),
        "snapshot_delete_snapshot": lambda cluster: cluster.delete_snapshot(7),
    }
    for command, ask in commands.items():
        fake.fails(command, prints(words))
        with pytest.raises((UnreachableError, UnclearOutcomeError, IncompleteReplyError)):
            ask(opened())
        assert fake.commands.count(command) == 1


@pytest.mark.parametrize(
    "words", [*PASSING[:5], PASSING[6], *PASSING[8:], "Error 401: wrong password"]
)
def test_a_login_that_may_have_reached_the_cluster_is_not_repeated(fake, opened, words):
    fake.fails("login", prints(words))

    with pytest.raises((UnreachableError, LoginError, IncompleteReplyError)):
        opened().all_snapshots()
    assert fake.commands == ["login"]


def test_a_login_that_hangs_is_not_repeated(fake, opened):
    fake.fails("login", "time.sleep(20)")

    with pytest.raises(QqTimeoutError, match="`qq login` did nothing"):
        opened(timeout=0.5).all_snapshots()
    assert fake.commands == ["login"]


@pytest.mark.parametrize("words", [PASSING[5], PASSING[7]])
def test_a_login_that_never_reached_the_cluster_is_repeated(fake, opened, listener, words):
    fake.fails("login", prints(words), times=2)

    assert len(opened().all_snapshots()) == 1
    assert fake.commands == [*["login"] * 3, "snapshot_list_statuses"]
    assert [event.request for event in listener.of(RequestRetried)] == ["`qq login`"] * 2


# The end of a run


def test_closing_ends_the_wait_between_two_tries(fake, opened, monkeypatch):
    monkeypatch.setattr(backoff, "FIRST_PAUSE", 30)
    fake.fails("version", prints("Error 503: busy"))
    cluster = opened(retry_for=1000)
    began = time.monotonic()

    def close() -> None:
        while "version" not in (fake.folder / "asked").read_text():
            time.sleep(0.05)
        cluster.close()

    (fake.folder / "asked").touch()
    closing = threading.Thread(target=close)
    closing.start()
    with pytest.raises((UnreachableError, QqFailedError)):
        cluster.core_version()
    closing.join()
    assert time.monotonic() - began < 15


def test_what_ends_because_the_run_ends_is_not_reported_as_tried_again(fake, opened, listener):
    cluster = opened()
    cluster.close()

    with pytest.raises(UnreachableError, match="the run ends"):
        cluster.core_version()
    assert listener.of(RequestRetried) == []
