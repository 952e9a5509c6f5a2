"""The archiver's configuration file: where it is, and what a file must be to be read as one."""

import plistlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qumulo_changelist.cli.messages import hint_for
from qumulo_changelist.config.archiver import default_path, read_settings
from qumulo_changelist.errors import ConfigurationFileError
from tests.parts.configuration_files import plist, refusal


@pytest.mark.parametrize(
    ("system", "path"),
    [
        ("linux", "/etc/StorageDNA/DNAClientServices.conf"),
        ("darwin", "/Library/Preferences/com.storagedna.DNAClientServices.plist"),
        ("freebsd13", "/etc/StorageDNA/DNAClientServices.conf"),
    ],
)
def test_by_default_it_is_where_the_archiver_keeps_it(
    monkeypatch: pytest.MonkeyPatch, system: str, path: str
) -> None:
    monkeypatch.setattr(sys, "platform", system)

    assert default_path() == path


# A file that cannot be read


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    path = str(tmp_path / "nowhere.conf")

    with pytest.raises(ConfigurationFileError, match=f"{re.escape(path)}.*No such file") as caught:
        read_settings(path)

    assert caught.value.exit_code == 23
    assert "--config" in hint_for(caught.value, makes_list=True)


def test_a_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationFileError, match=f"{re.escape(str(tmp_path))}.*Is a directory"):
        read_settings(str(tmp_path))


def test_a_path_that_no_system_can_have_is_refused() -> None:
    with pytest.raises(ConfigurationFileError, match="cannot be read"):
        read_settings("a\0b")


# A file in neither format


@pytest.mark.parametrize("content", [b"", b"\0", b"[General]", b"\x7fELF\0\0", b"{}", b"\xff\xfea"])
def test_a_file_of_a_different_kind_is_refused(content: bytes) -> None:
    refusal(content)


def damaged_property_lists() -> Iterator[bytes]:
    for fmt in (plistlib.FMT_XML, plistlib.FMT_BINARY):
        content = plist(fmt)
        for end in range(7, len(content) - 8, 11):
            yield content[:end]
    for inside in (
        "<dict><key>a</key><date>yesterday</date></dict>",
        "<dict><key>a</key><integer>many</integer></dict>",
        "<dict><key>a</key><data>!</data></dict>",
        "<dict><key>a</key></dict>",
        "<dict><string>a</string></dict>",
        "<dict><unknown/></dict>",
        "<array/>",
        "<string>text</string>",
        "<key>a</key>",
        "</dict>",
        "",
    ):
        yield f"<plist>{inside}</plist>".encode()


def test_a_damaged_property_list_is_refused() -> None:
    for content in damaged_property_lists():
        refusal(content)


@given(start=st.sampled_from([b"bplist00", b"<?xml", b"<plist>", b"[General]\n"]), rest=st.binary())
def test_any_other_content_is_refused_with_a_message(start: bytes, rest: bytes) -> None:
    refusal(start + rest)
