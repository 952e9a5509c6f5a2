"""The options that describe a project on a command line, instead of in ``projects.toml``."""

import argparse
import shlex
from collections.abc import Mapping
from typing import Any

from qumulo_changelist.cli import arguments, filter_options, scheduler_options
from qumulo_changelist.errors import UnknownProjectError, UsageError
from qumulo_changelist.output.formats import selectable_formats
from qumulo_changelist.projects.file import find_project, read_projects
from qumulo_changelist.projects.project import ListOptions, Project, Source

_SOURCE = ("source", "guid", "index", "mapped_path")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add all of them."""
    add_source_options(parser)
    add_list_options(parser)
    _add_cycle_options(parser.add_argument_group("snapshots (likewise)"))


def add_source_options(parser: argparse.ArgumentParser) -> None:
    """Add those that say which directory it is, and which list."""
    group = parser.add_argument_group("a project that is in no file")
    group.add_argument(
        "--project", metavar="NAME", type=arguments.path, help="its name; snapshots have it, too"
    )
    group.add_argument(
        "--source", metavar="PATH", type=arguments.path, help="the directory on the cluster"
    )
    group.add_argument(
        "--guid", metavar="GUID", type=arguments.path, help="the archiver's GUID of the project"
    )
    group.add_argument(
        "--index", metavar="N", type=arguments.path,
        help="the archiver's number of the source folder (default: 1)",
    )  # fmt: skip
    group.add_argument(
        "--mapped-path", metavar="PATH", type=arguments.path,
        help="where this machine mounts it; without it, everything is read over REST",
    )  # fmt: skip


def add_list_options(parser: argparse.ArgumentParser) -> None:
    """Add those that say what a list contains."""
    group = parser.add_argument_group("the list (each also a key in projects.toml)")
    for name, meaning in (
        ("deletes", "also list what was deleted"),
        ("moves", "give the old name of a file that was only moved"),
        ("verify", "publish a list only if it agrees with the cluster's own counts"),
    ):
        group.add_argument(
            f"--{name}", action=argparse.BooleanOptionalAction, default=None, help=meaning
        )
    group.add_argument(
        "--max-deletes", metavar="N|N%", type=arguments.deletion_limit,
        help="publish a list only if it deletes at most N files, or N%% of them",
    )  # fmt: skip
    group.add_argument(
        "--max-unreadable", metavar="N|N%", type=arguments.unreadable_limit,
        help="publish a list only if at most N of its entries, or N%% of them, could not be read "
        "(default: 1%%, and at least 1000)",
    )  # fmt: skip
    group.add_argument(
        "--metadata", choices=("mount", "snapshot", "rest"),
        help="where sizes, times and owners are read (default: mount, if there is a mapped path)",
    )  # fmt: skip
    group.add_argument(
        "--format", dest="formats", action=arguments.AppendValue, choices=selectable_formats(),
        help="how a list is written; several times for several lists (default: xml)",
    )  # fmt: skip
    group.add_argument(
        "--workers", metavar="N", type=arguments.positive_number, help="work in N processes"
    )
    group.add_argument(
        "--mount-timeout", metavar="SECONDS", type=arguments.positive_number,
        help="end the run if the mount does not answer for this long (default: 120)",
    )  # fmt: skip
    scheduler_options.add_pieces(group)
    scheduler_options.add_resume(group)
    filter_options.add_options(parser)
    scheduler_options.add_options(parser)


def _add_cycle_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--policy", metavar="NAME", type=arguments.path,
        help="list the newest snapshot of this policy of the cluster, and take none",
    )  # fmt: skip
    group.add_argument(
        "--keep", metavar="N", type=arguments.positive_number,
        help="after a commit, keep N committed snapshots (default: 2)",
    )  # fmt: skip
    group.add_argument(
        "--expire", metavar="TIME", type=arguments.duration,
        help="let the cluster remove a snapshot after this time, such as 30days (default: never)",
    )  # fmt: skip
    group.add_argument(
        "--no-full", dest="full", action="store_false", default=None,
        help="end with 7 instead of making a full list",
    )  # fmt: skip
    group.add_argument(
        "--commit-unreadable", action="store_true", default=None,
        help="commit a list by itself even if some of its entries could not be read",
    )  # fmt: skip


def chosen_projects(options: argparse.Namespace, names: list[str]) -> list[Project]:
    """Return the projects that a command line names, with its options in place of theirs.

    Raises:
        ProjectFileError: a file of projects cannot be read.
        UnknownProjectError: a project is in none.
        UsageError: it is not clear which project is meant.
    """
    takes_all = getattr(options, "all", False)
    if options.project is not None and (names or takes_all):
        raise UsageError("give either the name of a project in projects.toml, or --project")
    given = [name for name in _SOURCE if getattr(options, name) is not None]
    if options.project is not None and given:
        return [with_options(_described(options), options)]
    if given:
        raise UsageError(f"--{given[0].replace('_', '-')} needs --project NAME")
    projects = read_projects(options.projects)
    if takes_all:
        if names:
            raise UsageError("give either --all, or the name of a project")
        if not projects:
            raise UsageError("no file of projects has a project", hint=NO_PROJECTS)
        return [with_options(project, options) for project in projects.values()]
    names = names or [options.project]
    if names == [None]:
        known = f"Name one of {', '.join(projects)}, or use --all." if projects else NO_PROJECTS
        raise UsageError("name a project", hint=known)
    if len(names) > 1 and names[0] in projects and names[1] not in projects:
        raise UnknownProjectError(
            f"there is no project {names[1]!r:.300}",
            hint="A command goes after --, such as: qumulo-changelist run "
            f"{shlex.join([names[0], '--', *names[1:]])}",
        )
    return [
        with_options(named_project(projects, name, if_empty=NO_PROJECTS), options) for name in names
    ]


MAKE_PROJECTS = "`qumulo-changelist init` makes a projects.toml"
NO_PROJECTS = (
    f"{MAKE_PROJECTS}; or describe the project here: --project NAME --source PATH --guid GUID "
    "--index N."
)


def named_project(
    projects: Mapping[str, Project], name: str, *, if_empty: str = f"{MAKE_PROJECTS}."
) -> Project:
    """Return the project of a name.

    Args:
        projects: those of all files.
        name: its name.
        if_empty: the hint if there is no project at all.

    Raises:
        UnknownProjectError: there is no such project.
    """
    try:
        return find_project(projects, name)
    except UnknownProjectError as error:
        if not projects:
            error.hint = if_empty
        raise


def _described(options: argparse.Namespace) -> Project:
    missing = [name for name in ("source", "guid") if getattr(options, name) is None]
    if missing:
        raise UsageError(f"--project needs --{missing[0]}, too")
    source = Source(
        path=options.source,
        guid=options.guid,
        index=options.index or "1",
        mapped_path=options.mapped_path,
    )
    return Project(name=options.project, sources=(source,))


def list_options(options: argparse.Namespace, project: Project | None) -> ListOptions:
    """Return what a list contains: a project's options, with those that a command line gives."""
    from msgspec.structs import replace

    own = project.options if project else ListOptions()
    filters = filter_options.chosen_filters(options, own.filters)
    scheduler = scheduler_options.chosen_scheduler(options, own.scheduler)
    given = _given(options, ListOptions, but=("filters", "scheduler"))
    return replace(own, filters=filters, scheduler=scheduler, **given)


def with_options(project: Project, options: argparse.Namespace) -> Project:
    """Return a project with those of its values replaced that a command line gives."""
    from msgspec.structs import replace

    own = list_options(options, project)
    return replace(project, options=own, **_given(options, Project, but=("options", "sources")))


def _given(options: argparse.Namespace, kind: type, but: tuple[str, ...] = ()) -> dict[str, Any]:
    skipped = {*but, "name", "config", "transport"}
    names = [name for name in kind.__struct_fields__ if name not in skipped]  # type: ignore[attr-defined]
    given = {name: getattr(options, name, None) for name in names}
    return {name: value for name, value in given.items() if value is not None}
