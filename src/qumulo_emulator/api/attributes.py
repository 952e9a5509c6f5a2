"""Entries and their attributes as JSON, written at once: most of what clients request is this."""

import json
from collections.abc import Callable, Iterable
from functools import lru_cache

from qumulo_emulator.clock import format_time
from qumulo_emulator.model import Entry, FileType
from qumulo_emulator.names import Parts, join_path
from qumulo_emulator.totals import data_blocks

FIRST_NFS_USER = 3 << 32
FIRST_NFS_GROUP = 4 << 32
_DEVICES = (FileType.CHARACTER_DEVICE, FileType.BLOCK_DEVICE)
_EXTENDED = (
    "read_only",
    "hidden",
    "system",
    "archive",
    "temporary",
    "compressed",
    "not_content_indexed",
    "sparse_file",
    "offline",
)
_EXTENDED_JSON = '"extended_attributes":' + json.dumps(
    dict.fromkeys(_EXTENDED, False), separators=(",", ":")
)
_REVISION_BITS = 2**56 - 1
_HASH_POLICY = '"FS_DIRECTORY_HASH_VERSION_FOLDED"'
_QUOTES: dict[bool, Callable[[str], str]] = {
    escape: json.JSONEncoder(ensure_ascii=escape).encode for escape in (True, False)
}


def owner_id(uid: int) -> str:
    """Return the cluster's id of an NFS user."""
    return str(FIRST_NFS_USER + uid)


def group_id(gid: int) -> str:
    """Return the cluster's id of an NFS group."""
    return str(FIRST_NFS_GROUP + gid)


def entry_path(entry: Entry) -> str:
    """Return the path of an entry; a directory's path ends in a slash."""
    return join_path(entry.parts, directory=entry.attributes.type is FileType.DIRECTORY)


def attributes_json(entry: Entry, *, escape: bool) -> str:
    """Return all attributes of an entry as the JSON that the API sends, without blanks.

    Args:
        entry: the entry.
        escape: whether everything but ASCII is escaped.
    """
    quote = _QUOTES[escape]
    name = quote(entry.parts[-1]) if entry.parts else '""'
    return _object(quote(entry_path(entry)), name, entry)


def entries_json(parts: Parts, entries: Iterable[Entry], *, escape: bool) -> list[str]:
    """Return the same for entries that are all in the directory at a path."""
    quote = _QUOTES[escape]
    above = quote(join_path(parts, directory=True))[:-1]
    objects = []
    for entry in entries:
        name = quote(entry.parts[-1])
        path = above + name[1:]
        if entry.attributes.type is FileType.DIRECTORY:
            path = f'{path[:-1]}/"'
        objects.append(_object(path, name, entry))
    return objects


def _object(path: str, name: str, entry: Entry) -> str:
    """Return the attributes of an entry; its path and its name are JSON already."""
    known = entry.attributes
    number, kind, mode, owner, group, size, _, links, accessed, modified, *rest = known
    changed, created, device, _ = rest
    blocks = data_blocks(known)
    is_directory = kind is FileType.DIRECTORY
    change_time = format_time(changed)
    return (
        f'{{"path":{path},"name":{name},"num_links":{links},{_type_json(kind, device)},'
        f'"file_number":"{number}","id":"{number}",{_owner_json(mode, owner, group)},'
        f'"blocks":"{blocks + 1}","datablocks":"{blocks}","metablocks":"1",'
        # Since Core 7.9; includes blocks on the other side of a portal, which does not exist here.
        f'"logical_datablocks":"{blocks}","size":"{size}",'
        f'"access_time":"{format_time(accessed)}","modification_time":"{format_time(modified)}",'
        f'"change_time":"{change_time}",'
        f'"creation_time":"{change_time if created is None else format_time(created)}",'
        f'"child_count":{entry.child_count or 0},{_EXTENDED_JSON},'
        f'"directory_entry_hash_policy":{_HASH_POLICY if is_directory else "null"},'
        f'"data_revision":{"null" if is_directory else _revision(modified, size)},'
        '"user_metadata_revision":"0"}'
    )


@lru_cache
def _type_json(kind: FileType, device: tuple[int, int]) -> str:
    numbers = f'{{"major":{device[0]},"minor":{device[1]}}}' if kind in _DEVICES else "null"
    target_type = '"FS_FILE_TYPE_UNKNOWN"' if kind is FileType.SYMLINK else "null"
    return (
        f'"type":"{kind.value}","major_minor_numbers":{numbers},"symlink_target_type":{target_type}'
    )


@lru_cache
def _owner_json(mode: int, owner: int, group: int) -> str:
    return (
        f'"mode":"{mode:04o}","owner":"{owner_id(owner)}",'
        f'"owner_details":{{"id_type":"NFS_UID","id_value":"{owner}"}},'
        f'"group":"{group_id(group)}",'
        f'"group_details":{{"id_type":"NFS_GID","id_value":"{group}"}}'
    )


def _revision(modified: int, size: int) -> str:
    # Any change of the data changes the modification time, and so this number.
    return f'"{hash((modified, size)) & _REVISION_BITS}"'
