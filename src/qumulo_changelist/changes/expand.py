"""Expanding created directories, so that several processes can work on one change of a diff."""

from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager

from qumulo_changelist.changes.changeset import ChangeSet
from qumulo_changelist.errors import UnreadableError
from qumulo_changelist.names import is_directory
from qumulo_changelist.trees.interface import Tree

# With this number of directories there is work for every process.
_ENOUGH_DIRECTORIES = 200

# The maximum number of directories to list: if they contain few directories, more listing is of no
# help.
_MAX_LISTED = 50


def expand_directories(
    changes: ChangeSet, open_newer: Callable[[], AbstractContextManager[Tree]]
) -> int:
    """Replace created directories by what is in them, while that contains directories again.

    The list stays the same: everything below a created directory was created, too. Excluded
    directories are not listed.

    Args:
        changes: the changes, in which directories are replaced.
        open_newer: opens the newer tree; called only if there is something to expand.

    Returns:
        The number of the expanded directories that are no longer as the snapshot has them; see
        ``Tree.changed_since``. The run does not look at them again.
    """
    created = deque(changes.only_created_directories())
    excluded = changes.sieve.paths
    changed_since = 0
    if not created or len(created) >= _ENOUGH_DIRECTORIES:
        return changed_since
    with open_newer() as newer:
        for _ in range(_MAX_LISTED):
            if not created or len(changes.whole_directories) >= _ENOUGH_DIRECTORIES:
                break
            directory = created.popleft()
            before = newer.changed_since
            try:
                names = newer.names(directory)
            except UnreadableError:
                continue  # the walk of this directory will report it
            directories = [
                name for name in names if is_directory(name) and not excluded.excludes(name)
            ]
            if directories:
                changes.expand(directory, names)
                created += directories
                changed_since += newer.changed_since - before
    return changed_since
