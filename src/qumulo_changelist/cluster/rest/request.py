"""A request to the cluster as a value, and how its sending can end."""

from typing import Protocol

from msgspec import Struct

CONNECT_TIMEOUT = 10.0
"""The number of seconds that a node is given to take a connection."""

ANSWER_TIMEOUT = 60.0
"""The number of seconds for an answer that a cluster gives at once, unless it is busy."""

SLOW_TIMEOUT = 600.0
"""That for a page of a diff: a cluster may search for minutes if little of much changed."""

BRIEF_TIMEOUT = 10.0
"""That for an answer that a run can do without."""

MAX_TRIES = 7
"""The number of times that a request is sent at most."""

BRIEF_MAX_TRIES = 2
"""That for a request that a run can do without."""

LONGEST_WAIT = 60.0
"""The number of seconds that a request waits between its tries, all together."""

BRIEF_WAIT = 2.0
"""That for a request that a run can do without."""


class Request(Struct, frozen=True):
    """A request to the cluster. Its text names it for people."""

    method: str
    uri: str
    """Path and query, percent-encoded."""
    body: bytes | None = None
    """JSON."""
    is_repeatable: bool = True
    """Whether sending it twice does no harm."""
    is_slow: bool = False
    """Whether the cluster may take minutes to answer."""
    is_needed: bool = True
    """Whether the run cannot go on without the answer; if it can, it gives up within seconds."""

    @property
    def timeout(self) -> float:
        """The number of seconds to wait for the answer."""
        if not self.is_needed:
            return BRIEF_TIMEOUT
        return SLOW_TIMEOUT if self.is_slow else ANSWER_TIMEOUT

    @property
    def max_tries(self) -> int:
        """The number of times that it is sent at most."""
        return MAX_TRIES if self.is_needed else BRIEF_MAX_TRIES

    @property
    def longest_wait(self) -> float:
        """The number of seconds that it waits between its tries, all together."""
        return LONGEST_WAIT if self.is_needed else BRIEF_WAIT

    def __str__(self) -> str:
        return f"{self.method} {self.uri:.200}"


class Response(Struct, frozen=True):
    """What a node answered, whether the request succeeded or not."""

    status: int
    body: bytes
    retry_after: float | None = None
    """The number of seconds that the cluster asks to wait before the next try."""


class SendError(Exception):
    """A request got no answer. It never leaves this package; ``str()`` is the reason."""


class NotConnectedError(SendError):
    """The node took no connection, so that nothing was sent to it."""


class TlsError(SendError):
    """TLS failed."""


class NoAnswerError(SendError):
    """The node took the request, and did not answer in time."""


class Sender(Protocol):
    """Something that sends requests; may be used by many threads at once, also to close it."""

    def send(self, request: Request, headers: dict[str, str]) -> Response:
        """Send a request once, and return the answer.

        Raises:
            SendError: there is no answer.
            CertificateError: a node cannot prove that it belongs to the cluster.
            ResourceError: this machine lacks what it takes to send the request.
        """

    def close(self) -> None:
        """Close all connections; requests that wait for an answer fail."""
