"""The base path: what of a cluster counts, and what it is called. Pure path logic."""

from collections.abc import Mapping

from qumulo_changelist.model import MODIFY, Change, Op


class Scope:
    """What is at or below a base path, compared by whole components.

    Args:
        base: an absolute path of a directory on the cluster, with or without a last ``/``.
    """

    def __init__(self, base: str) -> None:
        self.base = base.rstrip("/")
        self._below = f"{self.base}/"

    def keys(self, page: list[Change], endings: Mapping[Op, str]) -> list[str]:
        """Return, for those of some changes that count, the name and the ending of what happened.

        The name is the path below the base path and begins with ``/``; ``/`` alone is the base
        path itself.
        """
        below, cut = self._below, len(self.base)
        text = "\0".join(["", *[change.path for change in page]])
        # A look at all of them at once is quicker, and mostly enough.
        if text.count("\0" + below) == len(page) == text.count("\0"):
            keys = [change.path[cut:] + endings[change.op] for change in page]
        else:
            keys = [
                change.path[cut:] + endings[change.op]
                for change in page
                if change.path.startswith(below)
            ]
            keys += ["/" + endings[change.op] for change in page if self._takes_along(change.path)]
        # That the base path was modified means nothing below it.
        unlisted = "/" + endings[MODIFY]
        return [key for key in keys if key != unlisted] if unlisted in keys else keys

    def within(self, source: str) -> str:
        """Return the directory that is at or below both ``source`` and the base path; "" for none.

        A source that nobody knows is taken to hold the base path.
        """
        above = source.rstrip("/") + "/"
        if not source or self._below.startswith(above):
            return self.base or "/"
        return source if above.startswith(self._below) else ""

    def _takes_along(self, path: str) -> bool:
        """Tell whether ``path`` is an ancestor: created or deleted, it took the base path along."""
        return path.endswith("/") and path != self._below and self._below.startswith(path)
