"""A run as the journal has it: what was begun, how far it came, and what it led to."""

from enum import Enum

from msgspec import Struct

from qumulo_changelist.cycle.contents import RunContents
from qumulo_changelist.cycle.other_lists import OtherList


class RunState(str, Enum):
    """How far a run came."""

    BEGUN = "begun"
    """The name of its snapshot is decided; the cluster may have the snapshot, or not."""
    TAKEN = "taken"
    """Its snapshot is on the cluster; the list is not finished."""
    LISTED = "listed"
    """The list is in its place, and nobody has committed it."""
    COMMITTING = "committing"
    """It is to be committed; the cluster may show that, or not."""
    COMMITTED = "committed"
    FAILED = "failed"
    """It ended before its list was finished."""


UNFINISHED = (RunState.BEGUN, RunState.TAKEN)


class Run(Struct, frozen=True, kw_only=True):
    """One run for one source. Times are nanoseconds since the epoch; 0 if unknown."""

    id: int = 0
    """Of the run, in this file."""
    project: str
    source: str
    state: RunState
    older: int | None = None
    """The id of the older snapshot; None for a full list."""
    newer: int | None = None
    """The id of the newer snapshot; None if unknown."""
    name: str = ""
    """The name of the newer snapshot."""
    taken: int = 0
    """When the newer snapshot was taken."""
    source_id: str = ""
    archive: str = ""
    """The archiver's GUID and index: what the list is for."""
    started: int = 0
    ended: int = 0
    list: str = ""
    receipt: str = ""
    sha256: str = ""
    """Of the list."""
    keep: int = 2
    """The number of committed snapshots that stay after a commit of this run."""
    summary: str = ""
    """What is said of the run in place of its list; "" for nothing."""
    is_complete: bool = False
    """Whether everything on the list could be read."""
    exit_code: int | None = None
    """That of the command that was given the list, or of the error that ended the run."""
    error: str = ""
    error_class: str = ""
    """Of the error that ended the run; "" if none did, or of an earlier version."""
    position: int = 0
    """Of the commit among all commits, in their order; 0 if it is not committed."""
    contents: RunContents | None = None
    """What the list contains; None if there is none, or an earlier version made it."""
    filters: str = ""
    """The filters of its list (``Filters.encode``); "" for none."""
    others: tuple[OtherList, ...] = ()
    """The lists in other formats, if it made several; none of an earlier version."""
    run_id: str = ""
    """As the log and the receipt name the run; "" of an earlier version."""
