"""A limit on how much a list may delete: what is beyond it is more likely a mistake."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from qumulo_changelist.errors import DeletionLimitError, UnreadableError
from qumulo_changelist.model import Totals
from qumulo_changelist.wording import count

_PLACES = 3


class DeletionLimit(NamedTuple):
    """How many files a list may delete."""

    number: Fraction
    is_percentage: bool
    """Whether the number is one of a hundred files of the older snapshot."""

    def __str__(self) -> str:
        number = Decimal(self.number.numerator) / self.number.denominator
        return f"{number:f}{'%' if self.is_percentage else ''}"


def check_deletes(
    totals: Totals,
    most: DeletionLimit,
    files_before: Callable[[], int],
    deleted_files: Callable[[], Iterable[str]],
) -> None:
    """Make sure that a list deletes no more files than are allowed.

    Args:
        totals: what the list holds.
        most: what is allowed.
        files_before: counts the files below the base path in the older snapshot.
        deleted_files: gives the names of the deleted files.

    Raises:
        TooManyDeletesError: it does, or nobody can know.
    """
    allowed, files = most.number, count(totals.deleted_files, "file")
    if most.is_percentage and totals.deleted_files:
        try:
            before = files_before()
        except UnreadableError as error:
            raise DeletionLimitError(
                f"of how many files --max-deletes {most} is cannot be known: {error}",
                hint="No list was published; an earlier one is unchanged. Give a number of files.",
            ) from error
        allowed = most.number * before / 100
        files = f"{totals.deleted_files} of {count(before, 'file')}"
    if totals.deleted_files > allowed:
        where = ", ".join(f"{place} ({number})" for place, number in places(deleted_files()))
        raise DeletionLimitError(
            f"{files} ({count(totals.deleted_size, 'byte')}) and "
            f"{count(totals.deleted_directories, 'directory')} would be deleted, more than "
            f"--max-deletes {most} allows; most of them lie in {where}"
        )


def places(names: Iterable[str]) -> list[tuple[str, int]]:
    """Return the directories that hold the most of some files, and how many, most first.

    It is the deepest one that holds more than half of them, if there is one below the base path;
    else the greatest few in the base path, which itself stands for what is in no directory.
    """
    directly = Counter(name.rpartition("/")[0] for name in names)
    below: Counter[str] = Counter()
    for directory, files in directly.items():
        for above in _upwards(directory):
            below[above] += files
    half = [directory for directory, files in below.items() if files * 2 > below[""] and directory]
    if half:
        # One lies in the other, so the greatest name is the deepest.
        deepest = max(half)
        return [(deepest, below[deepest])]
    top = [(place, files) for place, files in below.items() if place.count("/") == 1]
    if directly[""]:
        top.append(("/", directly[""]))
    top.sort(key=lambda pair: (-pair[1], pair[0]))
    return top[:_PLACES]


def _upwards(directory: str) -> Iterator[str]:
    while directory:
        yield directory
        directory = directory.rpartition("/")[0]
    yield directory
