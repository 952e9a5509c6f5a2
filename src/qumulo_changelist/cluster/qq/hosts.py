"""Which of a cluster's nodes ``qq`` is given: it takes one, and every node answers every request.

A node is tried without ``qq``, by a connection that is closed again: nothing is sent to it, so that
a wrong password does not reach one node after the other.
"""

import socket
from collections.abc import Sequence

from qumulo_changelist.errors import check_shortage
from qumulo_changelist.events import Listener

PATIENCE = 5
"""For how many seconds a node is waited for, where there are others."""


def answering_first(hosts: Sequence[str], port: int, listener: Listener) -> tuple[str, ...]:
    """Return the hosts, with the first one that takes a connection at the front.

    Where none does, their order stays: ``qq`` will say why.

    Args:
        hosts: names or addresses.
        port: of the REST API.
        listener: hears which hosts do not answer.

    Raises:
        ResourceError: this machine lacks what it takes to connect.
    """
    failed: list[str] = []
    for host in hosts if len(hosts) > 1 else ():
        try:
            with socket.create_connection((host, port), PATIENCE):
                pass
        except OSError as error:
            check_shortage(error)
            failed.append(f"{host} ({error.strerror or error})")
        else:
            if failed:
                listener.warning(f"qq asks {host}, since others do not answer: {', '.join(failed)}")
            return (host, *(other for other in hosts if other != host))
    return tuple(hosts)
