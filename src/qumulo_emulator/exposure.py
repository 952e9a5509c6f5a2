"""Who can reach the emulator: this machine alone, or others, too."""

import ipaddress
import socket


def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach an address, or any address of a name."""
    if not host:  # every address of this machine
        return False
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        pass
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return True  # nothing can listen there; the server reports that
    return all(ipaddress.ip_address(str(one[4][0])).is_loopback for one in found)


def warning(host: str) -> str:
    """Return what to say of an address that others can reach."""
    return (
        f"qumulo-emulator: WARNING: it listens on {host}, which other machines can reach.\n"
        "qumulo-emulator: WARNING: whoever reaches it and knows the password can list, change and "
        "delete what it serves;\n"
        "qumulo-emulator: WARNING: its page shows names and requests without a password. "
        "--host 127.0.0.1 keeps it to this machine.\n"
    )
