"""What ``qq fs_walk_tree`` prints of a tree, compared with what its directories say they hold."""

from collections import Counter

from qumulo_changelist.cluster import wire
from qumulo_changelist.errors import AbsentError, ReplyError, UnreadableError
from qumulo_changelist.model import Attributes, Description, Kind, ReadFailure
from qumulo_changelist.wording import count

MAX_DEPTH = 500
"""The number of levels to ask for at most.

``qq`` calls itself for each level, and fails where a tree has about a thousand, as Python allows no
more calls within each other (read in the SDK: ``tree_walk_preorder``, 5.1 and 7.10).
"""


class WalkedTree:
    """What a snapshot holds below a directory, down to ``MAX_DEPTH`` levels.

    Where ``qq`` meets a directory that is not there, it goes on without a word (read in the SDK:
    ``read_entire_directory_and_ignore_not_found``). So the number of entries that came is compared
    with the number that each directory says it has. One that does not say is unreadable, and what
    is below it is left out.

    Args:
        path: the directory.
        snapshot: the snapshot's id.
    """

    def __init__(self, path: str, snapshot: int) -> None:
        self.entries: dict[str, Description] = {}
        """By absolute path; the directory itself among them until :meth:`finish`."""
        self.deeper: list[str] = []
        """The directories whose entries are too deep, each with a ``/`` at its end."""
        self._path = path
        self._top = path.removesuffix("/") + "/"
        self._snapshot = snapshot
        self._children: dict[str, int] = {}
        self._uncounted: set[str] = set()

    def add(self, node: object) -> None:
        """Take in an entry, in any order.

        Raises:
            AbsentError: it is the directory itself, and no directory.
            UnreadableError: it is the directory itself, and does not say how many entries it has.
            ReplyError: it lies elsewhere, or is no entry at all.
        """
        entry = wire.attributes(node)
        known, where = wire.entry(entry), wire.text(entry, "path")
        if isinstance(known, Attributes) and known.kind is Kind.DIRECTORY:
            where = where.removesuffix("/") + "/"
            known = self._counted(where, known, wire.child_count(entry))
        elif f"{where}/" == self._top:
            raise AbsentError(f"snapshot {self._snapshot} holds no such directory")
        if not where.startswith(self._top):
            raise ReplyError(f"a walk of {self._path} came to {where!r:.200}, which is elsewhere")
        self.entries[where] = known

    def _counted(self, where: str, known: Description, children: int | None) -> Description:
        if children is None:
            unreadable = ReadFailure(wire.unusable("child_count"))
            if where == self._top:
                raise UnreadableError(unreadable.reason)
            self._uncounted.add(where)
            return unreadable
        if where.count("/") - self._top.count("/") < MAX_DEPTH:
            self._children[where] = children
        elif children:
            self.deeper.append(where)
        return known

    def finish(self) -> None:
        """Make sure that each directory came with all its entries.

        Raises:
            ReplyError: one did not.
        """
        listed = Counter(map(_parent, self.entries))
        for directory, children in self._children.items():
            # The root directory is listed as its own child.
            there = listed[directory] - (directory == "/")
            if there != children:
                raise incomplete(self._snapshot, directory, str(there), count(children, "entry"))
        self.entries.pop(self._top, None)
        if self._uncounted:
            self.entries = {
                path: known for path, known in self.entries.items() if not self._is_left_out(path)
            }
            self.deeper = [path for path in self.deeper if not self._is_left_out(path)]

    def _is_left_out(self, path: str) -> bool:
        while (path := _parent(path)) != self._top:
            if path in self._uncounted:
                return True
        return False


def incomplete(snapshot: int, directory: str, there: str, entries: str) -> ReplyError:
    """Return the error for a directory that came with fewer or more entries than it has."""
    return ReplyError(
        f"snapshot {snapshot} lists {there} of the {entries} of {directory}",
        hint="Perhaps the snapshot expired meanwhile. No list was written; try again.",
    )


def _parent(path: str) -> str:
    return path.removesuffix("/").rpartition("/")[0] + "/"
