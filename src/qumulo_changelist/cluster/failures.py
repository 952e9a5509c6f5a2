"""What a failure of a cluster means: the one table from it to our errors, for REST and for ``qq``.

A cluster answers a failed request with an HTTP status and a class, its own name for the error.
``qq`` prints both, and other words where there was no answer.
"""

import contextlib
import errno
import re
import socket
from collections.abc import Container, Iterator
from typing import NamedTuple

from msgspec import Struct

from qumulo_changelist.cluster.shapes import ErrorJson
from qumulo_changelist.cluster.wire import Reader
from qumulo_changelist.errors import (
    AbsentError,
    BrokenConnectionError,
    ChangelistError,
    FailingError,
    IncompleteReplyError,
    LoginError,
    NotFoundError,
    RefusedError,
    ReplyError,
    SingleSignOnError,
    SnapshotMissingError,
    StatusError,
    UnreachableError,
    UnreadableError,
    UnsupportedError,
)


class _Answer(NamedTuple):
    """Failures that a cluster answers a request with, and the error that they are."""

    kind: type[ChangelistError]
    statuses: Container[int]
    error_class: str = ""
    """A part of the cluster's own name for the error."""


# The first one that fits counts. An answer that none fits is neither a success nor an error.
_ANSWERS = (
    _Answer(SingleSignOnError, range(400, 600), "auth_sso_required_error"),
    _Answer(LoginError, (401,)),
    _Answer(RefusedError, (403,)),
    _Answer(SnapshotMissingError, (404,), "snapshot_not_found"),
    _Answer(UnsupportedError, (404,), "http_not_found_error"),
    _Answer(NotFoundError, (404,)),
    _Answer(FailingError, (429, *range(500, 600))),
    _Answer(StatusError, range(400, 500)),
)

_SUCCESSES = range(200, 300)
# Sent again, the same request may succeed.
_PASSING = frozenset((429, 500, 502, 503, 504))
# The cluster turned the request away, and certainly did nothing.
_TURNED_AWAY = frozenset((429, 503))

# The classes of all errors about a single entry begin like this.
_ENTRY = "fs_"
# The classes of the error for a path that a snapshot does not have. Which of them a cluster sends
# is documented nowhere: public clients know each of them.
_ABSENCE_STATUSES = (400, 404)
_ABSENCES = frozenset(
    (
        "fs_no_such_entry_error",
        "fs_no_such_file_version_error",
        "fs_no_such_inode_error",
        "fs_no_such_path_error",
        "fs_not_a_directory_error",
        "fs_file_not_covered_by_snapshot_error",
    )
)

# How every generation of qq prints an error of the cluster (read in the SDK: ``pretty_str``).
_PRINTED_ANSWER = re.compile(r"^Error (\d{3})\b(?:: (\w+))?", re.MULTILINE)
# What qq prints for any error of the operating system, when it connects or later.
_PRINTED_CONNECTION_ERROR = re.compile(r"^Connection error\b(?:: \[Errno (-?\d+)\])?", re.MULTILINE)
_PRINTED_DAMAGE = re.compile(r"IncompleteRead|Error loading data")
_NO_SUCH_HOST = {
    *(socket.EAI_FAIL, socket.EAI_NONAME),
    getattr(socket, "EAI_NODATA", socket.EAI_NONAME),  # not on every system
}
# Without ETIMEDOUT, EHOSTUNREACH, ENETUNREACH and EHOSTDOWN: those also end a connection, when
# what was sent is confirmed no more, perhaps after the cluster did it.
_NEVER_CONNECTED = _NO_SUCH_HOST | {errno.ECONNREFUSED, errno.ENETDOWN, socket.EAI_AGAIN}

_MAX_WORDS = 500

_errors = Reader(ErrorJson)


