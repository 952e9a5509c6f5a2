"""The keys of ``projects.toml`` as a table, from the parsers of their values."""

import re
from collections.abc import Iterator

import msgspec
from docs.extension.command_lines import option_meanings
from docs.extension.fields import field_docstrings, plain, shown

from qumulo_changelist.filters.filters import Filters
from qumulo_changelist.projects import keys
from qumulo_changelist.projects.filter_keys import FILTER_KEYS
from qumulo_changelist.projects.project import ListOptions, Project, Source
from qumulo_changelist.projects.scheduler_keys import SCHEDULER_FIELDS, SCHEDULER_KEYS
from qumulo_changelist.runners.scheduler import Scheduler

_OWNERS = (Source, ListOptions, Filters, Scheduler, Project)
_FIELDS = {**keys.FIELDS, **SCHEDULER_FIELDS}
# The option says it of itself, or the opposite; the docstring says it of the key.
_UNLIKE_OPTIONS = frozenset(("config", "full", "notify_url", "resume", "transport"))


def describe_project_keys() -> str:
    """Return a table for each place where keys can stand."""
    tables = (
        ("### Of a source", "In a project with one source, or in each of its `sources`.",
         keys.SOURCE_KEYS),
        ("### Of a list", "In `[defaults]`, or in a project.", keys.OPTION_KEYS),
        ("### Filters", "In `[defaults]`, or in a project; see [filters](../filters.md).",
         FILTER_KEYS),
        ("### Workers of other machines", "In `[defaults]`, or in a project; see "
         "[many machines make one list](../how-to/dask.md).", SCHEDULER_KEYS),
        ("### Of the cycle", "In `[defaults]`, or in a project.", keys.CYCLE_KEYS),
    )  # fmt: skip
    lines: list[str] = []
    for title, where, parsers in tables:
        lines += [title, "", where, "", "| key | value | default | |", "| --- | --- | --- | --- |"]
        lines += [_row(name, parser) for name, parser in parsers.items()]
        lines.append("")
    return "\n".join(lines)


def _row(name: str, parser: keys.Parser) -> str:
    *_, value = _demands(parser)
    if _takes_several(parser):
        value += ", or an array of such"
    return f"| `{name}` | {plain(value)} | {_default(name)} | {_meaning(name)} |"


def _demands(parser: keys.Parser) -> Iterator[str]:
    """Yield what a parser says of values that are nothing to it."""
    for wrong in (object(), "x"):
        try:
            parser(wrong)
        except ValueError as error:
            text = re.sub("^(it has to be|'x' is not|'x' is neither|this is not) ", "", str(error))
            yield text.replace(", nor ", ", or ")


def _takes_several(parser: keys.Parser) -> bool:
    try:
        parser(["x"])
    except ValueError:
        return False
    return True


def _meaning(name: str) -> str:
    said = "" if name in _UNLIKE_OPTIONS else option_meanings().get(name, "")
    for owner in _OWNERS:
        said = said or field_docstrings(owner).get(name, "")
    return said[:1].upper() + said[1:].rstrip(".")


def _default(name: str) -> str:
    for owner in _OWNERS:
        for field in msgspec.structs.fields(owner):
            if field.name == _FIELDS.get(name, name) and not field.required:
                default = field.default
                # Nothing, no text and no number stand for the lack of a key.
                return shown(default) if default or default is False else ""
    return ""
