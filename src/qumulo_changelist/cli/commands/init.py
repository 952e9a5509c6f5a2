"""``qumulo-changelist init``: set up a project."""

import argparse
import os
import shlex
from collections.abc import Iterable

from qumulo_changelist import errors
from qumulo_changelist.cli import arguments, common
from qumulo_changelist.cli.answer import print_answer
from qumulo_changelist.cli.check_words import describe_check, hint_of
from qumulo_changelist.cli.interview import Interview
from qumulo_changelist.cli.screen import Screen, say
from qumulo_changelist.cli.setup_questions import SetupQuestions
from qumulo_changelist.errors import ChangelistError
from qumulo_changelist.operations.doctor.checks import Check, CheckStatus
from qumulo_changelist.operations.setup.setup import SetupResult, set_up
from qumulo_changelist.operations.setup.steps import SetupSteps

DESCRIPTION = """\
Set up a project: five questions on the terminal (the cluster's address, the user, the directory on
the cluster, where it is mounted, and the archiver's GUID), or options instead. Each answer is
checked at once, as `doctor` does it. Then a projects.toml is written, and a configuration with the
archiver's keys that only this user can read. No file that exists is changed: if there is a
projects.toml already, the lines to add to it are printed.
"""
EXAMPLES = """\
  qumulo-changelist init
  qumulo-changelist init --config /etc/StorageDNA/DNAClientServices.conf --source /projects/show1
  qumulo-changelist init --yes --cluster 10.0.0.5 --user archive --password-file pw \\
      --fingerprint 9a3e... --token --source /projects/show1 --guid 5f1c9a52

The password is never an option: it is asked for, or read from --password-file, or from the
environment: QUMULO_CHANGELIST_PASSWORD, and QUMULO_CHANGELIST_ACCESS_TOKEN for an access token.
"""


_CLUSTER = (
    ("--config FILE", "use this configuration, and write none (default: that of an earlier init, "
     "else the archiver's own, if it is complete)"),
    ("--cluster HOST", "an address of the cluster, or several with commas"),
    ("--port PORT", "that of the REST API (default: 8000)"),
    ("--user NAME", "the user on the cluster"),
    ("--password-file FILE", "the file whose first line is the password"),
    ("--access-token-file FILE", "likewise an access token, instead of user and password"),
    ("--fingerprint SHA256", "trust the certificate with this fingerprint"),
    ("--work-folder PATH", "the folder for lists (default: /tmp, where the archiver looks)"),
)  # fmt: skip
_PROJECT = (
    ("--source PATH", "the directory on the cluster"),
    ("--mapped-path PATH", 'where this machine mounts it; "" for nowhere'),
    ("--guid GUID", "the archiver's GUID of the project; without DNA Fabric, any name"),
    ("--project NAME", "the project's name (default: that of the directory)"),
    ("--index N", "the archiver's number of the source folder (default: 1)"),
)
ASKS = True


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this sub-command."""
    cluster = parser.add_argument_group("the cluster (questions 1 and 2)")
    _add(cluster, _CLUSTER)
    cluster.add_argument(
        "--transport", choices=("rest", "qq"),
        help="ask directly (default), or through the vendor's qq",
    )  # fmt: skip
    cluster.add_argument(
        "--token", action=argparse.BooleanOptionalAction, default=None,
        help="make an access token, and store it instead of the password",
    )  # fmt: skip
    _add(parser.add_argument_group("the project (questions 3 to 5)"), _PROJECT)
    parser.set_defaults(port="8000", index="1")
    group = parser.add_argument_group("files")
    group.add_argument(
        "--projects", metavar="FILE", type=arguments.path,
        default=os.environ.get(common.PROJECTS_VARIABLE),
        help=f"the projects.toml to write (also {common.PROJECTS_VARIABLE}; default: this user's)",
    )  # fmt: skip
    group.add_argument(
        "--write-config", metavar="FILE", type=arguments.path,
        help="the configuration to write (default: cluster.conf beside this user's projects.toml)",
    )  # fmt: skip
    parser.add_argument("--yes", action="store_true", help="ask nothing")
    common.add_output_options(parser)


def _add(group: argparse._ArgumentGroup, table: Iterable[tuple[str, str]]) -> None:
    for option, meaning in table:
        name, metavar = option.split()
        group.add_argument(name, metavar=metavar, type=arguments.path, help=meaning)


# Where the usual hint names keys of a configuration that is not there yet.
_HINTS: dict[type[ChangelistError], str] = {
    errors.LoginError: "Check the user and the password, or the access token.",
    errors.CertificateError: "",
    errors.UnreachableError: (
        "Check the address and --port, and that this machine reaches the cluster's REST API."
    ),
}


def execute(options: argparse.Namespace, screen: Screen) -> int:
    """Ask, check, write the files, and return the exit code."""

    def report(check: Check) -> None:
        if check.error:
            check.error.hint = _hint(check, has_file=questions.uses_file)
        is_fine = check.status is CheckStatus.OK
        if check.status is CheckStatus.WARNING or (is_fine and not options.quiet):
            say(describe_check(check))

    interview = Interview(may_ask=not options.yes)
    questions = SetupQuestions(options, interview, SetupSteps(screen, report))
    request = questions.ask()
    result = set_up(
        request,
        screen,
        on_token=lambda number: say(
            f"made the access token {number} for {request.settings.username}; "
            f"`qq auth_delete_access_token {number}` would take it back"
        ),
    )
    _print(result, options)
    return 0


def _hint(check: Check, *, has_file: bool) -> str:
    own = (_HINTS[kind] for kind in type(check.error).__mro__ if kind in _HINTS)
    usual = hint_of(check)
    return usual if has_file or check.hint else next(own, usual) or usual


def _print(result: SetupResult, options: argparse.Namespace) -> None:
    if not options.quiet:
        if result.config_file:
            say(f"wrote {result.config_file}, which only this user can read")
        if result.is_written:
            say(f"wrote {result.projects_file}")
        else:
            say(f"{result.projects_file} exists and is not changed; add these lines to it:")
    text = result.projects_file if result.is_written else result.block.rstrip("\n")
    answer = {
        "project": result.project,
        "projects_file": result.projects_file,
        "written": result.is_written,
        "block": result.block,
        "config_file": result.config_file or None,
        "access_token_id": result.token_id or None,
    }
    print_answer(answer, text, as_json=options.json)
    if not options.quiet:
        place = f" --projects {shlex.quote(options.projects)}" if options.projects else ""
        first = "" if result.is_written else f"add these lines to {result.projects_file}, then: "
        say(f"Next: {first}qumulo-changelist run {shlex.quote(result.project)}{place}")
