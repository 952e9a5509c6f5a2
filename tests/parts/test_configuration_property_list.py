"""The archiver's configuration as a property list, as macOS keeps it; read on any system."""

import plistlib

import pytest

from tests.parts.configuration_files import REQUIRED, password, plist, read, refusal

both_formats = pytest.mark.parametrize("fmt", [plistlib.FMT_XML, plistlib.FMT_BINARY])


@both_formats
def test_a_property_list_contains_the_settings(fmt: plistlib.PlistFormat) -> None:
    settings = read(plist(fmt, FastScanWorkFolder="/var/lists"))

    assert (settings.host, settings.port) == ("192.0.2.10", 8000)
    assert (settings.username, settings.password.reveal()) == ("archiver", "hunter2")
    assert settings.work_folder == "/var/lists"


def test_it_can_begin_with_a_byte_order_mark_or_blanks() -> None:
    assert password(b"\xef\xbb\xbf" + plist()) == "hunter2"
    assert password(b"\n  " + plist()) == "hunter2"


def test_the_keys_can_be_in_a_dictionary_named_general() -> None:
    assert password(plistlib.dumps({"General": REQUIRED, "Other": {"a": 1}})) == "hunter2"


def test_the_keys_can_have_the_section_before_a_dot() -> None:
    dotted = {f"General.{key}": value for key, value in REQUIRED.items()}

    assert password(plistlib.dumps(dotted)) == "hunter2"


@both_formats
def test_the_port_can_be_a_number(fmt: plistlib.PlistFormat) -> None:
    assert read(plist(fmt, QumuloClusterPort=8443)).port == 8443


@pytest.mark.parametrize("value", [True, False, 8000.5, [8000], {"port": 8000}])
def test_a_value_that_is_neither_text_nor_a_number_is_refused(value: object) -> None:
    refusal(plist(QumuloClusterPort=value), "QumuloClusterPort in .* neither text nor a number")


@both_formats
def test_a_password_is_taken_as_it_is(fmt: plistlib.PlistFormat) -> None:
    typed = r'100%;#"\x41\n@@ <&>'

    assert password(plist(fmt, QumuloPassword=typed)) == typed


def test_a_password_can_be_data_or_a_number() -> None:
    assert password(plist(QumuloPassword="pässwörd".encode())) == "pässwörd"
    assert password(plist(QumuloPassword=12345)) == "12345"


def test_values_of_other_keys_can_be_anything() -> None:
    assert password(plist(Colours=["blue"], On=True, Ratio=0.5, Data=b"\xff")) == "hunter2"
