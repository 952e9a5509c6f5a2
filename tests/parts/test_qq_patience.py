"""How long a run is patient with qq: one that hangs is ended, one that is at work is not."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from qumulo_changelist.cluster.qq import activity, running
from qumulo_changelist.cluster.qq.activity import processor_use
from qumulo_changelist.cluster.qq.process import QqProcess
from qumulo_changelist.errors import QqTimeoutError
from tests.parts.conftest import FakeQq, RecordingListener

TIMEOUT = 1.0


@pytest.fixture
def process(qq: FakeQq, listener: RecordingListener) -> QqProcess:
    return QqProcess("192.0.2.10", 8443, listener, timeout=TIMEOUT)


def run(process: QqProcess) -> bytes:
    return process.run("/state/session.json", ["snapshot_diff"])


def has_ended(number: int) -> bool:
    """Return whether a process ends within some seconds: it may be a zombie that nobody reaps."""
    for _ in range(100):
        try:
            with open(f"/proc/{number}/stat", "rb") as file:
                if file.read().rpartition(b")")[2].split()[0] == b"Z":
                    return True
        except FileNotFoundError:
            return True
        time.sleep(0.05)
    return False


HANGS = {
    "at once": "time.sleep(20)",
    "after half of its output": "say('{\"entries\": ['); time.sleep(20)",
    "after it closed its output": "say('{}'); os.close(1); time.sleep(20)",
    "after it closed all output": "say('{}'); os.close(1); os.close(2); time.sleep(20)",
    "and ignores signals": "signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(20)",
}


@pytest.mark.parametrize("when", HANGS)
def test_a_qq_that_hangs_is_ended(qq, process, monkeypatch, when):
    monkeypatch.setattr(running, "SECONDS_TO_END", 0.3)
    qq.does(f"leave('pid', os.getpid())\n{HANGS[when]}")

    with pytest.raises(QqTimeoutError, match="`qq snapshot_diff` did nothing for") as caught:
        run(process)
    assert (caught.value.exit_code, caught.value.transient) == (69, True)
    assert has_ended(qq.left("pid"))


@pytest.mark.parametrize("stream", [1, 2])
@pytest.mark.parametrize("handler", ["SIG_DFL", "SIG_IGN"])
def test_a_process_that_holds_the_output_of_a_qq_that_ended_is_ended(
    qq, process, monkeypatch, stream, handler
):
    monkeypatch.setattr(running, "SECONDS_TO_END", 0.3)
    qq.does(
        f"""
child = os.fork()
if child:
    leave("pid", child)
    say("{{}}")
    os._exit(0)
os.close({3 - stream})
signal.signal(signal.SIGTERM, signal.{handler})
time.sleep(20)
"""
    )

    with pytest.raises(QqTimeoutError):
        run(process)
    assert has_ended(qq.left("pid"))


WORK = f"""
ends = time.monotonic() + {2 * TIMEOUT}


def work():
    while time.monotonic() < ends:
        sum(range(1_000_000))
        time.sleep({TIMEOUT / 15})
"""
AT_WORK = {
    "itself": "work()",
    "in a process that it started": """
if os.fork() == 0:
    work()
    os._exit(0)
os.wait()
""",
    "in processes that end": """
while time.monotonic() < ends:
    subprocess.run([sys.executable, "-ISc", "sum(range(1_000_000))"])
    time.sleep(0.05)
""",
}


@pytest.mark.parametrize("how", AT_WORK)
def test_a_qq_that_works_in_silence_for_longer_is_not_ended(qq, process, how):
    qq.does(f"{WORK}\n{AT_WORK[how]}\nsay('all of it')")

    assert run(process) == b"all of it"


def test_a_qq_that_prints_now_and_then_is_not_ended(qq, process):
    qq.does(f"for _ in range(15):\n    say('x'); time.sleep({TIMEOUT / 10})")

    assert run(process) == b"x" * 15


@pytest.fixture
def busy() -> Iterator[int]:
    """A process that uses the processor, and leads a session."""
    with subprocess.Popen(["sh", "-c", "while :; do :; done"], start_new_session=True) as started:
        yield started.pid
        os.killpg(started.pid, signal.SIGKILL)


def test_work_is_seen_in_the_folder_of_processes(busy):
    before = processor_use(busy)

    for _ in range(200):
        if processor_use(busy) != before:
            return
        time.sleep(0.02)
    pytest.fail("its work is not seen")


def test_without_a_folder_of_processes_they_are_listed_by_a_command(busy, monkeypatch):
    monkeypatch.setattr(activity, "_PROC", "/nowhere")

    used = processor_use(busy)

    assert isinstance(used, list)
    assert [line.split()[0] for line in used] == [str(busy)]


def test_the_words_of_macos_are_understood(qq, monkeypatch):
    """Its ``ps`` prints hundredths of seconds."""
    monkeypatch.setattr(activity, "_PROC", "/nowhere")
    printed = "    1   3:05.12\n  501   0:00.01\n 5012   0:07.00\n\n  501   0:00.20\n"
    qq.does(f"say({printed!r})", name="ps")

    assert processor_use(501) == ["  501   0:00.01", "  501   0:00.20"]
    assert processor_use(50) == []


def test_where_nothing_shows_what_a_process_does_it_always_looks_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(activity, "_PROC", "/nowhere")
    monkeypatch.setenv("PATH", str(tmp_path))

    assert processor_use(1) is processor_use(1) is None


def test_the_time_in_the_message_is_that_of_the_option(monkeypatch):
    moments = iter([1000.0, 1031.0, 1700.0])
    monkeypatch.setattr(time, "monotonic", lambda: next(moments))
    watched = activity.Activity(2**22 + 1, "snapshot_diff", 600)  # no process has this number
    watched.check()

    with pytest.raises(QqTimeoutError) as caught:
        watched.check()
    assert re.search("did nothing for 10 minutes, and was ended$", str(caught.value))
