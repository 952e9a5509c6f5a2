"""Filters for the entries of a slice, before both sides of a diff come together.

What filters leave out is counted and dropped here. One thing is not: a file that is there, and that
a filter by size or time leaves out, stays in the stream as FILTERED if the older tree may have had
a different file of its name. That one is replaced, and must not be listed as deleted (rule 6).
Filters by path need no such care: they leave out both.
"""

from collections.abc import Collection, Iterable, Iterator

from msgspec import Struct
from msgspec.structs import replace

from qumulo_changelist.changes.key import CREATED, DELETED, ChangedPaths
from qumulo_changelist.columns import FileBatch
from qumulo_changelist.filters.files import NO_LIMITS, FileFilter
from qumulo_changelist.filters.filters import FilterName, Verdict
from qumulo_changelist.filters.paths import NO_PATTERNS, PathFilter
from qumulo_changelist.filters.tally import FilterTally
from qumulo_changelist.model import CREATE, DELETE, MODIFY, Batch, Entry, Kind, Op, State
from qumulo_changelist.names import is_directory, outermost
from qumulo_changelist.scan.order import name_of


class EntrySieve(Struct, frozen=True):
    """What filters leave out of a slice. It can be pickled."""

    paths: PathFilter = NO_PATTERNS
    files: FileFilter = NO_LIMITS
    deletes: bool = False
    """Whether deletions are wanted, and so count as left out."""


