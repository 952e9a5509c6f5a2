"""The tree of errors: exit codes, the way from a worker process, and hints for every class."""

import argparse
import pickle
import re
from collections.abc import Iterator

import pytest
from docs import tables

from qumulo_changelist import errors
from qumulo_changelist.cli import main, messages, project_options
from qumulo_changelist.cli.cycle_hints import CYCLE_HINTS
from qumulo_changelist.cli.error_context import add_context
from qumulo_changelist.errors import ChangelistError


def classes_below(root: type[ChangelistError]) -> Iterator[type[ChangelistError]]:
    for kind in root.__subclasses__():
        yield kind
        yield from classes_below(kind)


OF_THE_TREE = {name for name, kind in vars(errors).items() if hasattr(kind, "exit_code")}
KINDS = sorted(classes_below(ChangelistError), key=lambda kind: kind.__name__)


def make(kind: type[ChangelistError], hint: str = "do this") -> ChangelistError:
    if issubclass(kind, errors.StatusError):
        return kind("what is wrong", status=418, error_class="fs_tea_error", hint=hint)
    if issubclass(kind, errors.ResourceError):
        return kind("what is wrong", number=24)
    return kind("what is wrong", hint=hint)


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_arrives_unchanged_from_a_different_process(kind: type[ChangelistError]) -> None:
    error = make(kind)

    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        copy = pickle.loads(pickle.dumps(error, protocol))

        assert type(copy) is kind
        assert str(copy) == "what is wrong"
        assert copy.exit_code == error.exit_code
        assert vars(copy) == vars(error)


def test_the_exit_code_of_another_program_is_kept() -> None:
    error = errors.LoginError("what is wrong", exit_code=1)

    assert error.exit_code == pickle.loads(pickle.dumps(error)).exit_code == 1
    assert errors.LoginError.exit_code == 77


def test_an_unreadable_entry_ends_no_run_and_arrives_unchanged_too() -> None:
    copy = pickle.loads(pickle.dumps(errors.AbsentError("it is not there")))

    assert isinstance(copy, errors.UnreadableError)
    assert str(copy) == "it is not there"
    assert not issubclass(errors.UnreadableError, ChangelistError)


def test_every_class_is_drawn_in_its_place_with_its_exit_code() -> None:
    """The drawing at the top of errors.py is read line by line."""
    drawn: dict[str, tuple[str, str]] = {}
    path: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        found = re.match(r"^    ([│├└─ ]*)(\w+Error)\b\s*([\d?]*)", line)
        if found and found[2] not in ("UnreadableError", "AbsentError"):
            depth = len(found[1]) // 4
            path[depth:] = [found[2]]
            drawn[found[2]] = (path[depth - 1] if depth else "Exception", found[3])

    expected = {
        kind.__name__: (
            kind.__bases__[0].__name__,
            "?" if kind is errors.QqFailedError else str(kind.exit_code),
        )
        for kind in KINDS
    }
    assert drawn == {"ChangelistError": ("Exception", ""), **expected}


def test_the_exit_codes_of_the_contract_stay() -> None:
    codes = {kind.__name__: kind.exit_code for kind in KINDS}

    assert codes["UsageError"] == 2
    assert codes["OutputError"] == 4
    assert codes["ProofError"] == 5
    assert codes["DeletionLimitError"] == 6
    assert codes["ConfigurationError"] == 23
    assert codes["QqMissingError"] == 127


def test_only_what_can_pass_is_transient() -> None:
    transient = {kind.__name__ for kind in KINDS if kind.transient}

    assert transient == {
        "BrokenConnectionError",
        "DeadlineError",
        "FailingError",
        "IncompleteReplyError",
        "InconsistentReadError",
        "MountChangedError",
        "MountTimeoutError",
        "NoWorkersError",
        "ProjectBusyError",
        "QqTimeoutError",
        "ResourceError",
        "SchedulerError",
        "UnreachableError",
        "WorkerError",
    }


def test_errors_name_no_option_key_or_command() -> None:
    for kind in KINDS:
        assert not re.search(r"--\w|Qumulo[A-Z]|`", kind.hint), kind


# Hints


