"""A limit on how many files a list may delete: more is probably a mistake."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from qumulo_changelist.errors import (
    DeletionLimitError,
    UnknownDeletionLimitError,
    UnreadableError,
    UsageError,
)
from qumulo_changelist.model import Totals
from qumulo_changelist.wording import count

if TYPE_CHECKING:
    from fractions import Fraction

_MAX_PLACES = 3
_DECIMAL = re.compile(r"[0-9]{1,18}(\.[0-9]{1,9})?")


class DeletionLimit(NamedTuple):
    """The number of files that a list may delete."""

    number: "Fraction"
    is_percentage: bool = False
    """Whether the number is a percentage of the files in the older snapshot."""

    @classmethod
    def parse(cls, text: str) -> "DeletionLimit":
        """Return the limit for a number of files, such as 1000, or a percentage, such as 5%.

        Raises:
            UsageError: the text is neither.
        """
        number = text.removesuffix("%")
        if not _DECIMAL.fullmatch(number) or (number == text and "." in number):
            raise UsageError(
                f"{text!r} is neither a number of files, such as 1000, nor a percentage, such as 5%"
            )
        from fractions import Fraction  # it loads slowly, and few runs have a limit

        return cls(Fraction(number), is_percentage=number != text)

    def __str__(self) -> str:
        from decimal import Decimal

        number = Decimal(self.number.numerator) / self.number.denominator
        return f"{number:f}{'%' if self.is_percentage else ''}"


def check_deletions(
    totals: Totals,
    limit: DeletionLimit,
    count_older_files: Callable[[], int],
    deleted_by_folder: Mapping[str, int],
) -> None:
    """Make sure that a list does not delete more files than the limit allows.

    Args:
        totals: what the list contains.
        limit: what is allowed.
        count_older_files: counts the files below the base path in the older snapshot.
        deleted_by_folder: the number of deleted files in each folder; "" is the base path.

    Raises:
        DeletionLimitError: it deletes more.
        UnknownDeletionLimitError: the files of the older snapshot cannot be counted.
    """
    allowed, files = limit.number, count(totals.deleted_files, "file")
    if limit.is_percentage and totals.deleted_files:
        try:
            before = count_older_files()
        except UnreadableError as error:
            raise UnknownDeletionLimitError(
                f"the number of files of which {limit} may be deleted is unknown: {error}"
            ) from error
        allowed = limit.number * before / 100
        files = f"{totals.deleted_files} of {count(before, 'file')}"
    if totals.deleted_files > allowed:
        where = ", ".join(f"{place} ({number})" for place, number in main_places(deleted_by_folder))
        raise DeletionLimitError(
            f"{files} ({count(totals.deleted_size, 'byte')}) and "
            f"{count(totals.deleted_directories, 'directory')} would be deleted, more than the "
            f"limit of {limit} allows; most of them are in {where}"
        )


def main_places(by_folder: Mapping[str, int]) -> list[tuple[str, int]]:
    """Return the directories with most of the files, and the number in each, greatest first.

    That is the deepest directory that contains more than half of them, if there is one below the
    base path. Otherwise it is a few directories in the base path, those with most files; ``/`` then
    represents the files that are directly in the base path.
    """
    below: Counter[str] = Counter()
    for folder, files in by_folder.items():
        for above in _folder_and_ancestors(folder):
            below[above] += files
    half = [folder for folder, files in below.items() if files * 2 > below[""] and folder]
    if half:
        # Each contains the next one, so the greatest name is the deepest.
        deepest = max(half)
        return [(deepest, below[deepest])]
    top = [(place, files) for place, files in below.items() if place.count("/") == 1]
    if directly := by_folder.get("", 0):
        top.append(("/", directly))
    top.sort(key=lambda pair: (-pair[1], pair[0]))
    return top[:_MAX_PLACES]


def _folder_and_ancestors(folder: str) -> Iterator[str]:
    while folder:
        yield folder
        folder = folder.rpartition("/")[0]
    yield folder
