"""A cluster through the vendor's ``qq`` command, as the archiver's users know it."""

import contextlib
import functools
import itertools
from collections.abc import Callable, Generator, Iterator
from typing import TypeVar

from qumulo_changelist.cluster import failures, wire
from qumulo_changelist.cluster.interface import check_unicode
from qumulo_changelist.cluster.qq import diff as qq_diff
from qumulo_changelist.cluster.qq import output as qq_output
from qumulo_changelist.cluster.qq import walk as qq_walk
from qumulo_changelist.cluster.qq.process import QqProcess
from qumulo_changelist.cluster.qq.session import QqSession
from qumulo_changelist.config.settings import Secret
from qumulo_changelist.errors import AbsentError, QqFailedError, ReplyError, UnreadableError
from qumulo_changelist.model import Change, Description, EntryStat, ReadFailure, Snapshot

Answer = TypeVar("Answer")
Decoder = Callable[[Iterator[bytes]], Iterator[Answer]]

# How much of an answer that makes no sense is still read, to learn how qq ends.
_PIECES_TO_ITS_END = 1000


class QqCluster:
    """Implements :class:`~qumulo_changelist.cluster.interface.Cluster` and ``SubtreeReader``.

    A stored session is used as long as the cluster takes it. One that is refused leads to one new
    login, and the question is asked again from the start.
    """

    def __init__(
        self,
        process: QqProcess,
        session: QqSession,
        username: str,
        password: Secret,
        *,
        page_size: int = 0,
    ) -> None:
        self._process = process
        self._session = session
        self._username = username
        self._password = password
        self._page_size = page_size

    def create_snapshot(self, name: str, path: str) -> Snapshot:
        """Take a snapshot of the directory ``path``."""
        arguments = ["snapshot_create_snapshot", f"--name={name}", f"--path={path}"]
        (created,) = self._ask(arguments, qq_output.whole)
        return wire.snapshot(created)

    def snapshots(self, *numbers: int) -> dict[int, Snapshot]:
        """Return what the cluster tells of snapshots, by their ids; see ``Cluster``."""
        # All of them come with one process, which costs more than their number does.
        decode = functools.partial(qq_output.elements, key="entries")
        told = map(wire.attributes, self._ask(["snapshot_list_statuses"], decode))
        found = [wire.snapshot(one) for one in told if one.get("id") in numbers]
        return {snapshot.id: snapshot for snapshot in found}

    def changes(self, older: int, newer: int) -> Generator[list[Change], None, None]:
        """Yield what differs between two snapshots; a change may come more than once."""
        arguments = ["snapshot_diff", f"--older-snapshot={older}", f"--newer-snapshot={newer}"]
        if self._page_size:
            arguments.append(f"--page-size={self._page_size}")
        return self._ask(arguments, qq_diff.changes)

    def inspect_entry(self, reference: str, snapshot: int | None) -> EntryStat:
        """Return what is at a path, or has a file id; see ``Cluster``."""
        check_unicode(reference)
        key = "path" if reference.startswith("/") else "id"
        arguments = ["fs_file_get_attr", f"--{key}={reference}", *_at(snapshot)]
        (found,) = _about_a_look(self._ask(arguments, qq_output.whole), snapshot)
        return wire.sighting(wire.attributes(found))

    def first_entries(
        self, directory: str, snapshot: int | None, most: int
    ) -> dict[str, EntryStat]:
        """Return some entries of a directory; see ``Cluster``."""
        check_unicode(directory)
        decode = functools.partial(qq_output.elements, key="files")
        arguments = ["fs_read_dir", f"--path={directory}", *_at(snapshot)]
        found: dict[str, EntryStat] = {}
        with contextlib.closing(self._ask(arguments, decode)) as asked:
            try:
                for one in itertools.islice(_about_a_look(asked, snapshot), most):
                    entry = wire.attributes(one)
                    found[wire.text(entry, "name")] = wire.sighting(entry)
            except QqFailedError:
                # What fails after some entries came takes none of them back: where the last page
                # names null as the next, qq asks for that (read in the SDK).
                if not found:
                    raise
        return found

    def count_files_below(self, directory: str, snapshot: int) -> int:
        """Return how many regular files a snapshot holds below a directory; see ``Cluster``."""
        check_unicode(directory)
        arguments = [
            "fs_read_dir_aggregates",
            f"--path={directory}",
            "--max-entries=1",
            f"--snapshot={snapshot}",
        ]
        try:
            asked = _about_one_directory(self._ask(arguments, qq_output.whole), snapshot)
            return sum(map(wire.files, asked))
        except AbsentError:
            return 0

    def directory(self, path: str, snapshot: int) -> dict[str, Description]:
        """Return what the directory ``path`` holds in a snapshot: names without a path.

        Raises:
            AbsentError: the snapshot holds no such directory.
        """
        decode = functools.partial(qq_output.elements, key="files")
        arguments = ["fs_read_dir", f"--path={path}", f"--snapshot={snapshot}"]
        asked = _about_one_directory(self._ask(arguments, decode), snapshot)
        entries = map(wire.attributes, asked)
        return {wire.text(entry, "name"): wire.entry(entry) for entry in entries}

    def walk(self, path: str, snapshot: int) -> dict[str, Description]:
        """Return all that is below the directory ``path`` in a snapshot, by absolute path.

        One process serves the whole tree, unless it is very deep.

        Raises:
            AbsentError: the snapshot holds no such directory.
            UnreadableError: the cluster does not say how many entries it has.
        """
        found: dict[str, Description] = {}
        deeper = self._walk_part(path, snapshot, found)
        while deeper:
            part = deeper.pop()
            try:
                check_unicode(part)
                deeper += self._walk_part(part.removesuffix("/"), snapshot, found)
            except AbsentError:
                raise qq_walk.incomplete(snapshot, part, "none", "entries") from None
            except UnreadableError as error:
                found[part] = ReadFailure(str(error))
        return found

    def _walk_part(self, path: str, snapshot: int, found: dict[str, Description]) -> list[str]:
        """Add what is below the directory ``path``; return the directories left to walk."""
        decode = functools.partial(qq_output.elements, key="tree_nodes")
        arguments = [
            "fs_walk_tree",
            f"--path={path}",
            f"--snapshot={snapshot}",
            f"--max-depth={qq_walk.MAX_DEPTH}",
            "--display-all-attributes",
        ]
        walked = qq_walk.WalkedTree(path, snapshot)
        for node in _about_one_directory(self._ask(arguments, decode), snapshot):
            walked.add(node)
        walked.finish()
        found.update(walked.entries)
        return walked.deeper

    def close(self) -> None:
        """End all questions that are under way, also those of other threads; take no more."""
        self._process.close()

    def _ask(self, arguments: list[str], decode: Decoder[Answer]) -> Generator[Answer, None, None]:
        token = self._session.token()
        if not token:
            self._login(token)
            token = self._session.token()
        try:
            yield from self._ask_once(arguments, decode)
        except QqFailedError as error:
            if error.status != 401:
                raise
        else:
            return
        self._login(token)
        yield from self._ask_once(arguments, decode)

    def _ask_once(self, arguments: list[str], decode: Decoder[Answer]) -> Iterator[Answer]:
        with contextlib.closing(self._process.stream(self._session.path, arguments)) as output:
            try:
                yield from decode(output)
            except ReplyError:
                # If what makes no sense is why qq failed, that is what the user should read.
                for _ in itertools.islice(output, _PIECES_TO_ITS_END):
                    pass
                raise

    def _login(self, refused: str) -> None:
        def login(credentials: str) -> None:
            self._process.run(
                credentials,
                ["login", f"--username={self._username}"],
                typed=self._password.reveal(),
            )

        self._session.renew(refused, login)


