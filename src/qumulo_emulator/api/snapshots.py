"""Snapshots in each version of their API, and the diff of two snapshots."""

from collections.abc import Callable
from typing import Any

from qumulo_emulator import clock
from qumulo_emulator.api.call import Call
from qumulo_emulator.api.paging import paginate
from qumulo_emulator.errors import InvalidRequestError, NotEmulatedError, StalePageKeyError
from qumulo_emulator.model import Change, Snapshot
from qumulo_emulator.names import join_path

_V4_FILTERS: dict[str, Callable[[Snapshot], bool]] = {
    "api_snapshots_exclude_in_delete": lambda snapshot: not snapshot.in_delete,
    "api_snapshots_exclude_not_in_delete": lambda snapshot: snapshot.in_delete,
    "api_snapshots_exclude_locked": lambda snapshot: snapshot.lock_key is None,
    "api_snapshots_exclude_not_locked": lambda snapshot: snapshot.lock_key is not None,
}
_V3_FILTERS: dict[str, Callable[[Snapshot], bool]] = {
    "all": lambda _snapshot: True,
    "exclude_in_delete": _V4_FILTERS["api_snapshots_exclude_in_delete"],
    "only_in_delete": _V4_FILTERS["api_snapshots_exclude_not_in_delete"],
}


def _common(call: Call, snapshot: Snapshot) -> dict[str, Any]:
    expires = snapshot.expires
    return {
        "id": snapshot.id,
        "timestamp": clock.format_time(
            snapshot.taken + call.cluster.settings.clock_shift * clock.SECOND
        ),
        "source_file_id": str(snapshot.source_id),
        "expiration": "" if expires is None else clock.format_time(expires),
        "in_delete": snapshot.in_delete,
    }


def _v2(call: Call, snapshot: Snapshot) -> dict[str, Any]:
    return {
        **_common(call, snapshot),
        "name": snapshot.name,
        "directory_name": snapshot.directory_name,
        "created_by_policy": snapshot.policy_id is not None,
    }


def v3(call: Call, snapshot: Snapshot) -> dict[str, Any]:
    """Return a snapshot as version 3 of the API has it."""
    return {
        **_common(call, snapshot),
        "name": snapshot.directory_name,
        "policy_id": snapshot.policy_id,
    }


def _path_and_owners(call: Call, snapshot: Snapshot) -> dict[str, Any]:
    source_path = call.cluster.settings.source_path
    if source_path == "missing":
        return {"owners": []}
    path = join_path(snapshot.source, directory=True) if source_path == "known" else ""
    return {"source_file_path": path, "owners": []}


def _v2_status(call: Call, snapshot: Snapshot) -> dict[str, Any]:
    status = {**_v2(call, snapshot), **_path_and_owners(call, snapshot)}
    del status["in_delete"]
    return status


def _v3_status(call: Call, snapshot: Snapshot) -> dict[str, Any]:
    return {
        **v3(call, snapshot),
        **_path_and_owners(call, snapshot),
        "policy_name": snapshot.policy_name,
        "lock_key": snapshot.lock_key,
    }


def _statuses(
    call: Call, found: list[Snapshot], shape: Callable[[Call, Snapshot], dict[str, Any]]
) -> dict[str, Any]:
    return {"entries": [shape(call, snapshot) for snapshot in found]}


def create_v2(call: Call) -> dict[str, Any]:
    """Answer POST /v2/snapshots/."""
    fields = call.fields({"name": str, "expiration": str, "source_file_id": str})
    return _v2(call, _take(call, fields, fields.get("name")))


def create_v3(call: Call) -> dict[str, Any]:
    """Answer POST /v3/snapshots/."""
    fields = call.fields({"name_suffix": str, "expiration": str, "source_file_id": str})
    return v3(call, _take(call, fields, fields.get("name_suffix")))


def _take(call: Call, fields: dict[str, Any], label: str | None) -> Snapshot:
    expires = _expiration(call, fields)
    source = call.cluster.files.locate(fields.get("source_file_id", "2"))
    return call.cluster.snapshots.take(source, label or None, expires)


def _expiration(call: Call, fields: dict[str, Any]) -> int | None:
    moment, duration = fields.get("expiration", ""), call.query.get("expiration-time-to-live", "")
    if moment and duration:
        raise InvalidRequestError("give either an expiration or a time to live")
    if duration and duration != "never":
        return call.cluster.clock.now() + clock.parse_duration(duration)
    return clock.parse_time(moment) if moment else None


def list_v2(call: Call) -> dict[str, Any]:
    """Answer GET /v2/snapshots/."""
    with_deleted = call.query.get("include-in-delete", "false") == "true"
    found = call.cluster.snapshots.all()
    return {
        "entries": [
            _v2(call, snapshot) for snapshot in found if with_deleted or not snapshot.in_delete
        ]
    }


def list_v3(call: Call) -> dict[str, Any]:
    """Answer GET /v3/snapshots/."""
    return {"entries": [v3(call, snapshot) for snapshot in _filtered_v3(call)]}


def list_statuses_v2(call: Call) -> dict[str, Any]:
    """Answer GET /v2/snapshots/status/."""
    return _statuses(call, call.cluster.snapshots.all(), _v2_status)


