"""The names that the emulator's certificate is for."""

import socket
from pathlib import Path

import pytest
from cryptography import x509

from qumulo_emulator.certificate import Certificate

LOCAL = {"localhost", "127.0.0.1", "::1"}


def names_for(host: str, folder: Path) -> set[str]:
    Certificate(host).write(str(folder / "certificate.pem"))
    certificate = x509.load_pem_x509_certificate((folder / "certificate.pem").read_bytes())
    kind = x509.SubjectAlternativeName
    return {str(name.value) for name in certificate.extensions.get_extension_for_class(kind).value}


@pytest.mark.parametrize("host", ["emulator.example", "10.0.0.1"])
def test_it_is_for_the_address_that_is_listened_on(host: str, tmp_path: Path) -> None:
    assert names_for(host, tmp_path) == {host, *LOCAL}


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_it_is_for_this_machine_by_name_if_every_address_is_listened_on(
    host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "emulator")
    assert names_for(host, tmp_path) == {host, "emulator", *LOCAL}

    monkeypatch.setattr(socket, "gethostname", lambda: "no_host name")
    assert names_for(host, tmp_path) == {host, *LOCAL}
