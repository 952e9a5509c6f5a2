"""``projects.toml``: where it is, and from its text to projects."""

import difflib
import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from types import MappingProxyType
from typing import Any

from msgspec import Struct
from platformdirs import user_config_dir

from qumulo_changelist.errors import ProjectFileError, UnknownProjectError, UsageError
from qumulo_changelist.names import to_bytes
from qumulo_changelist.output.formats import FORMATS
from qumulo_changelist.projects.filter_keys import make_filters
from qumulo_changelist.projects.keys import (
    CYCLE_KEYS,
    DEFAULT_KEYS,
    FIELDS,
    OPTION_KEYS,
    PROJECT_KEYS,
    SECRET_KEYS,
    SOURCE_KEYS,
    Parser,
)
from qumulo_changelist.projects.lines import Path, find_lines, line_of
from qumulo_changelist.projects.project import ListOptions, Project, Source
from qumulo_changelist.projects.scheduler_keys import make_scheduler

FILE_NAME = "projects.toml"
_SYSTEM_PATH = f"/etc/qumulo-changelist/{FILE_NAME}"


ProjectCheck = Callable[[Project], object]
"""Raises a ``UsageError`` if a project cannot be run."""


class Problem(Struct, frozen=True):
    """Something in a file of projects that cannot be used."""

    file: str
    line: int
    """From 1."""
    message: str

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}: {self.message}"


def default_paths() -> list[str]:
    """Return where files of projects are looked for: that of the machine, and the user's own."""
    return [_SYSTEM_PATH, os.path.join(user_config_dir("qumulo-changelist"), FILE_NAME)]


def read_projects(path: str | None = None) -> dict[str, Project]:
    """Return the projects of all files that exist, by their names.

    Args:
        path: the only file to read, which must exist; None for the usual ones.

    Raises:
        ProjectFileError: a file cannot be read, or something in it cannot be used.
    """
    projects, problems = check_projects(path)
    if problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise ProjectFileError(f"{problems[0]}{more}")
    return projects


def find_project(projects: Mapping[str, Project], name: str) -> Project:
    """Return the project of a name.

    Raises:
        UnknownProjectError: there is none.
    """
    if name not in projects:
        likely = difflib.get_close_matches(name, projects, 1)
        meant = f"; did you mean {likely[0]}?" if likely else ""
        raise UnknownProjectError(f"there is no project {name!r:.300}{meant}")
    return projects[name]


def check_projects(
    path: str | None = None, check: ProjectCheck = Project.check
) -> tuple[dict[str, Project], list[Problem]]:
    """Return the projects of all files that exist, and everything that is wrong in them.

    Args:
        path: the only file to read, which must exist; None for the usual ones.
        check: see :func:`parse_projects`.

    Raises:
        ProjectFileError: a file cannot be read.
    """
    projects: dict[str, Project] = {}
    problems: list[Problem] = []
    for file in [path] if path else default_paths():
        text = read_text(file, is_needed=path is not None)
        found, wrong = parse_projects(text, file, projects, check)
        projects.update(found)
        problems += wrong
    return projects, problems


def parse_projects(
    text: str,
    file: str,
    others: Mapping[str, Project] = MappingProxyType({}),
    check: ProjectCheck = Project.check,
) -> tuple[dict[str, Project], list[Problem]]:
    """Return the projects that a text in TOML has, and everything that is wrong with it.

    Args:
        text: the text.
        file: where it comes from, for messages.
        others: the projects of other files.
        check: makes sure that a project can be run; raises a ``UsageError`` if not.
    """
    try:
        content = _parse_toml(text)
    except RecursionError:
        return {}, [Problem(file, 1, "it is not TOML that can be read: it is nested too deeply")]
    except ValueError as error:
        at = re.search(r"at line (\d+)", str(error))
        return {}, [Problem(file, int(at[1]) if at else 1, f"it is not TOML: {error}")]
    reader = _Reader(file, find_lines(text), check)
    projects = reader.projects(content)
    reader.compare(projects, others)
    return projects, reader.problems


def _parse_toml(text: str) -> dict[str, Any]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    content: dict[str, Any] = tomllib.loads(text)
    return content


def read_text(path: str, *, is_needed: bool) -> str:
    """Return the text of a file of projects.

    Args:
        path: the file.
        is_needed: whether it is an error if there is none; else it counts as empty.

    Raises:
        ProjectFileError: it cannot be read, or is not UTF-8.
    """
    try:
        with open(to_bytes(path), "rb") as file:
            text = file.read().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise ProjectFileError(
            f"{path} cannot be read: line {line} is not UTF-8", hint="Save it as UTF-8."
        ) from error
    except (FileNotFoundError, NotADirectoryError) as error:
        if not is_needed:
            return ""
        raise ProjectFileError(
            f"{path} cannot be read: {error.strerror}", hint="Check the path of the file."
        ) from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ProjectFileError(
            f"{path} cannot be read: {reason}", hint="Let this user read it."
        ) from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _lists(project: Project) -> list[tuple[str, int, str]]:
    """Return what the path of each list of a project depends on, in whatever work folder."""
    return [
        (source.guid, int(source.index), FORMATS[name].ending if name in FORMATS else name)
        for source in project.sources
        for name in project.options.formats
    ]


