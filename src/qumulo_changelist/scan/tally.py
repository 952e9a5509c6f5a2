"""Counting what a list contains and what it leaves out: once, whatever the format."""

from collections import Counter
from collections.abc import Sequence
from itertools import compress

from msgspec import Struct
from msgspec.structs import replace

from qumulo_changelist.columns import FileBatch
from qumulo_changelist.filters.filters import FilterName
from qumulo_changelist.filters.tally import FilterTally, FilterTallyFacts
from qumulo_changelist.model import CREATE, DELETE, Batch, Entry, Kind, Op, State, Totals
from qumulo_changelist.scan.sieve import count_entry

MAX_SAMPLES = 100
"""The number of unreadable entries, and of those left out, of which the names are kept."""

# The number of folders whose deleted files, or unreadable entries, are counted separately.
_MAX_FOLDERS = 100_000


class TallyFacts(Struct, frozen=True):
    """All that a :class:`Tally` has counted, as a value."""

    counts: dict[str, int]
    by_folder: bool
    unreadable: list[tuple[str, str]]
    left_out: list[str]
    unread_directories: list[tuple[str, Op]]
    deleted_by_folder: dict[str, int]
    unreadable_by_folder: dict[str, int]
    filtered: FilterTallyFacts
    first_failure: tuple[str, str] | None