@pytest.mark.parametrize("kind", KINDS)
def test_every_class_has_a_hint_for_the_commands(kind: type[ChangelistError]) -> None:
    """Some are left to what is known where the error is raised, and are listed as such."""
    own = {errors.ConfigurationError, errors.QqFailedError, errors.UnprovableError}

    hint = messages.hint_for(make(kind, hint=""), makes_list=False)

    assert bool(hint) is (kind not in own)


@pytest.mark.parametrize("command", ["run show1", "diff 1 2", "scan 2"])
def test_the_hint_for_a_slow_mount_names_options_that_the_command_has(command: str) -> None:
    error = errors.MountTimeoutError("/mnt does not answer")
    hint = messages.hint_for(error, makes_list=False, overrides=CYCLE_HINTS)
    words = command.split()
    parser = main.make_parser(words[:1])

    named = set(re.findall("--[a-z-]+", hint))
    assert named == {"--mount-timeout", "--metadata"}
    parsed = parser.parse_args([*words, "--mount-timeout", "300", "--metadata", "rest"])
    assert project_options.list_options(parsed, None).mount_timeout == 300


def test_a_hint_of_the_error_itself_comes_first() -> None:
    error = errors.BasePathError("what is wrong", hint="Did you mean /a?")

    assert messages.hint_for(error, makes_list=False) == "Did you mean /a?"
    assert "-b" in messages.hint_for(errors.BasePathError("what"), makes_list=False)


def test_a_subclass_without_a_hint_has_that_of_its_class() -> None:
    class NewError(errors.OutputError):
        """A class that nobody has written a hint for."""

    try:
        assert "Make room" in messages.hint_for(NewError("what"), makes_list=False)
    finally:
        del NewError


@pytest.mark.parametrize(
    ("kind", "says_so"),
    [
        (errors.StatusError, True),
        (errors.OutputError, True),
        (errors.WorkerError, True),
        (errors.ReceiptError, False),
        (errors.ResultError, False),
        (errors.ListNameError, False),
        (errors.ConfigurationFileError, False),
        (errors.WrongMountError, True),
    ],
)
def test_only_a_command_that_makes_lists_says_what_became_of_the_list(
    kind: type[ChangelistError], says_so: bool
) -> None:
    error = make(kind, hint="")

    assert ("No list was published" in messages.hint_for(error, makes_list=True)) is says_so
    assert "No list was published" not in messages.hint_for(error, makes_list=False)


@pytest.mark.parametrize(
    ("number", "words"), [(24, "ulimit -n"), (11, "ulimit -u"), (12, "memory")]
)
def test_a_shortage_says_what_can_be_allowed(number: int, words: str) -> None:
    error = errors.ResourceError("what is wrong", number=number)

    assert words in messages.hint_for(error, makes_list=True)


def test_the_configuration_of_this_machine_is_named_unless_the_error_is_of_a_worker() -> None:
    options = argparse.Namespace(read_config="/here.conf", names=["show1"])
    hints = []
    for worker in ("", "tls://10.0.0.7:4001"):
        error = errors.LoginError("what is wrong")
        error.worker = worker
        add_context(error, options)
        hints.append(messages.hint_for(error, makes_list=False))

    here = messages.hint_for(errors.LoginError("what"), makes_list=False)
    assert hints[0] == f"{here} The configuration is /here.conf."
    assert hints[1] == f"On the worker tls://10.0.0.7:4001: {here}"


# The documentation


def test_the_table_of_exit_codes_is_current_and_names_every_class_once() -> None:
    page = (tables.DOCS / "reference" / "exit-codes.md").read_text(encoding="utf-8")

    row_of_a_class = r"^\| (\d+|other) \| `(\w+)` \| (.+?) \| (yes)? ?\| (.+) \|$"
    rows = re.findall(row_of_a_class, page, re.MULTILINE)
    assert sorted(row[1] for row in rows) == sorted(OF_THE_TREE - {"ChangelistError"})
    row = next(row for row in rows if row[1] == "DeadlineError")
    assert row[0] == "9"
    assert row[2] == "The time is over that a run was given."
    assert row[3] == "yes"
    assert "--deadline" in row[4]