class Failure(Struct, frozen=True):
    """Why a request failed."""

    kind: type[ChangelistError]
    """The class of our error."""
    status: int = 0
    """The HTTP status; 0 if the cluster did not answer."""
    error_class: str = ""
    """The cluster's own name for the error; "" if it gave none."""
    words: str = ""
    """What the cluster answered, in the words that ``qq`` uses for it."""
    has_no_host: bool = False
    """Whether there is no such host, as far as is known."""

    @property
    def may_pass(self) -> bool:
        """Whether the same request may succeed when it is sent again."""
        return self.status in _PASSING if self.status else not self.has_no_host

    @property
    def was_turned_away(self) -> bool:
        """Whether the cluster certainly did nothing of what was requested."""
        return self.status in _TURNED_AWAY

    @property
    def is_unclear(self) -> bool:
        """Whether nobody knows if the cluster did what was requested."""
        return self.may_pass and not self.was_turned_away

    def error(self, message: str, *, exit_code: int | None = None) -> ChangelistError:
        """Return the error.

        Args:
            message: what is wrong.
            exit_code: that of ``qq``, which is kept; None for that of the error's class.
        """
        if issubclass(self.kind, StatusError):
            return self.kind(
                message, status=self.status, error_class=self.error_class, exit_code=exit_code
            )
        error = self.kind(message, exit_code=exit_code)
        if isinstance(error, FailingError) and self.is_unclear:
            error.may_be_done = True
        if error.transient:
            error.transient = self.may_pass
        return error


def failure_of_answer(status: int, body: bytes) -> Failure | None:
    """Return why a request over REST failed; None if it succeeded."""
    if status in _SUCCESSES:
        return None
    answer = ErrorJson()
    with contextlib.suppress(ReplyError):
        answer = _errors.read(body, "")
    parts = (f"Error {status}", answer.error_class, answer.description)
    words = ": ".join(filter(None, parts))[:_MAX_WORDS]
    kind = _kind(status, answer.error_class)
    if kind is ReplyError:
        words = f"{words}: neither a success nor an error"
    return Failure(kind, status, answer.error_class, words)


def failure_of_words(words: str) -> Failure | None:
    """Return why ``qq`` failed, from what it printed; None if the reason is its own."""
    if answer := _PRINTED_ANSWER.search(words):
        status, error_class = int(answer[1]), answer[2] or ""
        return Failure(_kind(status, error_class), status, error_class, words)
    if connection := _PRINTED_CONNECTION_ERROR.search(words):
        number = int(connection[1] or 0)
        kind = UnreachableError if number in _NEVER_CONNECTED else BrokenConnectionError
        return Failure(kind, words=words, has_no_host=number in _NO_SUCH_HOST)
    if _PRINTED_DAMAGE.search(words):
        return Failure(IncompleteReplyError, words=words)
    return None


@contextlib.contextmanager
def entry_errors(snapshot: int | None) -> Iterator[None]:
    """Raise an ``UnreadableError`` for an error that is only about the requested entry.

    Args:
        snapshot: where the entry was requested; None for the live tree.

    Raises:
        AbsentError: there is no such entry, or it is not a directory.
        UnreadableError: the cluster cannot read it.
    """
    try:
        yield
    except StatusError as error:
        if not error.error_class.startswith(_ENTRY) or isinstance(error, LoginError):
            raise
        if _is_absence(error):
            where = "the live tree" if snapshot is None else f"snapshot {snapshot}"
            raise AbsentError(f"{where} does not hold it") from error
        if isinstance(error, RefusedError):
            raise UnreadableError("the cluster does not let this user read it") from error
        raise UnreadableError(f"the cluster cannot read it: {error.error_class}") from error


@contextlib.contextmanager
def directory_absence(snapshot: int) -> Iterator[None]:
    """Raise an ``AbsentError`` for the error that a snapshot has no such directory."""
    try:
        yield
    except StatusError as error:
        if not _is_absence(error):
            raise
        raise AbsentError(f"snapshot {snapshot} holds no such directory") from error


@contextlib.contextmanager
def snapshot_absence() -> Iterator[None]:
    """Raise a ``SnapshotMissingError`` for the error that the cluster has no such snapshot.

    Which class of error a cluster sends is documented nowhere, but what is missing at the address
    of a snapshot is the snapshot, unless the cluster does not have such addresses at all.
    """
    try:
        yield
    except (SnapshotMissingError, UnsupportedError):
        raise
    except NotFoundError as error:
        raise SnapshotMissingError(
            str(error),
            status=error.status,
            error_class=error.error_class,
            exit_code=error.exit_code,
        ) from error


def _is_absence(error: StatusError) -> bool:
    return error.status in _ABSENCE_STATUSES and error.error_class in _ABSENCES


def _kind(status: int, error_class: str) -> type[ChangelistError]:
    fitting = (
        answer.kind
        for answer in _ANSWERS
        if status in answer.statuses and answer.error_class in error_class
    )
    return next(fitting, ReplyError)
