"""The request for a changelist."""

import contextlib
import os
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from qumulo_changelist.checks.deletion_limit import DeletionLimit
from qumulo_changelist.checks.request import (
    check_guid,
    check_order,
    check_output,
    check_range,
    check_source_index,
    check_types,
    normalize_cluster_path,
)
from qumulo_changelist.checks.unreadable_limit import UnreadableLimit
from qumulo_changelist.errors import NoMappedPathError, UsageError
from qumulo_changelist.filters.filters import NO_FILTERS, Filters
from qumulo_changelist.output.formats import check_formats
from qumulo_changelist.runners.scheduler import Scheduler

Metadata = Literal["mount", "snapshot", "rest"]
"""Where sizes, times and owners are read: on the live mount, in the newer snapshot on the mount, or
in the newer snapshot over REST."""

MAX_WORKERS = 256
MAX_LOOKUPS = 256
MAX_SIZE = 10**9


def usable_cores() -> int:
    """Return the number of cores that this process may use, at most ``MAX_WORKERS``."""
    with contextlib.suppress(AttributeError):
        return min(len(os.sched_getaffinity(0)), MAX_WORKERS)
    return min(os.cpu_count() or 1, MAX_WORKERS)


class ChangelistRequest(Struct, frozen=True, kw_only=True):
    """What to list: what changed below a directory between two snapshots, or all that is there."""

    project: str
    """A name for the summary and the receipt."""
    guid: str = ""
    """The project's GUID: the name of the list's folder; not needed with ``output``."""
    source_index: str = "1"
    """The number of the source folder: the beginning of the list's name."""
    base_path: str
    """The directory on the cluster, an absolute path."""
    older: int | None
    """The id of the older snapshot; None for a full list: every regular file of the newer one.

    On a full list nothing is deleted or moved, so ``deletes``, ``moves`` and ``max_deletes`` mean
    nothing there.
    """
    newer: int
    """The id of the newer snapshot."""
    output: str | None = None
    """The file to write the list to, its receipt beside it; with several formats, the beginning of
    each path. None for the project's folder in the work folder."""
    mapped_path: str | None = None
    """Where this machine mounts the base path; not needed with ``metadata="rest"``."""
    metadata: Metadata = "mount"
    deletes: bool = False
    """Whether to list what was deleted."""
    moves: bool = False
    """Whether to give the old name of a file that was only moved."""
    verify: bool = False
    """Whether to publish the list only if it agrees with the cluster's own counts."""
    max_deletes: DeletionLimit | None = None
    """The number of files that the list may delete; None for no limit."""
    max_unreadable: UnreadableLimit | None = None
    """The number of its entries that may be unreadable; None for 1%, and at least 1,000."""
    filters: Filters = NO_FILTERS
    """What may be on the list, of what the rules lead to."""
    formats: tuple[str, ...] = ("xml",)
    """The formats of the lists: at least one of ``output.formats.FORMATS``. The first list is the
    one that the others are made beside."""
    workers: int = 1
    """The number of processes to work in; few changes are worked on in this process alone."""
    lookups: int = 256
    """The greatest number of files to look up at once on the mount, for all processes together."""
    mount_timeout: int = 120
    """The number of seconds after which a mount that does not answer ends the run."""
    page_size: int = 0
    """The number of entries to request from the cluster at a time; 0 for the default."""
    slice_size: int = 20_000
    """The number of changes that a process gets at a time."""
    scheduler: Scheduler | None = None
    """The Dask scheduler whose workers do the work, instead of processes of this machine."""
    pieces: str | None = None
    """A folder that all workers see, where pieces are kept until the list is published: what is
    there already is not made again. None to keep none."""
    resume: bool = True
    """Whether to go on from where an earlier run of the same list was cut short, and to keep what
    a later one needs for that."""
    spill_after: int = 1_000_000
    """The number of changes to keep in memory; more go to disk."""
    run_id: str = ""
    """Names the run in the receipt; "" for a new one."""

    @property
    def reads_older(self) -> bool:
        """Whether the list may need what the older snapshot has."""
        return self.older is not None and (self.deletes or self.moves or self.verify)

    @property
    def reads_newer(self) -> bool:
        """Whether the list needs what the newer snapshot has, and not only its diff."""
        return self.metadata != "mount" or self.moves

    def effective(self) -> "ChangelistRequest":
        """Return the request without what means nothing to it."""
        if self.older is not None:
            return self
        return replace(self, deletes=False, moves=False, max_deletes=None)

    def located(self) -> "ChangelistRequest":
        """Return the request with the address that a scheduler's file has now.

        Raises:
            SchedulerAddressError: there is none.
        """
        if not isinstance(self.scheduler, Scheduler):
            return self
        return replace(self, scheduler=self.scheduler.located())

    def check(self) -> None:
        """Make sure that the request can be carried out.

        Raises:
            ListNameError: the GUID, the source index or the output cannot name the list.
            SnapshotOrderError: the older snapshot does not have the smaller id.
            NoMappedPathError: the mapped path is needed and missing.
            ClusterPathError: the base path is not an absolute path.
            MissingPackageError: a format, or the scheduler, needs a package that is not installed.
            SchedulerAddressError: there is no scheduler at such an address; see ``Scheduler``.
            UnverifiedSchedulerError: it is on a different machine, and is reached without TLS.
            SchedulerTrustError: a file that TLS needs cannot be used.
            UsageError: a field has the wrong type, or is none of the possible values.
        """
        check_types(self)
        check_source_index(self.source_index)
        if self.output is None:
            check_guid(self.guid)
        else:
            check_output(self.output)
        if self.older is not None:
            check_order(self.older, self.newer)
        if self.mapped_path is None and self.metadata != "rest":
            raise NoMappedPathError("the mapped path is needed to read sizes, times and owners")
        normalize_cluster_path(self.base_path)
        wanted = self.effective()
        check_formats(self.formats, deletes=wanted.deletes, moves=wanted.moves)
        check_types(self.filters)
        self.filters.check(deletes=self.deletes, moves=self.moves, is_full=self.older is None)
        for name in ("max_deletes", "max_unreadable"):
            limit = getattr(self, name)
            number: object = limit.number if limit else 0
            if not hasattr(number, "denominator"):
                raise UsageError(f"{name} is {number!r}, not an exact number")
        if self.scheduler:
            self.scheduler.check()
        check_range("workers", self.workers, 1, MAX_WORKERS)
        check_range("lookups", self.lookups, 1, MAX_LOOKUPS)
        check_range("mount_timeout", self.mount_timeout, 1, MAX_SIZE)
        check_range("page_size", self.page_size, 0, MAX_SIZE)
        check_range("slice_size", self.slice_size, 1, MAX_SIZE)
        check_range("spill_after", self.spill_after, 1, MAX_SIZE)