def _shown(value: object) -> str:
    try:
        return f"{value!r:.100}"
    except (ValueError, RecursionError):  # Python writes no number of thousands of digits
        return "…"


class _Reader:
    """Makes projects of decoded TOML, and collects what is wrong with it."""

    def __init__(self, file: str, lines: dict[Path, int], check: ProjectCheck) -> None:
        self._file = file
        self._lines = lines
        self._check = check
        self.problems: list[Problem] = []

    def projects(self, content: dict[str, Any]) -> dict[str, Project]:
        self._check_names(content, ("defaults", "projects"), ())
        defaults = self._values(content.get("defaults", {}), DEFAULT_KEYS, ("defaults",))
        tables = self._table(content.get("projects", {}), ("projects",))
        made = {name: self._project(name, tables[name], defaults) for name in tables}
        return {name: project for name, project in made.items() if project}

    def compare(self, projects: Mapping[str, Project], others: Mapping[str, Project]) -> None:
        """Report what projects have in common, with each other and with those of other files."""
        owners = {each: name for name, project in others.items() for each in _lists(project)}
        for name, project in projects.items():
            path: Path = ("projects", name)
            if name in others:
                self._report(path, f"the project {name} is in {_SYSTEM_PATH}, too")
                continue
            for each in _lists(project):
                owner = owners.setdefault(each, name)
                if owner != name:
                    # Each would replace the list of the other, perhaps before it is archived.
                    guid, index, _ = each
                    self._report(
                        path,
                        f"the projects {owner} and {name} have the same list: the GUID {guid} "
                        f"with the index {index}",
                    )

    def _project(self, name: str, value: object, defaults: dict[str, Any]) -> Project | None:
        path: Path = ("projects", name)
        before = len(self.problems)
        table = dict(self._table(value, path))
        if len(self.problems) > before:
            return None
        listed = table.pop("sources", None)
        values = {**defaults, **self._values(table, PROJECT_KEYS, path, extra=("sources",))}
        own = {key: values[key] for key in SOURCE_KEYS if key in values}
        if listed is None:
            self._check_source(table.keys() | own.keys(), path)
        sources = [own] if listed is None else self._sources(own, listed, path)
        if len(self.problems) > before:
            return None
        project = Project(
            name=name,
            sources=tuple(Source(**source) for source in sources),
            options=ListOptions(
                filters=make_filters(values),
                scheduler=make_scheduler(values),
                **{FIELDS.get(key, key): values[key] for key in OPTION_KEYS if key in values},
            ),
            **{key: values[key] for key in CYCLE_KEYS if key in values},
        )
        try:
            self._check(project)
        except UsageError as error:
            self._report(path, str(error))
            return None
        return project

    def _sources(self, own: dict[str, Any], listed: object, path: Path) -> list[dict[str, Any]]:
        if not isinstance(listed, list) or not listed:
            self._report((*path, "sources"), "sources: it has to be tables [[projects.….sources]]")
            return []
        if "path" in own:
            self._report(path, f"project {path[-1]}: give path in each of its sources, or sources")
        found = []
        for position, value in enumerate(listed):
            at = (*path, "sources", position)
            table = self._values(value, SOURCE_KEYS, at)
            if isinstance(value, dict):
                found.append({**own, **table})
                self._check_source(own.keys() | value.keys(), at)
        return found

    def _check_source(self, given: AbstractSet[str], path: Path) -> None:
        for key in ("path", "guid"):
            if key not in given:
                self._report(path, f"{key} is missing")

    def _values(
        self, value: object, parsers: Mapping[str, Parser], path: Path, extra: tuple[str, ...] = ()
    ) -> dict[str, Any]:
        table = self._table(value, path)
        self._check_names(table, (*parsers, *extra), path)
        values: dict[str, Any] = {}
        for key in table.keys() & parsers.keys():
            try:
                values[key] = parsers[key](table[key])
            except ValueError as error:
                shown = "" if key in SECRET_KEYS else f" = {_shown(table[key])}"
                self._report((*path, key), f"{key}{shown}: {error}")
        return values

    def _table(self, value: object, path: Path) -> dict[str, Any]:
        if isinstance(value, dict):
            return value
        self._report(path, f"{'.'.join(map(str, path))} has to be a table")
        return {}

    def _check_names(self, table: dict[str, Any], known: Iterable[str], path: Path) -> None:
        for key in table.keys() - set(known):
            likely = difflib.get_close_matches(key, known, 1)
            meant = f"; did you mean {likely[0]}?" if likely else ""
            self._report((*path, key), f"unknown key {key}{meant}")

    def _report(self, path: Path, message: str) -> None:
        self.problems.append(Problem(self._file, line_of(self._lines, path), message))
        self.problems.sort(key=lambda problem: problem.line)
