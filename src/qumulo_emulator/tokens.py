"""Authentication: sessions, which expire, and access tokens, which are kept."""

import hmac
import secrets
import threading

from msgspec import Struct
from msgspec.structs import replace

from qumulo_emulator.clock import SECOND, ClusterClock
from qumulo_emulator.errors import LoginFailedError, NoSuchTokenError, NotAuthenticatedError
from qumulo_emulator.state import State


class AccessToken(Struct, frozen=True):
    """A long-lived token. Times are nanoseconds since the epoch; `expires` None means never."""

    id: str
    secret: str
    created: int
    expires: int | None
    enabled: bool

    @property
    def bearer_token(self) -> str:
        """The token as a client sends it."""
        return f"access-v1:{self.id}:{self.secret}"


class Tokens:
    """The tokens of the only user, who may do everything. Thread-safe.

    Args:
        username: the user's name.
        password: the user's password.
        lifetime: how many seconds a session lasts.
        state: where access tokens are kept.
        clock: the cluster's.
    """

    def __init__(
        self, username: str, password: str, lifetime: float, state: State, clock: ClusterClock
    ) -> None:
        self.username = username
        self._password = password
        self._lifetime = int(lifetime * SECOND)
        self._state = state
        self._clock = clock
        self._lock = threading.Lock()
        self._sessions: dict[str, int] = {}
        self._access = {row[0]: AccessToken(*row) for row in state.tokens()}

    def login(self, username: str, password: str) -> str:
        """Start a session and return its bearer token.

        Raises:
            LoginFailedError: if the name or the password is wrong.
        """
        # Compared as bytes, in constant time; text in JSON may contain lone surrogates.
        given = [text.encode("utf-8", "surrogatepass") for text in (username, password)]
        right = [text.encode("utf-8", "surrogatepass") for text in (self.username, self._password)]
        if not hmac.compare_digest(given[0], right[0]) & hmac.compare_digest(given[1], right[1]):
            raise LoginFailedError("wrong user name or password")
        token = f"session-v1:{secrets.token_urlsafe(32)}"
        now = self._clock.now()
        with self._lock:
            over = [one for one, end in self._sessions.items() if end <= now]
            for one in over:
                del self._sessions[one]
            self._sessions[token] = now + self._lifetime
        return token

    def check(self, token: str | None) -> AccessToken | None:
        """Check a bearer token; return the access token, or None for a session.

        Raises:
            NotAuthenticatedError: if it is missing or not valid.
        """
        if token is None:
            raise NotAuthenticatedError("no bearer token was sent")
        with self._lock:
            for known in self._access.values():
                if hmac.compare_digest(known.bearer_token.encode(), token.encode()):
                    if known.enabled and (
                        known.expires is None or self._clock.now() < known.expires
                    ):
                        return known
                    raise NotAuthenticatedError("the access token has expired or is disabled")
            if self._sessions.get(token, 0) > self._clock.now():
                return None
            self._sessions.pop(token, None)
        raise NotAuthenticatedError("the bearer token is not valid, or has expired")

    def expire_sessions(self) -> int:
        """End all sessions; return how many there were."""
        with self._lock:
            ended = len(self._sessions)
            self._sessions.clear()
        return ended

    def access_tokens(self) -> list[AccessToken]:
        """Return all access tokens."""
        with self._lock:
            return list(self._access.values())

    def access_token(self, number: str) -> AccessToken:
        """Return the access token with this id.

        Raises:
            NoSuchTokenError: if there is none.
        """
        with self._lock:
            if number not in self._access:
                raise NoSuchTokenError(f"there is no access token {number!a}")
            return self._access[number]

    def create_access_token(self, expires: int | None) -> AccessToken:
        """Create an access token."""
        number, secret = str(secrets.randbits(60)), secrets.token_urlsafe(32)
        return self._put(AccessToken(number, secret, self._clock.now(), expires, enabled=True))

    def modify_access_token(
        self, number: str, *, expires: int | None = None, enabled: bool | None = None
    ) -> AccessToken:
        """Change an access token; None leaves a value as it is."""
        token = self.access_token(number)
        if expires is not None:
            token = replace(token, expires=expires)
        if enabled is not None:
            token = replace(token, enabled=enabled)
        return self._put(token)

    def delete_access_token(self, number: str) -> None:
        """Revoke an access token."""
        self.access_token(number)
        with self._lock:
            del self._access[number]
            self._state.remove_token(number)

    def _put(self, token: AccessToken) -> AccessToken:
        with self._lock:
            self._access[token.id] = token
            self._state.put_token(
                token.id, token.secret, token.created, token.expires, enabled=token.enabled
            )
        return token