class Tally:
    """Counts the entries of a list; can be pickled, and merged with others.

    Args:
        by_folder: whether deleted files are also counted by folder.
    """

    def __init__(self, *, by_folder: bool = False) -> None:
        self._counts: Counter[str] = Counter()
        self._by_folder = by_folder
        self.unreadable: list[tuple[str, str]] = []
        """Names and reasons of the first entries that could not be read or named."""
        self.left_out: list[str] = []
        """Names of the first entries that were left out."""
        self.unread_directories: list[tuple[str, Op]] = []
        """All directories that cannot be read, and whose content was created or deleted."""
        self.deleted_by_folder: Counter[str] = Counter()
        """Numbers of deleted files, by the name of their folder; "" for the base path."""
        self.unreadable_by_folder: Counter[str] = Counter()
        """Numbers of entries that could not be read, likewise; "/" for the base path itself."""
        self.first_failure: tuple[str, str] | None = None
        """The name of an entry that could not be read, and why."""
        self.filtered = FilterTally()
        """What filters have left out."""

    @classmethod
    def of(cls, facts: TallyFacts) -> "Tally":
        """Return a tally that has counted the same."""
        tally = cls(by_folder=facts.by_folder)
        tally._counts.update(facts.counts)
        tally.unreadable += facts.unreadable
        tally.left_out += facts.left_out
        tally.unread_directories += facts.unread_directories
        tally.deleted_by_folder.update(facts.deleted_by_folder)
        tally.unreadable_by_folder.update(facts.unreadable_by_folder)
        tally.first_failure = facts.first_failure
        tally.filtered = FilterTally.of(facts.filtered)
        return tally

    @property
    def facts(self) -> TallyFacts:
        """All that was counted."""
        return TallyFacts(
            dict(self._counts),
            self._by_folder,
            self.unreadable,
            self.left_out,
            self.unread_directories,
            dict(self.deleted_by_folder),
            dict(self.unreadable_by_folder),
            self.filtered.facts,
            self.first_failure,
        )

    @property
    def totals(self) -> Totals:
        """Everything that was counted."""
        return Totals(**self._counts)

    @property
    def failures(self) -> int:
        """The number of entries that could not be read; it is the same for every format."""
        return self._counts["unreadable"] - self._counts["unnameable"]

    def add(self, batch: Batch) -> None:
        """Count entries."""
        if isinstance(batch, FileBatch):
            self._add_files(batch)
        else:
            for entry in batch:
                self._add_entry(entry)
        if self._by_folder:
            self._add_by_folder(batch)

    def add_unnameable(self, batch: Batch, reason: str) -> None:
        """Count entries that are listed as unreadable, since the format cannot hold their names.

        Args:
            batch: the entries with their real state.
            reason: why the format cannot hold them.
        """
        for entry in batch:
            is_read = entry.state is not State.UNREADABLE
            self._counts["unnameable"] += is_read
            self._count_entry(replace(entry, state=State.UNREADABLE), is_read=is_read)
            self._sample_unreadable(entry.name, entry.reason or reason)

    def merge(self, other: "Tally") -> None:
        """Add what another tally counted."""
        self._counts.update(other.totals._asdict())
        self.unreadable += other.unreadable[: MAX_SAMPLES - len(self.unreadable)]
        self.left_out += other.left_out[: MAX_SAMPLES - len(self.left_out)]
        self.unread_directories += other.unread_directories
        self.first_failure = self.first_failure or other.first_failure
        self.filtered.merge(other.filtered)
        for mine, theirs in (
            (self.deleted_by_folder, other.deleted_by_folder),
            (self.unreadable_by_folder, other.unreadable_by_folder),
        ):
            mine.update(theirs)
            _limit_folders(mine)

    def add_changed_since(self, number: int) -> None:
        """Count entries of a live share that are no longer as the newer snapshot has them."""
        self._counts["changed_since"] += number

    def _add_files(self, files: FileBatch) -> None:
        ops, sizes, counts = files.ops, files.columns.sizes, self._counts
        deleted = ops.count(DELETE)
        deleted_size = _total_size(sizes, ops, DELETE) if deleted else 0
        if deleted:
            counts["deleted_files"] += deleted
            counts["deleted_size"] += deleted_size
        if deleted < len(files):
            counts["files"] += len(files) - deleted
            counts["size"] += sum(sizes) - deleted_size
            counts["created"] += ops.count(CREATE)
            counts["created_size"] += _total_size(sizes, ops, CREATE)

    def _add_entry(self, entry: Entry) -> None:
        self._count_entry(entry)
        if entry.state is State.UNREADABLE:
            self._sample_unreadable(entry.name, entry.reason)
        elif entry.state is State.LEFT_OUT:
            self.left_out += [entry.name][: MAX_SAMPLES - len(self.left_out)]

    def _count_entry(self, entry: Entry, *, is_read: bool = False) -> None:
        known, state, counts = entry.attributes, entry.state, self._counts
        is_file = known.kind is Kind.FILE
        if state is State.PRESENT:
            counts["without_numeric_ids"] += known.owner is None or known.group is None
            if is_file:
                self._add_file(entry)
            else:
                counts["directories"] += 1
        elif state is State.DELETED:
            counts["deleted_files" if is_file else "deleted_directories"] += 1
            counts["deleted_size"] += known.size if is_file else 0
        elif state is State.UNREADABLE:
            self._add_unreadable(entry, is_file=is_file)
            if not is_read:
                self._add_failure(entry)
        elif state is State.LEFT_OUT:
            counts["left_out"] += 1
        elif state is State.FILTERED:
            counts["replaced"] += entry.replaces
        else:
            counts["gone_files"] += is_file
        self._note_unread(entry)

    def add_filtered(self, entry: Entry, name: FilterName) -> None:
        """Count an entry that a filter leaves out, now that it is known what it replaced."""
        count_entry(entry, name, self.filtered)
        self._counts["replaced"] += entry.replaces
        self._note_unread(entry)

    def _note_unread(self, entry: Entry) -> None:
        is_file = entry.attributes.kind is Kind.FILE
        if entry.reason and not is_file and entry.op in (CREATE, DELETE):
            self.unread_directories.append((entry.name, entry.op))

    def _add_file(self, entry: Entry) -> None:
        counts, size = self._counts, entry.attributes.size
        counts["files"] += 1
        counts["size"] += size
        counts["replaced"] += entry.replaces
        if entry.moved_from:
            counts["moved"] += 1
            counts["moved_size"] += size
        elif entry.op == CREATE:
            counts["created"] += 1
            counts["created_size"] += size

    def _add_unreadable(self, entry: Entry, *, is_file: bool) -> None:
        counts = self._counts
        counts["unreadable"] += 1
        counts["unreadable_created"] += is_file and entry.op == CREATE
        counts["unreadable_deleted"] += is_file and entry.op == DELETE
        counts["replaced"] += entry.replaces
        counts["unread_existing"] += bool(entry.reason) and entry.op != DELETE

    def _add_failure(self, entry: Entry) -> None:
        is_base = entry.name == "/" and entry.op != DELETE
        self.unreadable_by_folder["/" if is_base else entry.name.rpartition("/")[0]] += 1
        self.first_failure = self.first_failure or (entry.name, entry.reason)

    def _sample_unreadable(self, name: str, reason: str) -> None:
        self.unreadable += [(name, reason)][: MAX_SAMPLES - len(self.unreadable)]

    def _add_by_folder(self, batch: Batch) -> None:
        self.deleted_by_folder.update(
            entry.name.rpartition("/")[0]
            for entry in batch
            if entry.state is State.DELETED and entry.attributes.kind is Kind.FILE
        )
        _limit_folders(self.deleted_by_folder)


def _total_size(sizes: Sequence[int], ops: list[Op], op: Op) -> int:
    return sum(compress(sizes, [one == op for one in ops]))


def _limit_folders(folders: Counter[str]) -> None:
    """Merge the deepest folders into their parents, if there are too many."""
    while len(folders) > _MAX_FOLDERS:
        depth = max(map(_depth, folders))
        for folder in [folder for folder in folders if _depth(folder) == depth]:
            folders[folder.rpartition("/")[0]] += folders.pop(folder)


def _depth(folder: str) -> int:
    return folder.count("/")
