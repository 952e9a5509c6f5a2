"""Whom REST takes for the cluster: nobody who cannot show it, and nothing is sent before."""

import re
from collections.abc import Iterator

import pytest

from qumulo_changelist.cluster.rest import retry as rest_connection
from qumulo_changelist.cluster.rest import tls as rest_tls
from qumulo_changelist.cluster.rest.client import RestCluster
from qumulo_changelist.errors import CertificateError, ConfigurationError, UnreachableError
from tests.parts.canned import AUTHORITY, Canned, file, serve


@pytest.fixture
def canned() -> Iterator[Canned]:
    with serve() as running:
        running.login = None
        running.gives((200, {"bearer_token": "t"}), (200, file()))
        yield running


def describe(settings, heard) -> int:
    with RestCluster(settings, heard) as cluster:
        return cluster.describe("/a", 5).size


def test_a_certificate_with_the_right_fingerprint_is_trusted_whatever_its_name(canned, heard):
    assert describe(canned.settings(hosts=("127.0.0.1",)), heard) == 10
    with serve("127.0.0.2") as other:
        other.gives((200, file()))
        assert describe(other.settings(hosts=("127.0.0.2",)), heard) == 10
    assert heard.warnings == []


def test_a_certificate_that_the_configured_authority_signed_is_trusted(canned, heard, tmp_path):
    path = tmp_path / "ca.pem"
    AUTHORITY.cert_pem.write_to_path(path)

    assert describe(canned.settings(fingerprint="", ca_file=str(path)), heard) == 10


def test_one_for_another_name_is_not(heard, tmp_path):
    path = tmp_path / "ca.pem"
    AUTHORITY.cert_pem.write_to_path(path)
    with serve("127.0.0.2") as other, pytest.raises(CertificateError) as caught:
        describe(other.settings(hosts=("127.0.0.2",), fingerprint="", ca_file=str(path)), heard)
    assert "mismatch" in str(caught.value)
    assert other.fingerprint in str(caught.value)


def test_an_unknown_certificate_is_refused_and_shown(canned, heard):
    with pytest.raises(CertificateError) as caught:
        describe(canned.settings(fingerprint=""), heard)

    assert canned.fingerprint in str(caught.value)
    assert "QumuloCertificateFingerprint" in caught.value.hint
    assert "QumuloCAFile" in caught.value.hint
    assert caught.value.exit_code == 69
    assert canned.asked == []
    assert heard.details == []


def test_a_changed_certificate_is_refused_and_both_are_shown(canned, heard):
    with pytest.raises(CertificateError) as caught:
        describe(canned.settings(fingerprint="ab" * 32), heard)

    assert canned.fingerprint in str(caught.value)
    assert "ab" * 32 in str(caught.value)
    assert "somebody is in between" in caught.value.hint
    assert canned.asked == []


def test_without_verification_anybody_is_trusted(canned, heard, recwarn):
    assert describe(canned.settings(fingerprint="", verify_tls=False), heard) == 10

    assert heard.warnings == []
    assert len(recwarn) == 0


def test_that_anybody_is_trusted_can_be_told_and_nothing_else_is(canned, heard):
    rest_tls.warn(canned.settings(), heard)
    rest_tls.warn(canned.settings(fingerprint=""), heard)
    rest_tls.warn(canned.settings(verify_tls=False), heard)
    assert heard.warnings == []

    rest_tls.warn(canned.settings(fingerprint="", verify_tls=False), heard)
    (warning,) = heard.warnings
    assert "QumuloVerifyTLS=false" in warning


def test_a_fingerprint_counts_even_where_verification_is_off(canned, heard):
    with pytest.raises(CertificateError):
        describe(canned.settings(fingerprint="ab" * 32, verify_tls=False), heard)
    assert canned.asked == []


@pytest.mark.parametrize(
    ("content", "reason"), [(None, "No such file"), ("no certificate", "holds no certificate")]
)
def test_authorities_that_cannot_be_read_are_told(canned, heard, tmp_path, content, reason):
    path = tmp_path / "ca.pem"
    if content:
        path.write_text(content)

    with pytest.raises(ConfigurationError, match=f"QumuloCAFile.*{re.escape(str(path))}.*{reason}"):
        describe(canned.settings(fingerprint="", ca_file=str(path)), heard)


def test_a_server_that_speaks_no_tls_is_told_at_once(heard, monkeypatch):
    with serve(tls=False) as plain:
        for settings in (plain.settings(), plain.settings(fingerprint="")):
            with pytest.raises(UnreachableError, match="TLS failed: "):
                describe(settings, heard)
    assert plain.asked == []
    assert heard.details == []


def test_a_certificate_that_changes_on_the_way_is_refused(heard, monkeypatch):
    monkeypatch.setattr(rest_connection, "RETRY", rest_connection.RETRY.new(backoff_factor=0.01))
    with serve() as first:
        first.gives((200, file(), {"Connection": "close"}))
        cluster = RestCluster(first.settings(), heard)
        cluster.describe("/a", 5)
    with serve(port=first.port) as second, cluster, pytest.raises(CertificateError):
        cluster.describe("/a", 5)
    assert second.asked == []
