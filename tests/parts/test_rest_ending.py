"""How the work over REST ends: at once, in every situation, and without leaving anything."""

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from qumulo_changelist.cluster.rest.client import RestCluster
from qumulo_changelist.errors import UnreachableError
from qumulo_changelist.events import Event
from tests.parts.canned import Canned, Reply, serve

PATIENCE = 20
"""The number of seconds after which a test that waits fails."""

ASKS = """
import sys
from qumulo_changelist.cluster.rest.client import RestCluster
from qumulo_changelist.config.settings import Secret, Settings
from qumulo_changelist.events import ignore
settings = Settings(
    ("127.0.0.1",), int(sys.argv[1]), "a", Secret("b"), fingerprint=sys.argv[2]
)
try:
    with RestCluster(settings, ignore) as cluster:
        for page in cluster.changes(1, 2):
            print("page", flush=True)
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


@pytest.fixture
def canned() -> Iterator[Canned]:
    with serve() as running:
        yield running


class Stall:
    """Answers that do not come before the test ends."""

    def __init__(self) -> None:
        self.asked = threading.Semaphore(0)
        self.over = threading.Event()

    def __call__(self, *_request: str) -> Reply:
        self.asked.release()
        self.over.wait(PATIENCE)
        return 200, {"entries": []}


@pytest.fixture
def stall() -> Iterator[Stall]:
    made = Stall()
    yield made
    made.over.set()


def accept_interrupts() -> None:
    """Undo that a shell starts background processes so that they ignore Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.parametrize("first", [True, False], ids=["in the first page", "in a later page"])
def test_an_interrupt_ends_a_request_that_waits(canned, stall, first):
    page = {"entries": [], "paging": {"next": "/2"}}
    canned.answer = lambda *request: stall(*request) if first or request[1] == "/2" else (200, page)
    with subprocess.Popen(
        [sys.executable, "-c", ASKS, str(canned.port), canned.fingerprint],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=accept_interrupts,
    ) as process:
        assert stall.asked.acquire(timeout=PATIENCE)
        process.send_signal(signal.SIGINT)
        output, messages = process.communicate(timeout=PATIENCE / 2)
    assert (output, messages) == (b"interrupted\n", b"")
    assert process.returncode == 0


def test_what_a_listener_raises_for_a_page_that_is_requested_ahead_ends_the_run(canned):
    page = {"entries": [], "paging": {"next": "/2"}}
    canned.answer = lambda *request: (503, {}) if request[1] == "/2" else (200, page)

    def stop(event: Event) -> None:
        raise LookupError("enough")

    with (
        RestCluster(canned.settings(), stop) as cluster,
        pytest.raises(LookupError, match="enough"),
    ):
        list(cluster.changes(1, 2))


def test_closing_ends_the_requests_of_other_threads(canned, stall, listener):
    canned.answer = stall
    cluster = RestCluster(canned.settings(), listener)
    ended: list[BaseException] = []

    def ask() -> None:
        try:
            cluster.describe("/a", 5)
        except UnreachableError as error:
            ended.append(error)

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in threads:
        assert stall.asked.acquire(timeout=PATIENCE)
    cluster.close()
    for thread in threads:
        thread.join(PATIENCE / 2)
    assert [str(error)[-8:] for error in ended] == ["given up"] * 3


def test_closing_ends_the_wait_between_two_tries(canned, listener):
    canned.gives((503, b"", {"Retry-After": "30"}))
    cluster = RestCluster(canned.settings(), listener)
    threading.Timer(0.2, cluster.close).start()
    started = time.monotonic()

    with pytest.raises(UnreachableError, match="given up"):
        cluster.describe("/a", 5)
    assert time.monotonic() - started < PATIENCE


def test_a_request_ahead_takes_no_thread(canned, stall, listener):
    canned.answer = lambda *request: (
        stall(*request)
        if request[1] == "/2"
        else (200, {"entries": [{"op": "CREATE", "path": "/a"}], "paging": {"next": "/2"}})
    )
    before = {thread.name for thread in threading.enumerate()}
    with RestCluster(canned.settings(), listener) as cluster:
        assert next(cluster.changes(1, 2))
        assert stall.asked.acquire(timeout=PATIENCE)
        names = {thread.name for thread in threading.enumerate()}
    assert {name for name in names if "process_request" not in name} == before


def test_rest_is_quick_to_import():
    """It imports only what it needs: each import counts if a list is written every few minutes."""
    heavy = {"asyncio", "concurrent", "email", "http", "multiprocessing", "urllib3"}
    code = "import sys, qumulo_changelist.cluster.rest.client; print(*sys.modules)"

    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout

    assert "ssl" in loaded.split()
    assert heavy & set(loaded.split()) == set()
