"""What a worker of a different machine gets of the way to the cluster, and what it finds there."""

import pickle
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from qumulo_changelist.cluster.rest.client import RestCluster
from qumulo_changelist.config.settings import Secret, Settings
from qumulo_changelist.config.worker import WorkerSettings
from qumulo_changelist.errors import (
    CertificateError,
    CredentialsError,
    LoginError,
    SessionEndedError,
    TrustFileError,
)
from qumulo_changelist.events import ignore
from qumulo_changelist.secret import SessionToken
from tests.parts.canned import AUTHORITY, PASSWORD, TOKEN, Canned, file, serve
from tests.parts.configuration_files import ini

HERE = Settings(
    hosts=("10.0.0.1", "10.0.0.2"),
    port=8000,
    username="archiver",
    password=Secret("password-of-the-client"),
    access_token=Secret("token-of-the-client"),
    work_folder="/scans-of-the-client",
    qq_path="/qq-of-the-client",
    fingerprint="ab" * 32,
)


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A worker's machine without a configuration: this user's home."""
    for name in ("CONFIG", "PASSWORD", "ACCESS_TOKEN"):
        monkeypatch.delenv(f"QUMULO_CHANGELIST_{name}", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / ".config"))
    return tmp_path


@pytest.fixture
def canned() -> Iterator[Canned]:
    with serve() as running:
        running.gives((200, file()))
        yield running


def sent(settings: Settings, session: SessionToken | None = None) -> WorkerSettings:
    """Return what arrives at a worker."""
    arrived = pickle.loads(pickle.dumps(WorkerSettings.of(settings, session)))
    assert isinstance(arrived, WorkerSettings)
    return arrived


def configure(machine: Path, monkeypatch: pytest.MonkeyPatch, **values: str) -> None:
    """Give the machine an archiver's configuration that the environment names."""
    path = machine / "worker.conf"
    path.write_text(ini(**{"QumuloClusterIP": "10.0.0.2", **values}))
    monkeypatch.setenv("QUMULO_CHANGELIST_CONFIG", str(path))


# What travels


def test_nothing_travels_that_is_secret_or_means_nothing_there() -> None:
    travelling = pickle.dumps(WorkerSettings.of(HERE))

    assert b"-of-the-client" not in travelling
    assert b"10.0.0.2" in travelling


def test_of_the_file_of_trusted_certificates_only_certificates_travel(tmp_path: Path) -> None:
    path = tmp_path / "ca.pem"
    certificate = AUTHORITY.cert_pem.bytes()
    key = AUTHORITY.private_key_pem.bytes()
    path.write_bytes("# Grüße\n".encode() + key + certificate)

    settings = sent(replace(HERE, fingerprint="", ca_file=str(path)))

    assert settings.authorities.encode().strip() == certificate.strip()


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_file_of_trusted_certificates_that_cannot_be_used_is_named(
    tmp_path: Path, content: str | None
) -> None:
    path = tmp_path / "ca.pem"
    if content:
        path.write_text(content)
    settings = replace(HERE, fingerprint="", ca_file=str(path))

    with pytest.raises(TrustFileError, match=f"certificates, {path}, cannot be used"):
        WorkerSettings.of(settings)
    # Where it is not used, nobody misses it.
    assert not WorkerSettings.of(replace(settings, fingerprint="ab" * 32)).authorities
    assert not WorkerSettings.of(replace(settings, verify_tls=False)).authorities


