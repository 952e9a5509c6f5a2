"""Commands of ``qq`` on behalf of one user, in a session that is renewed after a refusal."""

import contextlib
import itertools
from collections.abc import Callable, Generator, Iterator
from typing import TypeVar

from qumulo_changelist.cluster.qq.process import QqProcess
from qumulo_changelist.cluster.qq.session import QqSession
from qumulo_changelist.config.settings import Secret
from qumulo_changelist.errors import FailingError, LoginError, ReplyError, UnreachableError

Value = TypeVar("Value")
Decoder = Callable[[Iterator[bytes]], Iterator[Value]]
"""From what a command prints, in pieces, to what it means."""

# An answer that cannot be understood is still read for this number of pieces, to learn how qq ends.
_MAX_PIECES_TO_END = 1000


class QqCommands:
    """Runs commands; may be used by many threads at once.

    A stored session is used as long as the cluster accepts it. After a refusal, it logs in once,
    and runs the command again from the start.
    """

    def __init__(
        self, process: QqProcess, session: QqSession, username: str, password: Secret
    ) -> None:
        self._process = process
        self._session = session
        self._username = username
        self._password = password

    def close(self) -> None:
        """End all commands that run, also those of other threads; start no more."""
        self._process.close()

    def run(self, arguments: list[str], decode: Decoder[Value]) -> Generator[Value, None, None]:
        """Yield what a command prints, decoded, while it runs.

        Args:
            arguments: the command, then its options, without NUL.
            decode: decodes what it prints.

        Raises:
            ChangelistError: the command failed, or what it printed cannot be understood.
        """
        token = self._session.token()
        if not token:
            self._log_in(token)
            token = self._session.token()
        try:
            yield from self._run_once(arguments, decode)
        except LoginError:
            pass
        else:
            return
        self._log_in(token)
        yield from self._run_once(arguments, decode)

    def run_silently(self, arguments: list[str]) -> None:
        """Run a command to its end; what it prints, if anything, does not matter.

        Raises:
            ChangelistError: the command failed.
        """
        for _ in self.run(arguments, iter):
            pass

    def _run_once(self, arguments: list[str], decode: Decoder[Value]) -> Iterator[Value]:
        with contextlib.closing(self._process.stream(self._session.path, arguments)) as printed:
            try:
                yield from decode(printed)
            except ReplyError:
                # If qq printed this because it failed, the user should read why it failed.
                for _ in itertools.islice(printed, _MAX_PIECES_TO_END):
                    pass
                raise

    def _log_in(self, refused: str) -> None:
        arguments = ["login", f"--username={self._username}"]

        def login(credentials: str) -> None:
            self._process.run(credentials, arguments, typed=self._password.reveal())

        try:
            self._session.renew(refused, login)
        except FailingError as error:
            # Without a login nothing works: this is not about a single request.
            raise UnreachableError(
                str(error), hint=error.hint, exit_code=error.exit_code
            ) from error
