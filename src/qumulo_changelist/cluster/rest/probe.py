"""What a node of a cluster shows to anybody who connects: its certificate, and its clock.

A password or token is never sent from here.
"""

import contextlib
import hashlib
import re
import socket
import ssl
import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime

from msgspec import Struct

from qumulo_changelist.cluster.rest.certificate import read_end
from qumulo_changelist.cluster.rest.tls import Trust
from qumulo_changelist.config.settings import Settings
from qumulo_changelist.errors import CertificateError, UnreachableError
from qumulo_changelist.machine.shortages import check_shortage

SECONDS_TO_ANSWER = 10
"""The number of seconds that a node is given for each step."""

_MAX_HEAD = 65_536
_DATE = re.compile(rb"^date:[ \t]*([^\r\n]{1,100})", re.IGNORECASE | re.MULTILINE)


class ShownCertificate(Struct, frozen=True):
    """The certificate that a node shows."""

    host: str
    fingerprint: str
    """Its SHA-256, in lower-case hexadecimal."""
    ends: int | None
    """In seconds since the epoch; None if that cannot be read."""
    objection: CertificateError | None
    """Why it is not trusted; None if it is."""


def resolve(host: str, port: int) -> list[str]:
    """Return the addresses of a host, each once.

    Raises:
        UnreachableError: it has none.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        check_shortage(error)
        raise UnreachableError(f"{host} has no address: {_reason(error)}") from error
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def knock(host: str, port: int) -> None:
    """Make sure that a host takes connections at a port.

    Raises:
        UnreachableError: it does not.
    """
    try:
        with socket.create_connection((host, port), SECONDS_TO_ANSWER):
            pass
    except (OSError, UnicodeError) as error:
        check_shortage(error)
        raise UnreachableError(
            f"port {port} of {host} takes no connection: {_reason(error)}"
        ) from error


def show_certificate(settings: Settings, host: str) -> ShownCertificate:
    """Return the certificate of a host, and whether these settings trust it.

    Raises:
        UnreachableError: the host shows none.
        TrustFileError: the authorities to trust cannot be read.
    """
    anything = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    anything.check_hostname = False
    anything.verify_mode = ssl.CERT_NONE
    try:
        certificate = _shake_hands(anything, host, settings.port)
    except (OSError, ValueError) as error:
        check_shortage(error)
        raise UnreachableError(
            f"port {settings.port} of {host} shows no certificate: {_reason(error)}"
        ) from error
    fingerprint = hashlib.sha256(certificate).hexdigest()
    objection = _objection(settings, host, certificate)
    return ShownCertificate(host, fingerprint, read_end(certificate), objection)


def _objection(settings: Settings, host: str, certificate: bytes) -> CertificateError | None:
    trust = Trust(settings)
    try:
        trust.check(host, certificate)
        if not trust.fingerprint:
            _shake_hands(trust.context, host, settings.port)
    except CertificateError as error:
        return error
    except ssl.SSLError as error:
        return trust.objection(host, error) or CertificateError(
            f"the certificate of {host} is not trusted: {_reason(error)}"
        )
    except (OSError, ValueError) as error:
        check_shortage(error)
        raise UnreachableError(f"{host} does not answer any more: {_reason(error)}") from error
    return None


def _shake_hands(context: ssl.SSLContext, host: str, port: int) -> bytes:
    with _opened(context, host, port) as secure:
        return secure.getpeercert(binary_form=True) or b""


@contextlib.contextmanager
def _opened(context: ssl.SSLContext, host: str, port: int) -> Iterator[ssl.SSLSocket]:
    """Connect to a host for the block, over TLS."""
    name = host.partition("%")[0].rstrip(".")
    with (
        socket.create_connection((host, port), SECONDS_TO_ANSWER) as plain,
        context.wrap_socket(plain, server_hostname=name) as secure,
    ):
        yield secure


def node_time(settings: Settings, host: str) -> int | None:
    """Return what the clock of a host shows, in seconds since the epoch; None if it does not say.

    It is the ``Date`` of its answer to a request that needs no login (RFC 9110, section 6.6.1).
    """
    request = f"GET /v1/version HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    with contextlib.suppress(OSError, ValueError, TypeError):
        with _opened(Trust(settings).context, host, settings.port) as secure:
            secure.sendall(request.encode("ascii"))
            date = _DATE.search(_beginning(secure))
        return int(parsedate_to_datetime(date[1].decode()).timestamp()) if date else None
    return None


def _beginning(secure: ssl.SSLSocket) -> bytes:
    """Return the beginning of what a host sends, up to the end of a head."""
    received = b""
    ends = time.monotonic() + SECONDS_TO_ANSWER
    while b"\r\n\r\n" not in received and len(received) < _MAX_HEAD and time.monotonic() < ends:
        piece = secure.recv(_MAX_HEAD)
        if not piece:
            break
        received += piece
    return received


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "it took too long"
    return (isinstance(error, OSError) and error.strerror) or str(error) or "the connection broke"
