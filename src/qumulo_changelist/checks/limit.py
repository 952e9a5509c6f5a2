"""A limit that is a number or a percentage, and where most of what exceeds it is."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from qumulo_changelist.errors import UsageError

if TYPE_CHECKING:
    from fractions import Fraction

    from typing_extensions import Self

_MAX_PLACES = 3
_DECIMAL = re.compile(r"[0-9]{1,18}(\.[0-9]{1,9})?")


class Limit(NamedTuple):
    """The greatest number of something that is allowed."""

    number: "Fraction"
    is_percentage: bool = False
    """Whether the number is a percentage."""

    @classmethod
    def parse(cls, text: str, counted: str = "entries") -> "Self":
        """Return the limit for a number, such as 1000, or a percentage, such as 5%.

        Args:
            text: the number or percentage.
            counted: what is counted, for people.

        Raises:
            UsageError: the text is neither.
        """
        number = text.removesuffix("%")
        if not _DECIMAL.fullmatch(number) or (number == text and "." in number):
            raise UsageError(
                f"{text!r} is neither a number of {counted}, such as 1000, nor a percentage, "
                "such as 5%"
            )
        from fractions import Fraction  # it loads slowly, and few runs have a limit

        return cls(Fraction(number), is_percentage=number != text)

    def allowed_of(self, whole: int) -> "Fraction":
        """Return what is allowed if there are ``whole`` in all."""
        return self.number * whole / 100 if self.is_percentage else self.number

    def __str__(self) -> str:
        from decimal import Decimal

        number = Decimal(self.number.numerator) / self.number.denominator
        return f"{number:f}{'%' if self.is_percentage else ''}"


def describe_places(by_folder: Mapping[str, int]) -> str:
    """Return the directories with most of what was counted, and the number in each, in words."""
    return ", ".join(f"{place} ({number})" for place, number in main_places(by_folder))


def main_places(by_folder: Mapping[str, int]) -> list[tuple[str, int]]:
    """Return the directories with most of what was counted, and the number in each, greatest first.

    That is the deepest directory that contains more than half of them, if there is one below the
    base path. Otherwise it is a few directories in the base path, those with most; ``/`` then
    represents what is directly in the base path.
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
