"""Which schedulers may be used, before anything is sent to one."""

import json
import socket
from collections.abc import Callable
from importlib import util
from pathlib import Path

import dask
import pytest
import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from qumulo_changelist.errors import (
    MissingPackageError,
    SchedulerAddressError,
    SchedulerTrustError,
    UnverifiedSchedulerError,
)
from qumulo_changelist.runners.scheduler import Credentials, Scheduler

AUTHORITY = trustme.CA(key_type=trustme.KeyType.ECDSA)


@pytest.fixture
def files(tmp_path: Path) -> Credentials:
    leaf = AUTHORITY.issue_cert("client", key_type=trustme.KeyType.ECDSA)
    made = Credentials(*(str(tmp_path / name) for name in ("ca.pem", "cert.pem", "key.pem")))
    AUTHORITY.cert_pem.write_to_path(made.ca_file)
    leaf.cert_chain_pems[0].write_to_path(made.certificate)
    leaf.private_key_pem.write_to_path(made.key)
    return made


def over_tls(files: Credentials, address: str = "tls://scheduler.example:8786") -> Scheduler:
    return Scheduler(address, files.ca_file, files.certificate, files.key)


# Addresses


@pytest.mark.parametrize(
    "address",
    ["tcp://127.0.0.1:8786", "tcp://127.8.9.1:1", "tcp://[::1]:8786/", "tcp://localhost:65535"],
)
def test_a_scheduler_of_this_machine_needs_no_tls(address):
    Scheduler(address).check()


@pytest.mark.parametrize("host", ["192.0.2.7", "0.0.0.0", "[2001:db8::7]", "[::]"])
def test_a_scheduler_of_a_different_machine_needs_tls_unless_it_is_allowed_not_to(host):
    address = f"tcp://{host}:8786"

    with pytest.raises(UnverifiedSchedulerError, match="run programs as the user of its workers"):
        Scheduler(address).check()
    Scheduler(address, allows_unverified=True).check()


def resolve_to(*addresses: str) -> Callable[..., object]:
    return lambda *_, **__: [(0, 0, 0, "", (address, 0)) for address in addresses]


def test_a_name_is_of_this_machine_if_all_of_its_addresses_are(monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", resolve_to("127.0.0.1", "::1"))
    Scheduler("tcp://here.example:8786").check()

    monkeypatch.setattr(socket, "getaddrinfo", resolve_to("127.0.0.1", "192.0.2.7"))
    with pytest.raises(UnverifiedSchedulerError):
        Scheduler("tcp://here.example:8786").check()


def test_a_name_without_an_address_is_reported(monkeypatch):
    def fail(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)

    with pytest.raises(SchedulerAddressError, match=r"host nowhere\.example has no address"):
        Scheduler("tcp://nowhere.example:8786").check()


@pytest.mark.parametrize(
    "address",
    [
        *("tcp://127.0.0.1", "tcp://127.0.0.1:0", "tcp://127.0.0.1:65536", "tcp://:8786"),
        *("http://127.0.0.1:8786", "ucx://127.0.0.1:8786", "inproc://127.0.0.1/1/1"),
        *("tcp://127.0.0.1:8786\n", "tcp://a b:8786", "tcp://user@127.0.0.1:8786", "://"),
        "tcp://127.0.0.1:8786,tcp://192.0.2.7:8786",
    ],
)
def test_what_is_no_address_is_refused(address):
    with pytest.raises(SchedulerAddressError, match="is not the address of a scheduler"):
        Scheduler(address, allows_unverified=True).check()


def test_a_scheduler_file_has_the_address_which_is_held_to_the_same_rules(tmp_path):
    file = tmp_path / "scheduler.json"
    file.write_text(json.dumps({"type": "Scheduler", "address": "tcp://127.0.0.1:8786"}))
    Scheduler(str(file)).check()
    assert Scheduler(str(file)).location() == "tcp://127.0.0.1:8786"

    file.write_text(json.dumps({"address": "tcp://192.0.2.7:8786"}))
    with pytest.raises(UnverifiedSchedulerError, match=r"192\.0\.2\.7"):
        Scheduler(str(file)).check()


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"\xff", b'"tcp://127.0.0.1:8786"'])
def test_a_file_of_something_else_is_refused(tmp_path, content):
    file = tmp_path / "scheduler.json"
    file.write_bytes(content)

    with pytest.raises(SchedulerAddressError, match="is not a scheduler file"):
        Scheduler(str(file)).check()


def test_a_missing_file_is_reported(tmp_path):
    with pytest.raises(SchedulerAddressError, match=r"missing' cannot be read: No such file"):
        Scheduler(str(tmp_path / "missing")).check()


def test_without_the_package_there_is_no_scheduler(monkeypatch):
    known = util.find_spec
    monkeypatch.setattr(
        "qumulo_changelist.runners.scheduler.find_spec",
        lambda name: None if name == "distributed" else known(name),
    )

    with pytest.raises(MissingPackageError, match="distributed, which is not installed") as no:
        Scheduler("tcp://127.0.0.1:8786").check()
    assert "pip install 'qumulo-changelist[dask]'" in no.value.hint


# What TLS needs


def test_over_tls_the_files_are_given_or_named_in_the_configuration_of_dask(files):
    over_tls(files).check()

    names = {"ca-file": files.ca_file, "client.cert": files.certificate, "client.key": files.key}
    configured = {f"distributed.comm.tls.{name}": path for name, path in names.items()}
    with dask.config.set(configured):
        Scheduler("tls://scheduler.example:8786").check()
        assert Scheduler("tls://scheduler.example:8786").credentials() == files


def test_the_key_may_be_in_the_file_of_the_certificate(files):
    both = Path(files.certificate)
    both.write_bytes(both.read_bytes() + Path(files.key).read_bytes())

    Scheduler("tls://scheduler.example:8786", files.ca_file, files.certificate).check()


def test_without_files_tls_is_refused():
    with pytest.raises(SchedulerTrustError, match="needs the certificate of an authority"):
        Scheduler("tls://127.0.0.1:8786", allows_unverified=True).check()


NO_CERTIFICATE = "it has no certificate in PEM"
NO_KEY = "it has no key of the certificate, in PEM and without a password"


@pytest.mark.parametrize(
    ("which", "content", "reason"),
    [
        *((which, None, "No such file or directory") for which in Credentials.__struct_fields__),
        ("ca_file", b"no PEM", NO_CERTIFICATE),
        ("certificate", b"no PEM", NO_CERTIFICATE),
        ("key", b"no PEM", NO_KEY),
    ],
)
def test_a_file_that_cannot_be_used_is_named(files, which, content, reason):
    path = Path(getattr(files, which))
    if content:
        path.write_bytes(content)
    else:
        path.unlink()

    with pytest.raises(SchedulerTrustError) as caught:
        over_tls(files).check()
    assert str(caught.value) == f"{path} cannot be used: {reason}"


def test_the_key_of_a_different_certificate_is_refused(files):
    other = AUTHORITY.issue_cert("other", key_type=trustme.KeyType.ECDSA)
    other.private_key_pem.write_to_path(files.key)

    with pytest.raises(SchedulerTrustError, match=NO_KEY):
        over_tls(files).check()


def test_a_key_with_a_password_is_refused_and_nobody_is_asked_for_it(files):
    path = Path(files.key)
    key = load_pem_private_key(path.read_bytes(), None)
    path.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
    )

    with pytest.raises(SchedulerTrustError, match=NO_KEY):
        over_tls(files).check()
