"""The options that several sub-commands have, and what they lead to."""

import argparse
import os

from qumulo_changelist.cli import arguments, patience_options
from qumulo_changelist.config.archiver import (
    CONFIG_VARIABLE,
    default_path,
    read_settings,
    usual_path,
)
from qumulo_changelist.config.settings import Settings
from qumulo_changelist.projects.project import Project

PROJECTS_VARIABLE = "QUMULO_CHANGELIST_PROJECTS"
STATE_VARIABLE = "QUMULO_CHANGELIST_STATE"


def add_output_options(parser: argparse.ArgumentParser) -> None:
    """Add how the answer is printed; every sub-command has these."""
    group = parser.add_argument_group("output")
    group.add_argument("--json", action="store_true", help="print one JSON object")
    group.add_argument(
        "-q", "--quiet", action="store_true", help="show no progress, and warnings alone"
    )
    group.add_argument("-v", "--verbose", action="store_true", help="report each step")


def add_cluster_options(parser: argparse.ArgumentParser) -> None:
    """Add how to reach the cluster."""
    group = parser.add_argument_group("cluster")
    group.add_argument(
        "--config", metavar="FILE", type=arguments.path,
        help=f"the archiver's configuration (also {CONFIG_VARIABLE}; default: {default_path()})",
    )  # fmt: skip
    group.add_argument(
        "--transport", choices=("qq", "rest"),
        help="ask the cluster through qq, or directly (default: QumuloTransport, else qq)",
    )  # fmt: skip
    patience_options.add_options(group)


def add_project_options(parser: argparse.ArgumentParser) -> None:
    """Add where projects are defined, and where it is kept what they have committed."""
    group = parser.add_argument_group("projects")
    group.add_argument(
        "--projects", metavar="FILE", type=arguments.path,
        default=os.environ.get(PROJECTS_VARIABLE),
        help=f"read the projects from this file alone (also {PROJECTS_VARIABLE}; default: "
        "/etc/qumulo-changelist/projects.toml and ~/.config/qumulo-changelist/projects.toml)",
    )  # fmt: skip
    add_state_option(group)


def add_wait_option(parser: argparse.ArgumentParser) -> None:
    """Add how long to wait for a different run of the same project."""
    parser.add_argument(
        "--wait", metavar="TIME", type=arguments.duration, default=0,
        help="wait for a different run of the same project, for at most this time, such as 10m",
    )  # fmt: skip


def add_project_names(parser: argparse.ArgumentParser, meaning: str = "") -> None:
    """Add the names of projects, which the shell can complete from ``projects.toml``."""
    action = parser.add_argument(
        "names", metavar="PROJECT", nargs="*", type=arguments.path,
        help=meaning or "a project of projects.toml",
    )  # fmt: skip
    # argcomplete looks for this attribute, which argparse does not know.
    action.completer = complete_project  # type: ignore[attr-defined]


def complete_project(**options: object) -> list[str]:
    """Return the names of the projects, for the completion of the shell."""
    from qumulo_changelist.errors import ChangelistError
    from qumulo_changelist.projects.file import check_projects

    try:
        parsed = options.get("parsed_args")
        names = check_projects(getattr(parsed, "projects", None))[0]
        return [name for name in names if name.isprintable()]  # they go to a terminal
    except ChangelistError:
        return []  # a shell shows no messages


def add_state_option(group: argparse._ArgumentGroup) -> None:
    """Add where it is kept what projects have committed."""
    group.add_argument(
        "--state", metavar="FILE", type=arguments.path, default=os.environ.get(STATE_VARIABLE),
        help=f"keep what is committed in this file (also {STATE_VARIABLE}; default: state.sqlite "
        "in this user's state folder)",
    )  # fmt: skip


def find_settings(
    options: argparse.Namespace,
    project: Project | None = None,
    *,
    is_shared: bool = True,
    is_question: bool = False,
) -> Settings:
    """Return how to reach the cluster: the options decide, then the project, then the environment.

    If no project is named, it is the configuration that all projects share, unless ``is_shared`` is
    False. The archiver's own configuration comes last. Somebody who only asks a question
    (``is_question``) does not wait for minutes for a cluster that does not answer.

    Raises:
        ConfigurationError: the archiver's configuration cannot be used.
    """
    config = options.config or (project.config if project else "")
    if not config and not project and is_shared and CONFIG_VARIABLE not in os.environ:
        config = _shared_configuration(options)
    config = config or usual_path()
    transport = options.transport or (project.transport if project else "")
    options.read_config = config or default_path()
    settings = read_settings(config or None, transport or None)
    return patience_options.with_patience(settings, options, project, is_question=is_question)


def _shared_configuration(options: argparse.Namespace) -> str:
    """Return the configuration of all projects; "" if they differ, or name none."""
    from qumulo_changelist.errors import ChangelistError
    from qumulo_changelist.projects.file import check_projects

    try:
        projects = check_projects(getattr(options, "projects", None))[0]
    except ChangelistError:
        return ""  # what is wrong with the file is not the question here
    configurations = {project.config for project in projects.values()}
    return configurations.pop() if len(configurations) == 1 else ""
