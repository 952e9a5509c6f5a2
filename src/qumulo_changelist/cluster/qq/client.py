"""A cluster through the vendor's ``qq`` command, as the archiver's users know it."""

import functools
import itertools
from collections.abc import Generator, Iterator

from qumulo_changelist.cluster.accounts import read_caller, read_version
from qumulo_changelist.cluster.attributes import check_names, identified, inspected
from qumulo_changelist.cluster.failures import directory_absence, entry_errors
from qumulo_changelist.cluster.interface import BEGUN_ANEW, PageStore, check_unicode
from qumulo_changelist.cluster.qq import diff, output, walk
from qumulo_changelist.cluster.qq.commands import QqCommands
from qumulo_changelist.cluster.qq.files import files
from qumulo_changelist.cluster.qq.process import QqProcess
from qumulo_changelist.cluster.qq.session import QqSession
from qumulo_changelist.cluster.qq.snapshots import QqSnapshots
from qumulo_changelist.cluster.shapes import FileJson, NodeJson
from qumulo_changelist.cluster.snapshots import read_total_files
from qumulo_changelist.cluster.wire import to_file
from qumulo_changelist.config.settings import Secret
from qumulo_changelist.errors import (
    AbsentError,
    IncompleteReplyError,
    LoginError,
    QqFailedError,
    StatusError,
    UnreachableError,
    UnreadableError,
)
from qumulo_changelist.events import Listener, ignore
from qumulo_changelist.model import Caller, Change, Description, EntryStat, ReadFailure, Snapshot


