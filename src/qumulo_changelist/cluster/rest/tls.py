"""Whom REST trusts to be the cluster, and what is said where that is not shown."""

import contextlib
import hashlib
import ssl

import urllib3

from qumulo_changelist.config.settings import Settings
from qumulo_changelist.errors import CertificateError, ConfigurationError
from qumulo_changelist.events import Listener

_PATIENCE = 10


class Trust:
    """How the cluster's certificate is looked at.

    The one whose fingerprint is configured is taken for whatever name; without a fingerprint, one
    that the configured authorities, or else the system's, vouch for.

    Raises:
        ConfigurationError: the authorities cannot be read.
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
        if _trusts_anybody(settings):
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)

    def _trust_file(self, path: str) -> None:
        # The cluster's own certificate will do, too, whoever signed it.
        self.context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        try:
            self.context.load_verify_locations(path)
        except (OSError, ValueError) as error:
            reason = "it holds no certificate" if isinstance(error, ssl.SSLError) else str(error)
            raise ConfigurationError(
                f"the certificates of QumuloCAFile, {path}, cannot be used: {reason}",
                hint="Name a file of certificates in PEM, which this user can read.",
            ) from error

    def objection(self, host: str, error: urllib3.exceptions.SSLError) -> CertificateError | None:
        """Return what is wrong with the certificate of a node, None where that is not the matter.

        Nothing is sent to the node but the beginning of a connection.
        """
        cause = error.args[0] if error.args else None
        if not (self.fingerprint or isinstance(cause, ssl.SSLCertVerificationError)):
            return None
        shown = _fingerprint(host, self._port)
        if self.fingerprint:
            if shown in ("", self.fingerprint):
                return None
            return CertificateError(
                f"{host} shows a certificate with the SHA-256 fingerprint {shown}, not the "
                f"{self.fingerprint} that QumuloCertificateFingerprint asks for",
                hint="The certificate was changed, or somebody is in between. Only if you know "
                "that it was changed, set QumuloCertificateFingerprint to that of the new one.",
            )
        reason = cause.verify_message if isinstance(cause, ssl.SSLCertVerificationError) else ""
        return CertificateError(
            f"the certificate of {host} is not trusted: {reason or 'it cannot be verified'}; its "
            f"SHA-256 fingerprint is {shown or 'unknown'}",
            hint="If that is the fingerprint which the cluster's administrator tells you, set "
            "QumuloCertificateFingerprint to it in the archiver's configuration; or name in "
            "QumuloCAFile the authority that signed it.",
        )


def warn(settings: Settings, listener: Listener) -> None:
    """Tell that anybody is trusted, if so: once a run, however many connect to the cluster."""
    if _trusts_anybody(settings):
        listener.warning(
            "QumuloVerifyTLS=false: anybody between here and the cluster can read the password "
            "and change what the cluster answers; set QumuloCertificateFingerprint instead"
        )


def _trusts_anybody(settings: Settings) -> bool:
    return not (settings.fingerprint or settings.verify_tls)


def _fingerprint(host: str, port: int) -> str:
    """Return the SHA-256 of the certificate that a host shows, "" where it shows none now."""
    with contextlib.suppress(OSError, ValueError):
        shown = ssl.get_server_certificate((host, port), timeout=_PATIENCE)
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(shown)).hexdigest()
    return ""
