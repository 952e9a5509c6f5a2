"""A Dask scheduler: where it is, and how this machine and its workers prove who they are."""

import contextlib
import ipaddress
import json
import re
from collections.abc import Iterator
from importlib.util import find_spec

from msgspec import Struct
from msgspec.structs import replace

from qumulo_changelist.errors import (
    MissingPackageError,
    SchedulerAddressError,
    SchedulerTrustError,
    UnverifiedSchedulerError,
)
from qumulo_changelist.machine.waiting import result_of_call
from qumulo_changelist.wording import how_to_install

# Some modules are imported only where they are used: every command loads this one.

_ADDRESS = re.compile(r"(tls|tcp)://(\[[0-9A-Fa-f:.]+\]|[\w.-]+):(\d{1,5})/?", re.ASCII)


class Credentials(Struct, frozen=True):
    """The files by which this machine and a scheduler verify each other."""

    ca_file: str
    certificate: str
    key: str
    """It may be the same file as the certificate."""


class Scheduler(Struct, frozen=True):
    """A Dask scheduler whose workers work on slices."""

    address: str
    """``tls://host:port``, ``tcp://host:port``, or the path of a scheduler file."""
    ca_file: str = ""
    """A PEM file with the authority that scheduler and workers are verified by; "" for what Dask's
    own configuration names."""
    certificate: str = ""
    """A PEM file with the certificate of this machine; likewise."""
    key: str = ""
    """A PEM file with its private key; likewise."""
    allows_unverified: bool = False
    """Whether a connection without TLS may leave this machine."""
    sends_session: bool = False
    """Whether workers get a session of this run, instead of their own credentials."""

    def check(self) -> None:
        """Make sure that the scheduler may be used; nothing is sent to it.

        Raises:
            MissingPackageError: the extra ``dask`` is not installed.
            SchedulerAddressError: the address is none, or its file cannot be read.
            UnverifiedSchedulerError: it is reached without TLS, and is not on this machine.
            SchedulerTrustError: a file that TLS needs is not named, or cannot be used.
        """
        if not find_spec("distributed"):
            raise MissingPackageError(
                "a Dask scheduler needs the package distributed, which is not installed",
                hint=how_to_install("dask"),
            )
        location = self.location()
        scheme, host = _parts_of(location)
        if scheme == "tls":
            _check_credentials(self.credentials())
        elif not (self.allows_unverified or _is_loopback(host)):
            raise UnverifiedSchedulerError(
                f"the scheduler {location} is on a different machine and uses no TLS: "
                "whoever reaches its port can run programs as the user of its workers, and "
                "whoever is on the way can read and change what is sent"
            )

    def located(self) -> "Scheduler":
        """Return the same scheduler, with the address that its file has now.

        What is checked is then what is connected to, also if the file changes.

        Raises:
            SchedulerAddressError: there is none.
        """
        return replace(self, address=self.location())

    def location(self) -> str:
        """Return the address of the scheduler, also if it is in a file.

        Raises:
            SchedulerAddressError: there is none.
        """
        if "://" in self.address:
            return self.address
        try:
            with open(self.address, "rb") as file:
                return str(json.load(file)["address"])
        except OSError as error:
            raise SchedulerAddressError(
                f"the scheduler file {self.address!r} cannot be read: {error.strerror}"
            ) from error
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise SchedulerAddressError(
                f"{self.address!r} is not a scheduler file: it has no address"
            ) from error

    @property
    def uses_tls(self) -> bool:
        """Whether the scheduler is reached over TLS."""
        return _parts_of(self.location())[0] == "tls"

    def credentials(self) -> Credentials:
        """Return the files that TLS needs.

        Raises:
            SchedulerTrustError: one is not named.
        """
        import dask

        def find(given: str, name: str) -> str:
            return given or str(dask.config.get(f"distributed.comm.tls.{name}", None) or "")

        certificate = find(self.certificate, "client.cert")
        key = find(self.key, "client.key") or certificate
        found = Credentials(find(self.ca_file, "ca-file"), certificate, key)
        if not (found.ca_file and certificate):
            raise SchedulerTrustError(
                "the scheduler uses TLS, which needs the certificate of an authority, and a "
                "certificate of this machine and its key"
            )
        return found


def _parts_of(location: str) -> tuple[str, str]:
    """Return the scheme and the host of an address."""
    found = _ADDRESS.fullmatch(location)
    if not found or not 0 < int(found[3]) < 1 << 16:
        raise SchedulerAddressError(
            f"{location!r} is not the address of a scheduler, such as tls://host:8786"
        )
    return found[1], found[2].strip("[]")


def _is_loopback(host: str) -> bool:
    """Return whether a host is this machine, by all of its addresses."""
    import socket

    try:
        found = result_of_call(lambda: socket.getaddrinfo(host, None, type=socket.SOCK_STREAM))
    except (OSError, UnicodeError) as error:
        raise SchedulerAddressError(f"the scheduler's host {host} has no address") from error
    addresses = {str(one[4][0]).partition("%")[0] for one in found}
    return all(ipaddress.ip_address(one).is_loopback for one in addresses)


def _check_credentials(files: Credentials) -> None:
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for path in (files.ca_file, files.certificate):
        with _trust_errors(path, "it has no certificate in PEM"):
            context.load_verify_locations(path)
    reason = "it has no key of the certificate, in PEM and without a password"
    with _trust_errors(files.key, reason):
        # Without a password here, OpenSSL would ask for one at the terminal.
        context.load_cert_chain(files.certificate, files.key, password="")


@contextlib.contextmanager
def _trust_errors(path: str, reason: str) -> Iterator[None]:
    import ssl

    try:
        yield
    except ssl.SSLError as error:
        raise SchedulerTrustError(f"{path} cannot be used: {reason}") from error
    except OSError as error:
        raise SchedulerTrustError(f"{path} cannot be used: {error.strerror}") from error
