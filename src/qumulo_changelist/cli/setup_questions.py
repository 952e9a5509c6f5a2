"""The questions of ``init``: each answer is an option or typed, and checked at once."""

import argparse
import os
import re
from typing import Literal

from msgspec.structs import replace

from qumulo_changelist.cli import patience_options
from qumulo_changelist.cli.interview import MAX_PASSWORDS, Interview, missing_options
from qumulo_changelist.cli.screen import say
from qumulo_changelist.config.archiver import (
    CONFIG_VARIABLE,
    default_path,
    own_path,
    read_settings,
)
from qumulo_changelist.config.keys import make_settings
from qumulo_changelist.config.settings import DEFAULT_WORK_FOLDER, Settings
from qumulo_changelist.errors import (
    ChangelistError,
    ConfigurationError,
    ConfigurationFileError,
    UsageError,
)
from qumulo_changelist.model import Caller
from qumulo_changelist.names import to_bytes
from qumulo_changelist.operations.setup.setup import (
    SetupRequest,
    check_files,
    check_token,
    default_projects_file,
)
from qumulo_changelist.operations.setup.steps import SetupSteps, may_make_token
from qumulo_changelist.projects.project import ListOptions, Project, Source
from qumulo_changelist.secret import PASSWORD_VARIABLE, TOKEN_VARIABLE

_OWN = ("cluster", "user", "write_config", "password_file", "access_token_file", "fingerprint")
_NOT_IN_A_NAME = re.compile(r"[^\w.-]+")
_GUID = re.compile(r"[0-9A-Za-z{][0-9A-Za-z._-]*}?")
_NO_GUID = (
    "The archiver shows it in the settings of the project; without DNA Fabric, any name does."
)
_PORT = re.compile(r"(.*[^:]|\[.*\]):([0-9]{1,5})")
_LATER = "-"
"""Stands for a GUID that is asked for later, or for a user."""
_WHO = "the new configuration"


