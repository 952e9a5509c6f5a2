"""The options of both commands: which are accepted, which are not, and which go together."""

import argparse
import re
import subprocess
import sys
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qumulo_changelist.checks.deletion_limit import DeletionLimit
from qumulo_changelist.checks.unreadable_limit import UnreadableLimit
from qumulo_changelist.cli import (
    arguments,
    create_snap,
    generate_changelist,
    project_options,
    scheduler_options,
)
from qumulo_changelist.cli.messages import hint_for
from qumulo_changelist.errors import (
    ChangelistError,
    ClusterPathError,
    ListNameError,
    MappedPathError,
    ProjectNameError,
    SnapshotOrderError,
    UsageError,
)
from qumulo_changelist.operations.lists.request import ChangelistRequest
from qumulo_changelist.operations.snapshots.creation import SnapshotRequest
from qumulo_changelist.projects.project import ListOptions, Project, Source
from qumulo_changelist.runners.scheduler import Scheduler

REQUIRED = {
    "-p": "Show 1",
    "-b": "/proj/show1",
    "-g": "3f2a",
    "-i": "1",
    "--prevsnapshotid": "3",
    "--newsnapshotid": "7",
    "-m": "/mnt/show1",
}


def request_of(*more: str, **changed: str | None) -> ChangelistRequest:
    """Return the request of a command line; options can be changed, or left out with None."""
    options = REQUIRED | {option.replace("_", "-"): value for option, value in changed.items()}
    words = [word for name, value in options.items() if value is not None for word in (name, value)]
    request, _ = generate_changelist.parse([*words, *more])
    return request


def refusal_of(capsys: pytest.CaptureFixture[str], *more: str, **changed: str | None) -> str:
    """Return what is printed about a malformed command line."""
    with pytest.raises(SystemExit) as caught:
        request_of(*more, **changed)
    assert caught.value.code == 2
    return capsys.readouterr().err


def hint_of(error: ChangelistError) -> str:
    return hint_for(error, makes_list=True)


def test_a_command_line_becomes_a_request() -> None:
    assert request_of("--workers=2") == ChangelistRequest(
        project="Show 1",
        guid="3f2a",
        source_index="1",
        base_path="/proj/show1",
        older=3,
        newer=7,
        mapped_path="/mnt/show1",
        workers=2,
    )


# Moves, proof and limit


@pytest.mark.parametrize("option", ["deletes", "moves", "verify"])
def test_what_is_not_asked_for_is_off(option: str) -> None:
    assert getattr(request_of(), option) is False
    assert getattr(request_of(f"--{option}"), option) is True


def test_deletions_can_be_asked_for_with_one_letter() -> None:
    assert request_of("-d").deletes is True


def test_without_a_limit_any_number_of_files_may_be_deleted() -> None:
    assert request_of().max_deletes is None


@pytest.mark.parametrize(
    ("argument", "number", "is_percentage"),
    [
        ("5", 5, False),
        ("0", 0, False),
        ("007", 7, False),
        ("999999999999999999", 999_999_999_999_999_999, False),
        ("5%", 5, True),
        ("0%", 0, True),
        ("0.5%", Fraction(1, 2), True),
        ("5.0%", 5, True),
        ("33.333333333%", Fraction(33_333_333_333, 10**9), True),
        ("100%", 100, True),
        ("250%", 250, True),
    ],
)
def test_a_limit_is_a_number_of_files_or_a_percentage(
    argument: str, number: int | Fraction, is_percentage: bool
) -> None:
    expected = DeletionLimit(Fraction(number), is_percentage=is_percentage)

    assert request_of("--max-deletes", argument).max_deletes == expected
    assert request_of(f"--max-deletes={argument}").max_deletes == expected


@pytest.mark.parametrize("argument", ["0", "0%"])
def test_a_limit_of_zero_is_a_limit(argument: str) -> None:
    assert request_of("--max-deletes", argument).max_deletes


@pytest.mark.parametrize("argument", ["0", "2500", "0%", "2.5%"])
def test_a_limit_on_what_cannot_be_read_is_a_number_or_a_percentage(argument: str) -> None:
    assert request_of().max_unreadable is None
    found = request_of("--max-unreadable", argument).max_unreadable
    assert found == UnreadableLimit.parse(argument)
    assert str(found) == argument


NOT_LIMITS = [
    "-1",
    "-1%",
    "+5",
    "%",
    "%5",
    "5%%",
    "5.%",
    ".5%",
    "5.",
    "0.5",
    "5.0",
    "1.2.3%",
    "1,5%",
    "1_000",
    "1e3",
    "1e3%",
    "0x5",
    "nan",
    "inf%",
    "all",
    "٣",
    "٣%",
    "½",
    "²",
    "5\uff05",
    "1234567890123456789",
    "0.1234567890%",
]


@pytest.mark.parametrize("argument", [*NOT_LIMITS, "5 %", " 5", "5 ", "5\n", ""])
def test_any_other_text_is_not_a_limit(capsys: pytest.CaptureFixture[str], argument: str) -> None:
    printed = refusal_of(capsys, f"--max-deletes={argument}")

    assert "--max-deletes" in printed
    assert repr(argument) in printed
    assert "such as 1000" in printed
    assert "such as 5%" in printed
    assert "a number of entries" in refusal_of(capsys, f"--max-unreadable={argument}")


