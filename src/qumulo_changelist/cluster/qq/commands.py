"""Commands of ``qq`` on behalf of one user, in a session that is renewed after a refusal.

A command that only reads is started again if it fails for a reason that may pass, as a request over
REST is sent again. One that creates or deletes is not: nobody knows what became of it. Neither is a
login that may have reached the cluster: with a wrong password, the user could be locked out.
"""

import contextlib
import itertools
from collections.abc import Callable, Generator, Iterator
from types import TracebackType
from typing import TypeVar

from qumulo_changelist.cluster.backoff import Backoff
from qumulo_changelist.cluster.qq.process import QqProcess
from qumulo_changelist.cluster.qq.session import QqSession
from qumulo_changelist.config.settings import Secret
from qumulo_changelist.errors import (
    FailingError,
    IncompleteReplyError,
    LoginError,
    ReplyError,
    UnreachableError,
)
from qumulo_changelist.events import Listener, RequestRetried

Value = TypeVar("Value")
Result = TypeVar("Result")
Decoder = Callable[[Iterator[bytes]], Iterator[Value]]
"""From what a command prints, in pieces, to what it means."""

# An answer that cannot be understood is still read for this number of pieces, to learn how qq ends.
_MAX_PIECES_TO_END = 1000
_MAX_REASON = 500


class QqCommands:
    """Runs commands; may be used by many threads at once.

    A stored session is used as long as the cluster accepts it. After a refusal, it logs in once,
    and runs the command again from the start.

    Args:
        process: runs ``qq``.
        session: the stored session.
        username: the user.
        password: the user's password.
        listener: receives a ``RequestRetried`` before a command is started again.
        retry_for: the number of seconds for which a command that only reads is started again.
    """

    def __init__(
        self,
        process: QqProcess,
        session: QqSession,
        username: str,
        password: Secret,
        listener: Listener,
        retry_for: float,
    ) -> None:
        self._process = process
        self._session = session
        self._username = username
        self._password = password
        self._listener = listener
        self._retry_for = retry_for

    def close(self) -> None:
        """End all commands that run, also those of other threads; start no more."""
        self._process.close()

    def read(
        self,
        arguments: list[str],
        decode: Decoder[Value],
        gather: Callable[[Iterator[Value]], Result],
    ) -> Result:
        """Return what a command that only reads prints.

        Args:
            arguments: the command, then its options, without NUL.
            decode: decodes what it prints.
            gather: makes the result of that. It is called anew whenever the command is started
                again, with everything from the beginning.

        Raises:
            ChangelistError: the command failed, or what it printed cannot be understood.
        """
        for one_try in _Tries(self, arguments, self._retry_for):
            with one_try, contextlib.closing(self._run(arguments, decode)) as values:
                return gather(values)
        raise AssertionError("a try that does not succeed raises an error in the end")

    def stream(
        self, arguments: list[str], decode: Decoder[Value], begun_anew: Value
    ) -> Generator[Value, None, None]:
        """Yield what a command that only reads prints, while it runs; see :meth:`read`.

        Whenever it is started again, everything comes again from the beginning, after
        ``begun_anew``.
        """
        for number, one_try in enumerate(_Tries(self, arguments, self._retry_for)):
            if number:
                yield begun_anew
            with one_try:
                yield from self._run(arguments, decode)

    def run(self, arguments: list[str], decode: Decoder[Value]) -> list[Value]:
        """Run a command that changes something, and return what it prints, decoded.

        It is run again only if the cluster refused the session: then it did nothing.

        Raises:
            ChangelistError: the command failed, or what it printed cannot be understood.
        """
        for one_try in _Tries(self, arguments, retry_for=0):
            with one_try:
                return list(self._run(arguments, decode))
        raise AssertionError("a try that does not succeed raises an error in the end")

    def token(self) -> str:
        """Return the token of a session, after a login if there is none."""
        if not self._session.token():
            self.log_in("")
        return self._session.token()

    def log_in(self, refused: str) -> None:
        """Replace a token that the cluster refused, unless that was done meanwhile.

        Raises:
            UnreachableError: the cluster does not answer, or keeps failing.
            ChangelistError: it does not accept the login.
        """
        backoff: Backoff | None = None
        while True:
            try:
                return self._session.renew(refused, self._login)
            except FailingError as error:
                # Without a login nothing works: this is not about a single request.
                raise UnreachableError(
                    str(error), hint=error.hint, exit_code=error.exit_code
                ) from error
            except UnreachableError as error:
                never_connected = type(error) is UnreachableError and _may_pass(error)
                backoff = backoff or Backoff(self._retry_for)
                pause = backoff.pause() if never_connected else None
                if pause is None:
                    raise
                self.pause("`qq login`", error, pause)

    def _login(self, credentials: str) -> None:
        arguments = ["login", f"--username={self._username}"]
        self._process.run(credentials, arguments, typed=self._password.reveal())

    def pause(self, command: str, error: BaseException, seconds: float) -> None:
        """Report that a command is started again, and wait until then.

        Raises:
            UnreachableError: the run ends.
        """
        self._process.pause(0)
        reason = str(error).removeprefix(f"{command} ")[:_MAX_REASON]
        self._listener(RequestRetried(command, reason, seconds))
        self._process.pause(seconds)

    def _run(self, arguments: list[str], decode: Decoder[Value]) -> Generator[Value, None, None]:
        with contextlib.closing(self._process.stream(self._session.path, arguments)) as printed:
            try:
                yield from decode(printed)
            except ReplyError:
                # If qq printed this because it failed, the user should read why it failed.
                for _ in itertools.islice(printed, _MAX_PIECES_TO_END):
                    pass
                raise


class _Tries:
    """The tries to run one command, each of which is a ``with`` block.

    An error of the block ends them, unless another try can help; so does its success.

    Args:
        commands: logs in, and waits.
        arguments: the command, then its options.
        retry_for: the number of seconds for which there are further tries.
    """

    def __init__(self, commands: QqCommands, arguments: list[str], retry_for: float) -> None:
        self._commands = commands
        self._name = f"`qq {arguments[0]}`"
        self._retry_for = retry_for
        self._backoff: Backoff | None = None
        self._token = ""
        self._is_renewed = self._is_over = False

    def __iter__(self) -> Iterator["_Tries"]:
        while not self._is_over:
            yield self

    def __enter__(self) -> None:
        self._token = self._commands.token()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        if isinstance(error, LoginError) and not self._is_renewed:
            self._is_renewed = True
            self._commands.log_in(self._token)
            return True
        pause = self._next_pause() if error and _may_pass(error) else None
        if not error or pause is None:
            self._is_over = True
            return False
        self._is_renewed = False
        self._commands.pause(self._name, error, pause)
        return True

    def _next_pause(self) -> float | None:
        # The time begins with the first failure, however long the first try took.
        self._backoff = self._backoff or Backoff(self._retry_for)
        return self._backoff.pause()


def _may_pass(error: BaseException) -> bool:
    """Return whether a command that failed may succeed if it is started again."""
    return isinstance(error, (UnreachableError, IncompleteReplyError)) and error.transient