class SetupQuestions:
    """Asks for what the options do not give.

    Args:
        options: the command line.
        interview: asks.
        steps: checks.

    Attributes:
        uses_file: whether a configuration that exists is used.
    """

    def __init__(
        self, options: argparse.Namespace, interview: Interview, steps: SetupSteps
    ) -> None:
        self._options = options
        self._interview = interview
        self._steps = steps
        self.uses_file = False
        self._projects_file: str = options.projects or default_projects_file()

    def ask(self) -> SetupRequest:
        """Ask everything, and return what to set up.

        Raises:
            UsageError: an option is missing, and nobody can be asked.
            ChangelistError: a check fails, and nobody can be asked again.
        """
        config = self._existing_configuration()
        self._check_complete(makes_config=config is None)
        own = "" if config is not None else self._options.write_config or own_path()
        # Before anybody answers questions in vain.
        check_files(self._projects_file, own, self._options.project or "")
        if config is not None:
            self.uses_file = True
            settings = self._with_patience(read_settings(config or None, self._options.transport))
            self._steps.reach(settings)
            self._steps.trust(settings)
            caller = self._steps.log_in(settings)
        else:
            settings = self._ask_for_cluster()
            settings, caller = self._ask_for_user(settings)
        project = self._ask_for_project(settings, config)
        return SetupRequest(
            settings=settings,
            project=project,
            projects_file=self._projects_file,
            config_file=own,
            makes_token=self._wants_token(settings, caller, own),
            checks=False,
        )

    def _check_complete(self, *, makes_config: bool) -> None:
        """Make sure that nothing has to be asked, if nobody can be asked."""
        options, needed = self._options, ["source", "guid"]
        if makes_config:
            needed = ["cluster", *self._needed_to_log_in(), *needed]
        missing = [name for name in needed if getattr(options, name) is None]
        if missing and not self._interview.can_ask:
            raise missing_options(*(f"--{name.replace('_', '-')}" for name in missing))

    def _needed_to_log_in(self) -> list[str]:
        options = self._options
        if options.access_token_file is not None or os.environ.get(TOKEN_VARIABLE):
            return []
        if options.user == "":
            return ["access_token_file"]
        return ["user"] if os.environ.get(PASSWORD_VARIABLE) else ["user", "password_file"]

    def _existing_configuration(self) -> str | None:
        """Return the configuration to use, "" for the archiver's own; None to make one."""
        options = self._options
        given = [name for name in _OWN if getattr(options, name) is not None]
        if options.config is not None:
            if given:
                name = given[0].replace("_", "-")
                raise UsageError(f"--config names a configuration, so --{name} has no place")
            return str(os.path.abspath(options.config))
        if given:
            return None
        for path in (os.environ.get(CONFIG_VARIABLE), own_path()):
            if path and os.path.exists(to_bytes(path)):
                say(f"the cluster is that of {path}")
                return os.path.abspath(path)
        try:
            read_settings()
        except ConfigurationFileError:
            return None
        except ConfigurationError as error:
            say(f"the archiver's own configuration is not used: {error}")
            return None
        say(f"the cluster is that of {default_path()}")
        return ""

    def _ask_for_cluster(self) -> Settings:
        options, interview = self._options, self._interview

        def ask() -> Settings:
            hosts = interview.answer(options.cluster, "--cluster", "1. Address of the cluster")
            settings = self._settings(*_split_port(hosts, options.port))
            shown = self._steps.reach(settings)
            if shown.objection and settings.transport == "rest":
                settings = self._ask_for_trust(settings, shown.fingerprint, shown.objection)
            self._steps.trust(settings)
            return settings

        return interview.repeat(ask, is_asked=options.cluster is None)

    def _ask_for_trust(
        self, settings: Settings, fingerprint: str, objection: ChangelistError
    ) -> Settings:
        if settings.fingerprint:
            objection.hint = (
                "Somebody may intercept the connection. Give --fingerprint as the cluster's "
                "administrator sees it."
            )
            raise objection
        if not self._interview.can_ask:
            objection.hint = (
                f"If the cluster's administrator confirms it: --fingerprint {fingerprint}"
            )
            raise objection
        say(f"The cluster shows a certificate with the SHA-256 fingerprint\n  {fingerprint}")
        say("No authority that this machine trusts has signed it for this name.")
        question = "Is that what the cluster's administrator sees? Trust it?"
        if not self._interview.agrees(None, question, default=False):
            objection.hint = "Ask the cluster's administrator which fingerprint it has."
            raise objection
        return replace(settings, fingerprint=fingerprint)

    def _settings(self, hosts: str, port: str) -> Settings:
        """Return the settings that are known before the user is."""
        options = self._options
        values = {
            "qumuloclusterip": hosts,
            "qumuloclusterport": port,
            "qumulousername": _LATER,
            "qumulopassword": _LATER,
            "qumulotransport": options.transport or "rest",
            "qumulocertificatefingerprint": options.fingerprint or "",
            "fastscanworkfolder": options.work_folder or DEFAULT_WORK_FOLDER,
        }
        return self._with_patience(make_settings(values, _WHO))

    def _with_patience(self, settings: Settings) -> Settings:
        return patience_options.with_patience(settings, self._options, is_question=True)

    def _ask_for_user(self, settings: Settings) -> tuple[Settings, Caller]:
        options, interview = self._options, self._interview
        token = _read_secret(options.access_token_file, TOKEN_VARIABLE)
        password = _read_secret(options.password_file, PASSWORD_VARIABLE)

        def ask() -> tuple[Settings, Caller]:
            user, given = "", token
            if given is None:
                question = "2. User on the cluster (empty: an access token)"
                user = interview.answer(options.user, "--user", question)
                if not user:
                    given = interview.secret("--access-token-file", "   Access token")
            known = password
            if not given and known is None:
                known = interview.secret("--password-file", "   Password")
            complete = _with_user(settings, user, known or "", given or "")
            return complete, self._steps.log_in(complete)

        is_asked = token is None and None in (options.user, password)
        return interview.repeat(ask, is_asked=is_asked, tries=MAX_PASSWORDS)

    def _ask_for_project(self, settings: Settings, config: str | None) -> Project:
        project = self._ask_for_source(settings, config)
        return self._ask_for_guid(self._ask_for_mount(settings, project))

    def _ask_for_source(self, settings: Settings, config: str | None) -> Project:
        options = self._options
        # A configuration that is made here states the transport itself.
        transport: Literal["", "qq", "rest"] = "" if config is None else options.transport or ""

        def ask() -> Project:
            question = "3. Directory on the cluster, such as /projects/show1"
            path = self._interview.answer(options.source, "--source", question)
            if not path:
                raise UsageError("a directory is needed", hint="Such as /projects/show1, or /.")
            source = Source(path=path, guid=_LATER, index=options.index)
            name = options.project or _name_for(path)
            project = Project(
                name=name,
                sources=(source,),
                options=ListOptions(deletes=True),
                config=config or "",
                transport=transport,
            )
            project.check()
            check_files(self._projects_file, "", project.name)
            self._steps.find_source(settings, project)
            return project

        return self._interview.repeat(ask, is_asked=options.source is None)

    def _ask_for_mount(self, settings: Settings, project: Project) -> Project:
        given = self._options.mapped_path

        def ask() -> Project:
            path = given
            if path is None and self._interview.can_ask:
                question = "4. Where this machine mounts it (empty: nowhere)"
                path = self._interview.answer(None, "--mapped-path", question)
            mapped = os.path.abspath(os.path.expanduser(path)) if path else None
            mounted = _with_source(project, mapped_path=mapped)
            self._steps.try_source(settings, mounted)
            return mounted

        return self._interview.repeat(ask, is_asked=given is None)

    def _ask_for_guid(self, project: Project) -> Project:
        given = self._options.guid

        def ask() -> Project:
            question = "5. The archiver's GUID of the project; without DNA Fabric, any name"
            # A script that forgets the option would have lists where no archiver looks.
            is_asked = self._interview.can_ask and _GUID.fullmatch(project.name)
            default = project.name if is_asked else ""
            guid = self._interview.answer(given, "--guid", question, default)
            if not _GUID.fullmatch(guid):
                raise UsageError(f"{guid!r} is not a GUID: letters, digits, - and .", hint=_NO_GUID)
            complete = _with_source(project, guid=guid)
            complete.check()
            return complete

        return self._interview.repeat(ask, is_asked=given is None)

    def _wants_token(self, settings: Settings, caller: Caller, own: str) -> bool:
        options = self._options
        if options.token:
            check_token(settings, own)
            return True
        if not own or options.token is False or not may_make_token(caller, settings):
            return False
        question = "Make an access token, so that the password is not stored?"
        return self._interview.agrees(None, question, default=True)


