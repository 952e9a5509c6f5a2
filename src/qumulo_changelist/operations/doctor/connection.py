"""Checks of the way to the cluster: names, ports, and certificates."""

import time
from datetime import datetime, timezone

from qumulo_changelist.config.settings import Settings
from qumulo_changelist.operations.doctor.checks import Examination, Finding

DAYS_TO_WARN = 30
"""A certificate or an access token that ends within this number of days is worth a warning."""
_DAY = 86_400


def examine_connection(
    examination: Examination, settings: Settings, *, needs_rest: bool
) -> list[str]:
    """Check each host, and return those that can be used.

    Args:
        examination: takes the checks.
        settings: how to reach the cluster.
        needs_rest: whether anything is asked over REST, which checks the certificate.
    """
    answering = examine_way(examination, settings)
    return examine_certificates(examination, settings, answering, needs_rest=needs_rest)


def examine_way(examination: Examination, settings: Settings) -> list[str]:
    """Check the name and the port of each host, and return those that answer."""
    from qumulo_changelist.cluster.rest.probe import knock, resolve

    def look_up(host: str) -> Finding:
        return Finding(", ".join(resolve(host, settings.port)))

    def try_port(host: str) -> Finding:
        knock(host, settings.port)
        return Finding(f"at port {settings.port}")

    hosts = list(dict.fromkeys(settings.hosts))
    named = examination.check_any("host-name", hosts, look_up)
    return examination.check_any("port", named or hosts, try_port, needs={"host-name": bool(named)})


def examine_certificates(
    examination: Examination, settings: Settings, answering: list[str], *, needs_rest: bool
) -> list[str]:
    """Check the certificate of each host that answers; see :func:`examine_connection`."""
    return examination.check_any(
        "certificate",
        answering or list(dict.fromkeys(settings.hosts)),
        lambda host: look_at_certificate(settings, host, needs_rest=needs_rest),
        needs={"port": bool(answering)},
    )


def look_at_certificate(settings: Settings, host: str, *, needs_rest: bool) -> Finding:
    """Return what is to say of the certificate of a host.

    Raises:
        CertificateError: it is not trusted, and has to be.
        UnreachableError: the host shows none.
    """
    from qumulo_changelist.cluster.rest.probe import show_certificate

    shown = show_certificate(settings, host)
    paste = f"QumuloCertificateFingerprint={shown.fingerprint}"
    detail = f"SHA-256 fingerprint {shown.fingerprint}{describe_end(shown.ends)}"
    if shown.objection and needs_rest:
        if not settings.fingerprint:  # a different one than the known one is not to be trusted
            shown.objection.hint = (
                "If the cluster's administrator confirms the fingerprint, add this line to the "
                f"archiver's configuration: {paste}"
            )
        raise shown.objection
    if shown.objection:
        detail += "; it would not be trusted over REST, and qq does not check it"
        return Finding(detail, hint=f"To be ready for REST: {paste}")
    if not settings.checks_certificate:
        return Finding(f"{detail}; QumuloVerifyTLS=false, so it is not checked", True, paste)
    detail += "; it is trusted"
    if shown.ends is not None and shown.ends < time.time() + DAYS_TO_WARN * _DAY:
        hint = "After it is renewed, a configured fingerprint has to be changed, too."
        return Finding(detail, warning=True, hint=hint)
    return Finding(detail if settings.fingerprint else f"{detail}; to pin it: {paste}")


def describe_end(seconds: float | None) -> str:
    """Return when something ends, as the end of a sentence; "" if that is unknown."""
    if seconds is None:
        return ""
    try:
        return f", ends on {datetime.fromtimestamp(seconds, timezone.utc):%Y-%m-%d}"
    except (ValueError, OverflowError, OSError):
        return ", ends in a time that this machine has no date for"
