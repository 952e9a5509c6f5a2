"""The keys of ``projects.toml`` that are filters of lists, and files of patterns."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import partial
from typing import Any

from qumulo_changelist.errors import UsageError
from qumulo_changelist.filters.filters import CHANGE_KINDS, NO_FILTERS, Filters, check_pattern
from qumulo_changelist.filters.limits import parse_moment, parse_size
from qumulo_changelist.filters.lines import parse_lines
from qumulo_changelist.names import to_bytes


def read_filter_file(path: str) -> tuple[str, ...]:
    """Return the patterns in a file, whose lines are like those of a .gitignore.

    Raises:
        UsageError: it cannot be read, or a line is malformed.
    """
    try:
        with open(to_bytes(path), "rb") as file:
            return parse_lines(file.read(), path)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise UsageError(f"the filter file {path} cannot be read: {reason}") from error


def make_filters(values: Mapping[str, Any]) -> Filters:
    """Return the filters that parsed keys lead to.

    The lines of ``filter_file`` come first, so that ``exclude`` can take something back.
    """
    own = {key: values[key] for key in FILTER_KEYS if key in values and key != "filter_file"}
    if "filter_file" in values:
        own["exclude"] = (*values["filter_file"], *values.get("exclude", ()))
    return Filters(**own) if own else NO_FILTERS


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("it has to be text in quotes")
    return value


def _texts(value: object) -> tuple[str, ...]:
    several = value if isinstance(value, list) else [value]
    if not several or not all(isinstance(one, str) and one for one in several):
        raise ValueError("it has to be text in quotes, or several texts in brackets")
    return tuple(several)


def _patterns(value: object) -> tuple[str, ...]:
    patterns = _texts(value)
    for pattern in patterns:
        _as_value(partial(check_pattern, pattern, "the pattern"))
    return patterns


def _include(value: object) -> tuple[str, ...]:
    patterns = _patterns(value)
    _as_value(Filters(include=patterns).check)
    return patterns


def _filter_file(value: object) -> tuple[str, ...]:
    if not _text(value).startswith("/"):
        raise ValueError("it has to be an absolute path, which begins with /")
    patterns: tuple[str, ...] = _as_value(lambda: read_filter_file(str(value)))
    return patterns


def _as_value(call: Callable[[], Any]) -> Any:
    """Return the result of a call; what it raises is wrong with the value of a key."""
    try:
        return call()
    except UsageError as error:
        raise ValueError(str(error)) from None


def _size(value: object) -> int:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return parse_size(str(value) if is_number else _text(value))


def _moment(value: object) -> str:
    text = value.isoformat() if isinstance(value, date | datetime) else _text(value)
    parse_moment(text, None)
    return text


def _kinds(value: object) -> tuple[str, ...]:
    kinds = _texts(value)
    if set(kinds) - set(CHANGE_KINDS):
        raise ValueError(f"it has to be some of {', '.join(map(repr, CHANGE_KINDS))}")
    return kinds


FILTER_KEYS: Mapping[str, Callable[[object], Any]] = {
    "include": _include,
    "exclude": _patterns,
    "filter_file": _filter_file,
    "min_size": _size,
    "max_size": _size,
    "newer_than": _moment,
    "older_than": _moment,
    "only": _kinds,
}
"""Each leads to a field of ``Filters`` of the same name; ``filter_file`` to ``exclude``."""
