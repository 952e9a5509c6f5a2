"""Snapshot policies, in version 3 of their API."""

from typing import Any

from qumulo_emulator.api.call import Call
from qumulo_emulator.api.snapshots import v3
from qumulo_emulator.errors import InvalidRequestError
from qumulo_emulator.model import ROOT_ID, SnapshotPolicy
from qumulo_emulator.policies import time_to_live

_FIELDS = {
    "policy_name": str,
    "snapshot_name_template": str,
    "source_file_id": str,
    "schedule": dict,
    "enabled": bool,
    "lock_key_ref": str,
}


def _policy(policy: SnapshotPolicy) -> dict[str, Any]:
    return {
        "id": policy.id,
        "policy_name": policy.name,
        "snapshot_name_template": policy.template,
        "source_file_id": str(policy.source_id),
        "schedule": {"id": 1, **policy.schedule},
        "enabled": policy.enabled,
        "lock_key_ref": policy.lock_key_ref,
    }


def create(call: Call) -> dict[str, Any]:
    """Answer POST /v3/snapshots/policies/."""
    fields = call.fields(_FIELDS)
    if "policy_name" not in fields or "schedule" not in fields:
        raise InvalidRequestError("a policy needs a policy_name and a schedule")
    files = call.cluster.files
    source = files.entry(files.locate(fields.get("source_file_id", str(ROOT_ID))))
    policy = call.cluster.policies.create(
        fields["policy_name"],
        source.attributes.id,
        fields["schedule"],
        template=fields.get("snapshot_name_template"),
        enabled=fields.get("enabled", True),
        lock_key_ref=fields.get("lock_key_ref"),
    )
    return _policy(policy)


def list_all(call: Call) -> dict[str, Any]:
    """Answer GET /v3/snapshots/policies/."""
    return {"entries": [_policy(policy) for policy in call.cluster.policies.all()]}


def get(call: Call) -> dict[str, Any]:
    """Answer GET /v3/snapshots/policies/{id}."""
    return _policy(call.cluster.policies.get(call.number("id")))


def delete(call: Call) -> None:
    """Answer DELETE /v3/snapshots/policies/{id}."""
    call.cluster.policies.delete(call.number("id"))


def run(call: Call) -> dict[str, Any]:
    """Answer POST /emulator/policies/{name}/run: take a snapshot by this policy now."""
    policy = call.cluster.policies.named(call.param("name"))
    source = call.cluster.files.locate(str(policy.source_id))
    lifetime = time_to_live(policy.schedule)
    expires = None if lifetime is None else call.cluster.clock.now() + lifetime
    return v3(call, call.cluster.snapshots.take(source, policy.name, expires, policy))
