"""The certificate that the emulator makes for itself at the start."""

import hashlib
import os
import re
import socket
import ssl
import tempfile

import trustme

_EVERY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104 - where the emulator is told to listen


class Certificate:
    """A new certificate for some hosts, signed by a new authority.

    Attributes:
        context: the TLS context of a server with this certificate.
        sha256: the certificate's fingerprint, in hexadecimal digits.
    """

    def __init__(self, *hosts: str) -> None:
        authority = trustme.CA(key_type=trustme.KeyType.ECDSA)
        own = [name for host in hosts for name in _own_names(host)]
        names = dict.fromkeys((*hosts, *own, "localhost", "127.0.0.1", "::1"))
        leaf = authority.issue_cert(*names, key_type=trustme.KeyType.ECDSA)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        leaf.configure_cert(self.context)
        chain = [blob.bytes() for blob in leaf.cert_chain_pems]
        self._pem = b"".join((*chain, authority.cert_pem.bytes()))
        der = ssl.PEM_cert_to_DER_cert(chain[0].decode("ascii"))
        self.sha256 = hashlib.sha256(der).hexdigest()

    def write(self, path: str) -> None:
        """Write the certificate and its authority's to a file in PEM, whole or not at all.

        Raises:
            OSError: if the file cannot be written.
        """
        directory, name = os.path.split(os.path.abspath(path))
        fd, unfinished = tempfile.mkstemp(dir=directory, prefix=f".{name[:100]}.")
        try:
            with os.fdopen(fd, "wb") as file:
                file.write(self._pem)
                os.fchmod(fd, 0o644)
            os.replace(unfinished, path)
        except OSError:
            os.unlink(unfinished)
            raise


def _own_names(host: str) -> list[str]:
    """Return the machine's own name if every address is listened on: clients use it then."""
    own = socket.gethostname()
    is_name = re.fullmatch(r"[A-Za-z0-9.-]+", own) is not None
    return [own] if host in _EVERY_ADDRESS and is_name else []
