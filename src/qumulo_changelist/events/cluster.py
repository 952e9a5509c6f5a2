"""Events of reaching the cluster, directly or through ``qq``."""

from msgspec import Struct


class RequestRetried(Struct, frozen=True):
    """A request failed, and will be sent again."""

    request: str
    reason: str
    seconds: float
    """The wait before that."""


class ClusterAwaited(Struct, frozen=True):
    """The cluster answers nothing, or only failures; requests are tried again for a while."""

    reason: str
    seconds: float
    """For how long at most."""
    is_failing: bool = False
    """Whether nodes take connections, so that the cluster seems to be there."""


class SnapshotSought(Struct, frozen=True):
    """It is not known whether the cluster took a snapshot, and it is asked for it by its name."""

    name: str
    reason: str


class NodeSkipped(Struct, frozen=True):
    """A node of the cluster does not answer, and other nodes are asked for a while."""

    host: str
    reason: str


class NodeChosen(Struct, frozen=True):
    """``qq`` asks this node, since the nodes that were tried before it do not answer."""

    host: str
    failures: tuple[str, ...]
    """The other nodes, and why each cannot be reached."""


class CertificateUnchecked(Struct, frozen=True):
    """The configuration turns off the check of the cluster's certificate."""


class SecretExposed(Struct, frozen=True):
    """Others can read the file with the password or the access token."""

    path: str
    readers: str
    """Who can, in words."""


class CommandStarted(Struct, frozen=True):
    """A program was started."""

    command: tuple[str, ...]


class QqSpoke(Struct, frozen=True):
    """``qq`` printed something on standard error."""

    command: str
    text: str
    failed: bool
    """Whether it failed; an error then reports the same."""
