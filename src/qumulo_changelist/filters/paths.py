"""Which names patterns leave out: as git decides, and quickly for many names of one directory."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Literal, NamedTuple

from msgspec import Struct

from qumulo_changelist.filters.patterns import Pattern, parse_pattern

_MAX_DIRECTORIES = 50_000

PathVerdict = Literal["", "exclude", "include"]
"""The filter that leaves a name out; "" for none."""


class PathFilter(Struct, frozen=True):
    """Patterns for names. It can be pickled; each process compiles them once.

    Names are below the base path and begin with ``/``; that of a directory ends in ``/``. The
    base path itself is never left out.
    """

    include: tuple[str, ...] = ()
    """If there are any: one of these has to match the name, or a directory above it."""
    exclude: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.include or self.exclude)

    def judge(self, name: str) -> PathVerdict:
        """Return the filter that leaves a name out."""
        return _compile(self).judge(name)

    def judge_files(self, directory: str, below: Sequence[str]) -> list[PathVerdict]:
        """Return the filter that leaves each of many files out.

        Args:
            directory: contains all of them, directly or below it; ends in ``/``.
            below: their names below that.
        """
        return _compile(self).judge_files(directory, below)

    def excluded_directory(self, name: str) -> str:
        """Return the outermost excluded directory that is ``name`` or contains it; "" for none."""
        return _compile(self).excluded_directory(name)

    def excludes(self, directory: str) -> bool:
        """Return whether a directory is excluded, or one above it: it is not even read."""
        return bool(self.exclude) and bool(self.excluded_directory(directory))

    def find_exclusion(self, name: str) -> tuple[str, Pattern] | None:
        """Return what is excluded, a name or a directory above it, and by which pattern."""
        return _compile(self).find_exclusion(name)


NO_PATTERNS = PathFilter()


class _Place(NamedTuple):
    """What is known of a directory."""

    excluded: str
    """The outermost excluded directory that is it or contains it; "" for none."""
    is_included: bool


class _Matcher:
    """Finds the last of several patterns that matches."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.patterns = [pattern for text in texts for pattern in parse_pattern(text)]
        numbers = range(len(self.patterns))[::-1]
        self._name_numbers = [at for at in numbers if self.patterns[at].by_name]
        self._path_numbers = [at for at in numbers if not self.patterns[at].by_name]
        self._name, self._path = map(self._joined, (self._name_numbers, self._path_numbers))
        self._number_of: dict[re.Pattern[str], dict[int, int]] = {
            joined: self._numbers_by_group(numbers)
            for joined, numbers in (
                (self._name, self._name_numbers),
                (self._path, self._path_numbers),
            )
            if joined
        }

    def _joined(self, numbers: list[int]) -> re.Pattern[str] | None:
        if not numbers:
            return None
        # Of the alternatives that match all of the text, the first one counts.
        regex = "|".join(f"({self.patterns[number].regex})" for number in numbers)
        return re.compile(regex, re.DOTALL)

    def _numbers_by_group(self, numbers: list[int]) -> dict[int, int]:
        """Return the number of each pattern by its group; a pattern can have groups of its own."""
        found, group = {}, 1
        for number in numbers:
            found[group] = number
            group += 1 + re.compile(self.patterns[number].regex, re.DOTALL).groups
        return found

    def find(self, path: str) -> Pattern | None:
        """Return the last pattern that matches a path without a ``/`` in front; None for none."""
        number = -1
        if self._name:
            found = self._name.fullmatch(path, path.rfind("/", 0, -1) + 1)
            if found:
                # A group that contains others ends after them.
                number = self._number_of[self._name][found.lastindex or 0]
        if self._path and (found := self._path.fullmatch(path)):
            number = max(number, self._number_of[self._path][found.lastindex or 0])
        return self.patterns[number] if number >= 0 else None


class _Judge:
    """The patterns of a filter, compiled, and what was found out about directories."""

    def __init__(self, paths: PathFilter) -> None:
        self._include, self._exclude = _Matcher(paths.include), _Matcher(paths.exclude)
        self._root = _Place("", is_included=not paths.include)
        self._places: dict[str, _Place] = {}

    def judge(self, name: str) -> PathVerdict:
        if name == "/":
            return ""
        if name[-1] == "/":
            place = self._place(name)
            return "exclude" if place.excluded else "" if place.is_included else "include"
        return self._judge_file(self._place(name[: name.rindex("/") + 1]), name[1:])

    def judge_files(self, directory: str, below: Sequence[str]) -> list[PathVerdict]:
        verdicts: list[PathVerdict] = []
        here, place = directory, self._place(directory)
        start = directory[1:]
        for name in below:
            path = start + name
            if "/" in name:
                parent = f"/{path[: path.rindex('/') + 1]}"
                if parent != here:
                    here, place = parent, self._place(parent)
            elif here is not directory:
                here, place = directory, self._place(directory)
            verdicts.append(self._judge_file(place, path))
        return verdicts

    def excluded_directory(self, name: str) -> str:
        return self._place(name[: name.rindex("/") + 1]).excluded

    def find_exclusion(self, name: str) -> tuple[str, Pattern] | None:
        what = self.excluded_directory(name) or name
        pattern = self._exclude.find(what[1:]) if what != "/" else None
        return (what, pattern) if pattern and not pattern.takes_back else None

    def _judge_file(self, place: _Place, path: str) -> PathVerdict:
        if place.excluded:
            return "exclude"
        if self._exclude.patterns:
            pattern = self._exclude.find(path)
            if pattern and not pattern.takes_back:
                return "exclude"
        return "" if place.is_included or self._include.find(path) else "include"

    def _place(self, directory: str) -> _Place:
        """Return what is known of a directory; not recursive, since a path can be very deep."""
        if directory == "/":
            return self._root
        if directory in self._places:
            return self._places[directory]
        if len(self._places) > _MAX_DIRECTORIES:
            self._places.clear()
        place, end = self._root, 1
        known = directory
        while known != "/" and known not in self._places:
            known = known[: known.rfind("/", 0, -1) + 1]
        if known != "/":
            place, end = self._places[known], len(known)
        while end < len(directory) and not place.excluded:
            end = directory.index("/", end) + 1
            here = directory[:end]
            place = self._places[here] = self._enter(place, here)
        self._places[directory] = place
        return place

    def _enter(self, above: _Place, directory: str) -> _Place:
        path = directory[1:]
        pattern = self._exclude.find(path)
        is_excluded = pattern is not None and not pattern.takes_back
        is_included = above.is_included or self._include.find(path) is not None
        return _Place(directory if is_excluded else "", is_included)


@lru_cache(maxsize=4)
def _compile(paths: PathFilter) -> _Judge:
    return _Judge(paths)
