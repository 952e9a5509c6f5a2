"""What our keys in the archiver's configuration mean: from values by key to settings."""

import re
from collections.abc import Callable, Mapping
from typing import TypeVar, get_args

from qumulo_changelist.config.content import SECTION
from qumulo_changelist.config.hosts import parse_hosts
from qumulo_changelist.config.paths import parse_absolute_path, parse_path
from qumulo_changelist.config.settings import DEFAULT_WORK_FOLDER, Settings, Transport
from qumulo_changelist.config.values import (
    MalformedError,
    parse_fingerprint,
    parse_flag,
    parse_password,
    parse_port,
    parse_token,
    parse_transport,
)
from qumulo_changelist.errors import ConfigurationError

_COMMENT = re.compile(r"\s+[;#].*", re.DOTALL)
_CONTROL = re.compile("[\x00-\x1f\x7f]")

_Value = TypeVar("_Value")


def make_settings(
    values: Mapping[str, object], path: str, transport: Transport | None = None
) -> Settings:
    """Return the settings for the values of a configuration.

    Args:
        values: the values, by key in lower case.
        path: the file that they are from, for messages.
        transport: the way to the cluster; None for the configured one.

    Raises:
        ConfigurationError: a key that this way to the cluster needs is missing, or a value is
            malformed.
    """
    keys = _Keys(values, path)
    _check_transport(transport)
    if transport is None:
        way = keys.parse_commented("QumuloTransport", parse_transport)
    else:
        way = transport
    _check_complete(keys, path, way)
    return Settings(
        hosts=keys.parse_commented("QumuloClusterIP", parse_hosts),
        port=keys.parse_commented("QumuloClusterPort", parse_port),
        username=keys.parse_commented("QumuloUsername", str),
        password=keys.parse("QumuloPassword", parse_password),
        work_folder=keys.parse("FastScanWorkFolder", parse_absolute_path) or DEFAULT_WORK_FOLDER,
        qq_path=keys.parse("QumuloQqPath", parse_path),
        transport=way,
        access_token=keys.parse_commented("QumuloAccessToken", parse_token),
        ca_file=keys.parse("QumuloCAFile", parse_path),
        fingerprint=keys.parse_commented("QumuloCertificateFingerprint", parse_fingerprint),
        verify_tls=keys.parse_flag("QumuloVerifyTLS", default=True),
    )


class _Keys:
    """The values of a configuration, by key in any case.

    Raises:
        ConfigurationError: a value is not what its key needs; names both. Raised by every method.
    """

    def __init__(self, values: Mapping[str, object], path: str) -> None:
        self._values = values
        self._path = path

    def parse(self, key: str, parse: Callable[[str], _Value]) -> _Value:
        """Return what the text of a key means to a parser."""
        return self._parse(key, parse, self.text(key))

    def parse_commented(self, key: str, parse: Callable[[str], _Value]) -> _Value:
        """Return the same for a value that a comment may follow, since it has no ; or # itself."""
        text = _COMMENT.sub("", self.text(key))
        if _CONTROL.search(text):
            raise ConfigurationError(
                f"{key} in {self._path} contains a control character",
                hint=r"A backslash in a name is written twice: DOMAIN\\user.",
            )
        return self._parse(key, parse, text)

    def parse_flag(self, key: str, *, default: bool) -> bool:
        """Return whether a key is set to true; a property list has a type for that."""
        value = self._values.get(key.lower())
        flag = value if isinstance(value, bool) else self.parse_commented(key, parse_flag)
        return default if flag is None else flag

    def text(self, key: str) -> str:
        """Return the text of a key; "" if it is missing."""
        value = self._values.get(key.lower(), "")
        if key == "QumuloClusterIP" and isinstance(value, list):
            # A property list may contain several as an array.
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

    def _parse(self, key: str, parse: Callable[[str], _Value], text: str) -> _Value:
        try:
            return parse(text)
        except MalformedError as error:
            raise ConfigurationError(f"{key} in {self._path} {error}", hint=error.hint) from None


def _check_transport(transport: object) -> None:
    if transport is not None and transport not in get_args(Transport):
        raise ConfigurationError(f"there is no transport {transport!r}, only 'qq' and 'rest'")


def _check_complete(keys: _Keys, path: str, transport: Transport) -> None:
    required = ["QumuloClusterIP", "QumuloClusterPort"]
    has_token = bool(keys.text("QumuloAccessToken"))
    if transport == "qq" or not has_token:
        required += ["QumuloUsername", "QumuloPassword"]
    missing = [key for key in required if not keys.text(key)]
    if not missing:
        return
    what = f"the configuration {path} lacks {', '.join(missing)}"
    hint = f"Add what is missing to its section [{SECTION}]"
    if has_token and transport == "qq":
        what += "; qq cannot use QumuloAccessToken"
        hint += ", or set QumuloTransport=rest there"
    raise ConfigurationError(what, hint=f"{hint}.")
