"""Sends requests again if that can help: a wrapper around what sends a request once."""

from msgspec import Struct

from qumulo_changelist.cluster.failures import failure_of_answer
from qumulo_changelist.cluster.rest import limits
from qumulo_changelist.cluster.rest.loop import Loop
from qumulo_changelist.cluster.rest.request import (
    ClosedError,
    NoAnswerError,
    NotConnectedError,
    Request,
    Sender,
    SendError,
    TlsError,
)
from qumulo_changelist.errors import (
    BrokenConnectionError,
    ChangelistError,
    UnclearOutcomeError,
    UnreachableError,
)
from qumulo_changelist.events import Listener, RequestRetried


class _Setback(Struct, frozen=True):
    """A try that failed, after which another one can help."""

    reason: str
    error: ChangelistError
    """What ends the request if there is no further try."""
    cause: SendError | None = None
    retry_after: float | None = None
    """The number of seconds that the cluster asks to wait before the next try."""
    counts: float = 0.0
    """The number of seconds of waiting that it counts for."""


class RetryingSender:
    """Sends requests until they are answered.

    Args:
        loop: waits between two tries; once it is closed, every request fails.
        sender: sends a request once.
        listener: receives a ``RequestRetried`` before each further try.
    """

    def __init__(self, loop: Loop, sender: Sender, listener: Listener) -> None:
        self._loop = loop
        self._sender = sender
        self._listener = listener
        self._was_answered = False

    async def send(self, request: Request, headers: dict[str, str]) -> bytes:
        """Send a request until it is answered, and return the body of the answer.

        It waits for about a minute at most; for some seconds if the request is not needed.

        Raises:
            ChangelistError: the answer is an error; see :mod:`qumulo_changelist.cluster.failures`.
            UnreachableError: no node ever answered, or the loop was closed.
            UnclearOutcomeError: the cluster may have done what was requested, or not.
            FailingError: the cluster keeps failing to answer this request.
            CertificateError: a node cannot prove that it belongs to the cluster.
        """
        tries, waited = 0, 0.0
        while True:
            outcome = await self._try(request, headers)
            if isinstance(outcome, bytes):
                return outcome
            tries += 1
            pause = _pause(tries) if outcome.retry_after is None else outcome.retry_after
            waited += outcome.counts + pause
            if tries == request.max_tries or waited > request.longest_wait:
                raise outcome.error from outcome.cause
            self._listener(RequestRetried(str(request), outcome.reason, pause))
            try:
                await self._loop.pause(pause)
            except ClosedError:
                raise UnreachableError(f"{request}: {outcome.reason}; given up") from None

    async def _try(self, request: Request, headers: dict[str, str]) -> bytes | _Setback:
        try:
            response = await self._sender.send(request, headers)
        except SendError as error:
            self._check_can_help(request, error)
            counts = limits.NO_ANSWER_COUNTS if isinstance(error, NoAnswerError) else 0.0
            return _Setback(
                str(error), BrokenConnectionError(f"{request}: {error}"), cause=error, counts=counts
            )
        self._was_answered = True
        failure = failure_of_answer(response.status, response.body)
        if failure is None:
            return response.body
        ending = failure.error(f"{request}: {failure.words}")
        if failure.may_pass if request.is_repeatable else failure.was_turned_away:
            return _Setback(failure.words, ending, retry_after=response.retry_after)
        raise ending

    def _check_can_help(self, request: Request, error: SendError) -> None:
        """Raise the error that ends a request, if another try cannot help or may do harm."""
        if isinstance(error, ClosedError):
            raise UnreachableError(f"{request}: given up") from error
        nothing_was_sent = isinstance(error, (NotConnectedError, TlsError))
        if nothing_was_sent and not self._was_answered:
            raise UnreachableError(f"the cluster does not answer: {error}") from error
        if not nothing_was_sent and not request.is_repeatable:
            raise UnclearOutcomeError(
                f"{request}: {error}; it is not known whether the cluster did it"
            ) from error


def _pause(tries: int) -> float:
    return 0.0 if tries == 1 else min(limits.PAUSE * 2 ** (tries - 1), limits.MAX_PAUSE)
