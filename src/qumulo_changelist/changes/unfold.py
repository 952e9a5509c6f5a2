"""Taking created directories apart, so that many can work on what a diff has as one change."""

from collections import deque

from qumulo_changelist.changes.changeset import ChangeSet
from qumulo_changelist.errors import UnreadableError
from qumulo_changelist.trees.interface import TreeSource

# With so many directories there is work for everyone.
_ENOUGH = 200

# So many directories are looked into at most; where they hold few others, it leads nowhere.
_LOOKED_INTO = 50


def unfold(changes: ChangeSet, newer: TreeSource) -> int:
    """Replace created directories by what is in them, where that is directories again.

    The list stays the same: what is below a created directory was created, too.

    Returns:
        How many of the directories that it replaced, which nobody will look at again, are no
        longer as the snapshot has them; see ``Tree.changed_since``.
    """
    created = deque(changes.only_created())
    changed_since = 0
    if not created or len(created) >= _ENOUGH:
        return changed_since
    with newer() as tree:
        for _ in range(_LOOKED_INTO):
            if not created or len(changes.whole) >= _ENOUGH:
                break
            directory = created.popleft()
            before = tree.changed_since
            try:
                names = tree.names(directory)
            except UnreadableError:
                continue  # whoever walks there will tell
            directories = [name for name in names if name.endswith("/")]
            if directories:
                changes.take_apart(directory, names)
                created += directories
                changed_since += tree.changed_since - before
    return changed_since
