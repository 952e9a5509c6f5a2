"""Totals of directories: how many entries are below, of which types, and what they use."""

from collections.abc import Callable
from typing import NamedTuple

from qumulo_emulator.model import Attributes, FileType

BLOCK_SIZE = 4096
"""The number of bytes in a block of the cluster."""

_KERNEL_BLOCK_SIZE = 512


def data_blocks(known: Attributes) -> int:
    """Return the number of the cluster's blocks that an object's data fills."""
    return -(-known.blocks * _KERNEL_BLOCK_SIZE // BLOCK_SIZE)


class Totals(NamedTuple):
    """The number of entries at and below an entry by type, and the blocks that data fills."""

    files: int = 0
    directories: int = 0
    symlinks: int = 0
    others: int = 0
    datablocks: int = 0

    @property
    def metablocks(self) -> int:
        """The number of blocks that are not data: one for each entry."""
        return self.files + self.directories + self.symlinks + self.others

    @property
    def blocks(self) -> int:
        """The number of all blocks."""
        return self.datablocks + self.metablocks

    def plus(self, other: "Totals", times: int = 1) -> "Totals":
        """Return the sum of these totals and, once or several times, of others."""
        files, directories, symlinks, others, blocks = other
        return Totals(
            self.files + times * files,
            self.directories + times * directories,
            self.symlinks + times * symlinks,
            self.others + times * others,
            self.datablocks + times * blocks,
        )


FILE, DIRECTORY = Totals(files=1), Totals(directories=1)
"""One file without data; a directory without what is below it."""


def totals_of_object(known: Attributes) -> Totals:
    """Return the totals of one object, for a directory without what is below it."""
    if known.type is FileType.DIRECTORY:
        return DIRECTORY
    blocks = data_blocks(known)
    if known.type is FileType.FILE:
        return Totals(files=1, datablocks=blocks)
    if known.type is FileType.SYMLINK:
        return Totals(symlinks=1, datablocks=blocks)
    return Totals(others=1, datablocks=blocks)


def _nothing(_totals: Totals) -> int:
    return 0  # nothing has named streams here, or is kept elsewhere


ORDERS: dict[str, Callable[[Totals], int]] = {
    "total_blocks": lambda totals: totals.blocks,
    "total_datablocks": lambda totals: totals.datablocks,
    "total_metablocks": lambda totals: totals.metablocks,
    "total_files": lambda totals: totals.files,
    "total_directories": lambda totals: totals.directories,
    "total_symlinks": lambda totals: totals.symlinks,
    "total_other": lambda totals: totals.others,
    "total_named_streams": _nothing,
    "total_named_stream_datablocks": _nothing,
    "total_external_objects": _nothing,
    "total_external_object_bytes": _nothing,
}
"""What entries can be ordered by: the words of the API, and the amount that each means."""


class EntryTotals(NamedTuple):
    """The totals at and below an entry of a directory."""

    name: str
    type: FileType
    id: int
    totals: Totals
