"""A request to the cluster as a value, and how its sending can end."""

from typing import Protocol

from msgspec import Struct

from qumulo_changelist.cluster.rest import limits
from qumulo_changelist.errors import ChangelistError


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
    is_page: bool = False
    """Whether it is for a page of a collection, which can be large."""

    @property
    def timeout(self) -> float:
        """The number of seconds to wait for the answer."""
        if not self.is_needed:
            return limits.BRIEF_TIMEOUT
        return limits.SLOW_TIMEOUT if self.is_slow else limits.ANSWER_TIMEOUT

    @property
    def wants_json(self) -> bool:
        """Whether an answer that is not JSON may be garbled, and can be requested again."""
        return self.is_repeatable and self.method != "DELETE"

    @property
    def max_size(self) -> int:
        """The number of bytes of the answer at most."""
        return limits.MAX_PAGE if self.is_page else limits.MAX_ANSWER

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

    is_lasting = False
    """Whether a first contact will fail likewise in a minute."""


class NotConnectedError(SendError):
    """The node took no connection, so that nothing was sent to it.

    Args:
        reason: why.
        is_lasting: whether there is no such node, as far as is known.
    """

    def __init__(self, reason: str, *, is_lasting: bool = False) -> None:
        super().__init__(reason)
        self.is_lasting = is_lasting


class TlsError(SendError):
    """TLS failed before anything else was sent."""

    is_lasting = True


class NoAnswerError(SendError):
    """The node took the request, and did not answer in time."""


class ClosedError(SendError):
    """The cluster was closed meanwhile."""


class Headers(dict[str, str]):
    """The headers of requests on behalf of a user.

    Attributes:
        refusal: the error with which the cluster refused them, after which no request that still
            waits for its turn is sent with them; None as long as it did not.
    """

    refusal: ChangelistError | None = None


class Sender(Protocol):
    """Something that sends requests."""

    async def send(self, request: Request, headers: dict[str, str]) -> Response:
        """Send a request once, and return the answer.

        Raises:
            SendError: there is no answer.
            CertificateError: a node cannot prove that it belongs to the cluster.
            OversizedReplyError: the answer is larger than ``request.max_size``.
            ResourceError: this machine lacks what it takes to send the request.
        """
