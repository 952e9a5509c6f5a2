"""What a cluster sends of a file, as the model has it: pure.

What is malformed of one entry concerns this entry alone.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

from qumulo_changelist.cluster.shapes import FileJson, IdentityJson, KnownFileJson, NodeJson
from qumulo_changelist.cluster.times import nanoseconds, seconds
from qumulo_changelist.errors import ReplyError
from qumulo_changelist.model import Attributes, Description, EntryStat, Kind, ReadFailure

Value = TypeVar("Value")
NumericId = Callable[[str, IdentityJson | None], int | None]

DIRECTORY = "FS_FILE_TYPE_DIRECTORY"
FILE = "FS_FILE_TYPE_FILE"
_KINDS = {FILE: Kind.FILE, DIRECTORY: Kind.DIRECTORY}
_OTHER = Kind.OTHER

# The cluster's own ids of users and groups of NFS are these numbers plus the numeric id.
_FIRST_NFS_USER = 3 << 32
_FIRST_NFS_GROUP = 4 << 32
_NUMERIC_IDS = 1 << 32

# More digits than any number of a cluster has; Python refuses to read thousands.
MAX_DIGITS = 40


def is_number(text: str) -> bool:
    """Return whether ``text`` is a whole number, as the API writes numbers that can be large."""
    return text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS


def unusable(field: str) -> str:
    """Return why an entry with a missing or malformed field cannot be read."""
    return f"the cluster sent it without a usable {field!r}"


def check_names(names: Sequence[str], source: str) -> None:
    """Check that each entry of a directory has a possible name.

    Args:
        names: the names.
        source: names for people what sent them.

    Raises:
        ReplyError: one has not.
    """
    if "/" in "".join(names) or not {"", ".", ".."}.isdisjoint(names):
        wrong = next(name for name in names if "/" in name or name in ("", ".", ".."))
        raise ReplyError(
            f"{source}: the directory has an entry without a usable 'name': {wrong!r:.200}"
        )


def described(file: FileJson) -> Description:
    """Return all that a list needs of a file.

    It is a ``ReadFailure`` if a field that a list needs is missing or malformed.
    """
    if file.type is None:
        return ReadFailure(unusable("type"))
    kind = _KINDS.get(file.type, _OTHER)
    try:
        return Attributes(
            kind,
            _whole(file.size),
            seconds(file.modification_time),
            seconds(file.access_time),
            numeric_owner(file.owner, file.owner_details),
            numeric_group(file.group, file.group_details),
            file.id if is_number(file.id) else "",
            revision_of(file.data_revision, file.modification_time),
        )
    except ValueError:
        return _malformed(file, kind)


def identified(file: KnownFileJson) -> Description:
    """Return what a file is, and what identifies it: no owners, no access time.

    Anything malformed counts as unknown, since none of it is listed: without a size, an id or a
    revision, an entry is never taken for a moved one. Without a kind it is a ``ReadFailure``.
    """
    if file.type is None:
        return ReadFailure(unusable("type"))
    kind = _KINDS.get(file.type, _OTHER)
    if not is_number(file.size):
        return Attributes(kind)
    try:
        mtime, changed = seconds(file.modification_time), file.modification_time
    except ValueError:
        mtime, changed = 0, ""
    return Attributes(
        kind,
        int(file.size),
        mtime,
        id=file.id if is_number(file.id) else "",
        revision=revision_of(file.data_revision, changed),
    )


def inspected(file: NodeJson) -> EntryStat:
    """Return what an entry is, and what identifies it; a malformed field counts as unknown."""
    try:
        mtime = nanoseconds(file.modification_time)
    except ValueError:
        mtime = None
    return EntryStat(
        _KINDS.get(file.type or "", _OTHER),
        int(file.size) if is_number(file.size) else -1,
        mtime,
        file.id if is_number(file.id) else "",
        (file.path.rstrip("/") or "/") if file.path else "",
    )


def _malformed(file: FileJson, kind: Kind) -> ReadFailure:
    """Return what is known of a file with at least one malformed field."""
    flaws: list[str] = []

    def well_formed(field: str, read: Callable[[], Value], default: Value) -> Value:
        try:
            return read()
        except ValueError:
            flaws.append(field)
            return default

    size = well_formed("size", lambda: _whole(file.size), 0)
    mtime = well_formed("modification_time", lambda: seconds(file.modification_time), None)
    atime = well_formed("access_time", lambda: seconds(file.access_time), 0)
    # The ids are read only to learn whether they can be: none is listed.
    well_formed("owner", lambda: numeric_owner(file.owner, file.owner_details), None)
    well_formed("group", lambda: numeric_group(file.group, file.group_details), None)
    known = Attributes(
        kind,
        size,
        mtime or 0,
        atime,
        # Without its size, a file is never taken for a moved one.
        id=file.id if is_number(file.id) and "size" not in flaws else "",
        revision=revision_of(file.data_revision, "" if mtime is None else file.modification_time),
    )
    return ReadFailure(unusable(flaws[0]), known=known)


def revision_of(revision: str | None, changed: str) -> str:
    """Return what changes with a file's data.

    Args:
        revision: the revision of its data, if the cluster sent one.
        changed: when it was modified, which changes with the data too; "" if unknown.
    """
    return revision if revision and is_number(revision) else changed


def numeric_owner(number: str, details: IdentityJson | None) -> int | None:
    """Return the numeric id of an owner; None if it has none.

    Raises:
        ValueError: a number is malformed.
    """
    return _numeric_id(number, details, "NFS_UID", _FIRST_NFS_USER)


def numeric_group(number: str, details: IdentityJson | None) -> int | None:
    """Return the numeric id of a group; None if it has none.

    Raises:
        ValueError: a number is malformed.
    """
    return _numeric_id(number, details, "NFS_GID", _FIRST_NFS_GROUP)


def _numeric_id(number: str, details: IdentityJson | None, nfs: str, first: int) -> int | None:
    """Return the numeric id of an owner or a group; None if it has none.

    The details decide. Without any, the cluster's own id shows it, since that of a user or group
    of NFS is ``first`` plus the numeric id.
    """
    if details and details.id_type == nfs:
        return _whole(details.id_value or "")
    if details and details.id_type not in ("", "INTERNAL"):
        return None
    numeric = _whole(number) - first
    return numeric if 0 <= numeric < _NUMERIC_IDS else None


def _whole(text: str) -> int:
    if not is_number(text):
        raise ValueError("not a number")
    return int(text)
