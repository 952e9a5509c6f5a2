"""What can go wrong in the emulated cluster: one tree of exceptions that knows nothing of HTTP.

`qumulo_emulator.api.errors` maps each of them to a status and an error class of Qumulo.
"""


class EmulatorError(Exception):
    """The root of the tree; the message is written for people."""


class NoSuchEntryError(EmulatorError):
    """No entry has this path or id."""


class EntryExistsError(EmulatorError):
    """An entry of this name exists already."""


class NotADirectoryHereError(EmulatorError):
    """A directory is needed, and the entry is not one."""


class NotAFileError(EmulatorError):
    """A regular file is needed, and the entry is not one."""


class DirectoryNotEmptyError(EmulatorError):
    """A directory that is to be removed or replaced still has entries."""


class InvalidRequestError(EmulatorError):
    """A value in the request is never valid."""


class UndecodableRequestError(EmulatorError):
    """The body is not the JSON that is expected."""


class InvalidPathError(InvalidRequestError):
    """No cluster could hold this path or name."""


class SnapshotNotFoundError(EmulatorError):
    """The snapshot does not exist, was deleted, or has expired."""


class SnapshotLockedError(EmulatorError):
    """The snapshot is locked, so it cannot be deleted, nor expire earlier."""


class NoSuchPolicyError(EmulatorError):
    """The cluster has no snapshot policy with this id or name."""


class PolicyExistsError(EmulatorError):
    """A snapshot policy of this name exists already."""


class NotCoveredBySnapshotError(EmulatorError):
    """The path is outside the snapshot's directory."""


class SnapshotDiffError(InvalidRequestError):
    """These two snapshots cannot be compared."""


class StalePageKeyError(InvalidRequestError):
    """The page key was not issued by this emulator for this collection."""


class LoginFailedError(EmulatorError):
    """The user name or the password is wrong."""


class NotAuthenticatedError(EmulatorError):
    """The request has no token, or one that is not valid (any more)."""


class AccessDeniedError(EmulatorError):
    """The emulator's own process lacks permission for this in the directory that it serves."""


class MissingPrivilegeError(EmulatorError):
    """The user lacks the privilege that this request needs."""


class NoSuchTokenError(EmulatorError):
    """No access token has this id."""


class NoSuchUserError(EmulatorError):
    """The cluster has one user only, and this is not that user."""


class NoSuchPartError(EmulatorError):
    """The cluster has no node or network interface of this number."""


class NotEmulatedError(EmulatorError):
    """A real cluster can do this, and the emulator cannot."""


class StorageFailedError(EmulatorError):
    """The disk under the emulator failed; the request is not to blame."""


class ListeningError(EmulatorError):
    """The emulator cannot listen on this address and port."""


class StateError(EmulatorError):
    """The state directory cannot be used."""
