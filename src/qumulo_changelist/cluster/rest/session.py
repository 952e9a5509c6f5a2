"""Requests on behalf of one user, by a login that is kept in memory, or an access token."""

import contextlib

import msgspec

from qumulo_changelist.cluster.rest import limits
from qumulo_changelist.cluster.rest.loop import Loop
from qumulo_changelist.cluster.rest.request import Headers, Request
from qumulo_changelist.cluster.rest.retry import RetryingSender
from qumulo_changelist.cluster.shapes import LoginJson
from qumulo_changelist.cluster.wire import Reader
from qumulo_changelist.config.settings import Settings
from qumulo_changelist.errors import (
    ChangelistError,
    FailingError,
    LoginError,
    RefusedError,
    ReplyError,
    SessionEndedError,
    UnreachableError,
)
from qumulo_changelist.pending import Pending
from qumulo_changelist.secret import SessionToken
from qumulo_changelist.version import __version__

_AGENT = f"qumulo-changelist/{__version__}"
_login = Reader(LoginJson)


class Session:
    """Sends requests for the configured user.

    If the cluster no longer accepts the login, it is renewed once for all requests, and each of
    them is sent again. An access token that it refuses is not sent again, by no request; and as
    long as nobody knows whether it accepts the token, one request goes ahead of all others.
    """

    def __init__(self, settings: Settings, loop: Loop, sender: RetryingSender) -> None:
        self._settings = settings
        self._loop = loop
        self._sender = sender
        self._renewal: Pending[None] | None = None
        self._headers = Headers()
        self._refusal: RefusedError | None = None
        self._trial: Pending[bytes] | None = None
        """The request that shows whether the cluster accepts an access token."""
        self._is_accepted = not settings.access_token
        if settings.access_token:
            self._headers = _headers(settings.access_token.reveal())

    async def ask(self, request: Request) -> bytes:
        """Send a request, and return the body of its answer.

        Raises:
            ChangelistError: there is no answer, or it is an error.
        """
        if self._settings.access_token:
            return await self._ask_by_token(request)
        used = self._headers or await self._renewed(self._headers)
        try:
            return await self._sender.send(request, used)
        except LoginError as error:
            used.refusal = error
        return await self._sender.send(request, await self._renewed(used))

    async def _ask_by_token(self, request: Request) -> bytes:
        while not self._is_accepted and self._trial and not self._trial.is_done:
            with contextlib.suppress(ChangelistError):
                await self._trial
        if self._refusal:
            raise self._refusal
        try:
            if self._is_accepted:
                return await self._sender.send(request, self._headers)
            self._trial = self._loop.start(self._sender.send(request, self._headers))
            answer = await self._trial
        except LoginError as error:
            self._refusal = self._headers.refusal = error
            if isinstance(self._settings.access_token, SessionToken):
                self._refusal = SessionEndedError(
                    f"the session of the run has ended: {error}", status=error.status
                )
            raise self._refusal from error.__cause__
        self._is_accepted = True
        return answer

    async def ask_openly(self, request: Request) -> bytes:
        """Send a request that needs no login, and return the body of its answer; likewise."""
        return await self._sender.send(request, _headers())

    def ask_ahead(self, request: Request) -> Pending[bytes]:
        """Send a request whose answer is wanted later: what :meth:`ask` returns or raises."""
        return self._loop.start(self.ask(request))

    async def _renewed(self, refused: Headers) -> Headers:
        """Return the headers of a login other than the one that was refused."""
        if self._refusal:
            # Many wrong passwords, one for each request, could lock the user out.
            raise self._refusal
        if self._headers == refused:
            if not self._renewal or self._renewal.is_done:
                self._renewal = self._loop.start(self._renew())
            await self._renewal
        return self._headers

    async def _renew(self) -> None:
        try:
            self._headers = _headers((await self.log_in()).reveal())
        except RefusedError as error:
            self._refusal = error
            raise
        except FailingError as error:
            # Without a login nothing works: this is not about a single request.
            raise UnreachableError(str(error), hint=error.hint) from error

    async def log_in(self) -> SessionToken:
        """Return the token of a new login.

        Raises:
            ChangelistError: the cluster does not accept it, or does not answer.
        """
        credentials = {
            "username": self._settings.username,
            "password": self._settings.password.reveal(),
        }
        try:
            body = msgspec.json.encode(credentials)
        except UnicodeEncodeError:
            raise LoginError(
                "the user name or the password is not Unicode, which no login can carry", status=401
            ) from None
        request = Request("POST", "/v1/session/login", body)
        source = str(request)
        token = _login.read(await self._sender.send(request, _headers()), source).bearer_token
        is_short = len(token) <= limits.MAX_TOKEN
        if not (token and is_short and token.isascii() and token.isprintable()):
            raise ReplyError(f"{source}: the answer has no usable token")
        return SessionToken(token)


def _headers(token: str = "") -> Headers:
    """Return the headers of requests, with a user's token if there is one."""
    if not (token.isascii() and (token.isprintable() or not token)):
        raise LoginError("the token has a character that no token can have", status=401)
    # No more than needed: each costs time, and a run may request hundreds of thousands of files.
    headers = Headers({"User-Agent": _AGENT})
    if token:
        headers["Authorization"] = f"Bearer {token}"
    return headers
