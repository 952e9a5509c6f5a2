"""Forks schedulers and workers from a process that has loaded Dask: one for each line of input."""

import contextlib
import json
import os
import signal
import sys
from typing import Any

import distributed.cli.dask_scheduler
import distributed.cli.dask_worker

import qumulo_changelist.runners.dask_worker  # noqa: F401  (so that workers need not load it)


def hide_package() -> None:
    """Let this process seem to lack the package."""
    known = distributed.versions.get_package_info

    def get_package_info(packages: Any) -> dict[str, str | None]:
        found = known(packages)
        return {name: None if name == "qumulo_changelist" else found[name] for name in found}

    vars(distributed.versions)["get_package_info"] = get_package_info


def main() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    started: list[int] = []
    for line in sys.stdin:
        program, *options = json.loads(line)
        started.append(os.fork())
        if not started[-1]:
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.dup2(2, 1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            if "--hide-package" in options:
                options.remove("--hide-package")
                hide_package()
            getattr(distributed.cli, program).main(options)
        print(started[-1], flush=True)
    for pid in started:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    main()
