"""An explanation of one path: everything that is known of it, and the same in sentences."""

from collections.abc import Iterator

from msgspec import Struct

from qumulo_changelist.model import CREATE, DELETE, MODIFY, Change, Op
from qumulo_changelist.operations.lists.receipt import Receipt, format_time
from qumulo_changelist.scan.verdict import Facts, Listing, Reason, Sight, Verdict
from qumulo_changelist.snapshot_paths import snapshot_paths
from qumulo_changelist.wording import count


class SnapshotSight(Struct, frozen=True):
    """What a snapshot has under a path."""

    snapshot: int
    """Its id."""
    path: str
    """The path in it."""
    sight: Sight
    problem: str = ""
    """Why it is unknown what the snapshot has."""
    size: int | None = None
    """In bytes; None if it is unknown, or it is not a regular file."""
    mtime: int | None = None
    """When its data last changed, in nanoseconds since the epoch; None if that is unknown."""
    id: str = ""
    """The cluster's id for it; "" if unknown."""


class Explanation(Struct, frozen=True, kw_only=True):
    """Why a path is on a list, or is not."""

    path: str
    """On the cluster, as the newer snapshot has it."""
    name: str
    """Below the base path, as lists have it; "" for the base path itself."""
    list_path: str
    receipt_path: str
    receipt: Receipt
    older: SnapshotSight | None
    """None for a full list."""
    newer: SnapshotSight
    facts: Facts
    """What the rules need to know."""
    verdict: Verdict
    """What they lead to."""
    filter_detail: str = ""
    """Which filter leaves the path out, and why, in words; "" for none."""
    unreadable_reason: str = ""
    """Why the path, or a directory above it, could not be read; "" if unknown."""
    unreadable_above: str = ""
    """The directory above it that the list has as unreadable; "" for none."""
    list_problem: str = ""
    """Why the list cannot be read; "" if it can."""
    diff_problem: str = ""
    """Why the diff cannot be read; "" if it can, or none is needed."""

    @property
    def is_listed(self) -> bool:
        """Whether the list has the path, in whatever way."""
        return self.facts.listed not in ("nothing", "unknown")

    @property
    def sentences(self) -> list[str]:
        """The explanation for people: what the list says, why, and what is known besides."""
        return list(_sentences(self))


_SECOND = 1_000_000_000

_LISTED: dict[Listing, str] = {
    "file": "The list has it as a file.",
    "directory": "The list has it as a modified directory.",
    "deleted file": "The list has it as a deleted file.",
    "deleted directory": "The list has it as a deleted directory.",
    "unreadable": "The list has it as unreadable.",
    "nothing": "The list does not have it.",
    "unknown": "The list cannot be read",
}

_REASONS: dict[Reason, str] = {
    "outside": "It is not below the base path",
    "base path": "It is the base path itself, which is never listed",
    "full list": "It is a full list: every regular file of the snapshot is listed as created",
    "created": "It was created between the snapshots",
    "modified": "It was modified between the snapshots",
    "replaced": "What was there was deleted, and this file was created under its name: it exists",
    "below a created directory": (
        "A directory above it was created, and every regular file below that is listed"
    ),
    "created directory": "A directory that was created is not listed itself, only its files are",
    "modified directory": "It is a directory in which something came or went, or that was changed",
    "deleted": "It was deleted between the snapshots",
    "below a deleted directory": (
        "A directory above it was deleted, and every regular file that was below that is listed"
    ),
    "covered by a deleted directory": (
        "A directory above it was deleted, and in this format stands for what was in it"
    ),
    "directory below a deleted one": (
        "Of a deleted directory that directory and the files are listed, not the directories in it"
    ),
    "replaced by something else": (
        "Something that is not listed under its name replaced it, so it is deleted"
    ),
    "not a regular file": "Links, pipes, sockets and devices are not listed",
    "deletions not wanted": "It was deleted, but the list was made without deletions",
    "moved here": "It was only moved, and the list was made with moves",
    "moved away": "It was only moved: the list has it under its new name",
    "unreadable": "It belongs on the list, but could not be read when the list was made",
    "below an unreadable directory": (
        "A directory above it could not be read when the list was made, and stands for it"
    ),
    "name": "The format cannot hold its name, so it is listed as unreadable, written with %XX",
    "filtered": "A filter leaves it out",
    "not in the format": "Lists of this format leave out such entries, or cannot have this name",
    "unchanged": "It did not change between the snapshots: the diff does not mention it",
    "absent": "Neither snapshot has it: if it ever existed, it came after snapshot",
    "unknown": "It can no longer be known why",
    "contradiction": "That is not what the rules lead to",
}

