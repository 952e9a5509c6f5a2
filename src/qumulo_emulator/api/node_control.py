"""The emulator's own endpoints for its nodes: their load, and how slow or dead one is."""

from typing import Any

from qumulo_emulator.api.call import Call
from qumulo_emulator.errors import InvalidRequestError
from qumulo_emulator.nodes import Node

_CHANGES: dict[str, type] = {"alive": bool, "latency_ms": int}
_MAX_LATENCY_MS = 3_600_000


def list_nodes(call: Call) -> dict[str, Any]:
    """Answer GET /emulator/nodes."""
    return {"entries": [_facts(node) for node in call.context.nodes.all]}


def change_node(call: Call) -> dict[str, Any]:
    """Answer POST /emulator/nodes/{id}: make a node slow, dead or alive."""
    node = call.context.nodes.get(call.number("id"))
    changes = call.fields(_CHANGES, only_known=True)
    latency = changes.get("latency_ms", node.latency_ms)
    if not 0 <= latency <= _MAX_LATENCY_MS:
        raise InvalidRequestError(f"latency_ms: 0 to {_MAX_LATENCY_MS}, not {latency}")
    is_alive = changes.get("alive", node.is_alive)
    if node is call.node and not is_alive:
        raise InvalidRequestError("a dying node cannot answer: send this to a different node")
    node.latency_ms = latency
    if is_alive != node.is_alive:
        node.is_alive = is_alive
        call.context.nodes.switch(node)
    return _facts(node)


def _facts(node: Node) -> dict[str, Any]:
    return {
        "id": node.number,
        "host": node.host,
        "port": node.port,
        "alive": node.is_alive,
        "latency_ms": node.latency_ms,
        "requests": node.requests,
    }
