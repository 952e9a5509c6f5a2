"""Checks of this machine: folders, free space, ``qq``, sessions, and the clock."""

import os
import tempfile

from qumulo_changelist.config.settings import Settings
from qumulo_changelist.durations import describe_duration
from qumulo_changelist.errors import (
    ChangelistError,
    OutputError,
    QqFailedError,
    QqMissingError,
    StateFileError,
)
from qumulo_changelist.machine.owners import check_owners
from qumulo_changelist.machine.shortages import check_shortage
from qumulo_changelist.names import to_bytes
from qumulo_changelist.operations.doctor.checks import Examination, Finding
from qumulo_changelist.operations.lists.places import LISTS_FOLDER
from qumulo_changelist.operations.project.state import open_existing_journal, state_path

_LITTLE_SPACE = 10**9
_SECONDS_APART = 60


def examine_qq(examination: Examination, settings: Settings) -> bool:
    """Check ``qq`` and the folder for its sessions; return whether both can be used.

    Over REST neither is needed.
    """
    has_qq = examination.check("qq", "", lambda: _find_qq(settings))
    has_room = examination.check("sessions", "", lambda: _find_room(settings))
    return has_qq and has_room


def examine_folders(
    examination: Examination, settings: Settings | None, state: str, guids: list[str]
) -> None:
    """Check the folders for lists and for what is committed.

    Args:
        examination: takes the checks.
        settings: where lists belong; None if the configuration cannot be used.
        state: the file of what is committed; "" for this user's own.
        guids: those of the projects, each of which has a folder.
    """
    needs = {"configuration": settings is not None}
    folder = settings.work_folder if settings else ""
    places = [os.path.join(folder, LISTS_FOLDER, guid) for guid in guids or [""]]
    has_place = examination.check(
        "work-folder", folder, lambda: _look_at_folders(places, OutputError), needs=needs
    )
    examination.check(
        "free-space", folder, lambda: _measure_space(folder), needs={"work-folder": has_place}
    )
    examination.check("state-folder", "", lambda: _look_at_state(state_path(state)))


def look_at_clock(difference: float | None) -> Finding:
    """Return what is to say of the number of seconds that the cluster's clock is ahead."""
    if difference is None:
        return Finding("the cluster does not state its time")
    if abs(difference) <= _SECONDS_APART:
        return Finding("they differ by less than a minute")
    side = "ahead of" if difference > 0 else "behind"
    return Finding(
        f"the cluster's clock is {describe_duration(abs(difference))} {side} that of this machine; "
        "when snapshots and tokens expire, and how old a commit is, is worked out with this "
        "machine's clock",
        warning=True,
        hint="Let both get the time from the same server (NTP).",
    )


def _find_qq(settings: Settings) -> Finding:
    from qumulo_changelist.cluster.qq.process import find_qq, qq_version

    if settings.transport == "qq":
        return Finding(f"{find_qq(settings.qq_path)}, {qq_version(settings.qq_path)}")
    try:
        return Finding(f"{qq_version(settings.qq_path)}; over REST, it is not needed")
    except (QqMissingError, QqFailedError):
        return Finding("not found; over REST, it is not needed")


def _find_room(settings: Settings) -> Finding:
    from qumulo_changelist.cluster.qq.session import QqSession

    if settings.transport == "rest":
        return Finding("not needed: over REST, no session is kept")
    session = QqSession(settings.host, settings.port, settings.username)
    return Finding(f"{session.check_folder()}, which only this user can read")


def _look_at_folders(places: list[str], kind: type[ChangelistError]) -> Finding:
    for place in places:
        check_owners(os.path.join(os.path.abspath(place), "file"), kind)
        try:
            with tempfile.TemporaryFile(dir=_nearest(place)) as file:
                file.write(b"\0")
        except (OSError, ValueError) as error:
            check_shortage(error)
            reason = error.strerror if isinstance(error, OSError) else error
            raise kind(f"nothing can be written in {_nearest(place)}: {reason}") from error
    return Finding("this user can write there")


def _measure_space(folder: str) -> Finding:
    try:
        found = os.statvfs(to_bytes(_nearest(folder)))
    except OSError as error:
        raise OutputError(f"{folder}: {error.strerror}") from error
    free = found.f_bavail * found.f_frsize
    detail = f"{free / 10**9:.1f} GB"
    if free < _LITTLE_SPACE:
        hint = "Make room there: a million changes need about 100 MB during a run, and a list more."
        return Finding(detail, warning=True, hint=hint)
    return Finding(detail)


def _look_at_state(path: str) -> Finding:
    with open_existing_journal(path):
        pass
    if os.path.exists(to_bytes(path)):
        folder = os.path.dirname(os.path.abspath(path))
        _look_at_folders([folder], StateFileError)
        return Finding(f"{path} can be used")
    _look_at_folders([os.path.dirname(os.path.abspath(path))], StateFileError)
    return Finding(f"{path} will be made by the first run")


def _nearest(path: str) -> str:
    """Return the path, or the nearest one above it that exists."""
    path = os.path.abspath(path)
    while not os.path.lexists(to_bytes(path)) and path != "/":
        path = os.path.dirname(path)
    return path
