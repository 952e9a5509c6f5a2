"""Reading files: attributes, directories, aggregates, and the paths of ids."""

from typing import Any

from qumulo_emulator.api.attributes import (
    BLOCK_SIZE,
    attributes_json,
    data_blocks,
    entries_json,
    entry_path,
)
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
from qumulo_emulator.model import Attributes, Entry, FileType, Node, Tree
from qumulo_emulator.names import Parts, join_path


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


class _Totals:
    """The number of entries at and below an entry, by type, and the bytes that they use."""

    def __init__(self) -> None:
        self.data = 0
        self.counts = dict.fromkeys(("files", "directories", "symlinks", "other_objects"), 0)

    def add(self, known: Attributes) -> None:
        kind = _COUNTED_AS.get(known.type, "other_objects")
        self.counts[kind] += 1
        if known.type is not FileType.DIRECTORY:
            self.data += data_blocks(known) * BLOCK_SIZE

    @property
    def meta(self) -> int:
        return sum(self.counts.values()) * BLOCK_SIZE

    @classmethod
    def of(cls, top: Node) -> "_Totals":
        totals = cls()
        pending = [top]
        while pending:
            node = pending.pop()
            totals.add(node.attributes)
            pending.extend(node.children.values())
        return totals


_COUNTED_AS = {
    FileType.FILE: "files",
    FileType.DIRECTORY: "directories",
    FileType.SYMLINK: "symlinks",
}


def aggregates(call: Call) -> dict[str, Any]:
    """Answer GET /v1/files/{ref}/aggregates/: totals of a directory and of its largest entries."""
    tree = call.cluster.tree(call.query_number("snapshot"))
    parts = tree.locate(call.param("ref"))
    limit = call.query_number("max-entries")
    return _aggregates(tree.capture(parts), parts, 1000 if limit is None else limit)


def recursive_aggregates(call: Call) -> list[dict[str, Any]]:
    """Answer GET /v1/files/{ref}/recursive-aggregates/: the same for all directories below."""
    tree = call.cluster.tree(call.query_number("snapshot"))
    parts = tree.locate(call.param("ref"))
    limit, depth = call.query_number("max-entries"), call.query_number("max-depth")
    found: list[dict[str, Any]] = []
    pending: list[tuple[Parts, Node]] = [(parts, tree.capture(parts))]
    while pending:
        path, node = pending.pop()
        found.append(_aggregates(node, path, 1000 if limit is None else limit))
        if depth is None or len(path) - len(parts) + 1 < depth:
            pending.extend(
                ((*path, name), child)
                for name, child in node.children.items()
                if child.is_directory
            )
    return found


def _aggregates(top: Node, parts: Parts, limit: int) -> dict[str, Any]:
    below = [(name, child, _Totals.of(child)) for name, child in top.children.items()]
    below.sort(key=lambda item: (-item[2].data - item[2].meta, item[0]))
    whole = _Totals.of(top)
    return {
        "path": join_path(parts, directory=True),
        "id": str(top.attributes.id),
        "files": [
            {
                "name": name,
                "type": child.attributes.type.value,
                "id": str(child.attributes.id),
                "capacity_usage": str(totals.data + totals.meta),
                "data_usage": str(totals.data),
                "meta_usage": str(totals.meta),
                **{f"num_{kind}": str(count) for kind, count in totals.counts.items()},
                "named_stream_data_usage": "0",
                "num_named_streams": "0",
            }
            for name, child, totals in below[:limit]
        ],
        "total_capacity": str(whole.data + whole.meta),
        "total_data": str(whole.data),
        "total_meta": str(whole.meta),
        **{f"total_{kind}": str(count) for kind, count in whole.counts.items()},
        "total_named_stream_data": "0",
        "total_named_streams": "0",
    }
