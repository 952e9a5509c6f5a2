"""The man pages say what the commands say of themselves, on every machine the same."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from manual import roff, words
from manual.pages import latest_release, make_pages

from qumulo_changelist import errors
from qumulo_changelist.cli import create_snap, generate_changelist
from qumulo_changelist.cli.commands import COMMANDS
from qumulo_changelist.cli.main import make_parser
from qumulo_changelist.version import __version__

REPOSITORY = Path(__file__).resolve().parents[2]
PAGES = make_pages()


def plain(text: str) -> str:
    """Return the text of a page as it is read, without what is bold or italic."""
    text = re.sub(r"\\f[BIP]", "", text)
    for escape, shown in ((r"\-", "-"), (r"\(aq", "'"), (r"\(ti", "~"), (r"\&", "")):
        text = text.replace(escape, shown)
    return text


def options_in(help_text: str) -> set[str]:
    """Return the options that a help explains, each with all its names."""
    names = re.findall(r"^ +(--?\w.*?)(?:  |$)", help_text, re.MULTILINE)
    return {option for name in names for option in re.findall(r"(?<!\S)--?[\w-]+", name)}


def test_every_command_has_a_page() -> None:
    known = ("qumulo-changelist", "qumulo-create-snap", "qumulo-emulator",
             "qumulo-generate-changelist")  # fmt: skip

    assert set(PAGES) == {
        *(f"{name}.1" for name in known),
        *(f"qumulo-changelist-{command}.1" for command in COMMANDS),
    }


@pytest.mark.parametrize("command", COMMANDS)
def test_a_page_explains_every_option_that_the_help_explains(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        make_parser([command]).parse_args([command, "--help"])
    page = plain(PAGES[f"qumulo-changelist-{command}.1"])

    options = options_in(capsys.readouterr().out)

    assert "--help" in options
    terms = {term for line in re.findall(r"^\.TP\n(.*)", page, re.MULTILINE)
             for term in re.findall(r"--?[\w-]+", line)}  # fmt: skip
    assert options <= terms


def test_the_pages_of_the_known_commands_name_their_options_and_which_they_need() -> None:
    taken = plain(PAGES["qumulo-create-snap.1"])
    listed = plain(PAGES["qumulo-generate-changelist.1"])

    for parser, page in (
        (create_snap.make_parser(), taken),
        (generate_changelist.make_parser(), listed),
    ):
        for option in options_in(parser.format_help()):
            assert re.search(rf"^\.TP\n.*{option}\b", page, re.MULTILINE), option
    assert "qumulo-create-snap -p NAME -s PATH [OPTION]..." in taken
    assert (
        "--workers N\nwork in N processes; few changes are worked on in one (default: the" in listed
    )


def test_the_pages_together_name_every_exit_code() -> None:
    kinds = [kind for kind in vars(errors).values() if hasattr(kind, "exit_code")]
    named = {
        int(code)
        for page in PAGES.values()
        for code in re.findall(r"^\.TP\n(\d+)$", plain(page), re.MULTILINE)
    }

    assert named == {0, *(kind.exit_code for kind in kinds)}
    assert words.meanings_of_codes()[7] == "Only a full list can be made, and none was wanted."


def test_a_page_names_the_exit_codes_of_its_command_alone() -> None:
    def codes(name: str) -> set[str]:
        return set(re.findall(r"^\.TP\n(\d+)$", plain(PAGES[f"{name}.1"]), re.MULTILINE))

    assert codes("qumulo-changelist-status") == {"0", "1", "2", "4", "23", "71", "73"}
    assert codes("qumulo-changelist-completion") == {"0", "2", "4", "71"}
    assert codes("qumulo-emulator") == {"0", "1", "2"}
    assert {"3", "5", "6", "7", "75"} <= codes("qumulo-changelist-run")
    assert "3" not in codes("qumulo-changelist-diff")


def test_a_page_names_environment_variables_and_files() -> None:
    page = plain(PAGES["qumulo-changelist-run.1"])

    for name in ("QUMULO_CHANGELIST_CONFIG", "QUMULO_CHANGELIST_PROJECTS",
                 "QUMULO_CHANGELIST_STATE", "/etc/qumulo-changelist/projects.toml",
                 "/etc/StorageDNA/DNAClientServices.conf"):  # fmt: skip
        assert f"\n.TP\n{name}\n" in page
    assert "QUMULO_CHANGELIST_PASSWORD" in PAGES["qumulo-changelist-init.1"]
    emulator = plain(PAGES["qumulo-emulator.1"])
    assert re.findall(r"^\.TP\n([A-Z]+_[A-Z_]+|.*/.*)$", emulator, re.MULTILINE) == [
        "QUMULO_EMULATOR_PASSWORD"
    ]


def test_pages_have_the_version_and_the_date_of_the_release() -> None:
    version, date = latest_release()

    assert version == __version__
    for name, text in PAGES.items():
        title = name.removesuffix(".1").upper()
        assert f'\n.TH {title} 1 {date} "qumulo\\-changelist {version}" "User' in text


def test_pages_are_the_same_on_every_machine(tmp_path: Path) -> None:
    variables = {
        "COLUMNS": "40",
        "HOME": "/nowhere",
        "LC_ALL": "C",
        "PYTHONHASHSEED": "7",
        "QUMULO_CHANGELIST_CONFIG": "/elsewhere/cluster.conf",
        "SOURCE_DATE_EPOCH": "1",
        "TZ": "Pacific/Kiritimati",
        "XDG_CONFIG_HOME": "/elsewhere",
    }

    subprocess.run(
        [sys.executable, "-m", "manual", tmp_path],
        cwd=REPOSITORY, env=os.environ | variables, check=True,
    )  # fmt: skip

    assert {one.name: one.read_text() for one in tmp_path.iterdir()} == PAGES


def test_text_is_shown_as_it_is_and_can_be_copied() -> None:
    assert roff.escape("--a 'b' `c` ~/d ^e \\f é") == (
        r"\-\-a \(aqb\(aq \(gac\(ga \(ti/d \(hae \ef \[u00E9]"
    )
    assert roff.escape(".snapshot") == r"\&.snapshot"
    assert roff.prose("see `a-b`, well-known; ends with --all") == [
        r"see \fBa\-b\fP, well-known; ends with \-\-all"
    ]
    assert roff.paragraphs("one\ntwo\n\n  $ three  'x'\n") == [
        *("one two", ".PP", ".EX", r"  $ three  \(aqx\(aq", ".EE")
    ]
