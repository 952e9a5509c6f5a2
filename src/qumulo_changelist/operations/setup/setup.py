"""Setting up a project: its checks, an access token, and the files that describe it."""

import os
from collections.abc import Callable
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from qumulo_changelist.cluster.connect import open_cluster, open_rest
from qumulo_changelist.config.settings import Secret, Settings
from qumulo_changelist.config.writing import render_configuration
from qumulo_changelist.errors import ChangelistError, OutputError, UnclearOutcomeError, UsageError
from qumulo_changelist.events import Listener
from qumulo_changelist.events import ignore as ignore_event
from qumulo_changelist.machine.shortages import shortage_errors
from qumulo_changelist.names import to_bytes
from qumulo_changelist.operations.doctor.checks import Examination, Report, ignore
from qumulo_changelist.operations.doctor.diagnosis import examine_cluster
from qumulo_changelist.operations.project.run import check_project
from qumulo_changelist.operations.setup.new_file import remove_file, write_new_file
from qumulo_changelist.projects.addition import check_addition
from qumulo_changelist.projects.file import check_projects, default_paths
from qumulo_changelist.projects.project import Project
from qumulo_changelist.projects.writing import render_project

_PRIVATE = 0o600


class SetupRequest(Struct, frozen=True, kw_only=True):
    """What to set up."""

    settings: Settings
    """How to reach the cluster."""
    project: Project
    """The project, with one source."""
    projects_file: str = ""
    """The file of projects to make; "" for this user's own."""
    config_file: str = ""
    """The configuration to make from the settings; "" for none: then the project names one."""
    makes_token: bool = False
    """Whether an access token is made, and stored instead of the password."""
    checks: bool = True
    """Whether everything is checked first."""


class SetupResult(Struct, frozen=True):
    """What was set up."""

    project: str
    projects_file: str
    is_written: bool
    """Whether the file of projects was made; if not, it exists, and ``block`` belongs in it."""
    block: str
    """The project as the file has it, in TOML."""
    config_file: str
    """The configuration that was made; "" for none."""
    token_id: str
    """The id of the access token that was made; "" for none."""


def default_projects_file() -> str:
    """Return this user's own file of projects."""
    return default_paths()[-1]


def set_up(
    request: SetupRequest,
    listener: Listener = ignore_event,
    report: Report = ignore,
    on_token: Callable[[str], object] = lambda _number: None,
) -> SetupResult:
    """Check a project, and make the files that describe it; no file that exists is changed.

    After an error, no file is left that has a secret.

    Args:
        request: what to set up.
        listener: receives the events of the cluster.
        report: receives each check when it has ended.
        on_token: receives the id of the access token as soon as it is made.

    Raises:
        UsageError: the project cannot be run as it stands, or next to those in the file.
        OutputError: a file cannot be made; the configuration also if it exists.
        ChangelistError: a check failed, or no access token can be made.
    """
    project = request.project
    if request.config_file:
        project = replace(project, config=os.path.abspath(request.config_file))
    project.check()
    block = render_project(project)
    path = request.projects_file or default_projects_file()
    is_new = not os.path.lexists(to_bytes(path))
    check_files(path, request.config_file, project.name)
    check_addition(path, block, check_project)
    if request.makes_token:
        check_token(request.settings, request.config_file)
    with shortage_errors():
        if request.checks:
            examination = Examination(report)
            examine_cluster(examination, request.settings, [project], listener)
            if examination.failure:
                raise examination.failure
        settings, token = request.settings, ""
        if request.makes_token:
            settings, token = _with_token(settings, listener)
            on_token(token)
        try:
            if token:
                _try_token(settings, listener)
            _write(request.config_file, settings, path if is_new else "", block)
        except ChangelistError as error:
            if token:
                _add_token(error, token)
            raise
    return SetupResult(project.name, path, is_new, block, request.config_file, token)


def check_files(projects_file: str, config_file: str, name: str = "") -> None:
    """Make sure that the files can be made, as far as that shows now.

    Args:
        projects_file: the file of projects.
        config_file: the configuration; "" for none.
        name: that of the project; "" if it is not known yet.

    Raises:
        UsageError: the file of projects has the project already.
        OutputError: the configuration exists.
        ProjectFileError: the file of projects exists and cannot be read.
    """
    if name and os.path.lexists(to_bytes(projects_file)):
        found, _ = check_projects(projects_file)
        if name in found:
            raise UsageError(
                f"the project {name} is in {projects_file} already",
                hint="Use a different name, or change that file by hand.",
            )
    if config_file and os.path.lexists(to_bytes(config_file)):
        raise OutputError(
            f"{config_file} exists, and is not changed",
            hint="Use it as it is, or name a different file.",
        )


def check_token(settings: Settings, config_file: str) -> None:
    """Make sure that an access token could be made, and stored.

    Raises:
        UsageError: it could not.
    """
    if not config_file:
        raise UsageError("an access token is stored only in a configuration that is made here")
    if settings.transport != "rest":
        raise UsageError("qq cannot use an access token from a configuration, only REST can")
    if settings.access_token:
        raise UsageError("an access token is given, so none has to be made")


def _with_token(settings: Settings, listener: Listener) -> tuple[Settings, str]:
    """Return the settings with a new access token instead of the password, and the token's id."""
    with open_rest(settings, listener) as cluster:
        try:
            number, token = cluster.create_access_token()
        except UnclearOutcomeError as error:
            error.hint = "Look whether there is one now: `qq auth_list_access_tokens`."
            raise
    return replace(settings, username="", password=Secret(""), access_token=token), number


def _try_token(settings: Settings, listener: Listener) -> None:
    with open_cluster(settings, listener) as cluster:
        cluster.caller()


def _write(config_file: str, settings: Settings, projects_file: str, block: str) -> None:
    """Write both files, or neither; "" stands for a file that is not wanted."""
    if config_file:
        write_new_file(config_file, render_configuration(settings).encode(), _PRIVATE)
    try:
        if projects_file:
            write_new_file(projects_file, block.encode())
    except BaseException:
        if config_file:
            remove_file(config_file)
        raise


def _add_token(error: ChangelistError, number: str) -> None:
    """Add to an error which access token was made, since no file has it."""
    rest: tuple[Any, ...] = error.args[1:]
    error.args = (f"{error}; the access token {number} was made, and is stored nowhere", *rest)
    revoke = f"To revoke it: `qq auth_delete_access_token {number}`."
    error.hint = f"{error.hint} {revoke}".strip()
