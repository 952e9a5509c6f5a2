"""Files by size, by age, and by when they were last changed."""

from bisect import bisect_right

from msgspec import Struct

_KB, _MB, _GB = 10**3, 10**6, 10**9
_SIZES = (1, 100 * _KB, _MB, 10 * _MB, 100 * _MB, _GB, 10 * _GB, 100 * _GB)
_SIZE_WORDS = (
    "empty",
    "under 100 kB",
    "100 kB to 1 MB",
    "1 to 10 MB",
    "10 to 100 MB",
    "100 MB to 1 GB",
    "1 to 10 GB",
    "10 to 100 GB",
    "100 GB and more",
)
_HOUR, _DAY = 3600, 86400
_AGES = (0, _HOUR, _DAY, 7 * _DAY, 30 * _DAY, 90 * _DAY, 365 * _DAY, 3 * 365 * _DAY)
_AGE_WORDS = (
    "changed later",
    "under an hour",
    "under a day",
    "1 to 7 days",
    "7 to 30 days",
    "30 to 90 days",
    "90 days to a year",
    "1 to 3 years",
    "3 years and more",
)
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_HOURS_OF_A_WEEK = 7 * 24
# The epoch was a Thursday.
_FIRST_HOUR = 3 * 24


class FileClass(Struct, frozen=True):
    """Files that have something in common."""

    name: str
    files: int
    bytes: int


class ClassCounter:
    """Counts files by size, age and time.

    Args:
        now: the moment that ages are relative to, in seconds since the epoch.
    """

    def __init__(self, now: int) -> None:
        self._now = now
        self._sizes = [[0, 0] for _ in _SIZE_WORDS]
        self._ages = [[0, 0] for _ in _AGE_WORDS]
        self._hours = [[0, 0] for _ in range(_HOURS_OF_A_WEEK)]
        self.first: int | None = None
        """When the file was last changed that was not changed for the longest time."""
        self.last: int | None = None
        """When a file was last changed."""

    def add(self, size: int, mtime: int | None) -> None:
        """Count a file by its size, and by when it was last changed, in seconds since the epoch."""
        found = self._sizes[bisect_right(_SIZES, size)]
        found[0] += 1
        found[1] += size
        if mtime is not None:
            found = self._ages[bisect_right(_AGES, self._now - mtime)]
            found[0] += 1
            found[1] += size
            found = self._hours[mtime // _HOUR % _HOURS_OF_A_WEEK]
            found[0] += 1
            found[1] += size
            if self.first is None or self.last is None:
                self.first = self.last = mtime
            elif mtime > self.last:
                self.last = mtime
            elif mtime < self.first:
                self.first = mtime

    def sizes(self) -> list[FileClass]:
        """Return files by size, the smallest first."""
        return [
            FileClass(name, *amount) for name, amount in zip(_SIZE_WORDS, self._sizes, strict=True)
        ]

    def ages(self) -> list[FileClass]:
        """Return files by age, the newest first."""
        return [
            FileClass(name, *amount) for name, amount in zip(_AGE_WORDS, self._ages, strict=True)
        ]

    def hours(self) -> list[FileClass]:
        """Return files by the hour of the day in UTC: ``00`` to ``23``."""
        found = [[0, 0] for _ in range(24)]
        for at, (files, size) in enumerate(self._hours):
            found[at % 24][0] += files
            found[at % 24][1] += size
        return [FileClass(f"{hour:02}", *amount) for hour, amount in enumerate(found)]

    def weekdays(self) -> list[FileClass]:
        """Return files by the day of the week in UTC, beginning with Monday."""
        found = [[0, 0] for _ in WEEKDAYS]
        for at, (files, size) in enumerate(self._hours):
            day = (at + _FIRST_HOUR) // 24 % 7
            found[day][0] += files
            found[day][1] += size
        return [FileClass(name, *amount) for name, amount in zip(WEEKDAYS, found, strict=True)]
