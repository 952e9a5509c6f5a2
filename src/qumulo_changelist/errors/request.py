"""Errors of what was asked for, and of the archiver's configuration."""

from qumulo_changelist.errors.root import ChangelistError


class UsageError(ChangelistError):
    """The request cannot be carried out as it stands."""

    exit_code = 2


class ProjectNameError(UsageError):
    """The project cannot be part of a snapshot's name."""


class ListNameError(UsageError):
    """The GUID or the source index cannot be part of the list's path."""


class ClusterPathError(UsageError):
    """A path is not an absolute path that a cluster can be asked for."""


class SnapshotOrderError(UsageError):
    """The older snapshot's id is not the smaller one."""


class BasePathError(UsageError):
    """Neither snapshot has the base path as a directory."""


class MappedPathError(UsageError):
    """The mapped path is missing, or is not a directory that can be read."""


class NoMappedPathError(MappedPathError):
    """No mapped path is given, and a mount is to be read."""


class WrongMountError(UsageError):
    """The mapped path shows something other than the base path."""


class HiddenSnapshotError(UsageError):
    """The mapped path does not show the snapshot under ``.snapshot``."""


class WorkersNeedRestError(UsageError):
    """Workers of other machines ask the cluster over REST, and the run goes through ``qq``."""


class NoSessionError(UsageError):
    """There is no session that could be sent to workers."""


class MissingPackageError(UsageError):
    """What was asked for needs a Python package that is not installed."""


class InexpressibleError(UsageError):
    """A format of lists cannot express what is wanted on a list."""


class ConfigurationError(ChangelistError):
    """The archiver's configuration lacks what is needed, or has it malformed."""

    exit_code = 23


class ConfigurationFileError(ConfigurationError):
    """The archiver's configuration is missing or unreadable."""


class TrustFileError(ConfigurationError):
    """The file of the certificates to trust cannot be used."""


class CredentialsError(ConfigurationError):
    """A worker of a different machine has no credentials for the cluster."""
