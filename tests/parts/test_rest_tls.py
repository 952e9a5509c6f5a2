"""Which certificates REST trusts: nothing is sent to a node before it proved what it is."""

import re
from collections.abc import Iterator

import pytest

from qumulo_changelist.cluster import backoff
from qumulo_changelist.cluster.rest.client import RestCluster
from qumulo_changelist.config.settings import Settings
from qumulo_changelist.errors import (
    CertificateError,
    ChangedCertificateError,
    ConfigurationError,
    UnreachableError,
)
from tests.parts.canned import AUTHORITY, Canned, file, serve
from tests.parts.conftest import RecordingListener


@pytest.fixture
def canned() -> Iterator[Canned]:
    with serve() as running:
        running.login = None
        running.gives((200, {"bearer_token": "t"}), (200, file()))
        yield running


def describe(settings: Settings, listener: RecordingListener) -> int:
    with RestCluster(settings, listener) as cluster:
        return getattr(cluster.describe("/a", 5), "size", 0)


def test_a_certificate_with_the_right_fingerprint_is_trusted_whatever_its_name(canned, listener):
    assert describe(canned.settings(hosts=("127.0.0.1",)), listener) == 10
    with serve("127.0.0.2") as other:
        other.gives((200, file()))
        assert describe(other.settings(hosts=("127.0.0.2",)), listener) == 10
    assert listener.events == []


def test_a_certificate_that_the_configured_authority_signed_is_trusted(canned, listener, tmp_path):
    path = tmp_path / "ca.pem"
    AUTHORITY.cert_pem.write_to_path(path)

    assert describe(canned.settings(fingerprint="", ca_file=str(path)), listener) == 10


def test_a_certificate_for_another_name_is_refused(listener, tmp_path):
    path = tmp_path / "ca.pem"
    AUTHORITY.cert_pem.write_to_path(path)
    with serve("127.0.0.2") as other, pytest.raises(CertificateError) as caught:
        describe(other.settings(hosts=("127.0.0.2",), fingerprint="", ca_file=str(path)), listener)
    assert "mismatch" in str(caught.value)
    assert other.fingerprint in str(caught.value)


def test_an_unknown_certificate_is_refused_and_its_fingerprint_is_shown(canned, listener):
    with pytest.raises(CertificateError) as caught:
        describe(canned.settings(fingerprint=""), listener)

    assert canned.fingerprint in str(caught.value)
    assert type(caught.value) is CertificateError
    assert (caught.value.exit_code, caught.value.transient) == (69, False)
    assert canned.asked == []
    assert listener.events == []


def test_a_changed_certificate_is_refused_and_both_fingerprints_are_shown(canned, listener):
    with pytest.raises(ChangedCertificateError) as caught:
        describe(canned.settings(fingerprint="ab" * 32), listener)

    assert canned.fingerprint in str(caught.value)
    assert "ab" * 32 in str(caught.value)
    assert canned.asked == []


def test_without_verification_any_certificate_is_trusted(canned, listener, recwarn):
    assert describe(canned.settings(fingerprint="", verify_tls=False), listener) == 10

    assert listener.events == []
    assert len(recwarn) == 0


def test_a_fingerprint_counts_even_where_verification_is_off(canned, listener):
    with pytest.raises(CertificateError):
        describe(canned.settings(fingerprint="ab" * 32, verify_tls=False), listener)
    assert canned.asked == []


@pytest.mark.parametrize(
    ("content", "reason"), [(None, "No such file"), ("no certificate", "has no certificate")]
)
def test_authorities_that_cannot_be_read_are_refused(canned, listener, tmp_path, content, reason):
    path = tmp_path / "ca.pem"
    if content:
        path.write_text(content)

    with pytest.raises(ConfigurationError, match=f"{re.escape(str(path))}.*{reason}"):
        describe(canned.settings(fingerprint="", ca_file=str(path)), listener)


def test_a_server_without_tls_is_given_up_at_once(listener):
    with serve(tls=False) as plain:
        for settings in (plain.settings(), plain.settings(fingerprint="")):
            with pytest.raises(UnreachableError, match="TLS failed: "):
                describe(settings, listener)
    assert plain.asked == []
    assert listener.events == []


def test_a_certificate_that_changes_between_two_requests_is_refused(listener, monkeypatch):
    monkeypatch.setattr(backoff, "FIRST_PAUSE", 0.001)
    with serve() as first:
        first.gives((200, file(), {"Connection": "close"}))
        cluster = RestCluster(first.settings(), listener)
        cluster.describe("/a", 5)
    with serve(port=first.port) as second, cluster, pytest.raises(ChangedCertificateError):
        cluster.describe("/a", 5)
    assert second.asked == []
