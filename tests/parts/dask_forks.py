"""Forks schedulers and workers from a process that has loaded Dask: one for each line of input."""

import contextlib
import ctypes
import json
import os
import signal
import sys
from typing import Any, NoReturn

import distributed.cli.dask_scheduler
import distributed.cli.dask_worker

import qumulo_changelist.runners.dask_worker  # noqa: F401  (so that workers need not load it)

# PR_SET_PDEATHSIG, of prctl(2).
_TO_BE_ENDED_WITH_PARENT = 1


def hide_package() -> None:
    """Let this process seem to lack the package."""
    known = distributed.versions.get_package_info

    def get_package_info(packages: Any) -> dict[str, str | None]:
        found = known(packages)
        return {name: None if name == "qumulo_changelist" else found[name] for name in found}

    vars(distributed.versions)["get_package_info"] = get_package_info


def end(pids: list[int]) -> None:
    """End processes, whatever state they are in."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    pids.clear()


def main() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    started: list[int] = []
    try:
        for line in sys.stdin:
            program, *options = json.loads(line)
            if program == "end":
                end(started)
                continue
            pid = os.fork()
            if not pid:
                become(program, options)
            started.append(pid)
            print(pid, flush=True)
    finally:
        end(started)


def become(program: str, options: list[str]) -> NoReturn:
    """Run a program of Dask in this process, which was forked for it."""
    with contextlib.suppress(AttributeError):  # not on Linux
        ctypes.CDLL(None).prctl(_TO_BE_ENDED_WITH_PARENT, signal.SIGKILL)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    try:
        if "--hide-package" in options:
            options.remove("--hide-package")
            hide_package()
        getattr(distributed.cli, program).main(options)
    finally:
        os._exit(1)


if __name__ == "__main__":
    main()
