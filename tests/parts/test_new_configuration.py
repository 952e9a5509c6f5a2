"""Configurations and projects that are written here read as what was meant."""

import ssl
from pathlib import Path

import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st

from qumulo_changelist.cluster.rest.certificate import read_end
from qumulo_changelist.config.qt_settings import decode_value, encode_value
from qumulo_changelist.config.settings import Secret, Settings
from qumulo_changelist.config.writing import render_configuration
from qumulo_changelist.errors import ConfigurationError, OutputError, UsageError
from qumulo_changelist.operations.setup.new_file import write_new_file
from qumulo_changelist.projects.file import parse_projects
from qumulo_changelist.projects.project import Project, Source
from qumulo_changelist.projects.writing import render_project
from tests.parts.configuration_files import read


def settings(**changes: object) -> Settings:
    values = {
        "hosts": ("10.0.0.5", "fd00::5"), "port": 8000, "username": "archive",
        "password": Secret("pw"), "work_folder": "/tmp", "transport": "rest",
    }  # fmt: skip
    return Settings(**(values | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "password",
    [
        'a,b;c#d"e', "back\\slash\\x41\\n", "100%", "  spaces  ", "umlauts äöüß €", "'quoted'",
        '"quoted"', "@at", "@@at", "@ByteArray(x)", "ends\\", "=[General]", "tab\there", "😀",
        "\x01ab", "; comment", "a # b",
    ],
)  # fmt: skip
def test_every_password_reads_as_it_was(password: str) -> None:
    text = render_configuration(settings(password=Secret(password)))

    assert read(text).password.reveal() == password
    assert read(text).hosts == ("10.0.0.5", "fd00::5")


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_every_text_is_decoded_as_it_was(text: str) -> None:
    written = encode_value(text)

    assert decode_value(written) == text
    assert "\n" not in written
    assert "\r" not in written


@pytest.mark.parametrize(
    "changes",
    [{"username": "a #b"}, {"password": Secret("a\nb")}, {"password": Secret("a\udc80")}],
    ids=["a comment", "a line end", "no Unicode"],
)
def test_what_no_configuration_can_hold_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError) as error:
        render_configuration(settings(**changes))

    assert "a\\n" not in str(error.value)


def test_a_project_reads_as_it_was() -> None:
    source = Source(path='/a "b"/ü', guid="g", index="007", mapped_path="/mnt/#1")
    project = Project(name="show 1.ä", sources=(source,), config="/c.conf", transport="rest")

    found, problems = parse_projects(render_project(project), "")

    assert (found, problems) == ({"show 1.ä": project}, [])


def test_a_project_that_is_not_unicode_is_refused() -> None:
    source = Source(path="/a", guid="g", mapped_path="/mnt/\udcff")

    with pytest.raises(UsageError, match="UTF-8"):
        render_project(Project(name="a", sources=(source,)))


def test_a_file_that_exists_is_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "new" / "file"
    write_new_file(str(path), b"first", 0o600)

    with pytest.raises(OutputError, match="File exists"):
        write_new_file(str(path), b"second", 0o600)

    assert path.read_bytes() == b"first"


def test_the_end_of_a_certificate_is_read() -> None:
    authority = trustme.CA()
    certificate = ssl.PEM_cert_to_DER_cert(
        authority.issue_cert("a").cert_chain_pems[0].bytes().decode()
    )

    end = read_end(certificate)

    assert end is not None
    assert end > 1_700_000_000
    assert read_end(b"") is read_end(certificate[:60]) is read_end(b"\x30\x03abc") is None