def _at(snapshot: int | None) -> list[str]:
    return [] if snapshot is None else [f"--snapshot={snapshot}"]


def _about_one_directory(answers: Iterator[Answer], snapshot: int) -> Iterator[Answer]:
    """Raise ``AbsentError`` where the error is only that there is no such directory."""
    return _about_one_entry(answers, snapshot, "holds no such directory")


def _about_one_entry(
    answers: Iterator[Answer], snapshot: int | None, absence: str = "does not hold it"
) -> Iterator[Answer]:
    """Raise ``AbsentError`` where the error is only that there is no such entry."""
    try:
        yield from answers
    except QqFailedError as error:
        if not failures.is_absence(error.status, error.error_class):
            raise
        where = "the live tree" if snapshot is None else f"snapshot {snapshot}"
        raise AbsentError(f"{where} {absence}") from error


def _about_a_look(answers: Iterator[Answer], snapshot: int | None) -> Iterator[Answer]:
    """Raise ``UnreadableError`` where the error is only about the entry that is looked at."""
    try:
        yield from _about_one_entry(answers, snapshot)
    except QqFailedError as error:
        # The classes of what concerns a single entry begin with fs_.
        if error.status == 401 or not error.error_class.startswith("fs_"):
            raise
        raise UnreadableError(f"the cluster cannot read it: {error.error_class}") from error
