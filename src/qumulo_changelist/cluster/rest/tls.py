"""Which certificates REST trusts to be the cluster's, and the error for the others."""

import contextlib
import hashlib
import ssl
from collections.abc import Iterable

import urllib3

from qumulo_changelist.config.settings import Settings
from qumulo_changelist.errors import (
    CertificateError,
    ChangedCertificateError,
    TrustFileError,
)

_SECONDS_TO_CONNECT = 10


class Trust:
    """How the cluster's certificate is checked.

    The certificate with the configured fingerprint is trusted, with any name in it. Without a
    fingerprint, the configured authorities, or else the system's, must have signed it.

    Raises:
        TrustFileError: the authorities cannot be read.
    """

    def __init__(self, settings: Settings) -> None:
        self.fingerprint = settings.fingerprint or None
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._port = settings.port
        if self.fingerprint or not settings.verify_tls:
            self.context.check_hostname = False
            self.context.verify_mode = ssl.CERT_NONE
        elif settings.ca_file:
            self._trust_file(settings.ca_file)
        else:
            self.context.load_default_certs()
        if not settings.checks_certificate:
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)

    def _trust_file(self, path: str) -> None:
        # The cluster's own certificate will do, too, no matter who signed it.
        self.context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        try:
            self.context.load_verify_locations(path)
        except (OSError, ValueError) as error:
            is_malformed = isinstance(error, ssl.SSLError)
            reason = "it has no certificate in PEM" if is_malformed else str(error)
            raise TrustFileError(
                f"the file of trusted certificates, {path}, cannot be used: {reason}"
            ) from error

    def objection(self, host: str, causes: Iterable[OSError]) -> CertificateError | None:
        """Return what is wrong with the certificate of a node, after TLS failed.

        Only a connection is begun with the node; nothing else is sent to it.

        Args:
            host: the node.
            causes: the errors of the system.

        Returns:
            The error; None if the certificate is not the reason.
        """
        unverified = [cause for cause in causes if isinstance(cause, ssl.SSLCertVerificationError)]
        if not (self.fingerprint or unverified):
            return None
        shown = _fingerprint(host, self._port)
        if self.fingerprint:
            if shown in ("", self.fingerprint):
                return None
            return ChangedCertificateError(
                f"{host} shows a certificate with the SHA-256 fingerprint {shown}, not the "
                f"configured {self.fingerprint}"
            )
        reason = unverified[0].verify_message or "it cannot be verified"
        return CertificateError(
            f"the certificate of {host} is not trusted: {reason}; its SHA-256 fingerprint is "
            f"{shown or 'unknown'}"
        )


def _fingerprint(host: str, port: int) -> str:
    """Return the SHA-256 of the certificate that a host shows; "" if it shows none now."""
    with contextlib.suppress(OSError, ValueError):
        shown = ssl.get_server_certificate((host, port), timeout=_SECONDS_TO_CONNECT)
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(shown)).hexdigest()
    return ""