def test_a_negative_number_is_not_a_limit_even_as_a_separate_word(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert "--max-deletes" in refusal_of(capsys, "--max-deletes", "-1")


@given(st.text(st.sampled_from("0123456789.%-e ٣"), max_size=6))
@example("--")
def test_any_text_is_read_as_it_is_written_or_refused(argument: str) -> None:
    try:
        found = request_of(f"--max-deletes={argument}").max_deletes
    except (SystemExit, UsageError):
        found = None

    number = argument.removesuffix("%")
    whole, point, part = number.partition(".")
    digits = set("0123456789")
    is_limit = bool(whole) and set(whole + part) <= digits and bool(point) == bool(part)
    if not is_limit or (point and number == argument):
        assert found is None
    else:
        assert found
        assert found.is_percentage == argument.endswith("%")
        assert found.number * 10 ** len(part) == int(whole + part)


# A scheduler


def parse_scheduler(*typed: str) -> argparse.Namespace:
    parser = arguments.make_parser("")
    scheduler_options.add_options(parser)
    return parser.parse_args(typed)


def test_the_options_of_a_scheduler_are_one_value() -> None:
    options = parse_scheduler(
        "--scheduler=tls://h:8786", "--scheduler-ca=ca", "--scheduler-cert=cert",
        "--scheduler-key=key", "--allow-unverified-scheduler", "--send-session",
    )  # fmt: skip

    expected = Scheduler(
        "tls://h:8786", "ca", "cert", "key", allows_unverified=True, sends_session=True
    )
    assert scheduler_options.chosen_scheduler(options) == expected
    assert request_of().scheduler is None
    assert request_of("--pieces=/p").pieces == "/p"


def test_a_scheduler_file_is_found_from_any_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")

    chosen = scheduler_options.chosen_scheduler(parse_scheduler("--scheduler", "s.json"))

    assert chosen == Scheduler("/s.json")


@pytest.mark.parametrize(
    "option", ["--scheduler-ca=a", "--scheduler-cert=a", "--scheduler-key=a",
               "--allow-unverified-scheduler", "--send-session"],
)  # fmt: skip
def test_what_is_said_of_a_scheduler_needs_one(option: str) -> None:
    with pytest.raises(UsageError, match=f"{option.partition('=')[0]} needs --scheduler"):
        request_of(option)


PROJECT = Project(
    name="a",
    sources=(Source(path="/a", guid="g"),),
    options=ListOptions(scheduler=Scheduler("tls://own:1", "ca", sends_session=True)),
)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ([], Scheduler("tls://own:1", "ca", sends_session=True)),
        (["--scheduler=tls://h:2"], Scheduler("tls://h:2", "ca", sends_session=True)),
        (["--scheduler-ca=b"], Scheduler("tls://own:1", "b", sends_session=True)),
        (["--no-scheduler"], None),
    ],
)
def test_a_command_line_changes_the_scheduler_of_a_project(
    typed: list[str], expected: Scheduler | None
) -> None:
    chosen = project_options.list_options(parse_scheduler(*typed), PROJECT)

    assert chosen.scheduler == expected


# All others


def test_the_help_can_be_printed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        generate_changelist.parse(["--help"])

    assert caught.value.code == 0
    assert "--max-deletes N|N%" in capsys.readouterr().out


def test_what_makes_a_list_is_imported_when_one_is_made_and_not_for_the_help() -> None:
    code = "import sys, qumulo_changelist.cli.generate_changelist; print(*sys.modules)"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "qumulo_changelist.operations.lists.changelist" not in done.stdout.split()


@pytest.mark.parametrize("option", [one for one in REQUIRED if one != "-m"])
def test_a_missing_required_option_is_named(
    capsys: pytest.CaptureFixture[str], option: str
) -> None:
    assert option in refusal_of(capsys, **{option: None})


@pytest.mark.parametrize("argument", ["", "0", "-3", "3.0", "a", "٣", "9" * 41])
@pytest.mark.parametrize("option", ["--prevsnapshotid", "--newsnapshotid"])
def test_the_id_of_a_snapshot_is_a_number(
    capsys: pytest.CaptureFixture[str], option: str, argument: str
) -> None:
    assert "is not the id of a snapshot" in refusal_of(
        capsys, f"{option}={argument}", **{option: None}
    )


@pytest.mark.parametrize("argument", ["7", "8"])
def test_the_older_snapshot_has_the_smaller_id(argument: str) -> None:
    with pytest.raises(SnapshotOrderError, match="is not older"):
        request_of(**{"--prevsnapshotid": argument})


@pytest.mark.parametrize("argument", ["", "a", "-1", "1.0", "٣"])
def test_the_source_index_is_a_number(argument: str) -> None:
    with pytest.raises(ListNameError, match="source index"):
        request_of(f"-i{argument}" if argument else "--sourceindex=")


