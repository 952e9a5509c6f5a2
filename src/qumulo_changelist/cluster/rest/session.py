"""Who asks: a login that is kept in memory, or an access token; and what comes of an answer."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

import msgspec

from qumulo_changelist.cluster import failures
from qumulo_changelist.cluster.rest import failures as rest_messages
from qumulo_changelist.cluster.rest import wire as rest_wire
from qumulo_changelist.cluster.rest.retry import Connection, Request, headers
from qumulo_changelist.config.settings import Settings
from qumulo_changelist.errors import (
    ChangelistError,
    FailingError,
    RefusedError,
    ReplyError,
    UnreachableError,
)

Answer = TypeVar("Answer")


class Session:
    """Asks on behalf of the configured user. May be used by many threads at once.

    A login that the cluster no longer takes is replaced once for all threads, and the question is
    asked again.
    """

    def __init__(self, settings: Settings, connection: Connection) -> None:
        self._settings = settings
        self._connection = connection
        self._lock = threading.Lock()
        self._headers: dict[str, str] = {}
        self._refusal: RefusedError | None = None
        if settings.access_token:
            self._headers = headers(settings.access_token.reveal())

    def ask(self, request: Request) -> bytes:
        """Return what a request is answered with.

        Raises:
            ChangelistError: there is no answer, or it is not one of success.
        """
        used = self._headers or self._renewed({})
        response = self._connection.send(request, used)
        if response.status == 401 and not self._settings.access_token:
            response = self._connection.send(request, self._renewed(used))
        if 200 <= response.status < 300:
            return response.data
        credentials = failures.LOGIN_KEYS
        if self._settings.access_token:
            credentials = "QumuloAccessToken"
        raise rest_messages.failure(request, response, credentials)

    def ask_ahead(self, request: Request) -> "Future[bytes]":
        """Ask in the background; the result of what is returned is the answer, or raises."""
        return _in_background(lambda: self.ask(request))

    def _renewed(self, refused: dict[str, str]) -> dict[str, str]:
        with self._lock:
            if self._refusal:
                # Enough wrong passwords, one from each thread, might lock the user out.
                raise self._refusal
            if self._headers == refused:
                try:
                    self._headers = self._log_in()
                except RefusedError as error:
                    self._refusal = error
                    raise
            return self._headers

    def _log_in(self) -> dict[str, str]:
        try:
            return headers(self._new_token())
        except FailingError as error:
            # Without a login nothing can be asked: this is not about one question.
            raise UnreachableError(str(error), hint=error.hint) from error

    def _new_token(self) -> str:
        credentials = {
            "username": self._settings.username,
            "password": self._settings.password.reveal(),
        }
        request = Request("POST", "/v1/session/login", msgspec.json.encode(credentials))
        response = self._connection.send(request, headers())
        if response.status != 200:
            raise rest_messages.failure(request, response, failures.LOGIN_KEYS)
        token = rest_wire.login.read(response.data, str(request)).bearer_token
        if not (token and token.isascii() and token.isprintable()):
            raise ReplyError(f"{request}: the answer holds no usable token")
        return token


def _in_background(ask: Callable[[], Answer]) -> "Future[Answer]":
    # A thread that keeps no process alive, unlike an executor's: a run that is interrupted ends.
    future: Future[Answer] = Future()

    def run() -> None:
        try:
            future.set_result(ask())
        except ChangelistError as error:
            future.set_exception(error)
        finally:
            future.cancel()  # where neither was set: whoever waits shall not wait for ever

    threading.Thread(target=run, name="qumulo-changelist-ahead", daemon=True).start()
    return future
