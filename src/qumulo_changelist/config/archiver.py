"""The archiver's own configuration, read but never written: what our keys in it say."""

import re
import sys
from collections.abc import Callable, Mapping

from qumulo_changelist.config import file as config_file
from qumulo_changelist.config import values as config_values
from qumulo_changelist.config.settings import DEFAULT_WORK_FOLDER, Secret, Settings, Transport
from qumulo_changelist.config.values import MalformedError
from qumulo_changelist.errors import ConfigurationError, ConfigurationFileError
from qumulo_changelist.names import to_bytes

DEFAULT_PATHS = {"darwin": "/Library/Preferences/com.storagedna.DNAClientServices.plist"}
DEFAULT_PATH = "/etc/StorageDNA/DNAClientServices.conf"

_TRANSPORTS: dict[str, Transport] = {"qq": "qq", "rest": "rest"}
_YES_OR_NO = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_TRAILING_COMMENT = re.compile(r"\s+[;#].*", re.DOTALL)
_CONTROL = re.compile("[\x00-\x1f\x7f]")
_BETWEEN_HOSTS = re.compile(r"[,;\s]+")
_TOKEN = re.compile("[!-~]*")
_SHA256 = re.compile("[0-9a-f]{64}")


def default_path() -> str:
    """Return where the archiver keeps its configuration on this system."""
    return DEFAULT_PATHS.get(sys.platform, DEFAULT_PATH)


def read_settings(path: str | None = None, transport: Transport | None = None) -> Settings:
    """Read the settings from the archiver's configuration.

    Args:
        path: the file; None for where the archiver keeps it on this system.
        transport: the way to the cluster; None for the configured one.

    Raises:
        ConfigurationFileError: the file cannot be read, or has neither of the two formats.
        ConfigurationError: it lacks a key that this way to the cluster needs, or a value is
            malformed.
    """
    path = path or default_path()
    try:
        with open(to_bytes(path), "rb") as file:
            content = file.read()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ConfigurationFileError(
            f"the configuration {path} cannot be read: {reason}"
        ) from error
    try:
        values = config_file.values(content)
    except ValueError as error:
        raise ConfigurationFileError(
            f"the configuration {path} is neither an INI file nor a property list: {error}"
        ) from error
    return _Keys(values, path).settings(transport)


