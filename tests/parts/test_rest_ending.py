"""How the work over REST ends: soon, whatever is going on, and with nothing left behind."""

import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from qumulo_changelist.cluster.rest.client import RestCluster
from qumulo_changelist.config.settings import Secret
from qumulo_changelist.errors import UnreachableError
from tests.parts.canned import PASSWORD, Canned, serve

PATIENCE = 20

ASKS = """
import sys
from qumulo_changelist.cluster.rest.client import RestCluster
from qumulo_changelist.config.archiver import Secret, Settings
from qumulo_changelist.events import Silent
settings = Settings(
    ("127.0.0.1",), int(sys.argv[1]), "a", Secret("b"), fingerprint=sys.argv[2]
)
try:
    with RestCluster(settings, Silent()) as cluster:
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
    """Answers that do not come before they are let go."""

    def __init__(self) -> None:
        self.asked = threading.Semaphore(0)
        self.over = threading.Event()

    def __call__(self, *_request: str) -> tuple[int, object]:
        self.asked.release()
        self.over.wait(PATIENCE)
        return 200, {"entries": []}


@pytest.fixture
def stall() -> Iterator[Stall]:
    made = Stall()
    yield made
    made.over.set()


def ours() -> list[str]:
    names = [thread.name for thread in threading.enumerate()]
    return [name for name in names if name.startswith("qumulo-changelist")]


def wait_until_none_is_left() -> None:
    until = time.monotonic() + PATIENCE
    while ours() and time.monotonic() < until:
        time.sleep(0.01)
    assert ours() == []


def heed_interrupts() -> None:
    """Undo that a shell lets what it starts in the background ignore Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.parametrize("first", [True, False], ids=["in the first page", "in a later page"])
def test_an_interrupt_ends_a_question_that_waits(canned, stall, first):
    page = {"entries": [], "paging": {"next": "/2"}}
    canned.answer = lambda *request: stall(*request) if first or request[1] == "/2" else (200, page)
    with subprocess.Popen(
        [sys.executable, "-c", ASKS, str(canned.port), canned.fingerprint],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=heed_interrupts,
    ) as process:
        assert stall.asked.acquire(timeout=PATIENCE)
        process.send_signal(signal.SIGINT)
        output, messages = process.communicate(timeout=PATIENCE / 2)
    assert (output, messages) == (b"interrupted\n", b"")
    assert process.returncode == 0


def test_closing_ends_what_waits_in_other_threads(canned, stall, heard):
    canned.answer = stall
    cluster = RestCluster(canned.settings(), heard)
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


def test_closing_ends_a_wait_between_two_tries(canned, heard):
    canned.gives((503, b"", {"Retry-After": "30"}))
    cluster = RestCluster(canned.settings(), heard)
    threading.Timer(0.2, cluster.close).start()
    started = time.monotonic()

    with pytest.raises(UnreachableError, match="given up"):
        cluster.describe("/a", 5)
    assert time.monotonic() - started < PATIENCE


def test_a_page_that_nobody_waits_for_any_more_leaves_no_thread(canned, stall, heard):
    canned.answer = lambda *request: (
        stall(*request)
        if request[1] == "/2"
        else (200, {"entries": [{"op": "CREATE", "path": "/a"}], "paging": {"next": "/2"}})
    )
    with RestCluster(canned.settings(), heard) as cluster:
        assert next(cluster.changes(1, 2))
        assert stall.asked.acquire(timeout=PATIENCE)
        assert ours()
    wait_until_none_is_left()


def test_settings_go_to_another_process_and_show_no_secret_on_the_way(canned):
    settings = canned.settings(access_token=Secret("access-v1:abc"))

    back = pickle.loads(pickle.dumps(settings))

    assert back.password.reveal() == PASSWORD
    assert back.access_token.reveal() == "access-v1:abc"
    assert back.hosts == settings.hosts
    assert PASSWORD not in repr(back)
    assert "abc" not in repr(back)


def test_rest_is_quick_to_import():
    """Only what it needs itself: an import counts where a list is written every few minutes."""
    heavy = {"asyncio", "multiprocessing", "requests", "qumulo", "concurrent.futures.process"}
    code = "import sys, qumulo_changelist.cluster.rest; print(*sys.modules)"

    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout

    assert "urllib3" in loaded.split()
    assert heavy & set(loaded.split()) == set()
