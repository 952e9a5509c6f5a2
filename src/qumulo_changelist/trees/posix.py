"""Names and attributes of the model, and the values of the operating system for them."""

import os
import stat
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from qumulo_changelist.columns import FileColumns
from qumulo_changelist.model import Attributes, Kind
from qumulo_changelist.names import to_bytes, to_text
from qumulo_changelist.shortages import is_shortage

# A mount shows the snapshots of a directory under this name, which no listing of the directory
# contains (Qumulo's documentation).
SNAPSHOTS = b".snapshot"

Status = os.stat_result | OSError | ValueError
"""What a mount answers for a name; never a shortage of this machine."""

# Looked up once, not for every entry.
_KINDS = {stat.S_IFREG: Kind.FILE, stat.S_IFDIR: Kind.DIRECTORY}
_OTHER = Kind.OTHER


def kind_of(status: os.stat_result) -> Kind:
    """Return the kind of an entry."""
    return _KINDS.get(stat.S_IFMT(status.st_mode), _OTHER)


def attributes_of(status: os.stat_result) -> Attributes:
    """Return the attributes of an entry."""
    # As a tuple it has whole seconds, rounded down, although its type does not promise integers.
    mode, _, _, _, owner, group, size, atime, mtime, _ = status
    kind = _KINDS.get(stat.S_IFMT(mode), _OTHER)
    return Attributes(kind, size, int(mtime), int(atime), owner, group)


class StatusColumns(NamedTuple):
    """Results of ``stat`` as columns, in its order; times in whole seconds, rounded down."""

    modes: Sequence[int]
    inodes: Sequence[int]
    devices: Sequence[int]
    links: Sequence[int]
    owners: Sequence[int]
    groups: Sequence[int]
    sizes: Sequence[int]
    atimes: Sequence[int]
    mtimes: Sequence[int]
    ctimes: Sequence[int]

    @classmethod
    def of(cls, statuses: Iterable[os.stat_result]) -> "StatusColumns":
        """Return at least one result as columns."""
        return cls(*zip(*statuses, strict=True))

    def are_files(self) -> bool:
        """Return whether all of them are regular files."""
        return all(map(stat.S_ISREG, set(self.modes)))

    def files(self) -> FileColumns:
        """Return the attributes of the entries, which are regular files."""
        unknown = ("",) * len(self.sizes)
        return FileColumns(
            self.sizes, self.mtimes, self.atimes, self.owners, self.groups, unknown, unknown
        )


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
    try:
        # All at once, since it is done for every entry: no name on a disk contains a NUL.
        joined = "\0".join([name[start:] for name in names])
        # A slash at the end of a name would make the system follow a link.
        components = joined.replace("/", "").encode().split(b"\0")
    except UnicodeEncodeError:
        components = []
    if len(components) != len(names):
        components = [to_bytes(name[start:].removesuffix("/")) for name in names]
    return components
