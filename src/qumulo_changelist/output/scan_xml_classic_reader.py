"""The archiver's scan list of the first public version, read again.

A list does not say of a directory whether it was modified or deleted. Here, one is taken for
deleted if it has no size, no owner and no group but root's, and the same time twice, as deleted
ones have; so directories are not counted.
"""

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from qumulo_changelist.model import Kind, State
from qumulo_changelist.output.interface import ListCounts, ListedEntry, MalformedListError
from qumulo_changelist.output.scan_xml_reader import ScanXmlReader


class ScanXmlClassicReader(ScanXmlReader, frozen=True):
    """Implements :class:`~qumulo_changelist.output.interface.ListReader`."""

    base_path: str
    """The directory on the cluster, below which the full paths of deleted entries are."""

    @property
    def counted(self) -> frozenset[str]:
        """What follows from the entries, for certain."""
        return super().counted - {"moved", "deleted_files", "directories", "deleted_directories"}

    def read(self, chunks: Iterable[bytes]) -> Iterator[ListedEntry | ListCounts]:
        """Yield what a list contains; see the interface."""
        stated: int | None = None
        deleted = 0
        for entry in super().read(chunks):
            if isinstance(entry, ListCounts):
                stated = entry.deleted_files
            else:
                deleted += entry.state is State.DELETED and entry.kind is Kind.FILE
            yield entry
        if deleted != stated:
            raise MalformedListError(f"it states {stated} deleted files, but has {deleted}")

    def read_entry(self, state: State, attributes: dict[str, str]) -> ListedEntry:
        """Return the entry of an element; see the base class."""
        entry = super().read_entry(state, attributes)
        above = self.base_path.rstrip("/")
        if _is_deleted_directory(entry, attributes) and entry.name.startswith(f"{above}/"):
            entry = replace(entry, state=State.DELETED, mtime=None)
        if entry.state is State.DELETED and entry.name.startswith(f"{above}/"):
            entry = replace(entry, name=entry.name[len(above) :])
        return entry


def _is_deleted_directory(entry: ListedEntry, attributes: dict[str, str]) -> bool:
    owned = {attributes[name] for name in ("size", "owner", "group")}
    return (
        entry.state is State.PRESENT
        and entry.kind is Kind.DIRECTORY
        and owned == {"0"}
        and attributes["mtime"] == attributes["atime"]
    )
