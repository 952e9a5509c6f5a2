"""Which certificates REST trusts to be the cluster's, and the error for the others."""

import contextlib
import hashlib
import ssl

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
        elif settings.ca_file or settings.authorities:
            self._trust_authorities(settings.ca_file, settings.authorities)
        else:
            self.context.load_default_certs()

    def _trust_authorities(self, path: str, content: str) -> None:
        # The cluster's own certificate will do, too, no matter who signed it.
        self.context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        try:
            self.context.load_verify_locations(path or None, cadata=None if path else content)
        except (OSError, ValueError) as error:
            is_malformed = isinstance(error, ssl.SSLError)
            reason = "it has no certificate in PEM" if is_malformed else str(error)
            where = f", {path}," if path else " that a run sent"
            raise TrustFileError(
                f"the file of trusted certificates{where} cannot be used: {reason}"
            ) from error

    def check(self, host: str, certificate: bytes | None) -> None:
        """Check what TLS did not: that a certificate is the one with the configured fingerprint.

        Args:
            host: the node that shows it.
            certificate: in DER.

        Raises:
            ChangedCertificateError: it is another one.
        """
        if not self.fingerprint:
            return
        shown = hashlib.sha256(certificate or b"").hexdigest()
        if shown != self.fingerprint:
            raise ChangedCertificateError(
                f"{host} shows a certificate with the SHA-256 fingerprint {shown}, not the "
                f"configured {self.fingerprint}"
            )

    def objection(self, host: str, error: ssl.SSLError) -> CertificateError | None:
        """Return what is wrong with the certificate of a node, after TLS failed.

        Only a connection is begun with the node; nothing else is sent to it.

        Args:
            host: the node.
            error: how TLS failed.

        Returns:
            The error; None if the certificate is not the reason.
        """
        if not isinstance(error, ssl.SSLCertVerificationError):
            return None
        reason = error.verify_message or "it cannot be verified"
        return CertificateError(
            f"the certificate of {host} is not trusted: {reason}; its SHA-256 fingerprint is "
            f"{_fingerprint(host, self._port) or 'unknown'}"
        )


def _fingerprint(host: str, port: int) -> str:
    """Return the SHA-256 of the certificate that a host shows; "" if it shows none now."""
    with contextlib.suppress(OSError, ValueError):
        shown = ssl.get_server_certificate((host, port), timeout=_SECONDS_TO_CONNECT)
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(shown)).hexdigest()
    return ""
