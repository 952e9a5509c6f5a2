"""What a diff says of one name: its own changes, and those of directories above it."""

from collections.abc import Iterable

from msgspec import Struct

from qumulo_changelist.changes.scope import Scope
from qumulo_changelist.model import MODIFY, Change
from qumulo_changelist.names import is_directory


class Mentions(Struct, frozen=True):
    """The changes that decide about a name. Their paths are names, see :mod:`~..model`."""

    own: list[Change]
    """Those of the name itself; as a directory, it ends in ``/``."""
    above: list[Change]
    """The creations and deletions of directories above it, which stand for everything below."""


def find_mentions(scope: Scope, pages: Iterable[list[Change]], name: str) -> Mentions:
    """Return what a diff says of a name; all of the diff is read, and only that is kept.

    Args:
        scope: the base path.
        pages: the diff.
        name: below the base path, without a trailing ``/``.
    """
    own: dict[Change, None] = {}
    above: dict[Change, None] = {}
    for page in pages:
        for change in scope.select(page):
            path = change.path[len(scope.base) :]
            if not name.startswith(path.rstrip("/")):
                continue
            if path.removesuffix("/") == name:
                own[Change(change.op, path)] = None
            elif is_directory(path) and name.startswith(path) and change.op != MODIFY:
                above[Change(change.op, path)] = None
    return Mentions(list(own), list(above))
