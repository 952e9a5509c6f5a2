"""Reading files: attributes, directories, and the paths of ids."""

from typing import Any

from qumulo_emulator.api.attributes import attributes_json, entries_json, entry_path
from qumulo_emulator.api.call import Call, JsonText
from qumulo_emulator.api.paging import paginate
from qumulo_emulator.api.responses import json_text
from qumulo_emulator.errors import (
    NoSuchEntryError,
    NotCoveredBySnapshotError,
    NotEmulatedError,
    UndecodableRequestError,
)
from qumulo_emulator.listings import ListingOptions
from qumulo_emulator.model import Entry
from qumulo_emulator.tree import Tree


def get_attributes(call: Call) -> JsonText:
    """Answer GET /v1/files/{ref}/info/attributes."""
    tree = call.cluster.tree(call.query_number("snapshot"))
    entry = tree.entry(tree.locate(call.param("ref")))
    return JsonText(attributes_json(entry, escape=call.escape)[:-1] + ',"lock":null}')


def is_in_memory(call: Call) -> bool:
    """Return whether a request for attributes is answered from memory: in a snapshot, by path."""
    return "snapshot" in call.query and not call.params["ref"].isdigit()


def list_entries(call: Call) -> JsonText:
    """Answer GET /v1/files/{ref}/entries/."""
    if call.query.get("include-acls") == "true":
        raise NotEmulatedError("access control lists are not emulated")
    snapshot = call.query_number("snapshot")
    tree = call.cluster.tree(snapshot)
    parts = tree.locate(call.param("ref"))
    directory = tree.entry(parts)
    pattern = call.query.get("smb-pattern", "*")
    options = ListingOptions(snapshot, call.cluster.settings.order, pattern)

    def take(after: str | None, limit: int) -> tuple[list[Entry], str | None]:
        names = call.cluster.listings.names_after(tree, directory, options, after, limit + 1)
        taken = names[:limit]
        return tree.describe(parts, taken), taken[-1] if len(names) > limit else None

    collection = f"entries {directory.attributes.id} {options}"
    entries, paging = paginate(call, collection, take)
    head = {
        "path": entry_path(directory),
        "id": str(directory.attributes.id),
        "child_count": directory.child_count or 0,
    }
    files = ",".join(entries_json(parts, entries, escape=call.escape))
    opening, closing = (json_text(call.context, value) for value in (head, {"paging": paging}))
    return JsonText(f'{opening[:-1]},"files":[{files}],{closing[1:]}')


def resolve(call: Call) -> list[dict[str, Any]]:
    """Answer POST /v1/files/resolve: the paths of ids, which must all exist."""
    tree = call.cluster.tree(call.query_number("snapshot"))
    return [{"id": number, "path": _path(tree, number)} for number in _ids(call.json())]


def try_resolve(call: Call) -> list[dict[str, Any]]:
    """Answer POST /v1/files/try-resolve: the paths of ids; null for ids that do not exist."""
    fields = call.fields({"ids": list, "snapshot": int})
    tree = call.cluster.tree(fields.get("snapshot"))
    found: list[dict[str, Any]] = []
    for number in _ids(fields.get("ids", [])):
        try:
            path: str | None = _path(tree, number)
        except (NoSuchEntryError, NotCoveredBySnapshotError):
            path = None
        found.append({"id": number, "path": path})
    return found


def _ids(body: object) -> list[str]:
    if isinstance(body, list) and all(isinstance(item, str) and item.isdigit() for item in body):
        return body
    raise UndecodableRequestError("a list of ids is expected, each a string of digits")


def _path(tree: Tree, number: str) -> str:
    return entry_path(tree.entry(tree.locate(number)))
