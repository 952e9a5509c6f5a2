"""Interrupted: no process, no half list and no temporary file stays behind."""

import contextlib
import os
import signal
import subprocess
from pathlib import Path

import pytest

from qumulo_emulator.running import Emulator
from tests.end_to_end.site import Site


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_run_leaves_nothing_behind(
    own_cluster: Emulator, own_site: Site, number: signal.Signals
) -> None:
    older, newer = own_site.snapshot_by_command(), own_site.snapshot_by_command()
    own_cluster.fault(method="GET", path="*changes-since*", action="stall")
    command = own_site.command("qumulo_generate_changelist.py", *own_site.arguments(older, newer))
    before = temporary_files()
    with subprocess.Popen(
        command,
        env=own_site.variables(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=heed_interrupts,
    ) as running:
        while not (qq := asking_for_the_diff(running.pid)):
            assert running.poll() is None
        running.send_signal(number)
        try:
            _, messages = running.communicate(timeout=30)
        finally:
            running.kill()
    assert running.returncode == 128 + number
    assert b"Traceback" not in messages
    assert not any(Path(f"/proc/{child}").exists() for child in qq)
    assert list(own_site.list_path.parent.iterdir()) == []
    assert temporary_files() == before
    own_cluster.clear_faults()


def heed_interrupts() -> None:
    """Undo that a shell lets what it starts in the background ignore Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def children(process: int) -> list[int]:
    """The processes that ``process`` started."""
    text = Path(f"/proc/{process}/task/{process}/children").read_text()
    return [int(child) for child in text.split()]


def asking_for_the_diff(process: int) -> list[int]:
    """The processes that ``process`` started to ask for the diff."""
    with contextlib.suppress(OSError):
        return [
            child
            for child in children(process)
            if b"snapshot_diff" in Path(f"/proc/{child}/cmdline").read_bytes()
        ]
    return []


def temporary_files() -> set[str]:
    """What stands in the system's folder for temporary files, but for what tests put there."""
    return {name for name in os.listdir("/tmp") if "qumulo" in name and "emulator" not in name}
