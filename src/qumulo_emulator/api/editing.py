"""Changing files: create, rename and delete entries, read and write data, set attributes."""

from collections.abc import Callable
from typing import Any

from qumulo_emulator import clock
from qumulo_emulator.api.attributes import FIRST_NFS_GROUP, FIRST_NFS_USER, attributes_json
from qumulo_emulator.api.call import Call, FileContent, JsonText
from qumulo_emulator.errors import (
    InvalidRequestError,
    NotEmulatedError,
    UndecodableRequestError,
)
from qumulo_emulator.model import AttributeChanges, FileType
from qumulo_emulator.names import Parts, check_name

_ENTRY_FIELDS = {
    "name": str,
    "action": str,
    "old_path": str,
    "clobber": bool,
    "symlink_target_type": str,
    "unix_file_type": str,
    "major_minor_numbers": dict,
}
_MAX_MODE = 0o7777
_MAX_UNIX_ID = 2**32 - 2


def create_entry(call: Call) -> JsonText:
    """Answer POST /v1/files/{ref}/entries/: create or rename an entry, depending on `action`."""
    fields = call.fields(_ENTRY_FIELDS)
    action = fields.get("action")
    if action not in _ACTIONS:
        raise UndecodableRequestError(f"unknown action {action!a}")
    directory = call.cluster.files.locate(call.param("ref"))
    parts = _ACTIONS[action](call, directory, fields)
    return _attributes(call, parts)


def _create_file(call: Call, directory: Parts, fields: dict[str, Any]) -> Parts:
    return call.cluster.editor.create_file(directory, _text(fields, "name"))


def _create_directory(call: Call, directory: Parts, fields: dict[str, Any]) -> Parts:
    return call.cluster.editor.create_directory(directory, _text(fields, "name"))


def _create_symlink(call: Call, directory: Parts, fields: dict[str, Any]) -> Parts:
    name, target = _text(fields, "name"), _text(fields, "old_path")
    return call.cluster.editor.create_symlink(directory, name, target)


def _create_link(call: Call, directory: Parts, fields: dict[str, Any]) -> Parts:
    target = call.cluster.files.locate(_text(fields, "old_path"))
    return call.cluster.editor.create_link(directory, _text(fields, "name"), target)


def _create_unix_file(call: Call, directory: Parts, fields: dict[str, Any]) -> Parts:
    numbers = fields.get("major_minor_numbers", {})
    device = (numbers.get("major", 0), numbers.get("minor", 0))
    if not all(type(number) is int and 0 <= number < 2**20 for number in device):
        raise UndecodableRequestError("major and minor must be small numbers")
    try:
        kind = FileType(_text(fields, "unix_file_type"))
    except ValueError as error:
        raise UndecodableRequestError(str(error)) from error
    return call.cluster.editor.create_special(directory, _text(fields, "name"), kind, device)


def _rename(call: Call, directory: Parts, fields: dict[str, Any]) -> Parts:
    source = call.cluster.files.locate(_text(fields, "old_path"))
    clobber = fields.get("clobber", False)
    return call.cluster.editor.rename(source, directory, _text(fields, "name"), clobber=clobber)


_ACTIONS: dict[str, Callable[[Call, Parts, dict[str, Any]], Parts]] = {
    "CREATE_FILE": _create_file,
    "CREATE_DIRECTORY": _create_directory,
    "CREATE_SYMLINK": _create_symlink,
    "CREATE_LINK": _create_link,
    "CREATE_UNIX_FILE": _create_unix_file,
    "RENAME": _rename,
}


def _text(fields: dict[str, Any], name: str) -> str:
    if name not in fields:
        raise UndecodableRequestError(f"the field {name} is missing")
    return str(fields[name])


def delete_file(call: Call) -> None:
    """Answer DELETE /v1/files/{ref}."""
    call.cluster.editor.delete(call.cluster.files.locate(call.param("ref")))


