"""The base path: what of a cluster counts, and what it is called. Pure path logic."""

from qumulo_changelist.model import Change, Op


class Scope:
    """What is at or below a base path, compared by whole components.

    Args:
        base: an absolute path of a directory on the cluster, with or without a last ``/``.
    """

    def __init__(self, base: str) -> None:
        self.base = base.rstrip("/")
        self._below = f"{self.base}/"

    def locate(self, change: Change) -> Change | None:
        """Return the change with its path below the base path, None where it does not count.

        The path then begins with ``/``; ``/`` alone is the base path itself. An ancestor that was
        created or deleted took the base path along; that it was modified means nothing below it.
        """
        op, path = change
        if path.startswith(self._below):
            name = path[len(self.base) :]
        elif path.endswith("/") and self._below.startswith(path):
            name = "/"
        else:
            return None
        if name == "/" and op is Op.MODIFY:
            return None
        return Change(op, name)
