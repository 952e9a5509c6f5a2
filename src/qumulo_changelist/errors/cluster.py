"""Errors of the cluster, of its mounts, and of the vendor's ``qq`` command."""

from qumulo_changelist.errors.root import ChangelistError


class IncomparableError(ChangelistError):
    """The two snapshots are of different directories."""

    exit_code = 65


class SnapshotTimeError(IncomparableError):
    """The newer snapshot was taken before the older one."""


class StatusError(ChangelistError):
    """The cluster answered a request with an error, and trying again would not help.

    ``status`` is the HTTP status, ``error_class`` the cluster's own name for the error or "".
    """

    exit_code = 65

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        error_class: str = "",
        hint: str = "",
        exit_code: int | None = None,
    ) -> None:
        super().__init__(message, hint=hint, exit_code=exit_code)
        self.status = status
        self.error_class = error_class


class NotFoundError(StatusError):
    """The cluster has no such path."""

    exit_code = 66


class SnapshotMissingError(NotFoundError):
    """The cluster has no such snapshot."""


class UnsupportedError(NotFoundError):
    """The cluster's version does not have what was asked for."""


class RefusedError(StatusError):
    """The cluster does not let this user do this."""

    exit_code = 77


class LoginError(RefusedError):
    """The cluster does not accept the user's password or access token."""


class SessionEndedError(LoginError):
    """The cluster no longer accepts the session that a run gave to its workers."""


class SingleSignOnError(RefusedError):
    """The user logs in through single sign-on, which takes no password."""


class UnreachableError(ChangelistError):
    """No node of the cluster answers."""

    exit_code = 69
    transient = True


class FailingError(UnreachableError):
    """The cluster can be reached, but keeps failing to answer one request."""

    hint = "The cluster keeps failing; try again later."
    may_be_done = False
    """Whether the cluster may have done what was asked, as far as its answer says."""


class BrokenConnectionError(FailingError):
    """The connection to the cluster broke before it answered."""

    hint = ""
    may_be_done = True


class MountTimeoutError(UnreachableError):
    """A mount does not answer; a thread of this process may wait until the process ends."""


class MountChangedError(UnreachableError):
    """The mapped path does not show any more what it showed when the run began."""


class QqTimeoutError(UnreachableError):
    """``qq`` did nothing for too long, and was ended."""


class InconsistentReadError(UnreachableError):
    """A directory could be read for one part of a list and not for another.

    The list would lack files without saying so.
    """


class UnclearOutcomeError(UnreachableError):
    """The connection broke, or the answer is unusable: the cluster may have done what was asked.

    ``connection_broke`` says whether the connection ended; if it did, the cluster is no longer
    working on the request.
    """

    transient = False

    def __init__(
        self,
        message: str,
        *,
        connection_broke: bool = False,
        hint: str = "",
        exit_code: int | None = None,
    ) -> None:
        super().__init__(message, hint=hint, exit_code=exit_code)
        self.connection_broke = connection_broke


class CertificateError(UnreachableError):
    """A node cannot prove that it belongs to the cluster; nothing was sent to it."""

    transient = False


class ChangedCertificateError(CertificateError):
    """A node shows a certificate other than the configured one."""


class ReplyError(ChangelistError):
    """The cluster's answer, or what ``qq`` printed of it, cannot be understood."""

    exit_code = 76


class IncompleteReplyError(ReplyError):
    """The cluster's answer lacks a part, perhaps because the snapshot expired meanwhile."""

    transient = True


class OversizedReplyError(ReplyError):
    """The cluster's answer is larger than any that a cluster sends, and was not read to its end."""


class QqMissingError(ChangelistError):
    """The vendor's ``qq`` command cannot be started."""

    exit_code = 127


class QqFailedError(ChangelistError):
    """``qq`` failed for a reason of its own; its exit code is kept (128 + N for signal N)."""

    exit_code = 1
