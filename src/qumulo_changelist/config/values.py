"""What single values of the archiver's configuration may be: pure, from text to text.

Each function raises :class:`MalformedError` for anything else.
"""

import ipaddress
import os
import re
import socket

from qumulo_changelist.names import to_text

_NAME = re.compile(r"[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*\.?")
_NUMBERS = re.compile(r"[0-9.]+")
_ZONE = re.compile(r"[A-Za-z0-9._-]+")


class MalformedError(ValueError):
    """A value is not what its key needs: ``str()`` says what it is, ``hint`` what to give."""

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what)
        self.hint = hint


def host(text: str) -> str:
    """Return an address or a host name; an IPv6 address without its brackets.

    Raises:
        MalformedError: it is neither.
    """
    if _is_ipv6(text):
        return text
    if text.startswith("[") and text.endswith("]") and _is_ipv6(text[1:-1]):
        return text[1:-1]
    if _NAME.fullmatch(text) and (not _NUMBERS.fullmatch(text) or _is_ipv4(text)):
        return text
    raise MalformedError(
        f"{text!r}, no address or host name",
        "Give the cluster's address or host name alone, without https:// and without a path; the "
        "port has its own key, QumuloClusterPort. Several nodes have commas between them.",
    )


def path(text: str) -> str:
    """Return a path; a ``~`` or ``~user`` at its beginning becomes that user's home directory.

    Raises:
        MalformedError: there is no such home, or it has a NUL in it.
    """
    if "\0" in text:
        raise MalformedError(f"{text!r}, which has a NUL in it", r"Write a backslash twice: \\0.")
    if not text.startswith("~"):
        return text
    user, _, rest = text.partition("/")
    home = _home(user)
    if home is None:
        raise MalformedError(
            f"{text!r}, and there is no home directory for {user}",
            "Give an absolute path, such as /var/scans.",
        )
    return os.path.join(home, rest) if rest else home


def absolute_path(text: str) -> str:
    """Return an absolute path; see :func:`path`.

    Raises:
        MalformedError: it is not absolute, or there is no such home.
    """
    expanded = path(text)
    if not expanded.startswith("/"):
        raise MalformedError(
            f"{text!r}, not an absolute path",
            "Give an absolute path, such as /var/scans, or one that begins with ~/. Nothing else "
            "is replaced in it.",
        )
    return expanded


def _is_ipv6(text: str) -> bool:
    address, percent, zone = text.partition("%")
    try:
        ipaddress.IPv6Address(address)
    except ValueError:
        return False
    return not percent or bool(_ZONE.fullmatch(zone))


def _is_ipv4(text: str) -> bool:
    # Also with leading zeros or parts left out, as resolvers take it.
    try:
        socket.inet_aton(text)
    except OSError:
        return False
    return True


def _home(user: str) -> str | None:
    """Return the home directory that ``~`` or ``~user`` stands for; None where there is none."""
    try:
        home = to_text(os.fsencode(os.path.expanduser(user)))
    except ValueError:  # a name that this locale has no bytes for
        return None
    # With an empty HOME, Python takes the root directory.
    is_named = user != "~" or os.environ.get("HOME") != ""
    return home if is_named and home.startswith("/") else None
