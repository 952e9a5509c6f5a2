"""What all requests of the API share."""

import secrets
import threading
from collections import deque
from itertools import islice
from typing import NamedTuple

from qumulo_emulator.faults import Faults
from qumulo_emulator.interface import Cluster
from qumulo_emulator.nodes import Nodes

_MAX_LOGGED = 100_000


class LoggedRequest(NamedTuple):
    """A logged request. Without query, headers and body, it contains no secret.

    Attributes:
        method: the HTTP method.
        path: the decoded path.
        sent_path: the path as it was sent, with its percent signs.
        status: the status of the answer; None if the connection was dropped.
        received: when the request came, in nanoseconds since the epoch.
        seconds: the time until it was answered.
        node: the id of the node that it came to.
    """

    method: str
    path: str
    sent_path: str
    status: int | None
    received: int
    seconds: float
    node: int


class RequestLog:
    """The newest hundred thousand requests. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._logged: deque[LoggedRequest] = deque(maxlen=_MAX_LOGGED)

    def add(self, request: LoggedRequest) -> None:
        """Log a request that has been answered, or whose connection was dropped."""
        with self._lock:
            self._logged.append(request)

    def clear(self) -> None:
        """Forget all requests."""
        with self._lock:
            self._logged.clear()

    def newest(self, number: int) -> list[LoggedRequest]:
        """Return at most this number of requests, the one that was answered last first."""
        with self._lock:
            return list(islice(reversed(self._logged), number))

    def all(self) -> list[LoggedRequest]:
        """Return the logged requests in the order in which they were answered."""
        with self._lock:
            return list(self._logged)


class Context:
    """What all requests of the API share.

    Attributes:
        cluster: the cluster that is served.
        nodes: the nodes on which it is served.
        faults: the scripted failures.
        log: the requests received so far.
        page_secret: signs page keys, so that no others are accepted.
    """

    def __init__(self, cluster: Cluster, nodes: Nodes) -> None:
        self.cluster = cluster
        self.nodes = nodes
        self.faults = Faults()
        self.log = RequestLog()
        self.forget_pages()

    def forget_pages(self) -> None:
        """Accept no page key that was issued so far, as after a restart."""
        self.page_secret = secrets.token_bytes(32)
