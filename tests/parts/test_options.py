"""The options of both commands: what is taken, what is not, and what goes together."""

import re
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qumulo_changelist.checks.deletion_limit import DeletionLimit
from qumulo_changelist.cli import create_snap
from qumulo_changelist.cli.options import parse
from qumulo_changelist.errors import UsageError

REQUIRED = {
    "-p": "Show 1",
    "-b": "/proj/show1",
    "-g": "3f2a",
    "-i": "1",
    "--prevsnapshotid": "3",
    "--newsnapshotid": "7",
    "-m": "/mnt/show1",
}


def parsed(*more: str, **changed: str | None):
    """Parse a command line; options can be changed, or left out with None."""
    options = REQUIRED | {option.replace("_", "-"): value for option, value in changed.items()}
    words = [word for one in options.items() if one[1] is not None for word in one]
    return parse([*words, *more])


def refused(capsys, *more: str, **changed: str | None) -> str:
    """Return what is said of a command line that is malformed."""
    with pytest.raises(SystemExit) as caught:
        parsed(*more, **changed)
    assert caught.value.code == 2
    return capsys.readouterr().err


# Moves, proof and guard


@pytest.mark.parametrize("option", ["deletes", "moves", "verify"])
def test_what_is_not_asked_for_is_off(option):
    assert getattr(parsed(), option) is False
    assert getattr(parsed(f"--{option}"), option) is True


def test_deletions_may_be_asked_for_with_one_letter():
    assert parsed("-d").deletes is True


def test_without_a_limit_any_number_may_be_deleted():
    assert parsed().max_deletes is None


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
def test_a_limit_is_a_number_of_files_or_a_percentage(argument, number, is_percentage):
    expected = DeletionLimit(Fraction(number), is_percentage=is_percentage)

    assert parsed("--max-deletes", argument).max_deletes == expected
    assert parsed(f"--max-deletes={argument}").max_deletes == expected


@pytest.mark.parametrize("argument", ["0", "0%"])
def test_a_limit_of_none_is_a_limit(argument):
    assert parsed("--max-deletes", argument).max_deletes


