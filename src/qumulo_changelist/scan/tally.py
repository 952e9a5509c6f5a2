"""Counting what a list holds and what is left out of it, while it is written."""

from collections import Counter

from qumulo_changelist.model import CREATE, DELETE, Entry, Kind, Op, State, Totals


class Tally:
    """Counts entries, most of them many at a time."""

    def __init__(self) -> None:
        self._count: Counter[str] = Counter()
        self.not_entered: list[tuple[str, Op]] = []
        """Directories that cannot be read, all in which was created or deleted."""

    def add(self, **numbers: int) -> None:
        """Count what was counted elsewhere, by the fields of ``Totals``."""
        self._count.update(numbers)

    def add_entry(self, entry: Entry) -> None:
        """Count one entry, whatever it is."""
        known = entry.attributes
        is_file, size = known.kind is Kind.FILE, known.size
        if entry.state is State.PRESENT and (known.owner is None or known.group is None):
            self.add(without_numeric_ids=1)
        match entry.state:
            case State.PRESENT if is_file:
                self._add_file(entry, size)
            case State.PRESENT:
                self.add(directories=1)
            case State.DELETED if is_file:
                self.add(deleted_files=1, deleted_size=size)
            case State.DELETED:
                self.add(deleted_directories=1)
            case State.UNREADABLE:
                self._add_unreadable(entry, is_file=is_file)
            case State.LEFT_OUT:
                self.add(left_out=1)
            case State.GONE:
                self.add(gone_files=is_file)
        if entry.reason and not is_file and entry.op in (CREATE, DELETE):
            self.not_entered.append((entry.name, entry.op))

    def totals(self) -> Totals:
        """Return all that was counted."""
        return Totals(**self._count)

    def _add_file(self, entry: Entry, size: int) -> None:
        self.add(files=1, size=size, replaced=entry.replaces)
        if entry.moved_from:
            self.add(moved=1, moved_size=size)
        elif entry.op == CREATE:
            self.add(created=1, created_size=size)

    def _add_unreadable(self, entry: Entry, *, is_file: bool) -> None:
        self.add(
            unreadable=1,
            # A format that cannot hold a name gives no reason for that.
            unread=bool(entry.reason) and entry.op != DELETE,
            unreadable_created=is_file and entry.op == CREATE,
            unreadable_deleted=is_file and entry.op == DELETE,
            replaced=entry.replaces,
        )
