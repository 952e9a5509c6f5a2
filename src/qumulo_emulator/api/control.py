"""The emulator's own endpoints: scripted faults, settings, sessions and the log of requests."""

from typing import Any, get_args, get_type_hints

from msgspec.structs import asdict, replace

from qumulo_emulator import clock
from qumulo_emulator.api.call import Call
from qumulo_emulator.api.privileges import PRIVILEGES
from qumulo_emulator.errors import InvalidRequestError, UndecodableRequestError
from qumulo_emulator.faults import Action, Fault
from qumulo_emulator.settings import (
    AbsentClass,
    DiffAnswer,
    Order,
    Settings,
    SourcePath,
    UncoveredPaths,
)

_CHOICES: dict[str, tuple[Any, ...]] = {
    "last_page_next": ("", None),
    "order": get_args(Order),
    "swapped_ids": get_args(DiffAnswer),
    "same_id": get_args(DiffAnswer),
    "different_sources": get_args(DiffAnswer),
    "absent_class": get_args(AbsentClass),
    "uncovered": get_args(UncoveredPaths),
    "source_path": get_args(SourcePath),
}
# About thirty years.
_MAX_CLOCK_SHIFT = 10**9
_FAULT_FIELDS: dict[str, type] = {
    "method": str,
    "path": str,
    "status": int,
    "action": str,
    "times": int,
    "skip": int,
    "retry_after": int,
    "empty_body": bool,
    "error_class": str,
    "node": int,
}


def add_fault(call: Call) -> dict[str, Any]:
    """Answer POST /emulator/faults."""
    given = call.fields(_FAULT_FIELDS, only_known=True)
    if ("status" in given) == ("action" in given):
        raise InvalidRequestError("a fault needs either a status or an action")
    if "error_class" in given and ("action" in given or given.get("empty_body")):
        raise InvalidRequestError("an error_class needs a status and a body")
    if given.get("action", "close") not in get_args(Action):
        raise InvalidRequestError(f"unknown action {given['action']!a}")
    if not 200 <= given.get("status", 200) <= 599:
        raise InvalidRequestError("a status is between 200 and 599")
    if given.get("times", 1) < 1 or given.get("skip", 0) < 0 or given.get("retry_after", 0) < 0:
        raise InvalidRequestError(
            "times must be above zero; skip and retry_after must not be negative"
        )
    if "node" in given:
        call.context.nodes.get(given["node"])
    fault = Fault(**given)
    call.context.faults.add(fault)
    return asdict(fault)


def list_faults(call: Call) -> dict[str, Any]:
    """Answer GET /emulator/faults: `times` is how many requests a fault will still fail."""
    remaining = call.context.faults.remaining()
    return {"entries": [{**asdict(fault), "times": times} for fault, times in remaining]}


def clear_faults(call: Call) -> None:
    """Answer DELETE /emulator/faults."""
    call.context.faults.clear()


def expire_sessions(call: Call) -> dict[str, Any]:
    """Answer POST /emulator/expire-sessions: end all sessions, including the caller's."""
    return {"expired": call.cluster.tokens.expire_sessions()}


def forget_pages(call: Call) -> None:
    """Answer POST /emulator/forget-pages: no key of a page that was issued so far is accepted."""
    call.context.forget_pages()


def get_settings(call: Call) -> dict[str, Any]:
    """Answer GET /emulator/settings."""
    return asdict(call.cluster.settings)


def change_settings(call: Call) -> dict[str, Any]:
    """Answer POST /emulator/settings: change the fields that are sent."""
    body = call.json()
    if not isinstance(body, dict):
        raise UndecodableRequestError("the body is not a JSON object")
    for name, value in body.items():
        _check_setting(name, value)
    if "missing_privileges" in body:
        body["missing_privileges"] = tuple(body["missing_privileges"])
    call.cluster.settings = replace(call.cluster.settings, **body)
    return get_settings(call)


def _check_setting(name: str, value: object) -> None:
    if name not in Settings.__struct_fields__:
        raise InvalidRequestError(f"unknown setting {name!a}")
    if name in _CHOICES:
        valid = value in _CHOICES[name]
    elif name == "missing_privileges":
        valid = isinstance(value, list) and all(one in PRIVILEGES for one in value)
    else:
        valid = type(value) is get_type_hints(Settings)[name]
    least = {"page_limit": 1, "clock_shift": -_MAX_CLOCK_SHIFT}.get(name, 0)
    if name == "clock_shift" and isinstance(value, int):
        valid = valid and value <= _MAX_CLOCK_SHIFT
    if not valid or (isinstance(value, int) and value < least):
        raise InvalidRequestError(f"the setting {name} cannot be {value!a}")


def list_requests(call: Call) -> dict[str, Any]:
    """Answer GET /emulator/requests: all requests before this one."""
    return {
        "entries": [
            {
                "method": request.method,
                "path": request.path,
                "status": request.status,
                "node": request.node,
            }
            for request in call.context.log.all()
        ]
    }


def advance_clock(call: Call) -> dict[str, Any]:
    """Answer POST /emulator/clock: let time pass, so that snapshots and sessions expire."""
    seconds = call.fields({"advance": int}, only_known=True).get("advance", 0)
    if not 0 <= seconds <= _MAX_CLOCK_SHIFT:
        raise InvalidRequestError(f"the clock cannot advance by {seconds} seconds")
    call.cluster.clock.advance(seconds)
    return {"time": clock.format_time(call.cluster.clock.now())}


def forget_requests(call: Call) -> None:
    """Answer DELETE /emulator/requests: forget the requests before this one."""
    call.context.log.clear()
