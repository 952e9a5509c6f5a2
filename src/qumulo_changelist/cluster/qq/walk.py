"""A tree as ``qq fs_walk_tree`` prints it, checked against the numbers of entries in it."""

from collections import Counter

from qumulo_changelist.cluster.attributes import identified, unusable
from qumulo_changelist.cluster.changes import is_absolute
from qumulo_changelist.cluster.shapes import NodeJson
from qumulo_changelist.errors import (
    AbsentError,
    IncompleteReplyError,
    ReplyError,
    UnreadableError,
)
from qumulo_changelist.model import Attributes, Description, Kind, ReadFailure
from qumulo_changelist.names import parent_of
from qumulo_changelist.wording import count

MAX_DEPTH = 500
"""The number of levels to ask for at most.

``qq`` calls itself for each level, and fails for a tree of about a thousand, since Python allows no
more calls within each other (read in the SDK: ``tree_walk_preorder``, 5.1 and 7.10).
"""


class WalkedTree:
    """The entries of a snapshot below a directory, down to ``MAX_DEPTH`` levels.

    If a directory is gone when ``qq`` gets there, it continues without a word (read in the SDK:
    ``read_entire_directory_and_ignore_not_found``). So the number of entries that arrived is
    compared with the number that each directory states. A directory that states none is unreadable,
    and what is below it is left out.

    Args:
        path: the directory.
        snapshot: the snapshot's id.
    """

    def __init__(self, path: str, snapshot: int) -> None:
        self.entries: dict[str, Description] = {}
        """By absolute path; the directory itself is among them until :meth:`finish`."""
        self.deeper: list[str] = []
        """The directories whose entries are too deep, each with a ``/`` at its end."""
        self._path = path
        self._top = path.removesuffix("/") + "/"
        self._snapshot = snapshot
        self._totals: dict[str, int] = {}
        self._uncounted: set[str] = set()

    def add(self, node: NodeJson) -> None:
        """Add an entry, in any order.

        Raises:
            AbsentError: it is the directory itself, and not a directory.
            UnreadableError: it is the directory itself, and does not state its number of entries.
            ReplyError: it is not below the directory, or goes up from there.
        """
        entry, path = identified(node), node.path
        if isinstance(entry, Attributes) and entry.kind is Kind.DIRECTORY:
            path = path.removesuffix("/") + "/"
            entry = self._counted(path, entry, node.child_count)
        elif f"{path}/" == self._top:
            raise AbsentError(f"snapshot {self._snapshot} holds no such directory")
        if not path.startswith(self._top) or not is_absolute(path):
            raise ReplyError(f"a walk of {self._path} came to {path!r:.200}, which is elsewhere")
        self.entries[path] = entry

    def _counted(self, path: str, directory: Attributes, total: int | None) -> Description:
        if total is None:
            unreadable = ReadFailure(unusable("child_count"))
            if path == self._top:
                raise UnreadableError(unreadable.reason)
            self._uncounted.add(path)
            return unreadable
        if path.count("/") - self._top.count("/") < MAX_DEPTH:
            self._totals[path] = total
        elif total:
            self.deeper.append(path)
        return directory

    def finish(self) -> None:
        """Check that each directory came with all its entries.

        Raises:
            IncompleteReplyError: one did not.
        """
        received = Counter(map(parent_of, self.entries))
        for directory, total in self._totals.items():
            # The root directory is listed as an entry of itself.
            number = received[directory] - (directory == "/")
            if number != total:
                raise incomplete(self._snapshot, directory, str(number), count(total, "entry"))
        self.entries.pop(self._top, None)
        if self._uncounted:
            self.entries = {
                path: entry for path, entry in self.entries.items() if not self._is_left_out(path)
            }
            self.deeper = [path for path in self.deeper if not self._is_left_out(path)]

    def _is_left_out(self, path: str) -> bool:
        while (path := parent_of(path)) != self._top:
            if path in self._uncounted:
                return True
        return False


def incomplete(snapshot: int, directory: str, received: str, total: str) -> IncompleteReplyError:
    """Return the error for a directory that came with fewer or more entries than it has.

    Args:
        snapshot: the snapshot's id.
        directory: its path.
        received: the number of entries that came, in words.
        total: the number that it has, likewise.
    """
    return IncompleteReplyError(
        f"snapshot {snapshot} lists {received} of the {total} of {directory}"
    )
