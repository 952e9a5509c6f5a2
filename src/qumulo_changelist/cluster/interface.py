"""A Qumulo cluster, as much of it as this project needs, whatever the way to it."""

from collections.abc import Generator
from typing import Protocol

from qumulo_changelist.model import Change, Kind, Snapshot


class Cluster(Protocol):
    """What a cluster can be asked. Every method raises a ``ChangelistError`` when it cannot answer.

    Paths are absolute on the cluster. No answer is ever cut short in silence: an iterator that
    ends without an error has given everything.
    """

    def create_snapshot(self, name: str, path: str) -> Snapshot:
        """Take a snapshot of the directory ``path``."""

    def changes(self, older: int, newer: int) -> Generator[Change, None, None]:
        """Yield what differs between two snapshots of one directory, in no order.

        A change may come more than once, since a session that ends on the way is renewed and the
        question asked again. Close it when no more is wanted.
        """

    def directory(self, path: str, snapshot: int) -> dict[str, Kind]:
        """Return what the directory ``path`` holds in a snapshot: names without a path."""

    def walk(self, path: str, snapshot: int) -> dict[str, Kind]:
        """Return all that is below the directory ``path`` in a snapshot, by absolute path.

        The paths of directories end in ``/``.
        """
