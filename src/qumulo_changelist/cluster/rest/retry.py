"""Sends requests again if that can help: a wrapper around what sends a request once."""

from collections.abc import Callable

from msgspec import Struct

from qumulo_changelist.cluster.backoff import Backoff
from qumulo_changelist.cluster.failures import failure_of_answer
from qumulo_changelist.cluster.rest import limits
from qumulo_changelist.cluster.rest.loop import Loop
from qumulo_changelist.cluster.rest.outage import Outage
from qumulo_changelist.cluster.rest.request import (
    ClosedError,
    NoAnswerError,
    NotConnectedError,
    Request,
    Sender,
    SendError,
    TlsError,
)
from qumulo_changelist.durations import describe_duration
from qumulo_changelist.errors import (
    BrokenConnectionError,
    ChangelistError,
    UnclearOutcomeError,
    UnreachableError,
)
from qumulo_changelist.events import ClusterAwaited, Listener, RequestRetried
from qumulo_changelist.wording import count


class _Setback(Struct, frozen=True):
    """A try that failed, after which another one can help."""

    reason: str
    error: Callable[[str], ChangelistError]
    """Returns what ends the request if there is no further try, from its message."""
    cause: SendError | None = None
    is_first_contact: bool = False
    """Whether no node has ever answered."""
    retry_after: float = 0.0
    """The number of seconds that the cluster asks to wait before the next try."""
    garbled: bytes | None = None
    """The answer, if it seems to be garbled: who asked finds out what is wrong with it."""


class RetryingSender:
    """Sends requests until they are answered.

    Args:
        loop: waits between two tries; once it is closed, every request fails.
        sender: sends a request once.
        listener: receives a ``RequestRetried`` before each further try, and a ``ClusterAwaited``
            when no node takes a connection any more, or nothing is answered for some time.
        outage: for how long requests are tried again.
    """

    def __init__(self, loop: Loop, sender: Sender, listener: Listener, outage: Outage) -> None:
        self._loop = loop
        self._sender = sender
        self._listener = listener
        self._outage = outage
        self._was_answered = False

    async def send(self, request: Request, headers: dict[str, str]) -> bytes:
        """Send a request until it is answered, and return the body of the answer.

        It is given up when the time for that is over; within seconds if the request is not needed.

        Raises:
            ChangelistError: the answer is an error; see :mod:`qumulo_changelist.cluster.failures`.
            UnreachableError: no node ever answered, or the loop was closed.
            UnclearOutcomeError: the cluster may have done what was requested, or not.
            FailingError: the cluster keeps failing to answer this request.
            CertificateError: a node cannot prove that it belongs to the cluster.
        """
        outcome = await self._try(request, headers)
        if isinstance(outcome, bytes):
            return outcome
        # Before the first answer, it is the cluster that a run cannot do without.
        if not request.is_needed and self._was_answered:
            was_waited_for = isinstance(outcome.cause, NoAnswerError)
            brief = self._outage.brief_backoff(was_waited_for=was_waited_for)
            return await self._send_again(request, headers, outcome, brief)
        with self._outage.backoff() as backoff:
            return await self._send_again(request, headers, outcome, backoff)

    async def _send_again(
        self, request: Request, headers: dict[str, str], setback: _Setback, backoff: Backoff
    ) -> bytes:
        garbled = 0
        while True:
            if setback.garbled is not None:
                garbled += 1
            pause = backoff.pause(setback.retry_after)
            if pause is None or garbled == limits.GARBLED_MAX_TRIES:
                break
            self._report(request, setback, pause)
            try:
                await self._loop.pause(pause)
            except ClosedError:
                raise UnreachableError(f"{request}: {setback.reason}; given up") from None
            outcome = await self._try(request, headers)
            if isinstance(outcome, bytes):
                return outcome
            setback = outcome
        if setback.garbled is not None:
            return setback.garbled
        about = "the cluster does not answer" if setback.is_first_contact else str(request)
        raise setback.error(
            f"{about}: {setback.reason}{_efforts(backoff, setback.retry_after)}"
        ) from setback.cause

    def _report(self, request: Request, setback: _Setback, pause: float) -> None:
        is_failing = not isinstance(setback.cause, NotConnectedError)
        if self._outage.take_note(pause, is_failing=is_failing):
            self._listener(ClusterAwaited(setback.reason, self._outage.seconds, is_failing))
        self._listener(RequestRetried(str(request), setback.reason, pause))

    async def _try(self, request: Request, headers: dict[str, str]) -> bytes | _Setback:
        try:
            response = await self._sender.send(request, headers)
        except SendError as error:
            return self._setback(request, error)
        self._was_answered = True
        body = response.body
        failure = failure_of_answer(response.status, body)
        if failure is None:
            if request.wants_json and not _may_be_json(body):
                reason = "the answer is not JSON"
                return _Setback(reason, UnreachableError, garbled=body)
            self._outage.answered()
            return body
        if failure.may_pass if request.is_repeatable else failure.was_turned_away:
            return _Setback(failure.words, failure.error, retry_after=response.retry_after or 0.0)
        self._outage.answered()
        message = f"{request}: {failure.words}"
        if failure.is_unclear:
            raise UnclearOutcomeError(f"{message}; {_UNCLEAR}")
        raise failure.error(message)

    def _setback(self, request: Request, error: SendError) -> _Setback:
        """Return what a request without an answer leads to.

        Raises:
            ChangelistError: another try cannot help, or may do harm.
        """
        if isinstance(error, ClosedError):
            raise UnreachableError(f"{request}: given up") from error
        nothing_was_sent = isinstance(error, (NotConnectedError, TlsError))
        is_first_contact = nothing_was_sent and not self._was_answered
        if is_first_contact and error.is_lasting:
            raise UnreachableError(f"the cluster does not answer: {error}") from error
        if not nothing_was_sent and not request.is_repeatable:
            broke = not isinstance(error, NoAnswerError)
            raise UnclearOutcomeError(
                f"{request}: {error}; {_UNCLEAR}", connection_broke=broke
            ) from error
        kind = UnreachableError if is_first_contact else BrokenConnectionError
        return _Setback(str(error), kind, cause=error, is_first_contact=is_first_contact)


_UNCLEAR = "it is not known whether the cluster did it"


def _may_be_json(body: bytes) -> bool:
    """Return whether an answer begins and ends like one of this API, all of which are objects."""
    if body[:1] != b"{" or body[-1:] != b"}":
        body = body.strip()
    return body[:1] == b"{" and body[-1:] == b"}"


def _efforts(backoff: Backoff, asked: float) -> str:
    """Return what was tried, for the message of the error with which a request ends."""
    tries, seconds = backoff.tries, backoff.spent
    words = f"; tried {count(tries, 'time')} in {describe_duration(seconds)}" if tries > 1 else ""
    if asked > backoff.left > 0:
        wait, left = describe_duration(asked), describe_duration(backoff.left)
        return f"{words}; it asks to wait for {wait}, and of the time to try again {left} is left"
    if not words and seconds >= 1:
        return f"; nothing was answered for {describe_duration(seconds)}"
    return words
