"""The keys of ``projects.toml``, and what the value of each may be.

To add a key, add its line here, and a field of the same name to a value in ``project.py``.
"""

from collections.abc import Callable, Mapping
from typing import Any

from qumulo_changelist.checks.deletion_limit import DeletionLimit
from qumulo_changelist.checks.notify_url import check_notify_url
from qumulo_changelist.checks.request import is_whole_number
from qumulo_changelist.checks.unreadable_limit import UnreadableLimit
from qumulo_changelist.durations import parse_duration
from qumulo_changelist.errors import UsageError
from qumulo_changelist.projects.filter_keys import FILTER_KEYS
from qumulo_changelist.projects.scheduler_keys import SCHEDULER_KEYS

Parser = Callable[[object], Any]
"""Returns the value of a key, or raises a ``ValueError`` that says what it may be."""

MAX_NUMBER = 10**18
"""The greatest number; each key may have a smaller one."""


def _text(value: object) -> str:
    if not isinstance(value, str) or not value or "\0" in value:
        raise ValueError("it has to be text in quotes")
    return value


def _texts(value: object) -> tuple[str, ...]:
    several = value if isinstance(value, list) else [value]
    if not several:
        raise ValueError("it has to be text in quotes, or several texts in brackets")
    return tuple(map(_text, several))


def _absolute(value: object) -> str:
    if not _text(value).startswith("/"):
        raise ValueError("it has to be an absolute path, which begins with /")
    return str(value)


def _yes_or_no(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("it has to be true or false")  # noqa: TRY004
    return value


def _number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError("it has to be a number, from 1")
    if value > MAX_NUMBER:
        raise ValueError("it is too great")
    return value


def _index(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_NUMBER:
        return str(value)
    if isinstance(value, str) and is_whole_number(value):
        return value
    raise ValueError("it has to be a number, the archiver's number of the source folder")


def _one_of(*values: str) -> Parser:
    def parse(value: object) -> str:
        if value not in values:
            raise ValueError(f"it has to be one of {', '.join(map(repr, values))}")
        return str(value)

    return parse


def _duration(value: object) -> int:
    return parse_duration(_text(value))


def _duration_or_none(value: object) -> int:
    return 0 if value == 0 and not isinstance(value, bool) else _duration(value)


def _deletion_limit(value: object) -> DeletionLimit:
    try:
        return DeletionLimit.parse(str(_number(value)) if isinstance(value, int) else _text(value))
    except UsageError as error:
        raise ValueError(str(error)) from None


def _unreadable_limit(value: object) -> UnreadableLimit:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    try:
        return UnreadableLimit.parse(str(value) if is_number else _text(value))
    except UsageError as error:
        raise ValueError(str(error)) from None


def _notify_url(value: object) -> str:
    try:
        check_notify_url(_text(value))
    except UsageError as error:
        raise ValueError(str(error)) from None
    return str(value)


SOURCE_KEYS: Mapping[str, Parser] = {
    "path": _absolute,
    "mapped_path": _absolute,
    "guid": _text,
    "index": _index,
}
OPTION_KEYS: Mapping[str, Parser] = {
    "deletes": _yes_or_no,
    "moves": _yes_or_no,
    "verify": _yes_or_no,
    "max_deletes": _deletion_limit,
    "max_unreadable": _unreadable_limit,
    "metadata": _one_of("mount", "snapshot", "rest"),
    "format": _texts,
    "workers": _number,
    "lookups": _number,
    "mount_timeout": _duration,
    "page_size": _number,
    "slice_size": _number,
    "spill_after": _number,
    "pieces": _absolute,
    "resume": _yes_or_no,
}
CYCLE_KEYS: Mapping[str, Parser] = {
    "keep": _number,
    "policy": _text,
    "expire": _duration,
    "full": _yes_or_no,
    "commit_unreadable": _yes_or_no,
    "notify_url": _notify_url,
    "metrics_file": _absolute,
    "config": _absolute,
    "transport": _one_of("qq", "rest"),
    "retry_for": _duration_or_none,
    "qq_timeout": _duration,
    "deadline": _duration,
}
FIELDS: Mapping[str, str] = {"format": "formats"}
"""The fields of keys that are not named like their field."""

SECRET_KEYS = frozenset(("notify_url",))
"""Those whose values no message may contain."""

DEFAULT_KEYS: Mapping[str, Parser] = {
    **OPTION_KEYS,
    **FILTER_KEYS,
    **SCHEDULER_KEYS,
    **CYCLE_KEYS,
}
PROJECT_KEYS: Mapping[str, Parser] = {**SOURCE_KEYS, **DEFAULT_KEYS}