def test_a_worker_trusts_a_cluster_by_the_certificates_that_it_is_sent(
    canned: Canned, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "ca.pem"
    AUTHORITY.cert_pem.write_to_path(path)
    settings = sent(canned.settings(fingerprint="", ca_file=str(path)))
    path.unlink()
    monkeypatch.setenv("QUMULO_CHANGELIST_PASSWORD", PASSWORD)

    with RestCluster(settings.complete(), ignore) as cluster:
        assert getattr(cluster.describe("/a", 5), "size", 0) == 10
    with (
        RestCluster(replace(settings, authorities="").complete(), ignore) as cluster,
        pytest.raises(CertificateError),
    ):
        cluster.describe("/a", 5)


# What a worker finds


def test_a_worker_without_credentials_says_for_which_cluster() -> None:
    with pytest.raises(CredentialsError, match=r"cluster 10.0.0.1, 10.0.0.2, port 8000$"):
        sent(HERE).complete()


def test_a_worker_takes_credentials_from_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUMULO_CHANGELIST_PASSWORD", "password-there")
    by_password = sent(HERE).complete()
    monkeypatch.setenv("QUMULO_CHANGELIST_ACCESS_TOKEN", "access-v1:there")
    by_token = sent(HERE).complete()

    assert by_password.password.reveal() == "password-there"
    assert by_password.access_token is None
    assert by_token.access_token
    assert by_token.access_token.reveal() == "access-v1:there"
    for settings in (by_password, by_token):
        assert (settings.hosts, settings.port) == (HERE.hosts, 8000)
        assert (settings.username, settings.fingerprint) == ("archiver", HERE.fingerprint)
        assert settings.transport == "rest"


def test_credentials_in_the_environment_that_cannot_be_any_are_refused_and_not_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("QUMULO_CHANGELIST_ACCESS_TOKEN", "token there")

    with pytest.raises(CredentialsError, match="QUMULO_CHANGELIST_ACCESS_TOKEN contains") as caught:
        sent(HERE).complete()
    assert "token there" not in f"{caught.value} {caught.value.hint} {caught.value.__cause__}"


def test_a_worker_takes_credentials_from_its_own_configuration(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(machine, monkeypatch, QumuloUsername="worker", QumuloPassword="password-there")

    settings = sent(HERE).complete()

    assert (settings.username, settings.password.reveal()) == ("worker", "password-there")
    # The nodes, and whom to trust, are the client's.
    assert (settings.hosts, settings.fingerprint) == (HERE.hosts, HERE.fingerprint)
    assert settings.transport == "rest"


def test_a_worker_finds_the_configuration_that_init_made(machine: Path) -> None:
    folder = machine / ".config" / "qumulo-changelist"
    folder.mkdir(parents=True)
    (folder / "cluster.conf").write_text(ini(QumuloClusterIP="10.0.0.1", QumuloPassword="there"))

    assert sent(HERE).complete().password.reveal() == "there"


@pytest.mark.parametrize(
    "other", [{"QumuloClusterIP": "10.0.0.3"}, {"QumuloClusterPort": "8001"}], ids=["host", "port"]
)
def test_a_worker_gives_its_credentials_to_no_other_cluster(
    machine: Path, monkeypatch: pytest.MonkeyPatch, other: dict[str, str]
) -> None:
    configure(machine, monkeypatch, **other)

    with pytest.raises(CredentialsError, match=r"conf is for a different cluster: "):
        sent(HERE).complete()


def test_a_configuration_that_the_environment_names_and_that_is_missing_is_named(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QUMULO_CHANGELIST_CONFIG", str(machine / "none.conf"))

    with pytest.raises(CredentialsError, match=r"none\.conf cannot be read"):
        sent(HERE).complete()


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ({"QumuloCertificateFingerprint": "cd" * 32}, ("cd" * 32, "", True)),
        ({"QumuloCAFile": "/ca.pem"}, ("", "/ca.pem", True)),
        ({"QumuloVerifyTLS": "false"}, ("", "", False)),
        ({}, ("", "", True)),
    ],
    ids=["a fingerprint", "authorities", "nobody", "the system's"],
)
def test_with_its_own_credentials_a_worker_trusts_nobody_whom_its_configuration_does_not_trust(
    machine: Path,
    monkeypatch: pytest.MonkeyPatch,
    own: dict[str, str],
    expected: tuple[str, str, bool],
) -> None:
    configure(machine, monkeypatch, **own)
    careless = replace(HERE, fingerprint="", verify_tls=False)

    settings = sent(careless).complete()

    assert (settings.fingerprint, settings.ca_file, settings.verify_tls) == expected


# A session of the run


def test_a_worker_with_a_session_needs_no_credentials_and_logs_in_nowhere(canned: Canned) -> None:
    with RestCluster(canned.settings(), ignore) as cluster:
        session = cluster.begin_session()
    canned.login = (500, "no further login")
    settings = sent(canned.settings(), session)

    with RestCluster(settings.complete(), ignore) as cluster:
        cluster.describe("/a", 5)

    assert canned.headers[-1]["Authorization"] == f"Bearer {TOKEN}"
    assert TOKEN not in f"{settings} {settings!r}"


def test_a_session_that_ended_is_not_mistaken_for_a_wrong_password(canned: Canned) -> None:
    settings = sent(canned.settings(), SessionToken(TOKEN)).complete()
    canned.gives((401, {"error_class": "http_unauthorized_error", "description": "expired"}))

    with RestCluster(settings, ignore) as cluster:
        with pytest.raises(SessionEndedError, match="the session of the run has ended: ") as caught:
            cluster.describe("/a", 5)
        assert isinstance(caught.value, LoginError)
        assert TOKEN not in str(caught.value)
    assert len(canned.asked) == 1