class SliceSieve:
    """Leaves out, and counts, what filters leave out of one slice.

    Args:
        sieve: the filters.
        changed: the names of the slice, and what happened to them.
    """

    def __init__(self, sieve: EntrySieve, changed: ChangedPaths) -> None:
        self.paths = sieve.paths
        self.tally = FilterTally()
        self._files = sieve.files
        self._counts_deletions = sieve.deletes
        self.changed = self._without_excluded(changed)
        """The names without those of excluded directories, which nobody looks up."""
        self._deleted = {
            name
            for name, letters in zip(*self.changed, strict=True)
            if self._files and DELETED in letters
        }
        self._deleted_directories = set(filter(is_directory, self._deleted))

    def _without_excluded(self, changed: ChangedPaths) -> ChangedPaths:
        if not self.paths.exclude:
            return changed
        kept = ChangedPaths([], [])
        for name, letters in zip(*changed, strict=True):
            if is_directory(name) and self.paths.excludes(name):
                in_older = DELETED in letters or CREATED not in letters
                self._count_excluded(name, in_older=in_older, in_newer=letters != DELETED)
            else:
                kept.names.append(name)
                kept.letters.append(letters)
        return kept

    def see_directory(self, directory: str, op: Op) -> None:
        """Count a directory that a walk of the newer or the older tree has met, if excluded."""
        if self.paths.excludes(directory):
            self._count_excluded(directory, in_older=op == DELETE, in_newer=op != DELETE)

    def _count_excluded(self, directory: str, *, in_older: bool, in_newer: bool) -> None:
        is_wanted = in_newer or self._counts_deletions
        self.tally.add_excluded(
            directory, in_older=in_older, in_newer=in_newer, is_wanted=is_wanted
        )

    def sift(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        """Yield what stays of the entries of one side, in their order."""
        if not self.paths and not self._files:
            yield from batches
        for batch in batches:
            kept = self._sift_files(batch) if isinstance(batch, FileBatch) else self._sift(batch)
            if kept:
                yield kept

    def _sift(self, batch: Batch) -> Batch:
        return [entry for each in batch if (entry := self._judge(each))]

    def _sift_files(self, batch: FileBatch) -> Batch:
        columns, is_deletion = batch.columns, batch.ops[0] == DELETE
        verdicts: list[Verdict] = [""] * len(batch)
        if self.paths:
            verdicts = [*self.paths.judge_files(batch.directory, batch.below)]
        if self._files and not is_deletion:
            limits = self._files.judge_files(columns.sizes, columns.mtimes)
            verdicts = [path or limit for path, limit in zip(verdicts, limits, strict=True)]
        if not any(verdicts):
            return batch
        self._count_files(batch, verdicts)
        kept = [row for row, verdict in enumerate(verdicts) if not verdict]
        files = batch.pick(kept)
        replacing = [
            replace(batch[row], state=State.FILTERED)
            for row, verdict in enumerate(verdicts)
            if verdict and self._matters(batch.name_at(row), batch.ops[row], verdict)
        ]
        if not replacing:
            return files
        return sorted([*files, *replacing], key=name_of, reverse=True)

    def _count_files(self, batch: FileBatch, verdicts: list[Verdict]) -> None:
        tally, is_deletion = self.tally, batch.ops[0] == DELETE
        rows = [row for row, verdict in enumerate(verdicts) if verdict]
        tally.created += [batch.ops[row] for row in rows].count(CREATE)
        tally.deleted += len(rows) if is_deletion else 0
        tally.existing += 0 if is_deletion else len(rows)
        if is_deletion and not self._counts_deletions:
            return
        for row in rows:
            if verdict := verdicts[row]:
                tally.add_files(verdict, 1, 0 if is_deletion else batch.columns.sizes[row])

    def _judge(self, entry: Entry) -> Entry | None:
        """Return an entry if it stays; FILTERED if a different one of its name matters."""
        known, state = entry.attributes, entry.state
        is_folder = known.kind is Kind.DIRECTORY
        name = f"{entry.name}/" if is_folder and entry.name != "/" else entry.name
        verdict: Verdict = self.paths.judge(name) if self.paths else ""
        if verdict == "include" and is_folder and state is State.UNREADABLE and entry.op != MODIFY:
            return entry  # nobody knows whether there is something in it that is wanted
        if not verdict and state is State.PRESENT and known.kind is Kind.FILE:
            verdict = self._files.judge(known.size, known.mtime)
        if not verdict:
            return entry
        is_wanted = self._counts_deletions or entry.op != DELETE
        count_entry(entry, verdict, self.tally, is_wanted=is_wanted)
        matters = self._matters(entry.name, entry.op, verdict)
        return replace(entry, state=State.FILTERED) if matters else None

    def _matters(self, name: str, op: Op, verdict: Verdict) -> bool:
        """Return whether a file that is left out may have replaced one that is not."""
        if op == DELETE or verdict in ("exclude", "include"):
            return False
        return name in self._deleted or bool(outermost(self._deleted_directories, name))


def count_entry(
    entry: Entry, name: FilterName, tally: FilterTally, *, is_wanted: bool = True
) -> None:
    """Count an entry that a filter leaves out.

    Args:
        entry: the entry.
        name: the filter.
        tally: counts it.
        is_wanted: whether it would be listed otherwise.
    """
    known, is_present = entry.attributes, entry.state is State.PRESENT
    if known.kind is Kind.FILE and entry.state is not State.GONE:
        tally.created += entry.op == CREATE
        tally.deleted += entry.op == DELETE
    tally.existing += is_present
    if not is_wanted:
        return
    if known.kind is Kind.DIRECTORY:
        tally.add_directory(name)
    else:
        tally.add_files(name, 1, known.size if is_present else 0)


def is_among(entry: Entry, kinds: Collection[str]) -> bool:
    """Return whether an entry is of one of the kinds that ``only`` names, or is never listed."""
    if entry.state not in (State.PRESENT, State.DELETED, State.UNREADABLE):
        return True
    if entry.state is State.UNREADABLE and entry.attributes.kind is Kind.DIRECTORY:
        # Nobody knows what is in it, or was in what it has replaced.
        return True
    if entry.moved_from:
        return "moved" in kinds
    return {CREATE: "created", MODIFY: "modified", DELETE: "deleted"}[entry.op] in kinds
