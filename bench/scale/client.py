"""Makes a list as a program that uses the library would: ``python -m bench.scale.client``.

It can do what no command has an option for: limit the requests at once of all workers, and use a
single process besides its own, to compare that with a single worker.
"""

import argparse
import contextlib
from unittest import mock

from qumulo_changelist.config.archiver import read_settings
from qumulo_changelist.operations.lists import tree_choice
from qumulo_changelist.operations.lists.changelist import generate_changelist
from qumulo_changelist.operations.lists.request import ChangelistRequest
from qumulo_changelist.runners.local import LocalRunner
from qumulo_changelist.runners.scheduler import Scheduler


def main() -> None:
    """Make the list."""
    options = _parser().parse_args()
    request = ChangelistRequest(
        project="bench",
        base_path=options.base,
        older=options.older,
        newer=options.newer,
        output=options.output,
        metadata="rest",
        workers=options.workers,
        slice_size=options.slice_size,
        scheduler=Scheduler(options.scheduler) if options.scheduler else None,
    )
    with contextlib.ExitStack() as stack:
        if options.requests_at_once:
            patched = mock.patch.object(tree_choice, "REQUESTS_AT_ONCE", options.requests_at_once)
            stack.enter_context(patched)
        if options.one_process:
            stack.enter_context(mock.patch.object(LocalRunner, "__init__", _with_processes))
        generate_changelist(request, read_settings(options.config, "rest"))


_initialize = LocalRunner.__init__


def _with_processes(runner: LocalRunner, *arguments: object) -> None:
    """Initialize a runner that uses processes, also if it is only one."""
    _initialize(runner, *arguments)  # type: ignore[arg-type]
    runner._can_start = True  # noqa: SLF001  (no option does it)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.scale.client", description=__doc__)
    parser.add_argument("--config", required=True)
    parser.add_argument("--base", required=True)
    parser.add_argument("--older", type=int, help="none for a full list")
    parser.add_argument("--newer", type=int, required=True)
    parser.add_argument("--output", required=True)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--slice-size", type=int, default=20_000)
    parser.add_argument("--scheduler", default="")
    parser.add_argument("--requests-at-once", type=int, default=0, help="of all workers together")
    parser.add_argument("--one-process", action="store_true")
    return parser


if __name__ == "__main__":
    main()
