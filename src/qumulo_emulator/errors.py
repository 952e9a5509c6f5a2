"""What can go wrong in the emulated cluster: one tree that knows nothing of HTTP."""


class EmulatorError(Exception):
    """The root of the tree; the message is for people."""


class NoSuchEntryError(EmulatorError):
    """There is nothing under this path or id."""


class EntryExistsError(EmulatorError):
    """The name is taken."""


class NotADirectoryHereError(EmulatorError):
    """A directory was needed and something else is there."""


class NotAFileError(EmulatorError):
    """A regular file was needed and something else is there."""


class DirectoryNotEmptyError(EmulatorError):
    """A directory with entries was to be removed or replaced."""


class InvalidRequestError(EmulatorError):
    """A value in the request can never be right."""


class UndecodableRequestError(EmulatorError):
    """The body is not the JSON that was expected."""


class InvalidPathError(InvalidRequestError):
    """A path or a name that no cluster could hold."""


class SnapshotNotFoundError(EmulatorError):
    """No such snapshot, or it was deleted, or it has expired."""


class NotCoveredBySnapshotError(EmulatorError):
    """The path lies outside the snapshot's directory."""


class SnapshotDiffError(InvalidRequestError):
    """These two snapshots cannot be compared."""


class StalePageKeyError(InvalidRequestError):
    """A page key that was not made here for this collection."""


class LoginFailedError(EmulatorError):
    """Wrong user name or password."""


class NotAuthenticatedError(EmulatorError):
    """No token, or one that is not (or no longer) valid."""


class AccessDeniedError(EmulatorError):
    """The emulator's own process may not do this to the directory it serves."""


class NoSuchTokenError(EmulatorError):
    """There is no access token with this id."""


class NoSuchUserError(EmulatorError):
    """The cluster has one user, and this is another."""


class NoSuchPartError(EmulatorError):
    """The cluster has no node or network interface with this number."""


class NotEmulatedError(EmulatorError):
    """A real cluster could do it; the emulator cannot, and says so."""


class StorageFailedError(EmulatorError):
    """The disk below the emulator failed in a way that is no fault of the request."""


class ListeningError(EmulatorError):
    """The address or the port cannot be listened on."""


class StateError(EmulatorError):
    """The state directory cannot be used."""
