"""The changes of one diff: distinct, descending, in memory or beyond it.

A change is kept as one *key*, ``path + NUL + letter``, so that sorting keys sorts paths, and what
happened to one path comes together. A path may hold any character (``_ESCAPES``).
"""

from collections.abc import Iterator
from itertools import groupby, pairwise
from operator import eq, itemgetter
from typing import NamedTuple

from qumulo_changelist.changes.scope import Scope
from qumulo_changelist.changes.sorted_keys import SortedKeys
from qumulo_changelist.model import CREATE, DELETE, MODIFY, Change, Op

CREATED, MODIFIED, DELETED = "C", "M", "D"
END = "\0"
_ENDINGS: dict[Op, str] = {CREATE: END + CREATED, MODIFY: END + MODIFIED, DELETE: END + DELETED}
_ENDING = len(END + CREATED)

# No disk holds such names, but a cluster's answer can. The order is kept.
_ESCAPES = (("\1", "\1\2"), (END, "\1\1"))


class ChangedPaths(NamedTuple):
    """Paths, each once, in descending order, and all that happened to each: some of ``CMD``."""

    names: list[str]
    letters: list[str]


class ChangeSet:
    """Collects what differs between two snapshots at or below the base path.

    Args:
        scope: the base path.
        limit: so many changes are held in memory; beyond that they go to disk.
        folder: where on disk.
    """

    def __init__(self, scope: Scope, *, limit: int, folder: str) -> None:
        self._scope = scope
        self._keys = SortedKeys(limit, folder)
        self._count = 0
        self.whole: set[str] = set()
        """The directories that were created or deleted: each stands for all below it."""
        self.base_created = self.base_deleted = False
        """Whether the base path was created, or deleted, itself or with a directory above it."""
        self._forgotten: set[str] = set()
        self.deletions = self.creations = False
        """Whether anything was deleted, or created."""

    def add(self, page: list[Change]) -> int:
        """Take in some changes, the same ones again or not; return how many of them count."""
        keys = self._scope.keys(page, _ENDINGS)
        joined = END.join(keys)
        if "\1" in joined or joined.count(END) != 2 * len(keys) - 1:
            # Not the paths: the base path is written as it is.
            keys = [escape(key[:-_ENDING]) + key[-_ENDING:] for key in keys]
            joined = END.join(keys)
        self._note_whole(joined)
        # A name begins with a slash, so that such a letter is what happened.
        self.creations = self.creations or END + CREATED in joined
        self.deletions = self.deletions or END + DELETED in joined
        self._keys.add(keys)
        self._count += len(keys)
        return len(keys)

    def _note_whole(self, joined: str) -> None:
        """Take note of directories that were created or deleted, among keys that are joined."""
        # Where a name ends in a slash, the letter comes behind it, and the name before.
        before, *others = joined.split("/" + END)
        for behind in others:
            if behind[0] != MODIFIED:
                name = before[before.rfind(END) + 1 :] + "/"
                self.whole.add(name)
                self.base_created = self.base_created or (name == "/" and behind[0] == CREATED)
                self.base_deleted = self.base_deleted or (name == "/" and behind[0] == DELETED)
            before = behind

    def __len__(self) -> int:
        return self._count

    def take(self) -> Iterator[list[str]]:
        """Hand out all keys in descending order, in blocks, and forget them on the way.

        Where they are in memory, equal ones may come, one after another.
        """
        if not self._forgotten:
            return self._keys.take()
        return (
            left
            for block in self._keys.take()
            if (left := [key for key in block if key not in self._forgotten])
        )

    def forget_base(self, what: str) -> None:
        """Leave out that the base path was created, or deleted: ``CREATED`` or ``DELETED``."""
        self._forgotten.add("/" + END + what)
        self.base_created = self.base_created and what != CREATED
        self.base_deleted = self.base_deleted and what != DELETED
        if not self.base_created and not self.base_deleted:
            self.whole.discard("/")

    def only_created(self) -> list[str]:
        """Return the directories that were created, and of which the diff tells nothing else.

        None of those that are on disk.
        """
        # Right behind a directory's first key come its others, and those of what is below it.
        return [
            unescaped(key[:-_ENDING])
            for key, following in pairwise([*sorted({*self._keys.held} - self._forgotten), ""])
            if key.endswith("/" + _ENDINGS[CREATE]) and not following.startswith(key[:-_ENDING])
        ]

    def folders(self, *letters: str) -> int:
        """Return the number of folders that were, or hold what was, created or deleted.

        About: where keys are on disk, those that were created or deleted themselves.

        Args:
            letters: what counts: ``CREATED``, ``DELETED``, or both, each for itself.
        """
        if not self._keys.held:
            return len(self.whole)
        changed = (key for key in self._keys.held if key[-1] in letters)
        return len({(key[-1], key[: key.rfind("/")]) for key in changed})

    def take_apart(self, directory: str, names: list[str]) -> None:
        """Put names that were created with a directory in its place."""
        directory = escape(directory)
        key = directory + _ENDINGS[CREATE]
        held = [other for other in self._keys.held if other != key]
        held += [escape(name) + _ENDINGS[CREATE] for name in names]
        self._keys.hold(held)
        self._count = len(held)
        self.whole.remove(directory)
        self.whole.update([escape(name) for name in names if name.endswith("/")])

    def close(self) -> None:
        """Leave nothing on disk."""
        self._keys.close()


def pack(keys: list[str]) -> bytes:
    """Return keys as they travel to another process."""
    return END.join(keys).encode("utf-8", "surrogatepass")


def unpack(packed: bytes) -> ChangedPaths:
    """Return what packed keys say, path by path."""
    text = packed.decode("utf-8", "surrogatepass")
    parts = text.split(END) if text else []
    names, letters = parts[0::2], parts[1::2]
    if any(map(eq, names, names[1:])):
        groups = [
            (name, "".join(sorted({what for _, what in group})))
            for name, group in groupby(zip(names, letters, strict=True), key=itemgetter(0))
        ]
        names, letters = [name for name, _ in groups], [what for _, what in groups]
    if "\1" in text:
        names = [unescaped(name) for name in names]
    return ChangedPaths(names, letters)


def escape(path: str) -> str:
    """Return a path without NUL, which sorts among others as before."""
    for character, written in _ESCAPES:
        path = path.replace(character, written)
    return path


def unescaped(name: str) -> str:
    """Return the path that was escaped."""
    for character, written in reversed(_ESCAPES):
        name = name.replace(written, character)
    return name
