"""What ``qumulo-changelist`` says to type next: no dead end, no option that it does not have."""

import argparse
import re
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import pytest

from qumulo_changelist import errors
from qumulo_changelist.cli import check_words, main, messages, program
from qumulo_changelist.cli.commands import run
from qumulo_changelist.cli.cycle_hints import CYCLE_HINTS
from qumulo_changelist.cli.error_context import add_context
from qumulo_changelist.errors import ChangelistError
from qumulo_changelist.operations.doctor.checks import Check, CheckStatus, Examination, Finding
from qumulo_changelist.projects.project import Project
from tests.parts.test_errors import KINDS, make

# Of Dask's own commands.
NOT_OURS = {"--tls-ca-file", "--tls-cert", "--tls-key", "--scheduler-file"}

Type = Callable[..., str]


@pytest.fixture
def type_(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Type:
    """Run a command as a newcomer, who has nothing yet, and return all that it prints."""
    (tmp_path / "projects.toml").touch()
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    for variable in ("CONFIG", "STATE", "PASSWORD", "ACCESS_TOKEN", "LOG"):
        monkeypatch.delenv(f"QUMULO_CHANGELIST_{variable}", raising=False)
    monkeypatch.setenv("QUMULO_CHANGELIST_PROJECTS", str(tmp_path / "projects.toml"))
    monkeypatch.setattr("signal.signal", lambda number, handler: None)
    for name in ("forbid_cores", "garbage"):
        monkeypatch.setattr(program, name, mock.Mock())

    def run_command(*arguments: str, code: int = 2) -> str:
        assert main.main(arguments) == code
        printed = capfd.readouterr()
        return printed.out + printed.err

    return run_command


def hint_of(error: ChangelistError) -> str:
    return messages.hint_for(error, makes_list=False, overrides=CYCLE_HINTS)


def options_of(parser: argparse.ArgumentParser) -> set[str]:
    """Return the options of a command, and of all below it."""
    found = set()
    for action in parser._actions:
        found |= set(action.option_strings)
        if isinstance(action, argparse._SubParsersAction):
            found |= set().union(*map(options_of, action.choices.values()))
    return found


OPTIONS = options_of(main.make_parser()) | NOT_OURS


@pytest.mark.parametrize("kind", KINDS)
def test_a_hint_names_only_options_that_some_command_has(kind: type[ChangelistError]) -> None:
    named = set(re.findall(r"--[a-z][a-z-]*", hint_of(make(kind, hint=""))))

    assert named <= OPTIONS


# A newcomer


@pytest.mark.parametrize(
    "arguments", [["snapshot", "list"], ["scan", "21", "-"], ["diff", "1", "2", "-"]]
)
def test_without_a_configuration_one_learns_how_to_make_one(
    type_: Type, arguments: list[str], tmp_path: Path
) -> None:
    printed = type_(*arguments, "--config", str(tmp_path / "none.conf"), code=23)

    assert "`qumulo-changelist init` makes one." in printed


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["projects", "list"], 0),
        (["projects", "check"], 0),
        (["status"], 0),
        (["status", "show1"], 2),
        (["commit", "show1"], 2),
        (["run", "show1"], 2),
        (["snapshot", "create", "show1"], 2),
    ],
)
def test_without_a_project_one_learns_how_to_make_one(
    type_: Type, arguments: list[str], code: int
) -> None:
    printed = type_(*arguments, code=code)

    assert "`qumulo-changelist init` makes a projects.toml" in printed
    assert "`qumulo-changelist projects list`" not in printed


@pytest.mark.parametrize("target", ["show1", ""])
def test_without_a_list_a_report_says_what_makes_one(type_: Type, target: str) -> None:
    printed = type_("report", *filter(None, [target]), "--terminal")

    made = f"`qumulo-changelist run {target or 'PROJECT'}` makes one; or name the file of a list."
    assert made in printed


