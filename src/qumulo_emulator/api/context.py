"""What the API shares among all requests."""

import secrets
import threading
from collections import deque
from dataclasses import dataclass, field
from typing import NamedTuple

from qumulo_emulator.faults import Faults
from qumulo_emulator.interface import Cluster

_MAX_LOGGED = 100_000


class LoggedRequest(NamedTuple):
    """A request as it is logged: no query, no header, no body, so no secret."""

    method: str
    path: str
    status: int | None


class RequestLog:
    """The requests received so far, the newest hundred thousand. May be used by many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._received: deque[LoggedRequest] = deque(maxlen=_MAX_LOGGED)

    def add(self, received: LoggedRequest) -> None:
        """Log a request, when it has been answered or its connection was dropped."""
        with self._lock:
            self._received.append(received)

    def all(self) -> list[LoggedRequest]:
        """All of them, in the order in which they were answered."""
        with self._lock:
            return list(self._received)


@dataclass
class Context:
    """What the API shares among all requests.

    Attributes:
        cluster: the cluster behind it.
        host: the address that it is reached under.
        faults: the failures that are scripted.
        log: the requests received so far.
        page_secret: signs page keys, so that only ours are taken back.
    """

    cluster: Cluster
    host: str
    faults: Faults = field(default_factory=Faults)
    log: RequestLog = field(default_factory=RequestLog)
    page_secret: bytes = field(default_factory=lambda: secrets.token_bytes(32))
