"""A program that is forked does what the installed one does; see ``tests/quick.py``."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.processes import children, descendants, has_ended, wait_until
from tests.end_to_end.site import Site
from tests.qq import INSTALLED, QQ


def answer(folder: Path, *arguments: str) -> tuple[int, bytes, bytes]:
    """Return how qq ends, and what it prints."""
    done = subprocess.run(
        [folder / "qq", *arguments],
        # A newer Python may warn of modules while it loads them.
        env={"PATH": "/usr/bin:/bin", "PYTHONUTF8": "1", "PYTHONWARNINGS": "ignore"},
        capture_output=True,
        stdin=subprocess.DEVNULL,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("generation", QQ)
def test_qq_prints_the_same_and_ends_alike(generation: str) -> None:
    where = ("--host=127.0.0.1", "--port=1")
    for arguments in (("--help",), (*where, "fs_read_dirr"), (*where, "version")):
        assert answer(QQ[generation], *arguments) == answer(INSTALLED[generation], *arguments)


@contextlib.contextmanager
def asking(site: Site) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """A qq that asks for a password, and the fork in which it does."""
    where = ("--host=127.0.0.1", f"--port={site.port}")
    command = [str(site.qq / "qq"), *where, "login", "-u", "admin"]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True
    ) as process:
        assert process.stderr
        assert process.stderr.read(1)
        servers = descendants(os.getpid(), b"tests.qq_server")
        forks = [child for server in servers for child in children(server)]
        (fork,) = [child for child in forks if not has_ended(child)]
        yield process, fork


def test_a_fork_ends_with_its_program(site: Site) -> None:
    with asking(site) as (process, fork):
        process.kill()
        wait_until(lambda: has_ended(fork))


def test_a_program_ends_by_the_signal_that_ends_its_fork(site: Site) -> None:
    with asking(site) as (process, fork):
        os.kill(fork, signal.SIGTERM)
        assert process.wait() == -signal.SIGTERM