class QqCluster:
    """Implements ``Cluster`` and ``SubtreeReader`` of :mod:`qumulo_changelist.cluster.interface`.

    Args:
        process: runs ``qq``.
        session: the stored session.
        username: the user.
        password: the user's password.
        listener: receives a ``RequestRetried`` for each command that is started again.
        page_size: the maximal number of changes to request at a time; 0 for the default of ``qq``.
        retry_for: the number of seconds for which a command that only reads is started again.
    """

    def __init__(
        self,
        process: QqProcess,
        session: QqSession,
        username: str,
        password: Secret,
        listener: Listener = ignore,
        *,
        page_size: int = 0,
        retry_for: float = 0,
    ) -> None:
        self._commands = QqCommands(process, session, username, password, listener, retry_for)
        self._snapshots = QqSnapshots(self._commands)
        self._page_size = page_size

    def create_snapshot(self, name: str, path: str, expires: int = 0) -> Snapshot:
        """Take a snapshot of the directory ``path``; see ``Cluster``."""
        return self._snapshots.create(name, path, expires)

    def snapshots(self, *numbers: int) -> dict[int, Snapshot]:
        """Return those of the snapshots that the cluster has; see ``Cluster``."""
        listed = self._snapshots.listed(lambda number: number in numbers)
        return {snapshot.id: snapshot for snapshot in listed}

    def all_snapshots(self) -> list[Snapshot]:
        """Return the status of every snapshot; see ``Cluster``."""
        return self._snapshots.listed()

    def delete_snapshot(self, number: int) -> None:
        """Delete a snapshot; see ``Cluster``."""
        self._snapshots.delete(number)

    def caller(self) -> Caller:
        """Return the user who is logged in; see ``Cluster``.

        ``qq who_am_i`` would print roles and groups, too, in forms of its own.
        """
        arguments = ["raw", "GET", "/v1/session/who-am-i"]
        (answer,) = self._commands.read(arguments, output.single_value, list)
        return read_caller(answer, f"`qq {' '.join(arguments)}`")

    def core_version(self) -> str:
        """Return the version of the cluster's Core; see ``Cluster``."""
        (answer,) = self._commands.read(["version"], output.single_value, list)
        return read_version(answer, "`qq version`")

    def changes(self, older: int, newer: int) -> Generator[list[Change], None, None]:
        """Yield the differences between two snapshots, in pages; see ``Cluster``."""
        arguments = ["snapshot_diff", f"--older-snapshot={older}", f"--newer-snapshot={newer}"]
        if self._page_size:
            arguments.append(f"--page-size={self._page_size}")
        return self._commands.stream(arguments, diff.changes, BEGUN_ANEW)

    def diff_pages(self, older: int, newer: int, store: PageStore | None = None) -> None:
        """Return None, since what ``qq`` prints is decoded while it runs; see ``Cluster``."""

    def inspect_entry(self, reference: str, snapshot: int | None) -> EntryStat:
        """Return what an entry is, and what identifies it; see ``Cluster``."""
        check_unicode(reference)
        key = "path" if reference.startswith("/") else "id"
        arguments = ["fs_file_get_attr", f"--{key}={reference}", *_at(snapshot)]
        with entry_errors(snapshot):
            (attributes,) = self._commands.read(arguments, output.single_value, list)
        return inspected(to_file(attributes, NodeJson, _source(arguments)))

    def first_entries(
        self, directory: str, snapshot: int | None, limit: int
    ) -> dict[str, EntryStat]:
        """Return the first entries of a directory; see ``Cluster``."""
        check_unicode(directory)
        arguments = ["fs_read_dir", f"--path={directory}", *_at(snapshot)]
        source = _source(arguments)
        decode = functools.partial(files, key="files", shape=NodeJson, source=source)

        def gather(listed: Iterator[NodeJson]) -> dict[str, EntryStat]:
            entries: dict[str, EntryStat] = {}
            try:
                for file in itertools.islice(listed, limit):
                    check_names([file.name], source)
                    entries[file.name] = inspected(file)
            except LoginError:
                raise
            except (QqFailedError, StatusError, UnreachableError, IncompleteReplyError):
                # A failure after some entries arrived does not matter: if the last page names null
                # as the next one, qq requests that (read in the SDK).
                if not entries:
                    raise
            return entries

        with entry_errors(snapshot):
            return self._commands.read(arguments, decode, gather)

    def count_files_below(self, directory: str, snapshot: int) -> int:
        """Return the number of regular files below a directory; see ``Cluster``."""
        check_unicode(directory)
        arguments = [
            "fs_read_dir_aggregates",
            f"--path={directory}",
            "--max-entries=1",
            f"--snapshot={snapshot}",
        ]
        try:
            with entry_errors(snapshot):
                (totals,) = self._commands.read(arguments, output.single_value, list)
        except AbsentError:
            return 0
        return read_total_files(totals, _source(arguments))

    def snapshot_reader(self) -> None:
        """Return None: each answer costs a process; see ``Cluster``."""

    def directory(self, path: str, snapshot: int) -> dict[str, Description]:
        """Return the entries of a directory of a snapshot; see ``SubtreeReader``."""
        check_unicode(path)
        arguments = ["fs_read_dir", f"--path={path}", f"--snapshot={snapshot}"]
        source = _source(arguments)
        decode = functools.partial(files, key="files", shape=FileJson, source=source)
        with directory_absence(snapshot):
            listed = self._commands.read(arguments, decode, list)
        check_names([file.name for file in listed], source)
        return {file.name: identified(file) for file in listed}

    def walk(self, path: str, snapshot: int) -> dict[str, Description]:
        """Return everything below a directory of a snapshot; see ``SubtreeReader``.

        One process reads the whole tree, unless it is very deep.
        """
        check_unicode(path)
        entries: dict[str, Description] = {}
        deeper = self._walk_part(path, snapshot, entries)
        while deeper:
            part = deeper.pop()
            try:
                check_unicode(part)
                deeper += self._walk_part(part.removesuffix("/"), snapshot, entries)
            except AbsentError:
                raise walk.incomplete(snapshot, part, "none", "entries") from None
            except UnreadableError as error:
                entries[part] = ReadFailure(str(error))
        return entries

    def _walk_part(self, path: str, snapshot: int, entries: dict[str, Description]) -> list[str]:
        """Add the entries below a directory; return the directories that are left to walk."""
        arguments = [
            "fs_walk_tree",
            f"--path={path}",
            f"--snapshot={snapshot}",
            f"--max-depth={walk.MAX_DEPTH}",
            "--display-all-attributes",
        ]
        source = _source(arguments)
        decode = functools.partial(files, key="tree_nodes", shape=NodeJson, source=source)

        def gather(nodes: Iterator[NodeJson]) -> walk.WalkedTree:
            walked = walk.WalkedTree(path, snapshot)
            for node in nodes:
                walked.add(node)
            return walked

        with directory_absence(snapshot):
            tree = self._commands.read(arguments, decode, gather)
        tree.finish()
        entries.update(tree.entries)
        return tree.deeper

    def close(self) -> None:
        """End all commands that run, also those of other threads; start no more."""
        self._commands.close()


def _source(arguments: list[str]) -> str:
    return f"`qq {arguments[0]}`"


def _at(snapshot: int | None) -> list[str]:
    return [] if snapshot is None else [f"--snapshot={snapshot}"]