@pytest.mark.parametrize("argument", [".", "..", "a..b", "a/b", "/", "a\0b"])
def test_the_guid_can_be_the_name_of_a_folder(argument: str) -> None:
    with pytest.raises(ListNameError, match="GUID"):
        request_of(**{"-g": argument})


def test_only_over_rest_no_mapped_path_is_needed() -> None:
    assert request_of("--metadata", "rest", **{"-m": None}).mapped_path is None
    for source in ("mount", "snapshot"):
        with pytest.raises(MappedPathError, match="mapped path is needed"):
            request_of("--metadata", source, **{"-m": None})


@pytest.mark.parametrize(
    "option",
    ["--workers", "--lookups", "--mount-timeout", "--page-size", "--slice-size", "--spill-after"],
)
@pytest.mark.parametrize("argument", ["0", "-1", "a", "", "1.5", "1000000001", "٣"])
def test_a_size_is_a_number_above_zero(
    capsys: pytest.CaptureFixture[str], option: str, argument: str
) -> None:
    assert "is not a number from 1 to" in refusal_of(capsys, f"{option}={argument}")


def test_the_number_of_workers_has_a_lower_limit(capsys: pytest.CaptureFixture[str]) -> None:
    assert request_of("--workers", "256").workers == 256
    assert "from 1 to 256" in refusal_of(capsys, "--workers", "257")
    assert request_of("--lookups", "256", "--mount-timeout=5").mount_timeout == 5
    assert "from 1 to 256" in refusal_of(capsys, "--lookups", "257")


# The name and the source of a snapshot

REFUSED_PROJECTS = {
    "it is empty": [""],
    "it contains a /": ["a/b", "/", "../x", "/etc"],
    "it contains a control character": ["a\nb", "\t", "\x1b[31m", "a\x7f"],
    "it has 224 bytes": ["x" * 224, "ü" * 112],
    "it has 300 bytes": ["x" * 300],
    "it is not UTF-8": ["Z\udcfcrich", "\udcff"],
}


def snapshot_of(name: str = "Show 1", source: str = "/proj") -> SnapshotRequest:
    request, _ = create_snap.parse([f"--projectname={name}", f"--qumulosourcepath={source}"])
    return request


@pytest.mark.parametrize(
    ("reason", "name"),
    [(reason, name) for reason, names in REFUSED_PROJECTS.items() for name in names],
)
def test_a_project_that_cannot_name_a_snapshot_is_refused_before_any_cluster_is_asked(
    reason: str, name: str
) -> None:
    with pytest.raises(ProjectNameError, match=f"{reason}") as caught:
        snapshot_of(name)

    assert "\n" not in str(caught.value)
    assert "--projectname" in hint_of(caught.value)


# Followed by "-" and ten digits, even dots are a name.
@pytest.mark.parametrize(
    "name",
    ["Show 1", ".", "..", " ", "-", "--help", "a\\b", "Müller & Söhne 🎬", "x" * 223, "ü" * 111],
)
def test_any_other_text_can_name_a_snapshot(name: str) -> None:
    assert snapshot_of(name).project == name


@pytest.mark.parametrize("name", ["a/b", "a\nb", "", "x" * 300, "Z\udcfcrich"])
def test_the_project_of_a_list_is_only_reported_and_can_be_any_text(name: str) -> None:
    assert request_of(f"--projectname={name}", **{"-p": None}).project == name


def test_the_source_is_an_absolute_path_that_a_cluster_can_be_asked_for() -> None:
    assert snapshot_of(source="//proj/./a/").source_path == "//proj/./a/"
    for source, reason in (
        ("proj", "not an absolute"),
        ("/a/../b", "not an"),
        ("/\udcff", "UTF-8"),
    ):
        with pytest.raises(ClusterPathError, match=reason):
            snapshot_of(source=source)


# What is not a value

# Of "--option=--" each generation of argparse makes something different.
WITH_VALUES = re.compile(r"^  (?:(-\w)(?: [A-Z]+)?, )?(--[\w-]+) [A-Z{]", re.MULTILINE)


@pytest.mark.parametrize(
    ("command", "arguments", "count"),
    [
        (create_snap, ["--projectname=a", "--qumulosourcepath=/a"], 8),
        (generate_changelist, [word for pair in REQUIRED.items() for word in pair], 37),
    ],
    ids=["qumulo_create_snap", "qumulo_generate_changelist"],
)
def test_two_dashes_are_not_a_value_of_any_option(
    capsys: pytest.CaptureFixture[str], command: Any, arguments: list[str], count: int
) -> None:
    with pytest.raises(SystemExit):
        command.parse(["--help"])
    options = WITH_VALUES.findall(capsys.readouterr().out)
    assert len(options) == count

    for short, long in options:
        for words in (
            [f"{long}=--"],
            [long, "--"],
            *([[f"{short}--"], [short, "--"]] * bool(short)),
        ):
            with pytest.raises(SystemExit) as caught:
                command.parse([*arguments, *words])
            assert caught.value.code == 2
            assert f"{long}: " in capsys.readouterr().err


def test_two_dashes_can_be_a_part_of_a_value() -> None:
    assert snapshot_of("a--").project == "a--"
    assert snapshot_of("--=--").project == "--=--"
