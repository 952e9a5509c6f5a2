"""A project: the sources that are listed together, and how."""

from typing import Literal

from msgspec import Struct

from qumulo_changelist.checks.deletion_limit import DeletionLimit
from qumulo_changelist.checks.notify_url import check_notify_url
from qumulo_changelist.checks.request import (
    check_guid,
    check_project,
    check_source_index,
    check_source_path,
    check_types,
    normalize_cluster_path,
)
from qumulo_changelist.checks.unreadable_limit import UnreadableLimit
from qumulo_changelist.errors import ProjectNameError, UsageError
from qumulo_changelist.filters.filters import NO_FILTERS, Filters
from qumulo_changelist.names import to_bytes
from qumulo_changelist.runners.scheduler import Scheduler

# A marker is named <id>_<PROJECT>-<seconds>-committed-<id>, and a name has at most 255 bytes; an id
# of 64 bits has at most 20 digits, and the seconds have 10 until the year 2286.
MAX_PROJECT_BYTES = 255 - 20 - len("_-") - 10 - len("-committed-") - 20

MAX_KEEP = 1000


class Source(Struct, frozen=True, kw_only=True):
    """A directory of the cluster that a project lists."""

    path: str
    """On the cluster, an absolute path."""
    guid: str
    """The archiver's GUID: the name of the list's folder."""
    index: str = "1"
    """The number of the source folder: the beginning of the list's name."""
    mapped_path: str | None = None
    """Where this machine mounts it; None to read everything over REST."""

    @property
    def archive(self) -> str:
        """What the archiver calls the place for its list, such as ``5f1c9a52/1``."""
        return f"{self.guid}/{int(self.index)}"


class ListOptions(Struct, frozen=True, kw_only=True):
    """What a list contains and how it is made, as in ``ChangelistRequest``; None: its default."""

    deletes: bool = False
    moves: bool = False
    verify: bool = False
    max_deletes: DeletionLimit | None = None
    max_unreadable: UnreadableLimit | None = None
    metadata: Literal["mount", "snapshot", "rest"] | None = None
    """None: the mount if there is a mapped path, else REST."""
    filters: Filters = NO_FILTERS
    formats: tuple[str, ...] = ("xml",)
    workers: int | None = None
    lookups: int | None = None
    mount_timeout: int | None = None
    page_size: int | None = None
    slice_size: int | None = None
    spill_after: int | None = None
    scheduler: Scheduler | None = None
    """The Dask scheduler whose workers make a list; None to work on this machine."""
    pieces: str | None = None
    """A folder where the pieces of a list are kept until it is in its place; None for none."""
    resume: bool = True
    """Whether a run goes on from where one before it was cut short."""


class Project(Struct, frozen=True, kw_only=True):
    """What is protected under one name."""

    name: str
    """Snapshots on the cluster are named after it."""
    sources: tuple[Source, ...]
    """At least one; no path of the cluster twice."""
    options: ListOptions = ListOptions()
    keep: int = 2
    """The number of committed snapshots that stay on the cluster, for each source."""
    policy: str = ""
    """The snapshot policy of the cluster whose newest snapshot is listed; "" to take one."""
    expire: int = 0
    """The number of seconds after which the cluster may remove a snapshot; 0 for never."""
    full: bool = True
    """Whether a full list may be made if nothing was committed yet."""
    commit_unreadable: bool = False
    """Whether a list is committed by itself although some of its entries could not be read."""
    notify_url: str = ""
    """Where each run is posted as JSON; "" for nowhere. It may contain a secret."""
    metrics_file: str = ""
    """Where the metrics of each run are written, as Prometheus reads them; "" for nowhere."""
    config: str = ""
    """The archiver's configuration, which says how to reach the cluster; "" for the usual one."""
    transport: Literal["", "qq", "rest"] = ""
    """How to ask the cluster; "" for what the configuration says."""
    retry_for: int | None = None
    """The number of seconds for which a request that fails is tried again; 0 for never."""
    qq_timeout: int | None = None
    """The number of seconds after which a ``qq`` that does nothing is ended."""
    deadline: int = 0
    """The number of seconds after which a run ends without a list; 0 for never."""

    def check(self) -> None:
        """Make sure that the project can be run.

        Raises:
            UsageError: a field has the wrong type, or a value is not possible.
        """
        check_types(self.options)
        check_types(self.options.filters)
        self.options.filters.check(deletes=self.options.deletes, moves=self.options.moves)
        check_name(self.name)
        if not self.sources:
            raise UsageError(f"the project {self.name} has no source")
        for source in self.sources:
            check_types(source)
            check_guid(source.guid)
            check_source_index(source.index)
            check_source_path(normalize_cluster_path(source.path))
        self._check_twice("path", [normalize_cluster_path(one.path) for one in self.sources])
        self._check_twice("GUID and index", [one.archive for one in self.sources])
        if self.notify_url:
            check_notify_url(self.notify_url)
        if not 1 <= self.keep <= MAX_KEEP:
            raise UsageError(f"keep is {self.keep}, and has to be from 1 to {MAX_KEEP}")

    def _check_twice(self, what: str, values: list[str]) -> None:
        if twice := next((value for value in values if values.count(value) > 1), None):
            raise UsageError(f"two sources of the project {self.name} have the {what} {twice}")


def check_name(name: str) -> None:
    """Make sure that the snapshots of a cycle can be named after a project.

    Raises:
        ProjectNameError: they cannot.
    """
    check_project(name)
    if (size := len(to_bytes(name))) > MAX_PROJECT_BYTES:
        raise ProjectNameError(
            f"no snapshot can be named after the project {name!r:.300}: it has {size} bytes, and "
            f"{MAX_PROJECT_BYTES} is the limit"
        )
