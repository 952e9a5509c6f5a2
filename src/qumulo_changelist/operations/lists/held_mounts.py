"""The mounts that a run reads: held open, so that it is known whether they are still the same."""

import contextlib

from msgspec.structs import replace

from qumulo_changelist.operations.lists.request import ChangelistRequest
from qumulo_changelist.operations.lists.tree_choice import Trees, mapped_source
from qumulo_changelist.trees.interface import TreeSource
from qumulo_changelist.trees.mounted import MountedTree
from qumulo_changelist.trees.sources import IdentifiedSource, MountSource


class HeldMounts:
    """The directories on mounts that a run reads, from its begin to its end.

    While a directory is open, no other has its numbers, and what is mounted on demand stays. So
    every tree that is opened later, in any process of this machine, proves that it is the same.

    Args:
        request: what to list; its mapped path is held if it is read at all.
        stack: closes what is opened.

    Raises:
        MappedPathError: the mapped path cannot be read.
        MountTimeoutError: it does not answer.
    """

    def __init__(self, request: ChangelistRequest, stack: contextlib.ExitStack) -> None:
        self._stack = stack
        self._held: dict[str, MountedTree] = {}
        if request.metadata != "rest":
            self._hold(mapped_source(request))

    def hold(self, trees: Trees) -> Trees:
        """Return the same trees, which can be opened only where they are what they are now.

        Raises:
            MountChangedError: the mapped path is no longer what it was.
        """
        newer, older, identified = (
            source and self._proven(source)
            for source in (trees.newer, trees.older, trees.identified)
        )
        assert newer
        return trees._replace(newer=newer, older=older, identified=identified)

    def check(self) -> None:
        """Make sure that each path still leads to the directory that is held, and can be read.

        Raises:
            MountChangedError: one does not.
            MountTimeoutError: a mount does not answer.
        """
        for tree in self._held.values():
            tree.check_root()

    def _proven(self, source: TreeSource) -> TreeSource:
        if isinstance(source, IdentifiedSource):
            return replace(source, described=self._proven(source.described))
        if isinstance(source, MountSource):
            return replace(source, root=self._hold(source).root)
        return source

    def _hold(self, source: MountSource) -> MountedTree:
        held = self._held.get(source.path)
        if not held:
            held = self._held[source.path] = self._stack.enter_context(source.open_mount())
        return held