_KINDS: dict[Sight, str] = {
    "file": "a file",
    "directory": "a directory",
    "other": "a link, or a special file",
}

_OPS: dict[Op, str] = {CREATE: "was created", MODIFY: "was modified", DELETE: "was deleted"}


def _sentences(one: Explanation) -> Iterator[str]:
    facts = one.facts
    if facts.listed == "unknown":
        yield f"{_LISTED['unknown']}: {one.list_problem}."
    else:
        yield _LISTED[facts.listed]
    yield _why(one)
    if one.filter_detail:
        yield f"{one.filter_detail}."
    if facts.moved_from:
        yield f"Its old name is {facts.moved_from}."
    if facts.moved_to:
        yield f"Its new name is {facts.moved_to}."
    if one.unreadable_above:
        yield f"The directory that could not be read is {one.unreadable_above}."
    if one.unreadable_reason:
        yield f"The reason was: {one.unreadable_reason}."
    if one.verdict.reason not in ("outside", "base path"):
        yield from map(_sight, filter(None, (one.older, one.newer)))
        yield from _diff(one)
    yield from _live_share(one)


def _why(one: Explanation) -> str:
    verdict = one.verdict
    rule = f" (rule {verdict.rule})" if verdict.rule else ""
    text = _REASONS[verdict.reason]
    if verdict.reason == "outside":
        text = f"{text} {one.receipt.base_path}, and nothing below that has such a name"
        rule += _if_mounted(one)
    if verdict.reason == "absent":
        text = f"{text} {one.newer.snapshot}, or came and went in between"
        if one.facts.is_full:
            text = "The snapshot does not have it"
    if verdict.reason == "contradiction":
        text = f"{text}: it should be there as {_expected(verdict.expected)}"
    return f"{text}{rule}."


def _if_mounted(one: Explanation) -> str:
    """Return a sentence if the path is one of this machine, below the mapped path."""
    mapped = (one.receipt.mapped_path or "").rstrip("/")
    if not mapped or not one.name.startswith(f"{mapped}/"):
        return ""
    there = snapshot_paths(one.receipt.base_path).path(one.name[len(mapped) :])
    return f". It is below the mapped path: on the cluster, it is {there}"


def _expected(listing: Listing) -> str:
    words = "nothing" if listing == "nothing" else f"a {listing}"
    return "a modified directory" if listing == "directory" else words


def _sight(seen: SnapshotSight) -> str:
    where = f"Snapshot {seen.snapshot}"
    if seen.sight == "unknown":
        return f"It is unknown whether snapshot {seen.snapshot} has it: {seen.problem}."
    if seen.sight == "absent":
        return f"{where} does not have {seen.path}."
    details = [_KINDS[seen.sight]]
    if seen.size is not None:
        details[0] += f" of {count(seen.size, 'byte')}"
    if seen.mtime is not None and (moment := format_time(seen.mtime // _SECOND * _SECOND)):
        details.append(f"modified {moment}")
    if seen.id:
        details.append(f"file id {seen.id}")
    return f"{where} has {seen.path}: {', '.join(details)}."


def _diff(one: Explanation) -> Iterator[str]:
    facts = one.facts
    if one.diff_problem:
        yield f"The diff of the snapshots cannot be read: {one.diff_problem}."
    elif facts.diff_is_known and not facts.is_full:
        mentioned = [*facts.mentions.own, *facts.mentions.above]
        if mentioned:
            yield f"The diff says: {', '.join(map(_change, mentioned))}."
        elif one.verdict.reason != "unchanged":
            yield "The diff mentions neither it nor a directory above it that came or went."


def _change(change: Change) -> str:
    path = "the base path" if change.path == "/" else change.path
    return f"{path} {_OPS[change.op]}"


def _live_share(one: Explanation) -> Iterator[str]:
    """Yield a sentence if the live share may be the reason for what was listed."""
    since = one.receipt.changed_on_the_live_share
    if since and one.verdict.reason in ("contradiction", "absent", "unreadable"):
        yield (
            f"The list was made from the live share, where {count(since, 'entry')} had changed or "
            "disappeared since the newer snapshot."
        )
