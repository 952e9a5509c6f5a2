"""Processes that are held to a share of a core, as a smaller machine would hold them.

Linux does that with control groups, which usually only root may make.
"""

import contextlib
import os
from collections.abc import Collection, Iterator
from typing import NamedTuple

_PERIOD = 10_000  # microseconds: short, so that no process stands still for long
_ROOT = "/sys/fs/cgroup"


class CannotHoldError(Exception):
    """This machine does not let the bench hold processes to a share of a core."""


class _Kind(NamedTuple):
    folder: str
    files: dict[str, str]
    """By name, what limits a group to a number of microseconds in each period."""


def _kinds(quota: int) -> tuple[_Kind, ...]:
    first = {"cpu.cfs_period_us": str(_PERIOD), "cpu.cfs_quota_us": str(quota)}
    return (
        _Kind(os.path.join(_ROOT, "cpu"), first),  # version 1
        _Kind(_ROOT, {"cpu.max": f"{quota} {_PERIOD}"}),  # version 2
    )


@contextlib.contextmanager
def held_to(share: float, pids: Collection[int]) -> Iterator[None]:
    """Hold processes, each with its threads, to a share of a core for a ``with`` block.

    Args:
        share: of a core, for each process; 0 for no limit.
        pids: the processes, none of which may outlive the block by much.

    Raises:
        CannotHoldError: this machine does not allow it.
    """
    with contextlib.ExitStack() as groups:
        for pid in pids if share else ():
            group = groups.enter_context(_group(share, f"qumulo-bench-{os.getpid()}-{pid}"))
            _write(os.path.join(group, "cgroup.procs"), str(pid))
        yield


@contextlib.contextmanager
def _group(share: float, name: str) -> Iterator[str]:
    """Make a group; at the end its processes go back to where they were before."""
    kind = next((kind for kind in _kinds(int(share * _PERIOD)) if _is_there(kind)), None)
    if kind is None:
        raise CannotHoldError("this machine has no control groups for processors")
    group = os.path.join(kind.folder, name)
    try:
        os.mkdir(group)
    except OSError as error:
        raise CannotHoldError(f"cannot make a control group: {error.strerror}") from error
    try:
        for file, text in kind.files.items():
            _write(os.path.join(group, file), text)
        yield group
    finally:
        _empty(group, kind.folder)


def _empty(group: str, parent: str) -> None:
    with open(os.path.join(group, "cgroup.procs"), encoding="ascii") as file:
        left = file.read().split()
    for pid in left:
        with contextlib.suppress(CannotHoldError):
            _write(os.path.join(parent, "cgroup.procs"), pid)
    with contextlib.suppress(OSError):  # a process is still ending in it
        os.rmdir(group)


def _is_there(kind: _Kind) -> bool:
    controllers = os.path.join(kind.folder, "cgroup.subtree_control")
    if not os.path.exists(controllers):
        return os.path.exists(os.path.join(kind.folder, next(iter(kind.files))))
    with open(controllers, encoding="ascii") as file:
        return "cpu" in file.read().split() and "cpu.max" in kind.files


def _write(path: str, text: str) -> None:
    try:
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
    except OSError as error:
        raise CannotHoldError(f"cannot write {path}: {error.strerror}") from error