def test_a_list_to_explain_is_named_by_an_option(type_: Type) -> None:
    assert "Or name the list with --list." in type_("explain", "/projects/show1/a.mov")


def test_what_is_no_list_cannot_be_verified(type_: Type, tmp_path: Path) -> None:
    assert f"there is no list {tmp_path}/none" in type_("verify", f"{tmp_path}/none")


def test_every_option_that_is_missing_is_named_at_once(type_: Type) -> None:
    needed = "--cluster, --user, --password-file, --source, --guid"

    assert f"{needed} are missing" in type_("init", "--yes", "--port", "1", "--fingerprint", "a")
    token = type_("init", "--yes", "--access-token-file", "token", "--guid", "g")
    assert "--cluster, --source are missing" in token


# What only the command line knows


@pytest.mark.parametrize(
    "arguments", [["run", "--keep", "0"], ["run", "show1", "--full", "--no-full"]]
)
def test_the_help_that_is_named_is_that_of_the_command(type_: Type, arguments: list[str]) -> None:
    assert "`qumulo-changelist run --help` shows" in type_(*arguments)


def test_of_each_project_that_fails_the_hint_names_it_and_its_configuration(
    type_: Type, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "".join(
        f'[projects.{name}]\npath = "/p"\nguid = "{name}"\nconfig = "/etc/{name}.conf"\n'
        for name in ("one", "two")
    )
    (tmp_path / "projects.toml").write_text(text)

    def fail(_projects: object, options: argparse.Namespace, *_rest: object) -> object:
        def act(project: Project, *_: object) -> None:
            options.read_config = project.config
            kind = errors.UnreachableError if project.name == "one" else errors.UncommittableError
            raise kind("why")

        return mock.Mock(run=act)

    monkeypatch.setattr(run, "_Runs", fail)

    printed = type_("run", "--all", code=69)

    assert "The configuration is /etc/one.conf." in printed
    assert "`qumulo-changelist history two`" in printed
    assert "/etc/two.conf" not in printed


def test_context_is_added_once_and_what_is_known_stays() -> None:
    error = errors.LoginError("what is wrong")
    options = argparse.Namespace(command="run", names=["first"], read_config="/a.conf")

    add_context(error, options, "second")
    hint = hint_of(error)
    add_context(error, argparse.Namespace(command="scan", name="third", read_config="/b.conf"))

    assert (error.command, error.project) == ("run", "second")
    assert hint_of(error) == hint
    assert hint.count("The configuration is /a.conf.") == 1


def test_without_a_mapped_path_nobody_is_sent_to_look_at_a_mount() -> None:
    error = errors.NoMappedPathError("the mapped path is needed")

    assert "--mapped-path" in hint_of(error)
    assert "-m" in messages.hint_for(error, makes_list=True)
    assert "is mounted where" not in hint_of(error)


# doctor


def test_a_check_that_is_skipped_names_the_one_that_it_needs_as_it_was_printed() -> None:
    examination = Examination()

    def fail() -> Finding:
        raise errors.OutputError("why")

    examination.check("work-folder", "/work", fail)
    examination.check("privilege", "READ", fail)
    examination.check("free-space", "", fail, needs={"work-folder": False, "READ": False})

    words = [check_words.describe_check(one) for one in examination.checks]
    assert words[-1] == (
        "skipped  free space in the work folder: it needs: the work folder /work, the privilege "
        "READ"
    )


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (errors.ConfigurationFileError, "`qumulo-changelist init` makes one"),
        (errors.NotFoundError, "Name the directory as the cluster does"),
        (errors.SnapshotMissingError, "`qumulo-changelist snapshot list`"),
        (errors.MappedPathError, "Give as mapped path"),
    ],
)
def test_a_check_that_failed_says_what_to_do_in_words_for_it(
    kind: type[ChangelistError], words: str
) -> None:
    check = Check("source", "/p", CheckStatus.FAILED, "why", error=make(kind, hint=""))

    assert words in check_words.hint_of(check)
