"""Scripted failures: which requests fail, how, and how often."""

import threading
from fnmatch import fnmatchcase
from typing import Literal

from msgspec import Struct

Action = Literal["close", "stall", "truncate", "garbage"]


class Fault(Struct, frozen=True):
    """A failure to come. Either `status` or `action` defines how the request fails.

    Attributes:
        method: the HTTP method, or `*` for any.
        path: a glob over the decoded path of the request; `*` matches slashes too.
        status: answer with this HTTP status and an error in Qumulo's form.
        action: `close` drops the connection without an answer; `stall` does not answer until the
            faults are cleared; `truncate` carries out the request and sends half of the answer;
            `garbage` answers 200 with a body that is not JSON.
        times: how many requests fail; None means all, until the faults are cleared.
        skip: how many matching requests succeed first.
        retry_after: seconds to send in `Retry-After` along with `status`.
        empty_body: whether to send `status` without a body.
        error_class: the class of the error that is sent with `status`; None for the usual one.
        node: the id of the node whose requests fail; None for those of all nodes.
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
    node: int | None = None

    def matches(self, method: str, path: str, node: int) -> bool:
        """Return whether the fault applies to such a request to a node."""
        is_meant = self.method.upper() in ("*", method) and self.node in (None, node)
        return is_meant and fnmatchcase(path, self.path)


class Faults:
    """The scripted faults. The first that matches and is not used up applies. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._script: list[_ScriptedFault] = []
        self.cleared = threading.Event()

    def add(self, fault: Fault) -> None:
        """Append a fault to the script."""
        with self._lock:
            self._script.append(_ScriptedFault(fault))

    def clear(self) -> None:
        """Remove all faults; stalled requests are then answered."""
        with self._lock:
            self._script.clear()
            self.cleared.set()
            self.cleared = threading.Event()

    def take(self, method: str, path: str, node: int) -> tuple[Fault, threading.Event] | None:
        """Return the fault for a request, if any, and the event that is set when it is cleared."""
        with self._lock:
            for scripted in self._script:
                if scripted.count(method, path, node):
                    return scripted.fault, self.cleared
        return None

    def remaining(self) -> list[tuple[Fault, int | None]]:
        """Return the faults that are not used up, and how many requests each will still fail."""
        with self._lock:
            return [
                (scripted.fault, scripted.times) for scripted in self._script if scripted.times != 0
            ]


class _ScriptedFault:
    """A fault with its counters."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self.skip = fault.skip
        self.times = fault.times

    def count(self, method: str, path: str, node: int) -> bool:
        """Count a request; return whether it fails."""
        if self.times == 0 or not self.fault.matches(method, path, node):
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        if self.times is not None:
            self.times -= 1
        return True
