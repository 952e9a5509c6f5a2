"""How a worker of a different machine reaches the cluster: all but the secrets, which it has."""

import os
import re

from msgspec import Struct
from msgspec.structs import replace

from qumulo_changelist.config.settings import Secret, Settings
from qumulo_changelist.errors import ConfigurationFileError, CredentialsError, TrustFileError
from qumulo_changelist.names import to_bytes
from qumulo_changelist.secret import PASSWORD_VARIABLE, TOKEN_VARIABLE, SessionToken

_CERTIFICATE = re.compile(
    "-----BEGIN (?:X509 )?CERTIFICATE-----[^-]+-----END (?:X509 )?CERTIFICATE-----"
)


class WorkerSettings(Struct, frozen=True):
    """How workers of other machines reach the cluster over REST. It can be pickled.

    It has no secret but, if that is wanted, the session of a run.
    """

    hosts: tuple[str, ...]
    port: int
    username: str
    authorities: str
    """The certificates of the authorities to trust, in PEM; "" for those of each system."""
    fingerprint: str
    verify_tls: bool
    session: SessionToken | None = None
    """The session of the run; None if each worker has credentials."""

    @classmethod
    def of(cls, settings: Settings, session: SessionToken | None = None) -> "WorkerSettings":
        """Return what workers need of the settings of this machine.

        Raises:
            TrustFileError: the file of trusted certificates cannot be read.
        """
        return cls(
            hosts=settings.hosts,
            port=settings.port,
            username=settings.username,
            authorities=_read_certificates(settings),
            fingerprint=settings.fingerprint,
            verify_tls=settings.verify_tls,
            session=session,
        )

    def complete(self) -> Settings:
        """Return the settings with credentials: the session, or those that this machine has.

        They are looked for in the environment first, then in the archiver's configuration, as the
        commands find it. That has to be for the same cluster. If it names whom to trust, that
        counts here.

        Raises:
            CredentialsError: there are none, or only for a different cluster.
            ConfigurationError: the archiver's configuration cannot be used.
        """
        if self.session:
            return self._with(Secret(""), self.session)
        # Only workers of other machines need these modules.
        from qumulo_changelist.config.values import MalformedError, parse_password, parse_token

        variable = next((one for one in (TOKEN_VARIABLE, PASSWORD_VARIABLE) if _has(one)), "")
        try:
            if variable == TOKEN_VARIABLE:
                return self._with(Secret(""), parse_token(os.environ[variable]))
            if variable:
                return self._with(parse_password(os.environ[variable]))
        except MalformedError as error:
            raise CredentialsError(f"{variable} {error}", hint=error.hint) from None
        return self._configured()

    def _with(self, password: Secret, token: Secret | None = None) -> Settings:
        return Settings(
            hosts=self.hosts,
            port=self.port,
            username=self.username,
            password=password,
            transport="rest",
            access_token=token,
            authorities=self.authorities,
            fingerprint=self.fingerprint,
            verify_tls=self.verify_tls,
        )

    def _configured(self) -> Settings:
        from qumulo_changelist.config.archiver import (
            CONFIG_VARIABLE,
            default_path,
            read_settings,
            usual_path,
        )

        path = usual_path() or default_path()
        if not os.path.exists(to_bytes(path)) and not _has(CONFIG_VARIABLE):
            raise CredentialsError(f"there are no credentials for the cluster {self._cluster}")
        try:
            own = read_settings(path, "rest")
        except ConfigurationFileError as error:
            raise CredentialsError(str(error)) from error
        if own.port != self.port or not set(own.hosts) & set(self.hosts):
            raise CredentialsError(
                f"the configuration {path} is for a different cluster: {', '.join(own.hosts)}, "
                f"port {own.port}, not {self._cluster}"
            )
        settings = replace(own, hosts=self.hosts)
        if own.fingerprint or own.ca_file:
            return settings
        return replace(
            settings,
            authorities=self.authorities,
            fingerprint=self.fingerprint,
            verify_tls=own.verify_tls or self.verify_tls,
        )

    @property
    def _cluster(self) -> str:
        return f"{', '.join(self.hosts)}, port {self.port}"


def _has(variable: str) -> bool:
    return bool(os.environ.get(variable))


def _read_certificates(settings: Settings) -> str:
    """Return the certificates that settings trust: what else is in their file stays here."""
    path = settings.ca_file
    if not path or settings.fingerprint or not settings.verify_tls:
        return settings.authorities
    try:
        with open(to_bytes(path), encoding="ascii", errors="replace") as file:
            found = _CERTIFICATE.findall(file.read())
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else "") or str(error)
    else:
        if found:
            return "\n".join([*found, ""])
        reason = "it has no certificate in PEM"
    raise TrustFileError(f"the file of trusted certificates, {path}, cannot be used: {reason}")
