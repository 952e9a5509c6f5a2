"""Entries and their attributes as JSON."""

from hashlib import blake2b
from typing import Any

from qumulo_emulator.clock import format_time
from qumulo_emulator.model import Attributes, Entry, FileType
from qumulo_emulator.names import join_path

BLOCK_SIZE = 4096
_KERNEL_BLOCK_SIZE = 512
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


def owner_id(uid: int) -> str:
    """Return the cluster's id of an NFS user."""
    return str(FIRST_NFS_USER + uid)


def group_id(gid: int) -> str:
    """Return the cluster's id of an NFS group."""
    return str(FIRST_NFS_GROUP + gid)


def entry_path(entry: Entry) -> str:
    """Return the path of an entry; a directory's path ends in a slash."""
    return join_path(entry.parts, directory=entry.attributes.type is FileType.DIRECTORY)


def data_blocks(known: Attributes) -> int:
    """Return the number of the cluster's blocks that an object's data fills."""
    return -(-known.blocks * _KERNEL_BLOCK_SIZE // BLOCK_SIZE)


def attributes_json(entry: Entry) -> dict[str, Any]:
    """Return all attributes of an entry, as the API sends them."""
    known = entry.attributes
    blocks = data_blocks(known)
    is_directory = known.type is FileType.DIRECTORY
    created = known.changed if known.created is None else known.created
    return {
        "path": entry_path(entry),
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
        "blocks": str(blocks + 1),
        "datablocks": str(blocks),
        "metablocks": "1",
        # Since Core 7.9; includes blocks on the other side of a portal, which does not exist here.
        "logical_datablocks": str(blocks),
        "size": str(known.size),
        "access_time": format_time(known.accessed),
        "modification_time": format_time(known.modified),
        "change_time": format_time(known.changed),
        "creation_time": format_time(created),
        "child_count": entry.child_count or 0,
        "extended_attributes": dict.fromkeys(_EXTENDED, False),
        "directory_entry_hash_policy": "FS_DIRECTORY_HASH_VERSION_FOLDED" if is_directory else None,
        "data_revision": None if is_directory else _revision(known.modified, known.size),
        "user_metadata_revision": "0",
    }


def _revision(modified: int, size: int) -> str:
    # Any change of the data changes the modification time, and so this number.
    digest = blake2b(f"{modified}:{size}".encode(), digest_size=7).digest()
    return str(int.from_bytes(digest, "big"))