def list_statuses_v3(call: Call) -> dict[str, Any]:
    """Answer GET /v3/snapshots/status/."""
    return _statuses(call, _filtered_v3(call), _v3_status)


def list_statuses_v4(call: Call) -> dict[str, Any]:
    """Answer GET /v4/snapshots/status/."""
    found = call.cluster.snapshots.all()
    for name in filter(None, call.query.get("filter", "").split(",")):
        if name not in _V4_FILTERS:
            raise InvalidRequestError(f"unknown filter {name!a}")
        found = [snapshot for snapshot in found if _V4_FILTERS[name](snapshot)]
    return _statuses(call, found, _v3_status)


def _filtered_v3(call: Call) -> list[Snapshot]:
    name = call.query.get("filter", "all")
    if name not in _V3_FILTERS:
        raise InvalidRequestError(f"unknown filter {name!a}")
    matches = _V3_FILTERS[name]
    return [snapshot for snapshot in call.cluster.snapshots.all() if matches(snapshot)]


def get_v2(call: Call) -> dict[str, Any]:
    """Answer GET /v2/snapshots/{id}."""
    return _v2(call, call.cluster.snapshots.get(call.number("id")))


def get_v3(call: Call) -> dict[str, Any]:
    """Answer GET /v3/snapshots/{id}."""
    return v3(call, call.cluster.snapshots.get(call.number("id")))


def get_status_v2(call: Call) -> dict[str, Any]:
    """Answer GET /v2/snapshots/status/{id}."""
    snapshot = call.cluster.snapshots.get(call.number("id"))
    return _v2_status(call, snapshot)


def get_status_v3(call: Call) -> dict[str, Any]:
    """Answer GET /v3/snapshots/status/{id}."""
    snapshot = call.cluster.snapshots.get(call.number("id"))
    return _v3_status(call, snapshot)


def modify_v2(call: Call) -> dict[str, Any]:
    """Answer PATCH and PUT /v2/snapshots/{id}."""
    return _v2(call, _modify(call))


def modify_v3(call: Call) -> dict[str, Any]:
    """Answer PATCH and PUT /v3/snapshots/{id}."""
    return v3(call, _modify(call))


_MODIFIABLE = {
    "id": int,
    "name": str,
    "timestamp": str,
    "directory_name": str,
    "source_file_id": str,
    "created_by_policy": bool,
    "policy_id": int,
    "expiration": str,
    "in_delete": bool,
}


def _modify(call: Call) -> Snapshot:
    fields = call.fields(_MODIFIABLE)
    snapshot = call.cluster.snapshots.get(call.number("id"))
    if "expiration" not in fields and "expiration-time-to-live" not in call.query:
        return snapshot
    return call.cluster.snapshots.set_expiration(snapshot.id, _expiration(call, fields))


def lock(call: Call) -> dict[str, Any]:
    """Answer POST /v3/snapshots/{id}/lock, whatever the key is."""
    key = call.fields({"lock_key_ref": str}).get("lock_key_ref")
    if not key:
        raise InvalidRequestError("a lock needs a lock_key_ref")
    return {"lock_key_ref": call.cluster.snapshots.lock(call.number("id"), key).lock_key}


def delete(call: Call) -> None:
    """Answer DELETE /v2/snapshots/{id} and /v3/snapshots/{id}."""
    lasts = call.cluster.settings.deletions_last
    call.cluster.snapshots.delete(call.number("id"), lasts=lasts)


def total_used_capacity(_call: Call) -> dict[str, Any]:
    """Answer GET /v1/snapshots/total-used-capacity: 0, since contents are not kept."""
    return {"bytes": "0"}


def diff(call: Call) -> dict[str, Any]:
    """Answer GET /v2/snapshots/{newer_id}/changes-since/{older_id}."""
    newer, older = call.number("newer_id"), call.number("older_id")
    found = call.cluster.diff(newer, older)

    def take(after: str | None, limit: int) -> tuple[list[Change], str | None]:
        begin = 0 if after is None else int(after)
        end = begin + limit
        return list(found[begin:end]), str(end) if end < len(found) else None

    collection = f"diff {newer} {older} {call.cluster.settings.order}"
    entries, paging = paginate(call, collection, take)
    return {
        "entries": [{"op": change.operation.value, "path": change.path} for change in entries],
        "paging": paging,
    }


def file_diff(call: Call) -> dict[str, Any]:
    """Answer GET .../changes-since/{older_id}/files/{ref}: empty without changes, else a 501."""
    newer, older = call.number("newer_id"), call.number("older_id")
    ref = call.param("ref")
    trees = [call.cluster.snapshots.tree(newer), call.cluster.snapshots.tree(older)]
    now, before = (tree.entry(tree.locate(ref)).attributes for tree in trees)
    if (now.id, now.modified, now.size) != (before.id, before.modified, before.size):
        raise NotEmulatedError(
            "contents of snapshots are not kept, so changed byte ranges are unknown"
        )
    if call.query.get("after"):
        raise StalePageKeyError("there is no second page")
    return {"entries": [], "paging": {"next": call.cluster.settings.last_page_next}}
