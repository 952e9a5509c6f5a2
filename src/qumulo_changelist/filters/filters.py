"""What may be on a list, of what the rules lead to."""

import json
from typing import Literal, get_args

from msgspec import Struct, convert, to_builtins

from qumulo_changelist.errors import UsageError
from qumulo_changelist.filters.files import FileFilter
from qumulo_changelist.filters.limits import is_duration, parse_moment
from qumulo_changelist.filters.paths import PathFilter
from qumulo_changelist.filters.patterns import parse_pattern

ChangeKind = Literal["created", "modified", "deleted", "moved"]
"""A kind of change, in the words of ``only``."""

CHANGE_KINDS: tuple[ChangeKind, ...] = get_args(ChangeKind)

FilterName = Literal[
    "exclude", "include", "min-size", "max-size", "newer-than", "older-than", "only"
]
"""What leaves an entry out."""

Verdict = FilterName | Literal[""]
"""The filter that leaves an entry out; "" for none."""

FILTER_NAMES: tuple[FilterName, ...] = get_args(FilterName)


class Filters(Struct, frozen=True, kw_only=True):
    """Filters of a list (``docs/filters.md``). An entry has to pass all of them."""

    include: tuple[str, ...] = ()
    """Patterns; if there are any, one has to match a name, or a directory above it."""
    exclude: tuple[str, ...] = ()
    """Patterns in their order, or presets. Those that begin with ``!`` take something back."""
    min_size: int | None = None
    """The smallest size of a file, in bytes."""
    max_size: int | None = None
    """The greatest size of a file, in bytes."""
    newer_than: str | None = None
    """Only files that were modified at or after this moment: a duration before the newer snapshot,
    such as ``7days``, a date, or a time as RFC 3339 writes it."""
    older_than: str | None = None
    """Only files that were modified before this moment, likewise."""
    only: tuple[ChangeKind, ...] = ()
    """The kinds of changes; none for all of them."""

    def __bool__(self) -> bool:
        return self != NO_FILTERS

    @property
    def paths(self) -> PathFilter:
        """The patterns."""
        return PathFilter(self.include, self.exclude)

    def at(self, taken: int) -> FileFilter:
        """Return the filters for files of a snapshot.

        Args:
            taken: when it was taken, in nanoseconds since the epoch; 0 if that is unknown.

        Raises:
            UsageError: that is unknown, and a moment depends on it.
        """
        moments = [moment for moment in (self.newer_than, self.older_than) if moment]
        if not taken and any(map(is_duration, moments)):
            raise UsageError(
                "the cluster does not report when the newer snapshot was taken, so a time before "
                "that is unknown"
            )
        return FileFilter(
            self.min_size,
            self.max_size,
            parse_moment(self.newer_than, taken) if self.newer_than else None,
            parse_moment(self.older_than, taken) if self.older_than else None,
        )

    def check(self, *, deletes: bool = True, moves: bool = True, is_full: bool = False) -> None:
        """Make sure that the filters can be used.

        Args:
            deletes: whether a list has deletions.
            moves: whether it has moves.
            is_full: whether it is a full list.

        Raises:
            UsageError: one of them is malformed, or no entry can pass them.
        """
        for pattern in self.include:
            if pattern.startswith("!"):
                raise UsageError(f"include {pattern!r:.200}: use exclude for what is not wanted")
        for key, patterns in (("include", self.include), ("exclude", self.exclude)):
            for pattern in patterns:
                check_pattern(pattern, key)
        self._check_limits()
        if not is_full:
            self._check_times(deletes=deletes, moves=moves)
        self._check_kinds(deletes=deletes, moves=moves, is_full=is_full)

    def _check_limits(self) -> None:
        sizes = [size for size in (self.min_size, self.max_size) if size is not None]
        if sizes != sorted(sizes):
            raise UsageError("no file is as large as min_size and not larger than max_size")
        if sizes and sizes[0] < 0:
            raise UsageError(f"{sizes[0]} is not a size")
        try:
            moments = [
                parse_moment(moment, None) if moment else None
                for moment in (self.newer_than, self.older_than)
            ]
        except ValueError as error:
            raise UsageError(str(error)) from None
        newest, oldest = moments
        is_alike = is_duration(self.newer_than or "") == is_duration(self.older_than or "")
        if newest is not None and oldest is not None and is_alike and newest >= oldest:
            raise UsageError("no time is at or after newer_than and before older_than")

    def _check_times(self, *, deletes: bool, moves: bool) -> None:
        """Refuse what would let an archive lose files that are only renamed.

        The new name has the old time, and may not pass; the old name would be deleted nevertheless,
        or be named as where the file comes from, although the archive never had it.
        """
        if (self.newer_than or self.older_than) and (deletes or moves):
            raise UsageError(
                "filters by time are for lists without deletions and moves: a file that is only "
                "renamed would be deleted in the archive, and not be written again",
                hint="Leave out the times, or deletions and moves; what was deleted can be on a "
                "list of its own, with only deleted.",
            )

    def _check_kinds(self, *, deletes: bool, moves: bool, is_full: bool) -> None:
        unknown = set(self.only) - set(CHANGE_KINDS)
        if unknown:
            known = ", ".join(CHANGE_KINDS)
            raise UsageError(f"only has {min(unknown)!r:.100}, and knows {known}")
        if is_full and self.only and "created" not in self.only:
            raise UsageError("a full list has created files alone, and only does not let them pass")
        if not is_full and "deleted" in self.only and not deletes:
            raise UsageError("only deleted needs deletions, which are not wanted")
        if not is_full and moves and "created" in self.only and "moved" not in self.only:
            raise UsageError(
                "with moves, only created needs moved, too: a file that was only renamed is new "
                "under its name"
            )
        if not is_full and "moved" in self.only and not moves:
            raise UsageError("only moved needs moves, which are not wanted")

    def encode(self) -> str:
        """Return the filters as text, "" if there are none; see :func:`decode_filters`."""
        return json.dumps(to_builtins(self)) if self else ""


NO_FILTERS = Filters()


def decode_filters(text: str) -> Filters:
    """Return the filters that were encoded as text.

    Raises:
        ValueError: it is none, or of a newer version of this program.
    """
    if not text:
        return NO_FILTERS
    values = json.loads(text)
    if not isinstance(values, dict) or values.keys() - set(Filters.__struct_fields__):
        raise ValueError("it has a filter that is not known")
    return convert(values, Filters)


def check_pattern(pattern: str, where: str) -> None:
    """Make sure that a pattern is well-formed.

    Args:
        pattern: the pattern.
        where: where it stands, for the message.

    Raises:
        UsageError: it is not.
    """
    try:
        parse_pattern(pattern)
    except ValueError as error:
        raise UsageError(f"{where} {pattern!r:.200}: {error}") from None
