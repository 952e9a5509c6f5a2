"""Requests on behalf of one user, by a login that is kept in memory, or an access token."""

import threading
from concurrent.futures import Future

import msgspec

from qumulo_changelist.cluster.rest.request import Request
from qumulo_changelist.cluster.rest.retry import RetryingSender
from qumulo_changelist.cluster.shapes import LoginJson
from qumulo_changelist.cluster.wire import Reader
from qumulo_changelist.config.settings import Settings
from qumulo_changelist.errors import (
    FailingError,
    LoginError,
    RefusedError,
    ReplyError,
    UnreachableError,
)
from qumulo_changelist.shortages import check_shortage
from qumulo_changelist.version import __version__

_AGENT = f"qumulo-changelist/{__version__}"
_login = Reader(LoginJson)


class Session:
    """Sends requests for the configured user. May be used by many threads at once.

    If the cluster no longer accepts the login, it is renewed once for all threads, and the request
    is sent again.
    """

    def __init__(self, settings: Settings, sender: RetryingSender) -> None:
        self._settings = settings
        self._sender = sender
        self._lock = threading.Lock()
        self._headers: dict[str, str] = {}
        self._refusal: RefusedError | None = None
        if settings.access_token:
            self._headers = _headers(settings.access_token.reveal())

    def ask(self, request: Request) -> bytes:
        """Send a request, and return the body of its answer.

        Raises:
            ChangelistError: there is no answer, or it is an error.
        """
        used = self._headers or self._renewed({})
        try:
            return self._sender.send(request, used)
        except LoginError:
            if self._settings.access_token:
                raise
        return self._sender.send(request, self._renewed(used))

    def ask_ahead(self, request: Request) -> "Future[bytes]":
        """Send a request in the background.

        Returns:
            The future body of the answer; it raises what :meth:`ask` raises.

        Raises:
            ResourceError: this machine has no room for another thread.
        """
        # A thread of an executor would keep the process alive: an interrupted run ends at once.
        future: Future[bytes] = Future()

        def run() -> None:
            try:
                future.set_result(self.ask(request))
            except BaseException as error:  # noqa: BLE001  # also what a listener raises
                future.set_exception(error)

        try:
            threading.Thread(target=run, name="qumulo-changelist-ahead", daemon=True).start()
        except RuntimeError as error:
            check_shortage(error)
            raise
        return future

    def _renewed(self, refused: dict[str, str]) -> dict[str, str]:
        """Return the headers of a login other than the one that was refused."""
        with self._lock:
            if self._refusal:
                # Many wrong passwords, one from each thread, could lock the user out.
                raise self._refusal
            if self._headers == refused:
                try:
                    self._headers = _headers(self._log_in())
                except RefusedError as error:
                    self._refusal = error
                    raise
                except FailingError as error:
                    # Without a login nothing works: this is not about a single request.
                    raise UnreachableError(str(error), hint=error.hint) from error
            return self._headers

    def _log_in(self) -> str:
        """Return the token of a new login."""
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
        token = _login.read(self._sender.send(request, _headers()), source).bearer_token
        if not (token and token.isascii() and token.isprintable()):
            raise ReplyError(f"{source}: the answer has no usable token")
        return token


def _headers(token: str = "") -> dict[str, str]:
    """Return the headers of requests, with a user's token if there is one."""
    # No more than needed: each costs time, and a run may request hundreds of thousands of files.
    return {"User-Agent": _AGENT} | ({"Authorization": f"Bearer {token}"} if token else {})