def _split_port(hosts: str, port: str) -> tuple[str, str]:
    """Return an address and a port, both of which people may type as ``10.0.0.5:8000``.

    Raises:
        UsageError: there is no address.
    """
    if not hosts:
        raise UsageError("an address is needed", hint="Such as 10.0.0.5, or qumulo.example.com.")
    found = _PORT.fullmatch(hosts)
    return (
        (found[1], found[2])
        if (found and hosts.count(":") == 1) or (found and "]" in hosts)
        else (hosts, port)
    )


def _with_source(project: Project, **changes: object) -> Project:
    """Return a project with one source, some of whose values are changed."""
    (source,) = project.sources
    return replace(project, sources=(replace(source, **changes),))


def _name_for(path: str) -> str:
    """Return a project's name for a directory."""
    last = path.rstrip("/").rpartition("/")[2]
    return _NOT_IN_A_NAME.sub("_", last) or "cluster"


def _with_user(settings: Settings, user: str, password: str, token: str) -> Settings:
    """Return the settings with a user, checked as those of a file are."""
    if not user and not token:
        raise UsageError("a user or an access token is needed")
    values = {
        "qumuloclusterip": ",".join(settings.hosts),
        "qumuloclusterport": str(settings.port),
        "qumulousername": user,
        "qumulopassword": password,
        "qumuloaccesstoken": token,
        "qumulotransport": settings.transport,
        "qumulocertificatefingerprint": settings.fingerprint,
        "fastscanworkfolder": settings.work_folder,
    }
    patience = {"retry_for": settings.retry_for, "qq_timeout": settings.qq_timeout}
    return replace(make_settings(values, _WHO), **patience)


def _read_secret(path: str | None, variable: str) -> str | None:
    """Return the first line of a file, or what the environment has; None for neither."""
    if path is None:
        return os.environ.get(variable) or None
    try:
        with open(to_bytes(path), encoding="utf-8", newline="\n") as file:
            return file.readline().removesuffix("\n").removesuffix("\r")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise UsageError(f"{path} cannot be read: {reason}") from error
