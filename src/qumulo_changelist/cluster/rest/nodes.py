"""The nodes of a cluster, over which requests are spread.

Every node answers every request (Qumulo's documentation), so a node that is down can be skipped,
and one that is much slower than another can be held back.
"""

import time
from collections.abc import Sequence

from qumulo_changelist.cluster.rest.node import Node
from qumulo_changelist.cluster.rest.request import (
    NoAnswerError,
    NotConnectedError,
    Request,
    Response,
    SendError,
)
from qumulo_changelist.events import Listener, NodeSkipped

SECONDS_SKIPPED = 30
"""The number of seconds for which a node that does not answer is skipped."""


class Nodes:
    """All nodes; each request goes to the next one that is neither skipped nor held back.

    Implements ``Sender``.

    Args:
        nodes: at least one.
        listener: receives a ``NodeSkipped`` for each node that does not answer.
    """

    def __init__(self, nodes: Sequence[Node], listener: Listener) -> None:
        self._nodes = nodes
        self._listener = listener
        self._turn = -1

    async def send(self, request: Request, headers: dict[str, str]) -> Response:
        """Send a request to one node after the other, until one takes the connection.

        Raises:
            SendError: no node took a connection, or one took it and did not answer.
            CertificateError: a node cannot prove that it belongs to the cluster.
            ResourceError: this machine lacks what it takes to send the request.
        """
        refusal: NotConnectedError | None = None
        for _ in self._nodes:
            node = self._next()
            node.pace.under_way += 1
            try:
                response = await node.send(request, headers)
            except NotConnectedError as error:
                self._skip(node, error)
                if refusal is None or refusal.is_lasting:
                    refusal = error
            except NoAnswerError as error:
                self._skip(node, error)
                raise
            else:
                node.silent_until = 0.0
                node.pace.compare((one.pace for one in self._nodes), time.monotonic())
                return response
            finally:
                node.pace.under_way -= 1
        assert refusal
        raise refusal

    def close(self) -> None:
        """Close the connections that no request uses."""
        for node in self._nodes:
            node.close()

    def _next(self) -> Node:
        now = time.monotonic()
        turns = [*range(self._turn + 1, len(self._nodes)), *range(self._turn + 1)]
        ready = [turn for turn in turns if self._nodes[turn].silent_until <= now]
        quick = (turn for turn in ready if not self._nodes[turn].pace.is_held_back(now))
        # If all are skipped, any of them may be back by now.
        self._turn = next(quick, (ready or turns)[0])
        return self._nodes[self._turn]

    def _skip(self, node: Node, error: SendError) -> None:
        is_first = not node.silent_until
        node.silent_until = time.monotonic() + SECONDS_SKIPPED
        if is_first and len(self._nodes) > 1:
            self._listener(NodeSkipped(node.host, str(error)))
