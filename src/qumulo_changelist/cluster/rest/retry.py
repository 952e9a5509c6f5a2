"""One request to the cluster: to some node, in a session, and again where that can help."""

import contextlib
import threading
from typing import NamedTuple

from urllib3 import BaseHTTPResponse, Retry, Timeout
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    InvalidHeader,
    MaxRetryError,
    ReadTimeoutError,
    SSLError,
)

from qumulo_changelist.cluster.rest import failures as rest_messages
from qumulo_changelist.cluster.rest.nodes import Nodes, reason
from qumulo_changelist.cluster.rest.tls import Trust
from qumulo_changelist.config.settings import Settings
from qumulo_changelist.errors import FailingError, UnreachableError
from qumulo_changelist.events import Listener
from qumulo_changelist.version import __version__

RETRY = Retry(6, backoff_factor=1, backoff_max=30, allowed_methods=None)
"""How often and after how long a request is sent again: at once, then after 2, 4, 8, 16, 30 s."""

LONGEST_WAIT = 60.0
"""For how many seconds in all a request waits between its tries."""

TIMEOUT_COUNTS = 30.0
"""As how many seconds of these a try counts that was never answered."""

QUICK = Timeout(connect=10, read=60)
"""For what a cluster answers at once, were it not busy."""

SLOW = Timeout(connect=10, read=600)
"""For a page of a diff: where little of much changed, the cluster looks for minutes."""

BRIEF = Timeout(connect=10, read=10)
"""For what a run can do without, which is asked for twice at most."""

BRIEF_WAIT = 2.0
"""The longest wait for that, in seconds, as ``LONGEST_WAIT`` for all else."""

_TRANSIENT = frozenset((429, 500, 502, 503, 504))
_NOT_CARRIED_OUT = frozenset((429, 503))
_AGENT = f"qumulo-changelist/{__version__}"


def headers(token: str = "") -> dict[str, str]:
    """Return the headers of requests, those of one user where there is a token."""
    # No more than are needed: each costs time, and a run may ask for hundred thousands of files.
    return {"User-Agent": _AGENT} | ({"Authorization": f"Bearer {token}"} if token else {})


class Request(NamedTuple):
    """A question to the cluster."""

    method: str
    uri: str
    """Path and query, percent-encoded."""
    body: bytes | None = None
    """JSON."""
    repeatable: bool = True
    """Whether asking twice does no harm."""
    slow: bool = False
    """Whether the cluster may take minutes to answer."""
    needed: bool = True
    """Whether the run cannot go on without the answer; else it is given up within seconds."""

    @property
    def timeout(self) -> Timeout:
        """How long to wait for a connection, and for the answer."""
        if not self.needed:
            return BRIEF
        return SLOW if self.slow else QUICK

    def __str__(self) -> str:
        return f"{self.method} {self.uri:.200}"


class Connection:
    """Sends requests. May be used by many threads at once, also to close it.

    Raises:
        ConfigurationError: the authorities to trust cannot be read.
    """

    def __init__(self, settings: Settings, listener: Listener, connections: int) -> None:
        self._nodes = Nodes(settings, Trust(settings), connections, listener)
        self._listener = listener
        self._closed = threading.Event()

    def send(self, request: Request, headers: dict[str, str]) -> BaseHTTPResponse:
        """Send a request until it is answered, for about a minute of waiting at most.

        A request that is not needed is sent twice at most, and waits for some seconds.

        Returns:
            The answer, with whatever status; one of those that may pass, after the last try.

        Raises:
            UnreachableError: no node ever answered, or what was asked may have been done.
            FailingError: the cluster keeps failing to answer this request.
            CertificateError: a node cannot show that it is the cluster's.
        """
        if request.body is not None:
            headers = headers | {"Content-Type": "application/json"}
        retry, longest, waited = RETRY, LONGEST_WAIT, 0.0
        if not request.needed:
            retry, longest = RETRY.new(total=1), BRIEF_WAIT
        while True:
            response, error = None, None
            try:
                response = self._nodes.send(
                    request.method, request.uri, request.body, headers, request.timeout
                )
                if not _is_worth_another_try(request, response):
                    return response
                said = rest_messages.said(response)
            except HTTPError as broken:
                error, said = broken, reason(broken)
                self._check_repeatable(request, broken)
                waited += TIMEOUT_COUNTS if isinstance(broken, ReadTimeoutError) else 0
            try:
                retry = retry.increment(request.method, request.uri, response, error)
            except MaxRetryError:
                return _last(request, response, said)
            pause = _pause(retry, response)
            waited += pause
            if waited > longest:
                return _last(request, response, said)
            self._listener.detail(f"{request}: {said}; again in {pause:.0f} s")
            if self._closed.wait(pause):
                raise UnreachableError(f"{request}: {said}; given up")

    def close(self) -> None:
        """Close all connections; what still waits for an answer fails."""
        self._closed.set()
        self._nodes.close()

    def _check_repeatable(self, request: Request, error: HTTPError) -> None:
        if self._closed.is_set():
            raise UnreachableError(f"{request}: given up") from error
        if isinstance(error, ConnectTimeoutError | SSLError) and not self._nodes.answered:
            raise UnreachableError(f"the cluster does not answer: {reason(error)}") from error
        if not isinstance(error, ConnectTimeoutError) and not request.repeatable:
            raise UnreachableError(
                f"{request}: {reason(error)}; it is not known whether the cluster did it",
                hint="Look on the cluster for a snapshot of this name before you try again.",
            ) from error


def _is_worth_another_try(request: Request, response: BaseHTTPResponse) -> bool:
    return response.status in (_TRANSIENT if request.repeatable else _NOT_CARRIED_OUT)


def _last(request: Request, response: BaseHTTPResponse | None, said: str) -> BaseHTTPResponse:
    if response is None:
        raise FailingError(f"{request}: {said}", hint=UnreachableError.hint)
    return response


def _pause(retry: Retry, response: BaseHTTPResponse | None) -> float:
    asked = None
    if response is not None:
        with contextlib.suppress(InvalidHeader):
            asked = retry.get_retry_after(response)
    return retry.get_backoff_time() if asked is None else asked
