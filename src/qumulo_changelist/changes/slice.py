"""A slice: a contiguous part of the sorted changes, as it travels to where it is worked on."""

from msgspec import Struct

from qumulo_changelist.bounds import EVERYTHING, Bounds
from qumulo_changelist.changes import key
from qumulo_changelist.trees.interface import KnownListing


class Slice(Struct, frozen=True):
    """What one worker works on at a time; it becomes a contiguous piece of a list.

    It can be pickled. A whole directory with much in it is in several slices, one after the other:
    each has the key of that directory, and bounds within it.
    """

    packed: bytes
    """Keys of changes, see :func:`.key.pack`."""
    changes: int = 0
    """The number of changes that are finished with this slice."""
    bounds: Bounds = EVERYTHING
    """What the slice has of whole directories. All other keys are in the bounds anyway."""
    newer_known: KnownListing | None = None
    """What was read before of one directory of the newer tree, as far as it is in the bounds."""
    older_known: KnownListing | None = None
    """Likewise of the older tree."""

    @classmethod
    def of(cls, keys: list[str]) -> "Slice":
        """Return a slice of changes that has nothing to do with other slices."""
        return cls(key.pack(keys), len(keys))
