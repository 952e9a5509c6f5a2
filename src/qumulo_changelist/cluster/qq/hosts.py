"""The node of the cluster that ``qq`` is given: it takes one, and every node answers every request.

A node is tried without ``qq``, by a connection that is closed again: nothing is sent to it, so that
a wrong password does not reach one node after the other.
"""

import socket
from collections.abc import Sequence
from functools import partial

from qumulo_changelist.events import Listener, NodeChosen
from qumulo_changelist.machine.shortages import check_shortage
from qumulo_changelist.machine.waiting import result_of_call

SECONDS_TO_CONNECT = 5
"""The number of seconds that a node is given to take a connection, if there are others."""


def answering_first(hosts: Sequence[str], port: int, listener: Listener) -> tuple[str, ...]:
    """Return the hosts, beginning with the first one that takes a connection.

    If none does, their order stays: ``qq`` will report why. A single host is not tried.

    Args:
        hosts: names or addresses.
        port: that of the REST API.
        listener: receives a ``NodeChosen`` if a host does not answer.

    Raises:
        ResourceError: this machine lacks what it takes to connect.
    """
    failures: list[str] = []
    for host in hosts if len(hosts) > 1 else ():
        try:
            result_of_call(partial(_connect, host, port))
        except (OSError, UnicodeError) as error:
            check_shortage(error)
            failures.append(f"{host} ({getattr(error, 'strerror', None) or error})")
        else:
            if failures:
                listener(NodeChosen(host, tuple(failures)))
            return (host, *(other for other in hosts if other != host))
    return tuple(hosts)


def _connect(host: str, port: int) -> None:
    socket.create_connection((host, port), SECONDS_TO_CONNECT).close()
