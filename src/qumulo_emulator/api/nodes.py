"""The cluster itself: its version, its nodes, their network interface, its capacity."""

import os
import uuid
from typing import Any

from qumulo_emulator import clock
from qumulo_emulator.api.call import Call
from qumulo_emulator.errors import NoSuchPartError, UndecodableRequestError
from qumulo_emulator.nodes import Node

_VERSION = "Qumulo Core 7.10.2.1"
# The last version without /v3/snapshots/ (Qumulo's knowledge base, "Migrating REST API Endpoints").
_VERSION_BEFORE_V3 = "Qumulo Core 5.1.2"
_INTERFACE_ID = 1
_INTERFACE_FACTS = {
    "name": "bond0",
    "default_gateway": "",
    "default_gateway_ipv6": "",
    "bonding_mode": "ACTIVE_BACKUP",
    "mtu": 1500,
}


def version(call: Call) -> dict[str, Any]:
    """Answer GET /v1/version."""
    return {
        "revision_id": _VERSION if call.cluster.settings.v3_snapshots else _VERSION_BEFORE_V3,
        "build_id": "0",
        "flavor": "emulator",
        "build_date": "1970-01-01T00:00:00Z",
    }


def list_nodes(call: Call) -> list[dict[str, Any]]:
    """Answer GET /v1/cluster/nodes/."""
    return [_node_json(call, node) for node in call.context.nodes.all]


def get_node(call: Call) -> dict[str, Any]:
    """Answer GET /v1/cluster/nodes/{id}."""
    return _node_json(call, call.context.nodes.get(call.number("id")))


def _node_json(call: Call, node: Node) -> dict[str, Any]:
    return {
        "id": node.number,
        "node_status": "online" if node.is_alive else "offline",
        "node_name": _name(call, node),
        "uuid": _uuid(call, node),
        "label": str(node.number),
        "model_number": "emulator",
        "serial_number": str(node.number - 1),
        "mac_address": _mac_address(node),
    }


def _name(call: Call, node: Node) -> str:
    return f"{call.cluster.name}-{node.number}"


def _uuid(call: Call, node: Node) -> str:
    """Return the UUID of a node; the first one's is that of the cluster."""
    whole = call.cluster.uuid
    return whole if node.number == 1 else str(uuid.uuid5(uuid.UUID(whole), str(node.number)))


def _mac_address(node: Node) -> str:
    return f"02:00:00:00:{node.number >> 8:02x}:{node.number & 0xFF:02x}"


def get_settings(call: Call) -> dict[str, Any]:
    """Answer GET /v1/cluster/settings."""
    return {"cluster_name": call.cluster.name}


def put_settings(call: Call) -> dict[str, Any]:
    """Answer PUT /v1/cluster/settings."""
    name = call.fields({"cluster_name": str}).get("cluster_name")
    if not name:
        raise UndecodableRequestError("a cluster_name is expected")
    call.cluster.rename(name)
    return get_settings(call)


def file_system(call: Call) -> dict[str, Any]:
    """Answer GET /v1/file-system."""
    known = os.statvfs(call.cluster.root)
    return {
        "block_size_bytes": 4096,
        "total_size_bytes": str(known.f_blocks * known.f_frsize),
        "free_size_bytes": str(known.f_bavail * known.f_frsize),
        "snapshot_size_bytes": "0",
    }


def list_interfaces(_call: Call) -> list[dict[str, Any]]:
    """Answer GET /v2/network/interfaces/."""
    return [{"id": _INTERFACE_ID, **_INTERFACE_FACTS}]


def get_interface(call: Call) -> dict[str, Any]:
    """Answer GET /v2/network/interfaces/{id}."""
    _check_interface(call)
    return {"id": _INTERFACE_ID, **_INTERFACE_FACTS}


def interface_status(call: Call) -> list[dict[str, Any]]:
    """Answer GET /v2/network/interfaces/{id}/status/, with the address of each node."""
    _check_interface(call)
    return [_interface_status(call, node) for node in call.context.nodes.all]


def _interface_status(call: Call, node: Node) -> dict[str, Any]:
    return {
        "node_id": node.number,
        "node_name": _name(call, node),
        "update_status": "CHANGES_APPLIED",
        "interface_details": {
            "speed": 10_000,
            "bytes_sent": "0",
            "bytes_received": "0",
            "cable_status": "CONNECTED" if node.is_alive else "DISCONNECTED",
            "interface_status": "UP" if node.is_alive else "DOWN",
            "mac_address": _mac_address(node),
            "timestamp": clock.format_time(call.cluster.clock.now()),
        },
        "interface_status": {"interface_id": _INTERFACE_ID, **_INTERFACE_FACTS},
        "network_statuses": [
            {
                "name": "Default",
                "assigned_by": "STATIC",
                "address": node.host,
                "floating_addresses": [],
                "dns_servers": [],
                "dns_search_domains": [],
                "netmask": "255.255.255.0",
                "mtu": 1500,
                "vlan_id": 0,
            }
        ],
        "aws_status": None,
        "azure_status": None,
        "gcp_status": None,
    }


def _check_interface(call: Call) -> None:
    if call.number("id") != _INTERFACE_ID:
        raise NoSuchPartError("the only interface is 1")
