"""Filters for the changes of a diff: what they leave out is not even looked up."""

from msgspec import Struct

from qumulo_changelist.filters.paths import NO_PATTERNS, PathFilter
from qumulo_changelist.filters.tally import FilterTally
from qumulo_changelist.model import DELETE, MODIFY, Change
from qumulo_changelist.names import is_directory


class ChangeSieve(Struct, frozen=True):
    """Leaves out what filters by path leave out. It can be pickled.

    An excluded directory stays as one change, however many were at or below it: as a modified
    directory, or as what happened to itself.
    """

    paths: PathFilter = NO_PATTERNS
    keeps_files: bool = False
    """Whether files stay, since they have to be counted."""
    deletes: bool = False
    """Whether deletions are wanted, and so count as left out."""

    def sift(self, page: list[Change], base: str, tally: FilterTally) -> list[Change]:
        """Return what stays of the changes.

        Args:
            page: changes at or below the base path.
            base: the base path, without a ``/`` at its end.
            tally: counts what is left out.
        """
        if not self.paths:
            return page
        kept: dict[Change, None] = {}
        start = len(base)
        for change in page:
            name = change.path[start:]
            if directory := self.paths.excluded_directory(name):
                op = change.op if name == directory else MODIFY
                kept[Change(op, base + directory)] = None
            elif not self._leaves_out(change, name, tally):
                kept[change] = None
        return list(kept)

    def _leaves_out(self, change: Change, name: str, tally: FilterTally) -> bool:
        """Return whether a change is left out, and count it."""
        is_whole = is_directory(name) and change.op != MODIFY
        if is_whole or (self.keeps_files and not is_directory(name)):
            return False
        verdict = self.paths.judge(name)
        if not verdict:
            return False
        if is_directory(name):
            tally.add_directory(verdict)
            return True
        tally.unseen += change.op != MODIFY
        if self.deletes or change.op != DELETE:
            tally.add_files(verdict, 1)
        return True


NO_SIEVE = ChangeSieve()