def delete_entry(call: Call) -> None:
    """Answer DELETE /v1/files/{ref}/entries/{name}."""
    directory = call.cluster.files.locate(call.param("ref"))
    name = check_name(call.param("name"))
    call.cluster.editor.delete((*directory, name))


def read_data(call: Call) -> FileContent:
    """Answer GET /v1/files/{ref}/data, for the live tree only."""
    if "snapshot" in call.query:
        raise NotEmulatedError("contents of snapshots are not kept")
    parts = call.cluster.files.locate(call.param("ref"))
    offset = call.query_number("offset") or 0
    return FileContent(*call.cluster.editor.read(parts, offset, call.query_number("length")))


def replace_data(call: Call) -> JsonText:
    """Answer PUT /v1/files/{ref}/data."""
    return _write(call, None)


def write_data(call: Call) -> JsonText:
    """Answer PATCH /v1/files/{ref}/data?offset=."""
    return _write(call, call.query_number("offset") or 0)


def _write(call: Call, offset: int | None) -> JsonText:
    parts = call.cluster.files.locate(call.param("ref"))
    call.cluster.editor.write(parts, call.body, offset)
    return _attributes(call, parts)


_ATTRIBUTE_FIELDS: dict[str, type] = {
    "mode": str,
    "owner": str,
    "owner_details": dict,
    "group": str,
    "group_details": dict,
    "size": str,
    "access_time": str,
    "modification_time": str,
    "creation_time": str,
    "change_time": str,
    "extended_attributes": dict,
}
_UNSETTABLE = ("creation_time", "change_time", "extended_attributes")


def set_attributes(call: Call) -> JsonText:
    """Answer PATCH /v1/files/{ref}/info/attributes."""
    fields = call.fields(_ATTRIBUTE_FIELDS)
    for name in _UNSETTABLE:
        if name in fields:
            raise NotEmulatedError(f"{name} cannot be set on a local directory")
    new = AttributeChanges(
        mode=_number(fields.get("mode"), 8, _MAX_MODE),
        owner=_identity(fields, "owner", "NFS_UID", FIRST_NFS_USER),
        group=_identity(fields, "group", "NFS_GID", FIRST_NFS_GROUP),
        size=_number(fields.get("size"), 10, 2**63 - 1),
        accessed=_time(fields.get("access_time")),
        modified=_time(fields.get("modification_time")),
    )
    parts = call.cluster.files.locate(call.param("ref"))
    call.cluster.editor.set_attributes(parts, new)
    return _attributes(call, parts)


def _attributes(call: Call, parts: Parts) -> JsonText:
    return JsonText(attributes_json(call.cluster.files.entry(parts), escape=call.escape))


def _time(text: str | None) -> int | None:
    return None if text is None else clock.parse_time(text)


def _number(text: object, base: int, largest: int) -> int | None:
    if text is None:
        return None
    if not (isinstance(text, str) and text.isascii() and text.isdigit() and len(text) < 40):
        raise InvalidRequestError(f"not a number: {text!a}")
    try:
        number = int(text, base)
    except ValueError as error:
        raise InvalidRequestError(f"not a number in base {base}: {text!a}") from error
    if number > largest:
        raise InvalidRequestError(f"too large: {text!a}")
    return number


def _identity(fields: dict[str, Any], name: str, id_type: str, base: int) -> int | None:
    """Return a numeric user or group, from the cluster's id or from the details."""
    details = fields.get(f"{name}_details")
    if details is not None:
        if details.get("id_type") != id_type:
            raise NotEmulatedError(f"an {name} must be given as {id_type} in the emulator")
        return _number(details.get("id_value"), 10, _MAX_UNIX_ID)
    number = _number(fields.get(name), 10, 2**64)
    if number is None:
        return None
    if not 0 <= number - base <= _MAX_UNIX_ID:
        raise NotEmulatedError(f"an {name} must be an {id_type} in the emulator: {number}")
    return number - base
