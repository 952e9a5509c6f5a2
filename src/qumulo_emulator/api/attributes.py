"""Entries and their attributes as JSON."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

from qumulo_emulator.clock import format_moment
from qumulo_emulator.model import Attributes, Entry, FileType
from qumulo_emulator.names import join_path

_BLOCK = 4096
_KERNEL_BLOCK = 512
_NFS_USERS = 3 << 32
_NFS_GROUPS = 4 << 32
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


def owner_id(uid: int) -> str:
    """The cluster's id of an NFS user."""
    return str(_NFS_USERS + uid)


def group_id(gid: int) -> str:
    """The cluster's id of an NFS group."""
    return str(_NFS_GROUPS + gid)


def path_of(entry: Entry) -> str:
    """The path of an entry, as the cluster writes it."""
    return join_path(entry.parts, directory=entry.attributes.type is FileType.DIRECTORY)


def blocks_of(known: Attributes) -> int:
    """How many of the cluster's blocks an object's data fills."""
    return -(-known.blocks * _KERNEL_BLOCK // _BLOCK)


def attributes_json(entry: Entry) -> dict[str, Any]:
    """All attributes of an entry."""
    known = entry.attributes
    data_blocks = blocks_of(known)
    is_directory = known.type is FileType.DIRECTORY
    created = known.changed if known.created is None else known.created
    return {
        "path": path_of(entry),
        "name": entry.parts[-1] if entry.parts else "",
        "num_links": known.links,
        "type": known.type.value,
        "major_minor_numbers": (
            {"major": known.device[0], "minor": known.device[1]} if known.type in _DEVICES else None
        ),
        "symlink_target_type": ("FS_FILE_TYPE_UNKNOWN" if known.type is FileType.SYMLINK else None),
        "file_number": str(known.id),
        "id": str(known.id),
        "mode": f"{known.mode:04o}",
        "owner": owner_id(known.owner),
        "owner_details": {"id_type": "NFS_UID", "id_value": str(known.owner)},
        "group": group_id(known.group),
        "group_details": {"id_type": "NFS_GID", "id_value": str(known.group)},
        "blocks": str(data_blocks + 1),
        "datablocks": str(data_blocks),
        "metablocks": "1",
        # From Core 7.9 on: those of the file wherever they lie, so the same without a portal.
        "logical_datablocks": str(data_blocks),
        "size": str(known.size),
        "access_time": format_moment(known.accessed),
        "modification_time": format_moment(known.modified),
        "change_time": format_moment(known.changed),
        "creation_time": format_moment(created),
        "child_count": entry.child_count or 0,
        "extended_attributes": dict.fromkeys(_EXTENDED, False),
        "directory_entry_hash_policy": "FS_DIRECTORY_HASH_VERSION_FOLDED" if is_directory else None,
        "data_revision": None if is_directory else _revision(known.modified, known.size),
        "user_metadata_revision": "0",
    }


def _revision(modified: int, size: int) -> str:
    # Any change of the data moves the time of modification, and so this number.
    digest = blake2b(f"{modified}:{size}".encode(), digest_size=7).digest()
    return str(int.from_bytes(digest, "big"))