NO_LIMITS = [
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


@pytest.mark.parametrize("argument", [*NO_LIMITS, "5 %", " 5", "5 ", "5\n", ""])
def test_anything_else_is_no_limit(capsys, argument):
    said = refused(capsys, f"--max-deletes={argument}")

    assert "--max-deletes" in said
    assert repr(argument) in said
    assert "such as 1000" in said
    assert "such as 5%" in said


def test_a_negative_number_is_no_limit_even_as_a_word_of_its_own(capsys):
    assert "--max-deletes" in refused(capsys, "--max-deletes", "-1")


@given(st.text(st.sampled_from("0123456789.%-e ٣"), max_size=6))
@example("--")
def test_any_text_is_a_limit_that_reads_as_it_or_is_refused(argument):
    try:
        found = parsed(f"--max-deletes={argument}").max_deletes
    except (SystemExit, UsageError):
        found = None

    number = argument.removesuffix("%")
    whole, point, part = number.partition(".")
    digits = set("0123456789")
    is_limit = bool(whole) and set(whole + part) <= digits and bool(point) == bool(part)
    if not is_limit or (point and number == argument):
        assert found is None
    else:
        assert found.is_percentage == argument.endswith("%")
        assert found.number * 10 ** len(part) == int(whole + part)


# All others


def test_the_help_can_be_read(capsys):
    with pytest.raises(SystemExit) as caught:
        parse(["--help"])

    assert caught.value.code == 0
    assert "--max-deletes N|N%" in capsys.readouterr().out


@pytest.mark.parametrize("option", [one for one in REQUIRED if one != "-m"])
def test_each_required_option_that_is_missing_is_told(capsys, option):
    assert option in refused(capsys, **{option: None})


@pytest.mark.parametrize("argument", ["", "0", "-3", "3.0", "a", "٣", "9" * 41])
@pytest.mark.parametrize("option", ["--prevsnapshotid", "--newsnapshotid"])
def test_the_id_of_a_snapshot_is_a_number(capsys, option, argument):
    assert "is not the id of a snapshot" in refused(
        capsys, f"{option}={argument}", **{option: None}
    )


@pytest.mark.parametrize("argument", ["7", "8"])
def test_the_older_snapshot_is_older(argument):
    with pytest.raises(UsageError, match="is not older"):
        parsed(**{"--prevsnapshotid": argument})


@pytest.mark.parametrize("argument", ["", "a", "-1", "1.0", "٣"])
def test_the_source_index_is_a_number(argument):
    with pytest.raises(UsageError, match="--sourceindex"):
        parsed(f"-i{argument}" if argument else "--sourceindex=")


@pytest.mark.parametrize("argument", [".", "..", "a..b", "a/b", "/", "a\0b"])
def test_the_guid_can_be_the_name_of_a_folder(argument):
    with pytest.raises(UsageError, match="--projectguid"):
        parsed(**{"-g": argument})


def test_only_without_a_mount_no_mapped_path_is_needed():
    assert parsed("--metadata", "rest", **{"-m": None}).mappedpath is None
    for source in ("mount", "snapshot"):
        with pytest.raises(UsageError, match="needs the mapped path"):
            parsed("--metadata", source, **{"-m": None})


@pytest.mark.parametrize("option", ["--workers", "--page-size", "--slice-size", "--spill-after"])
@pytest.mark.parametrize("argument", ["0", "-1", "a", "", "1.5", "1000000001", "٣"])
def test_how_much_at_a_time_is_a_number_above_zero(capsys, option, argument):
    assert "is not a number from 1 to" in refused(capsys, f"{option}={argument}")


def test_workers_have_a_limit_of_their_own(capsys):
    assert parsed("--workers", "256").workers == 256
    assert "from 1 to 256" in refused(capsys, "--workers", "257")


# The name and the source of a snapshot

NO_SNAPSHOT_NAMES = {
    "it is empty": [""],
    "it has a / in it": ["a/b", "/", "../x", "/etc"],
    "it has a control character in it": ["a\nb", "\t", "\x1b[31m", "a\x7f"],
    "it has 224 bytes": ["x" * 224, "ü" * 112],
    "it has 300 bytes": ["x" * 300],
    "is not UTF-8": ["Z\udcfcrich", "\udcff"],
}


def snap(name: str = "Show 1", source: str = "/proj"):
    return create_snap.parse([f"--projectname={name}", f"--qumulosourcepath={source}"])


@pytest.mark.parametrize(
    ("reason", "name"),
    [(reason, name) for reason, some in NO_SNAPSHOT_NAMES.items() for name in some],
)
def test_what_cannot_be_the_name_of_a_snapshot_is_refused_before_any_cluster_is_asked(reason, name):
    with pytest.raises(UsageError, match=f"^--projectname .*{reason}") as caught:
        snap(name)

    assert "\n" not in str(caught.value)
    assert caught.value.hint


# With "-" and ten digits behind it, even a name of dots is one.
@pytest.mark.parametrize(
    "name",
    ["Show 1", ".", "..", " ", "-", "--help", "a\\b", "Müller & Söhne 🎬", "x" * 223, "ü" * 111],
)
def test_any_other_text_can_be_the_name_of_a_snapshot(name):
    assert snap(name).projectname == name


@pytest.mark.parametrize("name", ["a/b", "a\nb", "", "x" * 300, "Z\udcfcrich"])
def test_the_project_of_a_list_is_only_reported_and_may_be_any_text(name):
    assert parsed(f"--projectname={name}", **{"-p": None}).projectname == name


def test_the_source_is_an_absolute_path_that_a_cluster_can_be_asked_for():
    assert snap(source="//proj/./a/").qumulosourcepath == "/proj/a"
    for source, reason in (
        ("proj", "not an absolute"),
        ("/a/../b", "not an"),
        ("/\udcff", "UTF-8"),
    ):
        with pytest.raises(UsageError, match=f"^--qumulosourcepath .*{reason}"):
            snap(source=source)


# What is no value

# Of "--option=--" every generation of argparse makes something else.
WITH_VALUES = re.compile(r"^  (?:(-\w)(?: [A-Z]+)?, )?(--[\w-]+) [A-Z{]", re.MULTILINE)


@pytest.mark.parametrize(
    ("parse_options", "arguments", "count"),
    [
        (create_snap.parse, ["--projectname=a", "--qumulosourcepath=/a"], 4),
        (parse, [word for pair in REQUIRED.items() for word in pair], 15),
    ],
    ids=["qumulo_create_snap", "qumulo_generate_changelist"],
)
def test_two_dashes_are_no_value_of_any_option(capsys, parse_options, arguments, count):
    with pytest.raises(SystemExit):
        parse_options(["--help"])
    options = WITH_VALUES.findall(capsys.readouterr().out)
    assert len(options) == count

    for short, long in options:
        for words in (
            [f"{long}=--"],
            [long, "--"],
            *([[f"{short}--"], [short, "--"]] * bool(short)),
        ):
            with pytest.raises(SystemExit) as caught:
                parse_options([*arguments, *words])
            assert caught.value.code == 2
            assert f"{long}: " in capsys.readouterr().err


def test_two_dashes_may_be_a_part_of_a_value():
    assert snap("a--").projectname == "a--"
    assert snap("--=--").projectname == "--=--"
