"""Our keys in the archiver's configuration: which are needed, and what their values mean."""

import plistlib

import pytest

from tests.parts.configuration_files import REQUIRED, ini, plist, read, refusal

TOKEN = "access-v1:c2VjcmV0=="
ONLY_TOKEN = ini(QumuloAccessToken=TOKEN, QumuloUsername="", QumuloPassword="")

# Which keys are needed


@pytest.mark.parametrize("key", REQUIRED)
def test_a_required_key_that_is_missing_or_empty_is_named(key: str) -> None:
    line = f"{key}={REQUIRED[key]}\n"
    for content in (
        ini().replace(line, ""),
        ini().replace(line, f"{key}\n"),
        ini(**{key: ""}),
        ini(**{key: "   "}),
        ini(**{key: '""'}),
        plist(**{key: ""}),
        plistlib.dumps({name: REQUIRED[name] for name in REQUIRED if name != key}),
    ):
        error = refusal(content, rf"DNAClientServices\.conf lacks {key}$")
        assert "[General]" in error.hint


def test_all_missing_keys_are_named_at_once() -> None:
    refusal("[General]\n", f"lacks {', '.join(REQUIRED)}")


def test_rest_with_an_access_token_needs_no_user_and_password() -> None:
    settings = read(f"{ONLY_TOKEN}QumuloTransport=rest\n")

    assert settings.access_token
    assert settings.access_token.reveal() == TOKEN
    assert read(ini()).access_token is None


def test_rest_without_an_access_token_needs_a_password() -> None:
    refusal(ini(QumuloTransport="rest", QumuloPassword=""), "lacks QumuloPassword")


def test_qq_needs_user_and_password_even_if_there_is_an_access_token() -> None:
    error = refusal(ONLY_TOKEN, "lacks QumuloUsername, QumuloPassword; .*QumuloAccessToken")

    assert "QumuloTransport=rest" in error.hint


# The way to the cluster


def test_the_cluster_is_asked_through_qq_by_default() -> None:
    assert read(ini()).transport == "qq"
    assert read(ini(QumuloTransport="")).transport == "qq"
    assert read(ini(QumuloTransport="qq")).transport == "qq"
    assert read(ini(QumuloTransport="REST ; directly")).transport == "rest"


def test_the_caller_can_override_the_way_to_the_cluster() -> None:
    assert read(ini(QumuloTransport="qq"), "rest").transport == "rest"
    assert read(ini(QumuloTransport="ssh"), "rest").transport == "rest"
    assert read(f"{ONLY_TOKEN}QumuloTransport=qq\n", "rest").access_token


def test_an_unknown_way_to_the_cluster_is_refused() -> None:
    error = refusal(ini(QumuloTransport="ssh"), "QumuloTransport in .* is 'ssh'")

    assert "qq or rest" in error.hint


# Other values


@pytest.mark.parametrize("port", ["1", "443", "65535", "08000"])
def test_a_port_is_a_number_up_to_65535(port: str) -> None:
    assert read(ini(QumuloClusterPort=port)).port == int(port)


@pytest.mark.parametrize(
    "port", ["0", "65536", "-1", "8000.0", "https", "8 000", "٨٠٠٠", "²", "0x1f40", "1" * 5000]
)
def test_anything_else_is_no_port(port: str) -> None:
    refusal(ini(QumuloClusterPort=port), "QumuloClusterPort in .* not a port")


@pytest.mark.parametrize(
    "written", ["AB" * 32, ":".join(["ab"] * 32), ":".join(["aB"] * 32) + " ; the cluster"]
)
def test_a_fingerprint_has_64_digits_in_any_case_with_or_without_colons(written: str) -> None:
    assert read(ini(QumuloCertificateFingerprint=written)).fingerprint == "ab" * 32


@pytest.mark.parametrize("written", ["ab" * 20, "ab" * 33, "xy" * 32, "sha256"])
def test_anything_else_is_no_fingerprint(written: str) -> None:
    refusal(
        ini(QumuloCertificateFingerprint=written),
        "QumuloCertificateFingerprint in .* not a SHA-256 fingerprint",
    )


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        *dict.fromkeys(["false", "No", "0", "FALSE # for now"], False).items(),
        *dict.fromkeys(["true", "Yes", "1", ""], True).items(),
    ],
)
def test_the_certificate_is_checked_unless_that_is_turned_off(written: str, meant: bool) -> None:
    assert read(ini(QumuloVerifyTLS=written)).verify_tls is meant


def test_the_certificate_is_checked_by_default() -> None:
    assert read(ini()).verify_tls is True


def test_a_flag_can_have_its_own_type_in_a_property_list() -> None:
    assert read(plist(QumuloVerifyTLS=True)).verify_tls is True
    assert read(plist(QumuloVerifyTLS=False)).verify_tls is False


@pytest.mark.parametrize("written", ["off", "nope", "2"])
def test_anything_else_is_no_flag(written: str) -> None:
    refusal(ini(QumuloVerifyTLS=written), f"QumuloVerifyTLS in .* is '{written}'")
