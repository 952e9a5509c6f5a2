"""Checks of a setup in words and as JSON, each with what to do about it."""

from qumulo_changelist import errors
from qumulo_changelist.cli.cycle_hints import CYCLE_HINTS
from qumulo_changelist.cli.messages import hint_for
from qumulo_changelist.errors import ChangelistError
from qumulo_changelist.operations.doctor.checks import Check
from qumulo_changelist.wording import join_lines

_MOUNT = (
    "Give as mapped path the directory where this machine mounts the source, and check that the "
    "share is mounted there; without a mapped path, everything is read over REST."
)
# Where the usual hint names options that this command does not have.
_HINTS: dict[type[ChangelistError], str] = {
    errors.UsageError: "",
    errors.MappedPathError: _MOUNT,
    errors.WrongMountError: _MOUNT,
    errors.HiddenSnapshotError: (
        "Let the share show .snapshot (over NFSv4.1 from Core 5.2.4 on), or set metadata to "
        "mount or rest."
    ),
    errors.NotFoundError: (
        "Name the directory as the cluster does, such as /projects/show1; check its spelling, and "
        "that this user may see it."
    ),
    errors.OutputError: (
        "Let this user write there, or set FastScanWorkFolder in the archiver's configuration."
    ),
    errors.MountTimeoutError: "Check that the file server is up, and that this machine reaches it.",
}


def describe_check(check: Check) -> str:
    """Return a check in words: a line, and one for what to do, if there is something."""
    line = f"{check.status.value:<8} {check.title}: {check.detail}"
    hint = hint_of(check)
    return join_lines([line, f"         -> {hint}"] if hint else [line])


def hint_of(check: Check) -> str:
    """Return what to do about a check; "" for nothing."""
    if check.hint or not check.error:
        return check.hint
    return hint_for(check.error, makes_list=False, overrides={**CYCLE_HINTS, **_HINTS})


def check_as_json(check: Check) -> dict[str, str]:
    """Return a check as JSON has it."""
    return {
        "name": check.name,
        "about": check.about,
        "title": check.title,
        "status": check.status.value,
        "detail": check.detail,
        "hint": hint_of(check),
    }
