"""What one side of a diff asks its tree for: names together, and how much of whole directories."""

from collections.abc import Set as AbstractSet
from itertools import compress, groupby
from typing import NamedTuple

from qumulo_changelist.bounds import EVERYTHING, Bounds
from qumulo_changelist.filters.paths import PathFilter
from qumulo_changelist.model import Op
from qumulo_changelist.names import outermost
from qumulo_changelist.trees.interface import KnownListing, NamedEntries, Subtree, TreeRequest


class NamedOps(NamedTuple):
    """Names in stream order, and what happened to each."""

    names: list[str]
    ops: list[Op]

    def select(self, is_wanted: list[bool]) -> "NamedOps":
        """Return some of the names."""
        return NamedOps(list(compress(self.names, is_wanted)), list(compress(self.ops, is_wanted)))


class Extent(NamedTuple):
    """How much of whole directories is read, and what is known of it."""

    bounds: Bounds = EVERYTHING
    known: KnownListing | None = None


ALL_OF_IT = Extent()


class RequestWithOps(NamedTuple):
    """A request to a tree, and what happened to the names in it, according to the diff."""

    request: TreeRequest
    names: list[str]
    ops: list[Op]


def make_requests(
    named: NamedOps, whole: AbstractSet[str], filters: PathFilter, extent: Extent
) -> list[RequestWithOps]:
    """Return the requests to a tree, in stream order: the entries of a directory together.

    Args:
        named: names of the diff, and what happened to each.
        whole: those of the names that are directories to walk.
        filters: what a walk does not enter.
        extent: how far a walk goes. Names that are out of bounds are those of directories that
            other slices have as well, and are left to these.
    """
    if extent.bounds != EVERYTHING:
        is_in_bounds = extent.bounds.includes
        named = named.select([name in whole or is_in_bounds(name) for name in named.names])
    requests: list[RequestWithOps] = []
    walked, begin = "", 0
    # A directory begins with the same text as the names in it.
    for head, group in groupby([name[: name.rindex("/")] for name in named.names]):
        end = begin + len(list(group))
        names, ops = named.names[begin:end], named.ops[begin:end]
        begin = end
        top = outermost(whole, f"{head}/")
        if top and top == walked:
            requests[-1].names.extend(names)
            requests[-1].ops.extend(ops)
        elif top:
            requests.append(RequestWithOps(_walk_of(top, filters, extent), names, ops))
        else:
            # The directory itself comes after the names in it.
            last = len(names) - names[-1].endswith("/")
            requests += [
                RequestWithOps(NamedEntries(names[part]), names[part], ops[part])
                for part in (slice(last), slice(last, None))
                if names[part]
            ]
        walked = top
    return requests


def _walk_of(directory: str, filters: PathFilter, extent: Extent) -> Subtree:
    known = extent.known
    is_below = known and known.directory.startswith(directory)
    return Subtree(directory, filters, extent.bounds, known if is_below else None)
