"""Events of progress: what a run is doing, and how far it is."""

from enum import Enum

from msgspec import Struct


class Stage(str, Enum):
    """What a run is doing."""

    SNAPSHOT = "snapshot"
    """Taking the snapshot."""
    DIFF = "diff"
    """Reading what differs between two snapshots."""
    LISTING = "listing"
    """Reading the attributes of what changed."""
    CHECKING = "checking"
    """Comparing the list with a limit, with its receipt, or with what the cluster counts."""
    WRITING = "writing"
    """Putting the list and its receipt in their places."""
    REPORTING = "reporting"
    """Reading a list for a report."""
    HANDING_OVER = "handing over"
    """A command has the list, and with it the terminal."""
    COMMITTING = "committing"
    """Making the list the one that the next run begins from."""


class StageBegun(Struct, frozen=True):
    """A run begins to do something else."""

    stage: Stage
    path: str
    """The directory of the cluster that it is about; "" if unknown."""


class Progressed(Struct, frozen=True):
    """How far a list is. It is reported at most a few times a second, and when a stage ends."""

    changes: int
    """The number of changes that were read from the diff so far."""
    changes_done: int
    """The number of changes below the base path that are worked on completely."""
    changes_in_all: int | None
    """The number of changes below the base path; None if it is not known (yet), as for a full
    list."""
    files: int
    """The number of files that will be on the list, so far; deleted ones do not count."""
    size: int
    """Their size in bytes."""
    requests: int
    """About the number of requests to the cluster's REST API that are under way."""
