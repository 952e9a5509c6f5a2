"""From the JSON that a cluster sends to the model: pure, and trusting nothing.

The shapes are Qumulo's published REST API; unknown fields are ignored, since versions differ.
"""

from collections.abc import Mapping, Sequence

from qumulo_changelist.errors import ReplyError
from qumulo_changelist.model import CREATE, DELETE, MODIFY, Change, Kind, Op, Snapshot

_OPS: dict[str, Op] = {CREATE: CREATE, MODIFY: MODIFY, DELETE: DELETE}
_KINDS = {"FS_FILE_TYPE_FILE": Kind.FILE, "FS_FILE_TYPE_DIRECTORY": Kind.DIRECTORY}

_DOTS = ("/./", "/../", "/.\0", "/..\0")

Reply = Mapping[str, object]


def change(entry: object) -> Change:
    """Return one entry of a diff.

    Raises:
        ReplyError: op or path is missing, unknown, or not an absolute path.
    """
    if isinstance(entry, dict):
        op, path = entry.get("op"), entry.get("path")
        if isinstance(op, str) and op in _OPS and isinstance(path, str) and is_absolute(path):
            return Change(_OPS[op], path)
    raise ReplyError(f"the diff holds an entry that is no change: {entry!r:.200}")


def are_absolute(paths: Sequence[str]) -> bool:
    """Tell whether :func:`is_absolute` holds for each path; quick for thousands of them."""
    # A look at all of them in one text decides for most pages.
    text = "\0".join(["", *paths, ""])
    plain = (
        text.count("\0/") == len(paths) == text.count("\0") - 1
        and "//" not in text
        and ("/." not in text or not any(dots in text for dots in _DOTS))
    )
    return plain or all(map(is_absolute, paths))


def is_absolute(path: str) -> bool:
    """Tell whether ``path`` is absolute and names each of its directories plainly."""
    if not path.startswith("/"):
        return False
    if "//" not in path and "/." not in path:
        return True
    return not {"", ".", ".."} & set(path[1:].removesuffix("/").split("/")) or path == "/"


def attributes(reply: object) -> Reply:
    """Return what describes one thing, such as an entry of a directory.

    Raises:
        ReplyError: it is no JSON object.
    """
    if not isinstance(reply, dict):
        raise ReplyError(f"the cluster sent something other than an object: {reply!r:.200}")
    return reply


def snapshot(reply: object) -> Snapshot:
    """Return a snapshot, as created (v2 and v3 of the API).

    Raises:
        ReplyError: it has no id.
    """
    described = attributes(reply)
    return Snapshot(_number(described, "id"), str(described.get("name", "")))


def kind(entry: Reply) -> Kind:
    """Return what an entry is.

    Raises:
        ReplyError: the reply does not say.
    """
    return _KINDS.get(text(entry, "type"), Kind.OTHER)


def child_count(directory: Reply) -> int:
    """Return how many entries a directory has.

    Raises:
        ReplyError: the reply does not say.
    """
    return _number(directory, "child_count")


def text(entry: Reply, field: str) -> str:
    """Return a field that is text.

    Raises:
        ReplyError: it is missing, or something else.
    """
    value = entry.get(field)
    if not isinstance(value, str):
        raise _lacks(entry, field)
    return value


def _number(entry: Reply, field: str) -> int:
    value = entry.get(field)
    if not isinstance(value, int) or isinstance(value, bool):
        raise _lacks(entry, field)
    return value


def _lacks(entry: Reply, field: str) -> ReplyError:
    return ReplyError(f"the cluster sent something without a usable {field!r}: {entry!r:.200}")
