"""Keeps the session of a login through ``qq``, so that one login serves many runs.

The file is ``qq``'s own credentials file (JSON: ``version`` 1 and ``bearer_token``), but in a
private folder of ours, one for each host, port and user. So it interferes neither with the session
of another cluster nor with the one that a person uses by hand.
"""

import contextlib
import hashlib
import json
import os
from collections.abc import Callable, Iterator

from qumulo_changelist.config.settings import DEFAULT_QQ_TIMEOUT
from qumulo_changelist.durations import describe_duration
from qumulo_changelist.errors import QqTimeoutError, ReplyError, SessionStoreError
from qumulo_changelist.machine.lock_holder import describe_holder, read_holder
from qumulo_changelist.machine.private_folder import (
    ForeignFolderError,
    make_private,
    others_reach,
    state_folder,
)
from qumulo_changelist.machine.scratch import scratch_folder
from qumulo_changelist.machine.shortages import check_shortage
from qumulo_changelist.machine.waiting import lock_when_free
from qumulo_changelist.names import to_bytes

_VERSION = 1
_ENDING = ".json"


class QqSession:
    """The stored session of one user on one cluster.

    Args:
        host: the node of the cluster.
        port: that of the REST API.
        username: the user.
        folder: the folder for sessions; "" for the one among the user's state.
        timeout: the number of seconds after which another process that logs in is waited for no
            longer.

    Attributes:
        path: the file that keeps the session.

    Raises:
        SessionStoreError: its folder cannot be made or used, or others can reach into it. Raised
            by every method.
    """

    def __init__(
        self,
        host: str,
        port: int,
        username: str,
        *,
        folder: str = "",
        timeout: float = DEFAULT_QQ_TIMEOUT,
    ) -> None:
        self._timeout = timeout
        self._folder = folder or state_folder("sessions")
        owner = to_bytes("\0".join((host.lower(), str(port), username)))
        self.path = os.path.join(self._folder, hashlib.sha256(owner).hexdigest()[:32] + _ENDING)

    def token(self) -> str:
        """Return the token of the session; "" if there is none that ``qq`` can use."""
        try:
            if others_reach(self._folder):
                return ""  # anybody's; the next login makes the folder private
            with open(self.path, encoding="utf-8") as file:
                stored = json.load(file)
        except FileNotFoundError:
            return ""
        except (ValueError, RecursionError):
            return ""  # damaged, which is no better than none
        except ForeignFolderError as error:
            raise SessionStoreError(str(error)) from None
        except OSError as error:
            check_shortage(error)
            raise SessionStoreError(f"{self.path} cannot be read: {error.strerror}") from error
        if not isinstance(stored, dict) or stored.get("version") != _VERSION:
            return ""
        token = stored.get("bearer_token")
        return token if isinstance(token, str) else ""

    def renew(self, refused: str, login: Callable[[str], object]) -> None:
        """Replace a token that the cluster refused, unless another run has done so already.

        Args:
            refused: the token; "" if there was none.
            login: logs in, and keeps the session in the file whose path it is given.

        Raises:
            ReplyError: the login kept no session.
            QqTimeoutError: another process has been logging in for too long.
        """
        with self._locked():
            if self.token() not in ("", refused):
                return
            # Elsewhere first: a failing login changes nothing, and nobody reads half a file.
            with scratch_folder(self._folder, "login-") as elsewhere:
                fresh = os.path.join(elsewhere, "session.json")
                login(fresh)
                if not os.path.exists(fresh):
                    raise ReplyError("`qq login` succeeded but kept no session")
                os.chmod(fresh, 0o600)
                os.replace(fresh, self.path)

    def check_folder(self) -> str:
        """Make sure that a session can be kept, and return the folder for it, made if missing.

        Nobody else can reach into it.

        Raises:
            QqTimeoutError: another process has been logging in for too long.
        """
        with self._locked():
            return self._folder

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            make_private(self._folder)
            lock = os.open(f"{self.path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                self._acquire(lock)
                yield
            finally:
                os.close(lock)
        except ForeignFolderError as error:
            raise SessionStoreError(f"no session can be kept: {error}") from None
        except OSError as error:
            check_shortage(error)
            raise SessionStoreError(
                f"the folder {self._folder} cannot be used: {error.strerror}"
            ) from error

    def _acquire(self, lock: int) -> None:
        try:
            lock_when_free(lock, self._timeout)
        except BlockingIOError:
            raise QqTimeoutError(
                f"no session after {describe_duration(self._timeout)}: the login of "
                f"{read_holder(lock)} for the same user does not end"
            ) from None
        describe_holder(lock)
