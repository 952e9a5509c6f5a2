"""A snapshot, asked of a cluster that is given in whole directories: for what is deleted."""

from collections.abc import Iterable, Iterator

from qumulo_changelist.cluster.interface import WholeTrees
from qumulo_changelist.model import Attributes, Described, Kind, Unreadable
from qumulo_changelist.trees.interface import All, Found, Some, Wanted, directory_of
from qumulo_changelist.trees.walk import Listing, walk

class WholeSnapshotTree:
    pass
