"""Who holds a lock, as its file says it: for messages, and by whomever it was written."""

import json
import os
import re
import time
from pathlib import Path

import pytest

from qumulo_changelist.machine.lock_holder import describe_holder, read_holder


def test_a_holder_says_which_process_it_is_and_since_when(tmp_path: Path) -> None:
    with (tmp_path / "lock").open("w+b") as lock:
        lock.write(b"x" * 1000)
        lock.flush()
        describe_holder(lock.fileno())

        words = rf"process {os.getpid()} since \d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d \(0 seconds\)"
        assert re.fullmatch(words, read_holder(lock.fileno()))


@pytest.mark.parametrize(
    ("host", "words"),
    [("archive2.example", "process 17 on archive2.example since"), ("\x1b[2J", "process 17 since"),
     ("a b", "process 17 since"), ("", "process 17 since"), (4, "another process")],
)  # fmt: skip
def test_a_holder_on_a_different_machine_is_named_if_that_is_a_name(
    tmp_path: Path, host: object, words: str
) -> None:
    content = json.dumps({"pid": 17, "host": host, "since": time.time()})
    (tmp_path / "lock").write_text(content)
    with (tmp_path / "lock").open("rb") as lock:
        assert read_holder(lock.fileno()).startswith(words)


def test_a_file_with_a_second_name_is_not_written_to(tmp_path: Path) -> None:
    """Somebody may have put it there: what it has is not ours."""
    (tmp_path / "valuable").write_text("untouched")
    os.link(tmp_path / "valuable", tmp_path / "lock")
    with (tmp_path / "lock").open("r+b") as lock:
        describe_holder(lock.fileno())
    assert (tmp_path / "valuable").read_text() == "untouched"


def test_what_is_no_file_says_nothing(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "lock")
    lock = os.open(tmp_path / "lock", os.O_RDWR)
    try:
        describe_holder(lock)
        assert read_holder(lock) == "another process"
    finally:
        os.close(lock)
