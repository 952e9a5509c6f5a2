"""The nodes of the cluster in the archiver's configuration."""

import pytest

from tests.parts.configuration_files import ini, plist, read, refusal


@pytest.mark.parametrize(
    "written",
    [
        "10.0.0.1,10.0.0.2",
        "10.0.0.1;10.0.0.2",
        "10.0.0.1 10.0.0.2",
        '"10.0.0.1, 10.0.0.2"',  # as Qt writes it
        "10.0.0.1, 10.0.0.2",
        ",10.0.0.1,,10.0.0.2,",
    ],
)
@pytest.mark.parametrize("comment", ["", " ; the nodes", " # the nodes"])
def test_several_nodes_are_separated_by_commas_semicolons_or_blanks(
    written: str, comment: str
) -> None:
    settings = read(ini(QumuloClusterIP=written + comment))

    assert settings.hosts == ("10.0.0.1", "10.0.0.2")
    assert settings.host == "10.0.0.1"


def test_several_nodes_can_be_an_array_of_a_property_list() -> None:
    assert read(plist(QumuloClusterIP=["10.0.0.1", "b.example"])).hosts == ("10.0.0.1", "b.example")


@pytest.mark.parametrize(
    ("written", "host"),
    [
        ("fe80::1", "fe80::1"),
        ("fe80::1%eth0", "fe80::1%eth0"),
        ("::1", "::1"),
        ("[::1]", "::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[fe80::1%en0.1]", "fe80::1%en0.1"),
        ("::ffff:10.0.0.1", "::ffff:10.0.0.1"),
        ("node_1.a.", "node_1.a."),
        ("a", "a"),
        ("10.0.0.3.example", "10.0.0.3.example"),
        ("10.0.0.03", "10.0.0.03"),
        ("cafe", "cafe"),
    ],
)
def test_a_node_is_an_address_or_a_name(written: str, host: str) -> None:
    assert read(ini(QumuloClusterIP=f"{written},10.0.0.2")).hosts == (host, "10.0.0.2")
    assert read(plist(QumuloClusterIP=[written, "10.0.0.2"])).hosts == (host, "10.0.0.2")


@pytest.mark.parametrize(
    "host",
    [
        "https://a",
        "https://a:8000/api",
        "https://[::1]",
        "a/b",
        "a:8000",
        "10.0.0.1:8000",
        "cafe:8000",
        "::1:",
        "[::1]:8000",
        "[::1",
        "::1]",
        "[]",
        "[10.0.0.1]",
        "[a]",
        "1:2:3",
        "fe80::1%",
        "fe80::1%a/b",
        "fe80::1%a%b",
        "fe80::1::2",
        "10.0.0.256",
        "10.0.0.1.1",
        "me@a",
        "a..b",
        "ü.example",
        "a" * 64,
    ],
)
def test_anything_else_is_refused_with_what_to_write_instead(host: str) -> None:
    for content in (ini(QumuloClusterIP=host), plist(QumuloClusterIP=f"10.0.0.2, {host}")):
        error = refusal(content, "QumuloClusterIP in ")

        assert repr(host) in str(error)
        for words in ("QumuloClusterPort", "without https://"):
            assert words in error.hint


def test_separators_alone_are_no_node() -> None:
    refusal(ini(QumuloClusterIP=","), "QumuloClusterIP in .* no address")
