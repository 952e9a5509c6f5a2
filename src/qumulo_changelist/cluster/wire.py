"""From the JSON that a cluster sends to the model: pure, and trusting nothing.

The shapes are Qumulo's published REST API; unknown fields are ignored, since versions differ.
"""

import contextlib
import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from qumulo_changelist.errors import ReplyError
from qumulo_changelist.model import (
    CREATE,
    DELETE,
    MODIFY,
    Attributes,
    Change,
    Description,
    EntryStat,
    Kind,
    Op,
    ReadFailure,
    Snapshot,
)

_OPS: dict[str, Op] = {CREATE: CREATE, MODIFY: MODIFY, DELETE: DELETE}
_KINDS = {"FS_FILE_TYPE_FILE": Kind.FILE, "FS_FILE_TYPE_DIRECTORY": Kind.DIRECTORY}

_EPOCH = datetime(1970, 1, 1)
_SECOND = 1_000_000_000
# The calendar repeats itself after 400 years; from 2000 to 2399, ``datetime`` knows each day.
_CYCLE_YEARS, _CYCLE = 400, 146_097 * 86_400
_LIKE_YEAR_0, _CYCLES_TO_LIKE = 2000, 5
_YEAR = re.compile(r"[+-][0-9]{4,9}(?=-)|[0-9]{5,9}(?=-)|0000(?=-)")
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


def entry(reply: Reply) -> Description:
    """Return an entry of a directory: its kind, and what tells the same file from another.

    What is missing or malformed is as if nothing was said, since none of it is listed: without a
    size, an id or a revision an entry is no other one moved. Without a kind it is ``ReadFailure``.
    """
    what, size, changed = reply.get("type"), reply.get("size"), reply.get("modification_time")
    if not isinstance(what, str):
        return ReadFailure(unusable("type"))
    kind = _KINDS.get(what, Kind.OTHER)
    if not (isinstance(size, str) and is_number(size)):
        return Attributes(kind)
    try:
        mtime = seconds(changed) if isinstance(changed, str) else None
    except ValueError:
        mtime = None
    number, known = reply.get("id"), reply.get("data_revision")
    return Attributes(
        kind,
        int(size),
        mtime or 0,
        id=number if isinstance(number, str) and is_number(number) else "",
        revision=revision(known, changed if mtime is not None else ""),
    )


def sighting(reply: Reply) -> EntryStat:
    """Return what an entry is, and what identifies it; a malformed field counts as not known."""
    what, size, changed, path = (
        reply.get(field) for field in ("type", "size", "modification_time", "path")
    )
    number = reply.get("id")
    mtime = None
    if isinstance(changed, str):
        with contextlib.suppress(ValueError):
            mtime = nanoseconds(changed)
    return EntryStat(
        _KINDS.get(what, Kind.OTHER) if isinstance(what, str) else Kind.OTHER,
        int(size) if isinstance(size, str) and is_number(size) else -1,
        mtime,
        number if isinstance(number, str) and is_number(number) else "",
        path.rstrip("/") or "/" if isinstance(path, str) and path else "",
    )


def revision(known: object, changed: object) -> str:
    """Return what changes with a file's data.

    Args:
        known: its revision, where the cluster sent one.
        changed: when it was modified, which changes with the data too; "" if unknown.
    """
    found = known if isinstance(known, str) and is_number(known) else changed
    return found if isinstance(found, str) else ""


def unusable(field: str) -> str:
    """Return why an entry with a missing or malformed field cannot be read."""
    return f"the cluster sent it without a usable {field!r}"


def is_number(text: str) -> bool:
    """Tell whether ``text`` is a whole number, as the API writes those that can be large."""
    return text.isascii() and text.isdigit() and len(text) <= _DIGITS


def seconds(moment: str) -> int:
    """Return the whole seconds since the epoch, rounded down, of a time in UTC.

    It is written as RFC 3339 has it (years 0000 to 9999, ``Z``, at most nine digits of fraction),
    or with an expanded year of ISO 8601: a sign and four to nine digits. Five digits and more may
    come without the sign. The calendar is the Gregorian one in all years, as on a mount.

    Raises:
        ValueError: it is none.
    """
    if moment[10:17:3] != "T::" or moment[:4] == "0000":
        year = _YEAR.match(moment)
        rest = moment[year.end() :] if year else ""
        if not year or rest[6:13:3] != "T::":
            raise ValueError("no time in UTC")
        cycles, within = divmod(int(year[0]), _CYCLE_YEARS)
        return seconds(f"{_LIKE_YEAR_0 + within}{rest}") + (cycles - _CYCLES_TO_LIKE) * _CYCLE
    # What is behind the point is cut off, which rounds down before the epoch too.
    fraction = moment[19:-1]
    if fraction and not (fraction[0] == "." and fraction[1:].isdigit() and len(fraction) < 11):
        raise ValueError("no fraction of a second")
    if moment[-1] != "Z" or not moment.isascii():
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
    fraction = moment.partition(".")[2].removesuffix("Z")
    return seconds(moment) * _SECOND + int(fraction.ljust(9, "0"))


def child_count(directory: Reply) -> int | None:
    """Return the number of entries that a directory has; None where it is missing or malformed."""
    children = directory.get("child_count")
    return children if isinstance(children, int) and not isinstance(children, bool) else None


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
