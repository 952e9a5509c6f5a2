"""The command `qumulo-emulator serve` as a process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAM = Path(sys.executable).with_name("qumulo-emulator")
PASSWORD_VARIABLE = "QUMULO_EMULATOR_PASSWORD"


@contextmanager
def serving(
    *arguments: str, password: str | None = "given"
) -> Iterator[tuple[subprocess.Popen[bytes], dict[str, Any]]]:
    """Yield the running process, and the facts that it printed at the start."""
    environment = {name: value for name, value in os.environ.items() if name != PASSWORD_VARIABLE}
    if password is not None:
        environment[PASSWORD_VARIABLE] = password
    with subprocess.Popen(
        [str(PROGRAM), "serve", *arguments, "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
    ) as process:
        try:
            assert process.stdout
            yield process, json.loads(process.stdout.readline())
        finally:
            process.kill()


def rest_of_output(process: subprocess.Popen[bytes]) -> tuple[bytes, bytes, int]:
    """Wait until a process ends; return its remaining output, its errors and its exit code."""
    output, messages = process.communicate(timeout=30)
    return output, messages, process.returncode
