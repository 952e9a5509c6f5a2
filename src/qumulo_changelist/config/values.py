"""What single values of the archiver's configuration may be: pure, from text to values.

A message never contains the text of a secret.
"""

import re

from qumulo_changelist.config.settings import Secret, Transport

_TRANSPORTS: dict[str, Transport] = {"": "qq", "qq": "qq", "rest": "rest"}
_FLAGS = {"": None, "true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_TOKEN = re.compile("[!-~]*")
_SHA256 = re.compile("[0-9a-f]{64}")


class MalformedError(ValueError):
    """A value is not what its key needs.

    Args:
        what: what is wrong, such as "is 'x', not a port".
        hint: what to write instead.
    """

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what)
        self.hint = hint


def parse_transport(text: str) -> Transport:
    """Return a way to the cluster; qq for "".

    Raises:
        MalformedError: it is neither qq nor rest.
    """
    text = text.lower()
    if text not in _TRANSPORTS:
        raise MalformedError(f"is {text!r}, neither qq nor rest", "Set it to qq or rest.")
    return _TRANSPORTS[text]


def parse_port(text: str) -> int:
    """Return a port.

    Raises:
        MalformedError: it is not one.
    """
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and 1 <= int(text) <= 65535):
        raise MalformedError(
            f"is {text!r}, not a port",
            "Give the port of the cluster's REST API, a number up to 65535; usually 8000.",
        )
    return int(text)


def parse_password(text: str) -> Secret:
    """Return a password.

    Raises:
        MalformedError: ``qq``, which reads one line, would not get all of it.
    """
    if "\n" in text or "\r" in text or "\0" in text:
        raise MalformedError(
            "contains a line end or a NUL, which cannot be passed to qq",
            r"A backslash in a password is written twice: \\n for a backslash and an n.",
        )
    return Secret(text)


def parse_token(text: str) -> Secret | None:
    """Return an access token; None for "".

    Raises:
        MalformedError: it contains a character that a token cannot.
    """
    if not _TOKEN.fullmatch(text):
        raise MalformedError(
            "contains a character that a token cannot",
            "Give the token as the cluster printed it; it begins with access-v1:",
        )
    return Secret(text) if text else None


def parse_fingerprint(text: str) -> str:
    """Return a fingerprint as 64 lower-case hexadecimal digits; "" for "".

    Raises:
        MalformedError: it is not one.
    """
    digits = text.replace(":", "").lower()
    if digits and not _SHA256.fullmatch(digits):
        raise MalformedError(
            "is not a SHA-256 fingerprint",
            "Give the 64 hexadecimal digits of the certificate's SHA-256 fingerprint, with or "
            "without colons.",
        )
    return digits


def parse_flag(text: str) -> bool | None:
    """Return whether a text means true; None for "".

    Raises:
        MalformedError: it means neither true nor false.
    """
    text = text.lower()
    if text not in _FLAGS:
        raise MalformedError(f"is {text!r}, neither true nor false", "Set it to true or false.")
    return _FLAGS[text]
