"""Checks and what they find: each passes, warns, fails, or is skipped since it needs another."""

from collections.abc import Callable, Iterable, Mapping
from enum import Enum

from msgspec import Struct
from msgspec.structs import replace

from qumulo_changelist.errors import ChangelistError

_TITLES = {
    "project": "the project {}",
    "projects-file": "who can read {}",
    "configuration": "the configuration {}",
    "host-name": "the name {} resolves",
    "port": "{} takes connections",
    "certificate": "the certificate of {}",
    "qq": "the vendor's command qq",
    "sessions": "room for sessions",
    "login": "the login",
    "access-token": "the end of the access token",
    "privilege": "the privilege {}",
    "version": "the cluster's version and calls",
    "source": "the source {}",
    "policy": "the policy {}",
    "snapshots": "taking snapshots of {}",
    "diff": "comparing snapshots of {}",
    "mapped-path": "the mapped path {}",
    "mapped-snapshot": ".snapshot below {}",
    "removal": "deleting snapshots of {}",
    "clock": "the clocks agree",
    "scheduler": "the scheduler {}",
    "workers": "the workers of {}",
    "work-folder": "the work folder {}",
    "free-space": "free space in the work folder {}",
    "state-folder": "the folder for what is committed",
}


class CheckStatus(Enum):
    """How a check ended."""

    OK = "ok"
    WARNING = "warning"
    """Runs work, but somebody should know."""
    FAILED = "failed"
    SKIPPED = "skipped"
    """It needs something that failed."""


class Finding(Struct, frozen=True):
    """What a check found, if it did not fail."""

    detail: str
    warning: bool = False
    hint: str = ""
    """What to do about the warning."""


class Check(Struct, frozen=True):
    """A check, and how it ended."""

    name: str
    """What was checked, as a word that stays the same in later versions, such as ``host-name``."""
    about: str
    """Of what: a host, a privilege, or a directory; "" if there is only one."""
    status: CheckStatus
    detail: str
    hint: str = ""
    """What to do, in words that fit every program; "" if the class of the error decides that."""
    error: ChangelistError | None = None
    """Why it failed, or warns."""

    @property
    def title(self) -> str:
        """What was checked, in words."""
        return _TITLES[self.name].format(self.about).strip()


Look = Callable[[], Finding]
"""Looks at one thing; raises a ``ChangelistError`` if it is not as it has to be."""
Report = Callable[[Check], object]
"""Receives each check when it has ended."""


def ignore(_check: Check) -> None:
    """Receive checks and do nothing."""


class Examination:
    """All checks so far, in their order.

    Args:
        report: receives each check when it has ended.
    """

    def __init__(self, report: Report = ignore) -> None:
        self.checks: list[Check] = []
        self._report = report

    @property
    def failure(self) -> ChangelistError | None:
        """The first error; None if every check passed."""
        errors = (one.error for one in self.checks if one.status is CheckStatus.FAILED)
        return next((error for error in errors if error), None)

    def check(
        self, name: str, about: str, look: Look, needs: Mapping[str, bool] | None = None
    ) -> bool:
        """Make a check, and return whether it passed; a warning passes.

        Args:
            name: what is checked, one of the known words.
            about: of what.
            look: looks at it.
            needs: other checks by their names, and whether they passed.
        """
        return bool(self.check_any(name, [about], look_at=lambda _about: look(), needs=needs))

    def check_any(
        self,
        name: str,
        abouts: Iterable[str],
        look_at: Callable[[str], Finding],
        needs: Mapping[str, bool] | None = None,
    ) -> list[str]:
        """Make a check of several things of which one is enough; return those that passed.

        If one passes, others only warn.
        """
        missing = [need for need, passed in (needs or {}).items() if not passed]
        if missing:
            words = ", ".join(map(self._title_of, missing))
            done = [Check(name, one, CheckStatus.SKIPPED, f"it needs: {words}") for one in abouts]
        else:
            done = [_examine(name, one, look_at) for one in abouts]
        passed = [one.about for one in done if one.status in (CheckStatus.OK, CheckStatus.WARNING)]
        for one in done:
            kept = _weaken(one) if passed and one.status is CheckStatus.FAILED else one
            self.checks.append(kept)
            self._report(kept)
        return passed

    def _title_of(self, need: str) -> str:
        """Return the title of the last check of a name, or of a privilege."""
        made = (one.title for one in reversed(self.checks) if need in (one.name, one.about))
        return next(made, need)


def _weaken(failed: Check) -> Check:
    return replace(failed, status=CheckStatus.WARNING)


def _examine(name: str, about: str, look_at: Callable[[str], Finding]) -> Check:
    try:
        found = look_at(about)
    except ChangelistError as error:
        return Check(name, about, CheckStatus.FAILED, str(error), error.hint, error)
    status = CheckStatus.WARNING if found.warning else CheckStatus.OK
    return Check(name, about, status, found.detail, found.hint)
