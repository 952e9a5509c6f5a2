"""A command is measured with all of its processes, and shared memory counts once."""

import os
import sys
from pathlib import Path

import pytest
from bench import measure

MB = 1_000_000
pytestmark = pytest.mark.skipif(
    not os.path.exists("/proc/self/smaps_rollup"), reason="only Linux reports memory"
)


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def peak(code: str, folder: Path) -> int:
    return measure.peak_memory(python(code), dict(os.environ), str(folder / "output"))


IN_A_CHILD = """
import subprocess, sys
subprocess.run([sys.executable, "-c", "import time; b = b'x' * 100_000_000; time.sleep(0.5)"])
"""


def test_the_memory_of_a_child_counts(tmp_path: Path) -> None:
    assert 100 * MB < peak(IN_A_CHILD, tmp_path) < 150 * MB


def test_the_memory_of_several_processes_is_added_up(tmp_path: Path) -> None:
    code = (
        "import os, time; child = os.fork(); buffer = b'x' * 60_000_000; time.sleep(0.5); "
        "child and os.wait()"
    )
    assert 120 * MB < peak(code, tmp_path) < 160 * MB


def test_memory_that_processes_share_counts_once(tmp_path: Path) -> None:
    code = (
        "import os, time; buffer = b'x' * 100_000_000; child = os.fork(); time.sleep(0.5); "
        "child and os.wait()"
    )
    assert 100 * MB < peak(code, tmp_path) < 140 * MB


def test_a_peak_between_two_readings_is_not_missed(tmp_path: Path) -> None:
    code = "import time; buffer = b'x' * 100_000_000; del buffer; time.sleep(0.3)"
    assert peak(code, tmp_path) > 100 * MB


def test_the_processor_time_of_a_child_counts(tmp_path: Path) -> None:
    busy = "import time\\nwhile time.process_time() < 0.3: pass"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', '{busy}'])"
    usage = measure.run(python(code), dict(os.environ), str(tmp_path / "output"))
    assert 0.3 <= usage.processor < 2


def test_waiting_takes_no_processor_time(tmp_path: Path) -> None:
    code = "import time; time.sleep(0.5)"
    usage = measure.run(python(code), dict(os.environ), str(tmp_path / "output"))
    assert usage.wall >= 0.5
    assert usage.processor < 0.4


def test_the_output_of_a_command_is_in_the_file(tmp_path: Path) -> None:
    measure.run(python("print('done')"), dict(os.environ), str(tmp_path / "output"))
    assert (tmp_path / "output").read_text() == "done\n"


@pytest.mark.parametrize("run", [measure.run, measure.peak_memory])
def test_a_failure_raises_the_messages_of_the_command(run, tmp_path: Path) -> None:
    code = "import sys; sys.exit('no such snapshot')"
    with pytest.raises(measure.FailedError, match="ended with 1: no such snapshot"):
        run(python(code), dict(os.environ), str(tmp_path / "output"))
