"""Scripted failures: which requests fail, how, and how often."""

import threading
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

Action = Literal["close", "stall", "truncate", "garbage"]


@dataclass(frozen=True, slots=True)
class Fault:
    """A failure to come. Either `status` or `action` says how.

    Attributes:
        method: the HTTP method, or `*` for any.
        path: a glob over the decoded path of the request; `*` matches slashes too.
        status: answer with this HTTP status and an error in Qumulo's form.
        action: `close` drops the connection without an answer; `stall` never answers until the
            faults are cleared; `truncate` does what was asked and sends half of the answer;
            `garbage` answers 200 with something that is no JSON.
        times: how many requests fail; None for all until the faults are cleared.
        skip: how many matching requests are let through first.
        retry_after: seconds to send in `Retry-After` along with `status`.
        empty_body: send `status` with no body at all.
        error_class: the class of the error that is sent with `status`; None for the usual one.
    """

    method: str = "*"
    path: str = "*"
    status: int | None = None
    action: Action | None = None
    times: int | None = None
    skip: int = 0
    retry_after: int | None = None
    empty_body: bool = False
    error_class: str | None = None

    def matches(self, method: str, path: str) -> bool:
        """Whether a request is one that fails."""
        return self.method.upper() in ("*", method) and fnmatchcase(path, self.path)


class Faults:
    """The script. The first fault that matches and is not used up wins.

    May be used by many threads at once.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._script: list[_ScriptedFault] = []
        self.cleared = threading.Event()

    def add(self, fault: Fault) -> None:
        """Add a fault after those that are there."""
        with self._lock:
            self._script.append(_ScriptedFault(fault, fault.skip, fault.times))

    def clear(self) -> None:
        """Remove all faults; what they stall goes on to be answered."""
        with self._lock:
            self._script.clear()
            self.cleared.set()
            self.cleared = threading.Event()

    def take(self, method: str, path: str) -> tuple[Fault, threading.Event] | None:
        """The fault that a request meets, if any, and what is set when it is cleared."""
        with self._lock:
            for scripted in self._script:
                if scripted.applies(method, path):
                    return scripted.fault, self.cleared
        return None

    def remaining(self) -> list[tuple[Fault, int | None]]:
        """The faults that are not used up, and how often each will still strike."""
        with self._lock:
            return [(one.fault, one.times) for one in self._script if one.times != 0]


@dataclass(slots=True)
class _ScriptedFault:
    fault: Fault
    skip: int
    times: int | None

    def applies(self, method: str, path: str) -> bool:
        """Count a request; whether it is one that fails."""
        if self.times == 0 or not self.fault.matches(method, path):
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        if self.times is not None:
            self.times -= 1
        return True
