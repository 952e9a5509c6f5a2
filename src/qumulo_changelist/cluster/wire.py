"""From the JSON that a cluster sends to the model: pure, and trusting nothing.

The shapes are Qumulo's published REST API; unknown fields are ignored, since versions differ.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from qumulo_changelist.errors import ReplyError
from qumulo_changelist.model import CREATE, DELETE, MODIFY, Attributes, Change, Kind, Op, Snapshot

_OPS: dict[str, Op] = {CREATE: CREATE, MODIFY: MODIFY, DELETE: DELETE}
_KINDS = {"FS_FILE_TYPE_FILE": Kind.FILE, "FS_FILE_TYPE_DIRECTORY": Kind.DIRECTORY}

_EPOCH = datetime(1970, 1, 1)
_SECOND = 1_000_000_000
# More than any number of a cluster has; Python refuses to read thousands.
_DIGITS = 40
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
    """Return a snapshot, from the reply to its creation or from its status (v2 and v3 of the API).

    What a run can do without is unknown where it is missing or malformed: the time and the source.

    Raises:
        ReplyError: it has no id.
    """
    described = attributes(reply)
    taken, source = described.get("timestamp"), described.get("source_file_path")
    number, name = described.get("source_file_id"), described.get("name")
    try:
        moment = nanoseconds(taken) if isinstance(taken, str) else 0
    except ValueError:
        moment = 0
    if not (isinstance(source, str) and is_absolute(source)):
        source = ""
    return Snapshot(
        _number(described, "id"),
        name if isinstance(name, str) else "",
        moment,
        # A directory's path ends in a slash.
        source.rstrip("/") or source,
        number if isinstance(number, str) and is_number(number) else "",
    )


def files(totals: object) -> int:
    """Return how many regular files a directory's totals count.

    Raises:
        ReplyError: the reply does not say.
    """
    count = text(attributes(totals), "total_files")
    if not is_number(count):
        raise _lacks(attributes(totals), "total_files")
    return int(count)


def entry(reply: Reply) -> Attributes:
    """Return an entry of a directory: its kind, and what tells the same file from another.

    Raises:
        ReplyError: the reply does not say what it is.
    """
    what, size, changed = kind(reply), reply.get("size"), reply.get("modification_time")
    if not (isinstance(size, str) and is_number(size) and isinstance(changed, str)):
        return Attributes(what)
    try:
        mtime = seconds(changed)
    except ValueError:
        return Attributes(what, int(size))
    number, known = reply.get("id"), reply.get("data_revision")
    return Attributes(
        what,
        int(size),
        mtime,
        id=number if isinstance(number, str) and is_number(number) else "",
        revision=revision(known if isinstance(known, str) else None, changed),
    )


def revision(known: str | None, changed: str) -> str:
    """Return what moves with a file's data.

    Args:
        known: its revision, where the cluster told it.
        changed: when it was modified, which moves with the data too.
    """
    return known if known and is_number(known) else changed


def is_number(text: str) -> bool:
    """Tell whether ``text`` is a whole number, as the API writes those that can be large."""
    return text.isascii() and text.isdigit() and len(text) <= _DIGITS


def seconds(moment: str) -> int:
    """Return the whole seconds since the epoch, rounded down, of a time in UTC (RFC 3339).

    Raises:
        ValueError: it is none.
    """
    # What is behind the point is cut off, which rounds down before the epoch too.
    fraction = moment[19:-1]
    if fraction and not (fraction[0] == "." and fraction[1:].isdigit() and len(fraction) < 11):
        raise ValueError("no fraction of a second")
    if moment[10:17:3] != "T::" or moment[-1] != "Z" or not moment.isascii():
        raise ValueError("no time in UTC")
    if moment[17:19] == "60":  # a leap second, which no clock of a Unix counts
        return seconds(f"{moment[:17]}59Z") + 1
    whole = datetime.fromisoformat(moment[:19]) - _EPOCH
    return whole.days * 86_400 + whole.seconds


def nanoseconds(moment: str) -> int:
    """Return the nanoseconds since the epoch of a time in UTC (RFC 3339).

    Raises:
        ValueError: it is none.
    """
    return seconds(moment) * _SECOND + int(moment[20:-1].ljust(9, "0"))


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
