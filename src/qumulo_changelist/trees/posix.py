"""Names and attributes of the model, and the values of the operating system for them."""

import os
import stat
from typing import NamedTuple

from qumulo_changelist.columns import FileColumns
from qumulo_changelist.machine.shortages import is_shortage
from qumulo_changelist.model import Attributes, Kind
from qumulo_changelist.names import to_bytes, to_text

# A mount shows the snapshots of a directory under this name, which no listing of the directory
# contains (Qumulo's documentation).
SNAPSHOTS = b".snapshot"

Failure = OSError | ValueError
"""Why a mount has no status for a name; never a shortage of this machine."""

# Looked up once, not for every entry.
_KINDS = {stat.S_IFREG: Kind.FILE, stat.S_IFDIR: Kind.DIRECTORY}
_OTHER = Kind.OTHER


def kind_of(status: os.stat_result) -> Kind:
    """Return the kind of an entry."""
    return _KINDS.get(stat.S_IFMT(status.st_mode), _OTHER)


class StatusColumns(NamedTuple):
    """What a mount answered for many names, as columns; a row of zeros for a name without a status.

    Times are whole seconds, rounded down, but for ``changed``, which is in nanoseconds.
    """

    modes: list[int]
    owners: list[int]
    groups: list[int]
    sizes: list[int]
    atimes: list[int]
    mtimes: list[int]
    changed: list[int]

    @classmethod
    def empty(cls) -> "StatusColumns":
        """Return columns without rows."""
        return cls([], [], [], [], [], [], [])

    def add(self, statuses: list[os.stat_result]) -> None:
        """Add a row for each status, of which there is at least one."""
        modes, _, _, _, owners, groups, sizes, atimes, mtimes, _ = zip(*statuses, strict=True)
        self.modes.extend(modes)
        self.owners.extend(owners)
        self.groups.extend(groups)
        self.sizes.extend(sizes)
        self.atimes.extend(atimes)
        self.mtimes.extend(mtimes)
        self.changed.extend([status.st_ctime_ns for status in statuses])

    def add_rows(self, other: "StatusColumns") -> None:
        """Add the rows of other columns."""
        for column, values in zip(self, other, strict=True):
            column.extend(values)

    def are_files(self) -> bool:
        """Return whether all of them are regular files."""
        return all(map(stat.S_ISREG, set(self.modes)))

    def files(self, rows: slice) -> FileColumns:
        """Return the attributes of entries that are regular files."""
        unknown = ("",) * len(self.modes[rows])
        return FileColumns(
            self.sizes[rows],
            self.mtimes[rows],
            self.atimes[rows],
            self.owners[rows],
            self.groups[rows],
            unknown,
            unknown,
        )

    def attributes(self, row: int) -> Attributes:
        """Return the attributes of one entry."""
        return Attributes(
            _KINDS.get(stat.S_IFMT(self.modes[row]), _OTHER),
            self.sizes[row],
            self.mtimes[row],
            self.atimes[row],
            self.owners[row],
            self.groups[row],
        )


NO_STATUS = os.stat_result([0] * 10, {"st_ctime_ns": 0})
"""A row for a name without a status."""


def name_of(directory: str, entry: os.DirEntry[str]) -> str:
    """Return the full name of an entry in a listing of ``directory``; "" for its snapshots."""
    raw = os.fsencode(entry.name)
    if raw == SNAPSHOTS:
        return ""
    name = directory + to_text(raw)
    try:
        is_directory = entry.is_dir(follow_symlinks=False)
    except OSError as error:
        if is_shortage(error):
            raise
        is_directory = True  # an attempt to read it then gives the reason
    return f"{name}/" if is_directory else name


def last_components(names: list[str], start: int) -> list[bytes]:
    """Return the names by which the file system knows entries of one directory.

    Args:
        names: their full names.
        start: the length of the directory's name.
    """
    return as_components([name[start:] for name in names])


def as_components(below: list[str]) -> list[bytes]:
    """Return the names by which the file system knows entries; the text may end in a ``/``."""
    try:
        # All at once, since it is done for every entry: no name on a disk contains a NUL.
        joined = "\0".join(below)
        # A slash at the end of a name would make the system follow a link.
        components = joined.replace("/", "").encode().split(b"\0")
    except UnicodeEncodeError:
        components = []
    if len(components) != len(below):
        components = [to_bytes(name.removesuffix("/")) for name in below]
    return components
