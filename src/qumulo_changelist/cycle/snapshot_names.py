"""The names of a project's snapshots, by which the cluster itself shows what was committed. Pure.

A run takes ``<PROJECT>-<seconds>-run``. To commit it, a *marker* is taken, a further snapshot named
``<PROJECT>-<seconds>-committed-<id of the run's snapshot>``: a snapshot cannot be renamed. The
command that only takes snapshots names them ``<PROJECT>-<seconds>``; these are not of a cycle, and
neither are those that are taken to see whether that works: ``<PROJECT>-<seconds>-doctor``.
"""

import re
from typing import NamedTuple

_TRIAL = re.compile(r"(.+)-([0-9]{10,20})-doctor", re.DOTALL)
_NAME = re.compile(r"(.+)-([0-9]{10,20})-(?:run|committed-([0-9]{1,20}))", re.DOTALL)


class CycleName(NamedTuple):
    """What the name of a snapshot says."""

    project: str
    seconds: int
    """When its name was made, since the epoch, by the clock of the machine that made it."""
    committed: int | None
    """The id of the committed snapshot, if it is a marker; None if a run took it."""


def plain_name(project: str, seconds: int) -> str:
    """Return the name of a snapshot that is only taken, and is not of a cycle."""
    return f"{project}-{seconds}"


def run_name(project: str, seconds: int) -> str:
    """Return the name of the snapshot that a run takes."""
    return f"{project}-{seconds:010}-run"


def marker_name(project: str, seconds: int, committed: int) -> str:
    """Return the name of the marker that commits a snapshot."""
    return f"{project}-{seconds:010}-committed-{committed}"


def trial_name(project: str, seconds: int) -> str:
    """Return the name of a snapshot that is taken to see whether that works."""
    return f"{project}-{seconds:010}-doctor"


def is_trial_name(label: str, project: str) -> bool:
    """Return whether a name is one that :func:`trial_name` returns for a project."""
    found = _TRIAL.fullmatch(label)
    return bool(found and found[1] == project)


def parse_name(number: int, name: str, project: str) -> CycleName | None:
    """Return what a snapshot's name says; None if it is not of the cycle of a project.

    Args:
        number: the snapshot's id; version 3 of the API puts it before the name.
        name: as the cluster has it.
        project: the project.
    """
    found = parse_any_name(number, name)
    return found if found and found.project == project else None


def parse_any_name(number: int, name: str) -> CycleName | None:
    """Return what a snapshot's name says of the cycle of any project; None if nothing.

    ``21_a-1700000000-run`` with the id 21 is of the project ``a``. Version 2 of the API may mean
    the project ``21_a``: that one then does not know its snapshot, and leaves it alone.
    """
    return _parse(name.removeprefix(f"{number}_"))


def _parse(text: str) -> CycleName | None:
    found = _NAME.fullmatch(text)
    if not found:
        return None
    return CycleName(found[1], int(found[2]), int(found[3]) if found[3] else None)
