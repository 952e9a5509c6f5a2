"""The nodes of a cluster as the archiver's configuration may write them: pure."""

import ipaddress
import re
import socket

from qumulo_changelist.config.values import MalformedError

_SEPARATOR = re.compile(r"[,;\s]+")
_NAME = re.compile(r"[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*\.?")
_NUMBERS = re.compile(r"[0-9.]+")
_ZONE = re.compile(r"[A-Za-z0-9._-]+")


def parse_hosts(text: str) -> tuple[str, ...]:
    """Return addresses and host names, at least one; IPv6 addresses without brackets.

    Raises:
        MalformedError: there is none, or one is neither an address nor a host name.
    """
    hosts = tuple(map(_parse_host, filter(None, _SEPARATOR.split(text))))
    if not hosts:
        raise MalformedError("contains no address", "Give the cluster's address.")
    return hosts


def _parse_host(text: str) -> str:
    if _is_ipv6(text):
        return text
    if text.startswith("[") and text.endswith("]") and _is_ipv6(text[1:-1]):
        return text[1:-1]
    if _NAME.fullmatch(text) and (not _NUMBERS.fullmatch(text) or _is_ipv4(text)):
        return text
    raise MalformedError(
        f"contains {text!r}, which is neither an address nor a host name",
        "Give the cluster's address or host name alone, without https:// and without a path; the "
        "port has its own key, QumuloClusterPort. Separate several nodes by commas.",
    )


def _is_ipv6(text: str) -> bool:
    address, percent, zone = text.partition("%")
    try:
        ipaddress.IPv6Address(address)
    except ValueError:
        return False
    return not percent or bool(_ZONE.fullmatch(zone))


def _is_ipv4(text: str) -> bool:
    # Resolvers also accept leading zeros and fewer than four numbers.
    try:
        socket.inet_aton(text)
    except OSError:
        return False
    return True
