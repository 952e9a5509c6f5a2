"""Requests for entries of the same directory, put together."""

from collections.abc import Iterable

from qumulo_changelist.names import parent_of
from qumulo_changelist.trees.interface import NamedEntries, TreeRequest


def directory_of(request: NamedEntries) -> str:
    """Return the directory that contains the entries of a request."""
    return parent_of(request.names[0])


def names_by_directory(requests: Iterable[TreeRequest]) -> dict[str, list[str]]:
    """Return the names that are requested of each directory, even if other requests lie between."""
    names: dict[str, list[str]] = {}
    for request in requests:
        if isinstance(request, NamedEntries):
            names.setdefault(directory_of(request), []).extend(request.names)
    return names
