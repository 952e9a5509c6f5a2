"""The options that are filters: the same for every command that makes a list."""

import argparse
from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from qumulo_changelist.cli import arguments
from qumulo_changelist.errors import UsageError
from qumulo_changelist.filters.filters import CHANGE_KINDS, NO_FILTERS, Filters, check_pattern
from qumulo_changelist.filters.limits import parse_moment, parse_size

_SAME_NAMES = ("include", "min_size", "max_size", "newer_than", "older_than", "only")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add them."""
    group = parser.add_argument_group("filters (docs/filters.md)")
    for name, meaning in (
        ("include", "list only what matches PATTERN, as in a .gitignore; can be repeated"),
        ("exclude", "leave out what matches PATTERN, or @litter; can be repeated"),
    ):
        group.add_argument(
            f"--{name}", metavar="PATTERN", action=arguments.AppendValue, type=_pattern,
            help=meaning,
        )  # fmt: skip
    group.add_argument(
        "--filter-file", metavar="FILE", type=arguments.path, action=arguments.AppendValue,
        help="leave out what the lines of FILE say, which are like those of a .gitignore",
    )  # fmt: skip
    group.add_argument(
        "--min-size", metavar="SIZE", type=_size,
        help="list no smaller files, such as 10MB or 1GiB, without a blank",
    )  # fmt: skip
    group.add_argument("--max-size", metavar="SIZE", type=_size, help="list no larger files")
    group.add_argument(
        "--newer-than", metavar="TIME", type=_moment,
        help="list no files that were modified before TIME: a duration before the newer snapshot, "
        "such as 7days, a date, or 2026-01-31T18:00:00Z",
    )  # fmt: skip
    group.add_argument(
        "--older-than", metavar="TIME", type=_moment,
        help="list no files that were modified at or after TIME, which are on no later list either "
        "unless they change again",
    )  # fmt: skip
    group.add_argument(
        "--only", metavar="KINDS", type=_kinds,
        help=f"list only some kinds of changes: {','.join(CHANGE_KINDS)}",
    )  # fmt: skip


def chosen_filters(options: argparse.Namespace, own: Filters = NO_FILTERS) -> Filters:
    """Return the filters of a command line; what it does not give, or take, is as in ``own``.

    Raises:
        UsageError: a filter file cannot be read, or a line of it is malformed.
    """
    from qumulo_changelist.projects.filter_keys import read_filter_file

    given: dict[str, Any] = {
        name: value for name in _SAME_NAMES if (value := getattr(options, name, None)) is not None
    }
    patterns, files = (getattr(options, name, None) for name in ("exclude", "filter_file"))
    if patterns or files:
        lines = [line for file in files or () for line in read_filter_file(file)]
        given["exclude"] = (*lines, *(patterns or ()))
    return replace(own, **given)


def _checked(argument: str, check: Callable[[str], object]) -> Any:
    try:
        return check(argument)
    except (UsageError, ValueError) as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _pattern(argument: str) -> str:
    text = arguments.path(argument)
    _checked(text, lambda pattern: check_pattern(pattern, "the pattern"))
    return text


def _size(argument: str) -> int:
    size: int = _checked(argument, parse_size)
    return size


def _moment(argument: str) -> str:
    _checked(argument, lambda text: parse_moment(text, None))
    return argument


def _kinds(argument: str) -> tuple[str, ...]:
    kinds = tuple(dict.fromkeys(argument.split(",")))
    if unknown := set(kinds) - set(CHANGE_KINDS):
        known = ", ".join(CHANGE_KINDS)
        raise argparse.ArgumentTypeError(f"{min(unknown)!r} is none of {known}")
    return kinds
