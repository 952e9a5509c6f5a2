"""What a list says, gathered in one pass while it is read; memory stays flat at any length."""

from collections import Counter
from collections.abc import Iterable
from heapq import heappush, heappushpop

from msgspec import Struct

from qumulo_changelist.model import Kind, State
from qumulo_changelist.output.interface import ListCounts, ListedEntry
from qumulo_changelist.report.amounts import KINDS, Amount, Changes, CountIndex, kind_of
from qumulo_changelist.report.classes import ClassCounter, FileClass
from qumulo_changelist.report.folders import Folder, FolderCounter
from qumulo_changelist.report.media import FileType, TypeCounter
from qumulo_changelist.report.moves import MoveCounter, MovedFolder

_AT = CountIndex()
_BYTES = len(KINDS)

_LARGEST = 25
_UNREADABLE = 200
_REASONS = 1000
MAX_FOLDERS = 1000
"""The number of folders with files of their own that are kept."""
_MOVED_FOLDERS = 20


class LargeFile(Struct, frozen=True):
    """One of the largest files that were written."""

    name: str
    bytes: int
    change: str
    """``created``, ``modified``, or ``changed`` if the list does not say which."""
    mtime: int | None
    """In seconds since the epoch."""


class UnreadableName(Struct, frozen=True):
    """An entry that could not be read, or whose name the list cannot hold."""

    name: str
    reason: str
    """ "" if the list does not say it."""


class Unreadable(Struct, frozen=True):
    """What could not be read or named."""

    count: int = 0
    reasons: dict[str, int] = {}
    """Numbers of entries by reason, the greatest first."""
    first: tuple[UnreadableName, ...] = ()


class Moves(Struct, frozen=True):
    """Where moved files came from and went to."""

    largest: tuple[MovedFolder, ...] = ()
    others: Amount = Amount()
    """Those that are in none of the largest."""


class GatheredFacts(Struct, frozen=True, kw_only=True):
    """What a list says.

    Types, sizes, ages, hours, weekdays and the largest files are of what was written: created or
    modified files, not those that were only moved.
    """

    totals: Changes
    modified_directories: int
    deleted_directories: int
    says_sizes: bool
    """Whether the list has sizes: a list of names alone has none."""
    says_times: bool
    """Whether it says when files were last changed."""
    folders: tuple[Folder, ...]
    """In ascending order of their paths, the base path first; at most about a thousand."""
    types: tuple[FileType, ...]
    sizes: tuple[FileClass, ...]
    ages: tuple[FileClass, ...]
    hours: tuple[FileClass, ...]
    """Of the day, in UTC."""
    weekdays: tuple[FileClass, ...]
    """In UTC."""
    first_mtime: int | None
    """The earliest time at which a file was last changed, in seconds since the epoch."""
    last_mtime: int | None
    """The latest one."""
    largest: tuple[LargeFile, ...]
    """The greatest first."""
    moves: Moves
    unreadable: Unreadable
    stated: ListCounts
    """The totals that the list states itself."""


def gather_facts(entries: Iterable[ListedEntry | ListCounts], now: int) -> GatheredFacts:
    """Return what a list says.

    Args:
        entries: the list, as a reader yields it.
        now: the moment that ages are relative to, in seconds since the epoch.

    Raises:
        MalformedListError: whatever the reader raises.
    """
    gatherer = _Gatherer(now)
    gatherer.take(entries)
    return gatherer.facts()


class _Gatherer:
    """Gathers the facts of a list."""

    def __init__(self, now: int) -> None:
        self._folders = FolderCounter()
        self._types = TypeCounter()
        self._classes = ClassCounter(now)
        self._moves = MoveCounter()
        self._largest: list[tuple[int, str, int, int | None]] = []
        self._directories: Counter[State] = Counter()
        self._unreadable: list[UnreadableName] = []
        self._reasons: Counter[str] = Counter()
        self._stated = ListCounts()

    def take(self, entries: Iterable[ListedEntry | ListCounts]) -> None:
        """Take note of all entries."""
        add_type, add_class, counts_of = self._types.add, self._classes.add, self._folders.counts
        file, unreadable, deleted = Kind.FILE, State.UNREADABLE, _AT.deleted
        folder, own = "", counts_of("")
        for entry in entries:
            if isinstance(entry, ListCounts):
                self._stated = entry
                continue
            if entry.kind is not file or entry.state is unreadable:
                self._add_other(entry)
                continue
            name, size, kind = entry.name, entry.size, kind_of(entry)
            cut = name.rfind("/")
            if name[:cut] != folder:
                folder = name[:cut]
                own = counts_of(folder)
            own[kind] += 1
            own[kind + _BYTES] += size
            if kind < _AT.moved:
                add_type(name[cut + 1 :], size)
                add_class(size, entry.mtime)
                self._add_large(name, size, kind, entry.mtime)
            elif kind != deleted:
                self._moves.add(entry.moved_from, name, size)

    def _add_large(self, name: str, size: int, kind: int, mtime: int | None) -> None:
        if len(self._largest) < _LARGEST:
            heappush(self._largest, (size, name, kind, mtime))
        elif size > self._largest[0][0]:
            heappushpop(self._largest, (size, name, kind, mtime))

    def _add_other(self, entry: ListedEntry) -> None:
        if entry.state is not State.UNREADABLE:
            self._directories[entry.state] += 1
            return
        if len(self._unreadable) < _UNREADABLE:
            self._unreadable.append(UnreadableName(entry.name, entry.reason))
        is_held = entry.reason in self._reasons or len(self._reasons) < _REASONS
        self._reasons[entry.reason if is_held else ""] += 1

    def facts(self) -> GatheredFacts:
        """Return what was gathered."""
        folders = tuple(self._folders.folders(MAX_FOLDERS))
        moved = tuple(self._moves.largest(_MOVED_FOLDERS))
        written = [
            LargeFile(name, size, KINDS[kind], mtime)
            for size, name, kind, mtime in sorted(self._largest, reverse=True)
        ]
        totals = folders[0].total
        ages = tuple(self._classes.ages())
        return GatheredFacts(
            totals=totals,
            modified_directories=self._directories[State.PRESENT],
            deleted_directories=self._directories[State.DELETED],
            says_sizes=totals.there.bytes > 0 or any(one.files for one in ages),
            says_times=any(one.files for one in ages),
            folders=folders,
            types=tuple(self._types.types()),
            sizes=tuple(self._classes.sizes()),
            ages=ages,
            hours=tuple(self._classes.hours()),
            weekdays=tuple(self._classes.weekdays()),
            first_mtime=self._classes.first,
            last_mtime=self._classes.last,
            largest=tuple(written),
            moves=Moves(moved, Amount(*self._moves.rest)),
            unreadable=Unreadable(
                self._reasons.total(),
                dict(self._reasons.most_common()),
                tuple(self._unreadable),
            ),
            stated=self._stated,
        )
