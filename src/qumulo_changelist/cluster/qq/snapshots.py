"""Snapshots through ``qq``, which picks the version of the API that it knows."""

import functools
from collections.abc import Callable, Iterator

from qumulo_changelist.cluster.failures import snapshot_absence
from qumulo_changelist.cluster.interface import check_unicode
from qumulo_changelist.cluster.qq import output
from qumulo_changelist.cluster.qq.commands import QqCommands
from qumulo_changelist.cluster.snapshots import read_snapshot
from qumulo_changelist.cluster.times import format_time
from qumulo_changelist.errors import (
    BrokenConnectionError,
    ClusterPathError,
    FailingError,
    QqTimeoutError,
    ReplyError,
    UnclearOutcomeError,
    UnreadableError,
)
from qumulo_changelist.model import Snapshot


class QqSnapshots:
    """Takes and deletes snapshots, and returns their status."""

    def __init__(self, commands: QqCommands) -> None:
        self._commands = commands

    def create(self, name: str, path: str, expires: int) -> Snapshot:
        """Take a snapshot of the directory ``path``; see ``Cluster``."""
        try:
            check_unicode(name)
            check_unicode(path)
        except UnreadableError as error:
            raise ClusterPathError(f"no snapshot {name!r} of {path!r}: {error}") from error
        arguments = ["snapshot_create_snapshot", f"--name={name}", f"--path={path}"]
        if expires:
            arguments.append(f"--expiration={format_time(expires)}")
        try:
            (created,) = self._commands.run(arguments, output.single_value)
            return read_snapshot(created, f"`qq {arguments[0]}`")
        except (FailingError, ReplyError, QqTimeoutError) as error:
            if isinstance(error, FailingError) and not error.may_be_done:
                raise
            broke = isinstance(error, BrokenConnectionError) and "timed out" not in str(error)
            raise UnclearOutcomeError(
                f"{error}; it is not known whether the cluster did it",
                connection_broke=broke,
                exit_code=error.exit_code,
            ) from error

    def listed(self, is_wanted: Callable[[object], bool] = lambda _number: True) -> list[Snapshot]:
        """Return the status of every snapshot whose id is wanted.

        One process lists all of them: its start costs more than their number does.
        """
        command = "snapshot_list_statuses"
        decode = functools.partial(output.elements, key="entries")
        return [
            read_snapshot(status, f"`qq {command}`")
            for status in self._commands.read([command], decode, list)
            if not isinstance(status, dict) or is_wanted(status.get("id"))
        ]

    def delete(self, number: int) -> None:
        """Delete a snapshot; see ``Cluster``."""
        arguments = ["snapshot_delete_snapshot", f"--id={number}"]
        with snapshot_absence():
            self._commands.run(arguments, _ignored)


def _ignored(printed: Iterator[bytes]) -> Iterator[None]:
    """Read what a command prints, if anything, and return nothing of it."""
    for _ in printed:
        pass
    return iter(())
