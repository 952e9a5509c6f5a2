"""The nodes of a cluster: where each is reached, whether it is alive, how fast, and its load."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from qumulo_emulator.errors import NoSuchPartError


class Address(NamedTuple):
    """Where a node listens."""

    host: str
    port: int


class Node:
    """One node of a cluster. All nodes answer from the same state.

    Attributes:
        number: its id; nodes are counted from 1.
        host: the name or address that clients reach it by.
        port: its port.
        is_alive: whether it takes connections.
        latency_ms: the number of milliseconds that it waits before each answer, in addition to
            what all nodes wait.
        requests: the number of requests that were answered or dropped, without those of the
            emulator's own endpoints.
    """

    def __init__(self, number: int, address: Address) -> None:
        self.number = number
        self.host, self.port = address
        self.is_alive = True
        self.latency_ms = 0
        self.requests = 0


def _do_nothing(_node: Node) -> None:
    pass


class Nodes:
    """All nodes of a cluster.

    Args:
        reached: where clients reach each node.
        bound: the addresses that the nodes' sockets are bound to; None for the same.

    Attributes:
        all: the nodes by ascending number.
        switch: takes a node off the network, or puts it there again, as `is_alive` has it.
    """

    def __init__(self, reached: Sequence[Address], bound: Sequence[Address] | None = None) -> None:
        self.all = [Node(number, address) for number, address in enumerate(reached, start=1)]
        self.switch: Callable[[Node], None] = _do_nothing
        self._by_address = dict(zip(bound or reached, self.all, strict=True))
        self._by_port = {node.port: node for node in reversed(self.all)}

    def at(self, address: tuple[str, int]) -> Node:
        """Return the node that has this local address of a connection."""
        # A node that listens on every address of the machine is known by its port.
        found = self._by_address.get(Address(*address))
        return found or self._by_port.get(address[1], self.all[0])

    def get(self, number: int) -> Node:
        """Return the node with this id.

        Raises:
            NoSuchPartError: if there is none.
        """
        if not 1 <= number <= len(self.all):
            ids = "the only node is 1" if len(self.all) == 1 else f"nodes are 1 to {len(self.all)}"
            raise NoSuchPartError(ids)
        return self.all[number - 1]
