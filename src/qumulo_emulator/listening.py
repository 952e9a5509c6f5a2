"""The sockets that the nodes of a cluster listen on."""

import errno
import ipaddress
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from qumulo_emulator.errors import ListeningError
from qumulo_emulator.nodes import Address

_BACKLOG = 1024
_TRIES = 20


def listen(address: Address) -> socket.socket:
    """Return a socket that listens at an address; port 0 picks a free one.

    Raises:
        OSError: if the address or the port cannot be used.
    """
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    # asyncio turns off Nagle's delay of 40 ms only for a socket whose protocol is TCP. That of a
    # socket from socket.create_server is 0.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(_BACKLOG)
    except BaseException:
        listening.close()
        raise
    return listening


@contextmanager
def listening_sockets(first: Address, count: int) -> Iterator[list[socket.socket]]:
    """Yield a listening socket for each node, the first of them at the given address.

    On IPv4's loopback, where every address can be used without any set-up on Linux, the others have
    the addresses that follow, and the same port: a client that knows one port for all nodes can
    reach them. Elsewhere they have the ports that follow. Port 0 picks a free one, from which the
    others follow.

    Raises:
        ListeningError: if an address or a port cannot be used.
    """
    with ExitStack() as stack:
        yield [stack.enter_context(one) for one in _listen(first, count)]


def _listen(first: Address, count: int) -> list[socket.socket]:
    for left in reversed(range(_TRIES)):
        sockets: list[socket.socket] = []
        wanted = first
        try:
            sockets.append(listen(wanted))
            bound = bound_address(sockets[0])
            by_address = count > 1 and _can_use_others(bound)
            for number in range(1, count):
                wanted = _following(bound, number, by_address=by_address)
                sockets.append(listen(wanted))
        except (OSError, OverflowError) as error:
            for one in sockets:
                one.close()
            # The next port that is free may have neighbours that are free as well.
            if first.port == 0 and len(sockets) and left:
                continue
            # The system's message does not name the address.
            reason = error.strerror if isinstance(error, OSError) else "there is no such port"
            raise ListeningError(
                f"cannot listen on {wanted.host} port {wanted.port}: {reason}"
            ) from error
        return sockets
    raise AssertionError("there is a last try")


def bound_address(listening: socket.socket) -> Address:
    """Return the address that a socket is bound to."""
    host, port, *_ = listening.getsockname()
    return Address(host, port)


def _following(bound: Address, number: int, *, by_address: bool) -> Address:
    if not by_address:
        return Address(bound.host, bound.port + number)
    return Address(str(ipaddress.IPv4Address(bound.host) + number), bound.port)


def _can_use_others(bound: Address) -> bool:
    """Return whether the address is on a loopback whose other addresses can be used as well."""
    address = ipaddress.ip_address(bound.host)
    if address.version == 6 or not address.is_loopback:
        return False
    try:
        listen(Address(str(address + 1), 0)).close()
    except OSError as error:
        if error.errno != errno.EADDRNOTAVAIL:  # macOS, unless they were set up
            raise
        return False
    return True