class _Keys:
    """What the configuration at ``path`` holds, asked for by key.

    Raises:
        ConfigurationError: a value is not what its key needs; names both. Raised by every method.
    """

    def __init__(self, values: Mapping[str, object], path: str) -> None:
        self._values = values
        self._path = path

    def settings(self, transport: Transport | None) -> Settings:
        """Return all settings, once it is sure that those which are needed are there."""
        transport = transport or self._transport()
        self._check_complete(transport)
        return Settings(
            hosts=self._hosts(),
            port=self._port(),
            username=self._bare("QumuloUsername"),
            password=self._password(),
            work_folder=self._work_folder(),
            qq_path=self._path_of("QumuloQqPath"),
            transport=transport,
            access_token=self._access_token(),
            ca_file=self._path_of("QumuloCAFile"),
            fingerprint=self._fingerprint(),
            verify_tls=self._yes_or_no("QumuloVerifyTLS", default=True),
        )

    def _check_complete(self, transport: Transport) -> None:
        required = ["QumuloClusterIP", "QumuloClusterPort"]
        has_token = bool(self._text("QumuloAccessToken"))
        if transport == "qq" or not has_token:
            required += ["QumuloUsername", "QumuloPassword"]
        missing = [key for key in required if not self._text(key)]
        if missing and has_token and transport == "qq":
            raise self._wrong(
                f"lacks {', '.join(missing)}; QumuloAccessToken is not for qq",
                hint=f"Add what is missing to its section [{config_file.SECTION}], or set "
                "QumuloTransport=rest there.",
            )
        if missing:
            raise self._wrong(
                f"lacks {', '.join(missing)}",
                hint=f"Add what is missing to its section [{config_file.SECTION}].",
            )

    def _transport(self) -> Transport:
        named = self._bare("QumuloTransport").lower()
        if named and named not in _TRANSPORTS:
            raise self._malformed("QumuloTransport", f"{named!r}", "Give qq or rest.")
        return _TRANSPORTS.get(named, "qq")

    def _hosts(self) -> tuple[str, ...]:
        named = filter(None, _BETWEEN_HOSTS.split(self._bare("QumuloClusterIP")))
        hosts = tuple(self._checked("QumuloClusterIP", config_values.host, host) for host in named)
        if not hosts:
            raise self._malformed("QumuloClusterIP", "no address", "Give the cluster's address.")
        return hosts

    def _work_folder(self) -> str:
        text = self._text("FastScanWorkFolder")
        if not text:
            return DEFAULT_WORK_FOLDER
        return self._checked("FastScanWorkFolder", config_values.absolute_path, text)

    def _path_of(self, key: str) -> str:
        return self._checked(key, config_values.path, self._text(key))

    def _port(self) -> int:
        text = self._bare("QumuloClusterPort")
        if not (text.isascii() and text.isdigit() and len(text) <= 5 and 1 <= int(text) <= 65535):
            raise self._malformed(
                "QumuloClusterPort",
                f"{text!r}, not a port",
                "Give the port of the cluster's REST API, a number up to 65535; usually 8000.",
            )
        return int(text)

    def _password(self) -> Secret:
        text = self._text("QumuloPassword")
        # qq reads one line; anything behind its end would be cut off without a word.
        if "\n" in text or "\r" in text or "\0" in text:
            raise ConfigurationError(
                f"QumuloPassword in {self._path} holds a line end, which qq cannot be given",
                hint=r"A backslash in a password is written twice: \\n for a backslash and an n.",
            )
        return Secret(text)

    def _access_token(self) -> Secret | None:
        text = self._bare("QumuloAccessToken")
        if not _TOKEN.fullmatch(text):
            raise ConfigurationError(
                f"QumuloAccessToken in {self._path} holds what no token can",
                hint="Give the token as the cluster printed it; it begins with access-v1:",
            )
        return Secret(text) if text else None

    def _fingerprint(self) -> str:
        text = self._bare("QumuloCertificateFingerprint").replace(":", "").lower()
        if text and not _SHA256.fullmatch(text):
            raise self._malformed(
                "QumuloCertificateFingerprint",
                "no SHA-256 fingerprint",
                "Give the 64 hexadecimal digits of the certificate's SHA-256 fingerprint, with or "
                "without colons.",
            )
        return text

    def _yes_or_no(self, key: str, *, default: bool) -> bool:
        value = self._values.get(key.lower())
        if isinstance(value, bool):  # in a property list
            return value
        text = self._bare(key).lower()
        if text and text not in _YES_OR_NO:
            raise self._malformed(key, f"{text!r}", "Give true or false.")
        return _YES_OR_NO.get(text, default)

    def _bare(self, key: str) -> str:
        # Only values that cannot hold a comment sign themselves may be followed by a comment.
        text = _TRAILING_COMMENT.sub("", self._text(key))
        if _CONTROL.search(text):
            raise ConfigurationError(
                f"{key} in {self._path} holds a control character",
                hint=r"A backslash in a name is written twice: DOMAIN\\user.",
            )
        return text

    def _text(self, key: str) -> str:
        value = self._values.get(key.lower(), "")
        if key == "QumuloClusterIP" and isinstance(value, list):
            # A property list may hold several as an array.
            value = ",".join(map(str, value))
        if isinstance(value, bytes):
            value = value.decode("utf-8", "surrogateescape")
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise ConfigurationError(f"{key} in {self._path} is neither text nor a number")
        text = str(value)
        if any("\ud800" <= character <= "\udfff" for character in text):
            raise ConfigurationError(
                f"{key} in {self._path} is not written in UTF-8", hint="Save the file as UTF-8."
            )
        return text

    def _checked(self, key: str, check: Callable[[str], str], text: str) -> str:
        try:
            return check(text)
        except MalformedError as error:
            raise self._malformed(key, str(error), error.hint) from None

    def _malformed(self, key: str, what: str, hint: str) -> ConfigurationError:
        return ConfigurationError(f"{key} in {self._path} is {what}", hint=hint)

    def _wrong(self, what: str, hint: str) -> ConfigurationError:
        return ConfigurationError(f"the configuration {self._path} {what}", hint=hint)
