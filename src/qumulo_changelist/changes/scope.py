"""The base path: which changes of a cluster count. Pure path logic."""

from qumulo_changelist.model import MODIFY, Change


class Scope:
    """What is at or below a base path; whole path components are compared.

    Args:
        base: an absolute path of a directory on the cluster, with or without a trailing ``/``.
    """

    def __init__(self, base: str) -> None:
        self.base = base.rstrip("/")
        """Without a trailing ``/``; "" for the root of the cluster."""
        self._below = f"{self.base}/"
        self._after = f"{self.base}0"  # "0" comes directly after "/"

    def select(self, page: list[Change]) -> list[Change]:
        """Return the changes that count, in any order; every path begins with the base path.

        A change of the base path's own metadata does not count. The creation or deletion of a
        directory above it counts as one of the base path.
        """
        if not page:
            return page
        below, paths = self._below, [change.path for change in page]
        # All that is below the base path lies between these two, and the base path comes first.
        first = min(paths)
        if first < below or max(paths) >= self._after:
            ancestors = [change for change in page if self._is_ancestor(change.path)]
            page = [change for change in page if change.path.startswith(below)]
            page += [Change(change.op, below) for change in ancestors]
        elif first != below:
            return page
        return [change for change in page if change.op != MODIFY or change.path != below]

    def within(self, source: str) -> str:
        """Return the directory that is at or below both ``source`` and the base path, or "".

        An unknown source is assumed to contain the base path.
        """
        above = source.rstrip("/") + "/"
        if not source or self._below.startswith(above):
            return self.base or "/"
        return source if above.startswith(self._below) else ""

    def _is_ancestor(self, path: str) -> bool:
        return path.endswith("/") and path != self._below and self._below.startswith(path)
