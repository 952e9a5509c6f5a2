"""Why one name is on a list, or is not: the rules, for a single name that everything is known of.

The numbers of rules are those of ``docs/scan-list.md``, section "What is listed". Slices of the
stream are worked on by :mod:`~.sides` and :mod:`~.reconcile`; this is for explaining afterwards.
"""

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct

from qumulo_changelist.changes.mentions import Mentions
from qumulo_changelist.model import CREATE, DELETE, MODIFY, Change
from qumulo_changelist.names import is_directory

Sight = Literal["file", "directory", "other", "absent", "unknown"]
"""What a snapshot has under a name: ``other`` is a link or a special file, ``unknown`` if the
snapshot is gone or cannot be asked."""

Listing = Literal[
    "file", "directory", "deleted file", "deleted directory", "unreadable", "nothing", "unknown"
]
"""What a list says of a name."""

Reason = Literal[
    "outside",
    "base path",
    "full list",
    "created",
    "modified",
    "replaced",
    "below a created directory",
    "created directory",
    "modified directory",
    "deleted",
    "below a deleted directory",
    "covered by a deleted directory",
    "directory below a deleted one",
    "replaced by something else",
    "not a regular file",
    "deletions not wanted",
    "moved here",
    "moved away",
    "unreadable",
    "below an unreadable directory",
    "name",
    "filtered",
    "not in the format",
    "unchanged",
    "absent",
    "unknown",
    "contradiction",
]
"""What decides about a name."""


class Filtering(Struct, frozen=True, kw_only=True):
    """Which filters leave a name out; "" for none."""

    as_file: Literal["", "exclude", "include"] = ""
    """By its path, as a file."""
    as_directory: Literal["", "exclude", "include"] = ""
    """By its path, as a directory."""
    by_limits: str = ""
    """By size or time: the file that the newer snapshot has."""
    only: tuple[str, ...] = ()
    """The kinds of changes that are listed; none for all of them."""


class Facts(Struct, frozen=True, kw_only=True):
    """Everything that decides about a name."""

    older: Sight
    newer: Sight
    mentions: Mentions
    diff_is_known: bool = True
    """Whether the diff could be read; else there are no mentions."""
    is_full: bool = False
    """Whether it is a full list, for which there is no older snapshot."""
    deletes: bool = False
    """Whether deletions were wanted."""
    is_outside: bool = False
    """Whether it is not below the base path."""
    is_base: bool = False
    """Whether it is the base path itself."""
    can_be_held: bool = True
    """Whether the format can hold the name."""
    listed: Listing = "nothing"
    """What the list says of it."""
    listed_below: bool = False
    """Whether the list has a directory above it as unreadable."""
    is_covered: bool = False
    """Whether the list has a directory above it as deleted, which in its format stands for it."""
    never_listed: frozenset[Listing] = frozenset()
    """What lists of this format say of no name."""
    moved_from: str = ""
    """The old name that the list gives a moved file; "" for none."""
    moved_to: str = ""
    """The name to which, according to the list, a file of this name was moved; "" for none."""
    moves: bool = False
    """Whether moves were wanted."""
    filtering: Filtering = Filtering()


class Verdict(Struct, frozen=True):
    """Why a name is on a list, or is not."""

    reason: Reason
    rule: str
    """The number of the rule that decides; "" if none of these does."""
    expected: Listing
    """What the list should say of the name, by the rules and the filters."""
    filtered_by: str = ""
    """The filter that leaves the name out, by the name of its option; "" for none."""


def decide(facts: Facts) -> Verdict:
    """Return why the list says of a name what it says.

    The reason is ``contradiction`` if that is not what the rules lead to.
    """
    verdict = _apply_filters(facts, _apply_rules(facts))
    if facts.listed == verdict.expected and verdict.filtered_by:
        return verdict
    if facts.listed == "unreadable":
        if not facts.can_be_held:
            return Verdict("name", "", "unreadable")
        return Verdict("unreadable", "8", "unreadable")
    if facts.listed == "nothing" and (reason := _why_nothing(facts, verdict.expected)):
        return Verdict(reason, "8" if reason == "below an unreadable directory" else "", "nothing")
    if verdict.expected == "unknown" or "unknown" in (facts.listed, facts.newer):
        return verdict
    if facts.listed != verdict.expected:
        return Verdict("contradiction", verdict.rule, verdict.expected)
    if facts.moved_from and facts.listed == "file":
        return Verdict("moved here", "", "file")
    return verdict


def _why_nothing(facts: Facts, expected: Listing) -> Reason | None:
    """Return why a list has nothing of a name that it should have."""
    if _is_not_in_format(facts, expected):
        return "not in the format"
    if facts.listed_below:
        return "below an unreadable directory"
    if facts.is_covered and expected == "deleted file":
        return "covered by a deleted directory"
    return "moved away" if facts.moved_to and expected == "deleted file" else None


def _apply_filters(facts: Facts, verdict: Verdict) -> Verdict:
    """Return the verdict on a name that filters leave out, or the given one."""
    filtering, expected = facts.filtering, verdict.expected
    if expected in ("nothing", "unknown"):
        return verdict
    is_file = expected in ("file", "deleted file")
    found: str = filtering.as_file if is_file else filtering.as_directory
    if not found and expected == "file":
        found = filtering.by_limits
    if not found and _leaves_out_kind(facts, verdict):
        found = "only"
    if not found:
        return verdict
    if expected == "file" and found != "only" and _replaces_directory(facts):
        # A file that is not listed does not stand for a directory that is gone.
        gone = Verdict("replaced by something else", "6", "deleted directory")
        return _apply_filters(facts, gone)
    return Verdict("filtered", "", "nothing", found)


def _replaces_directory(facts: Facts) -> bool:
    own = facts.mentions.own
    return facts.deletes and DELETE in _ops(one for one in own if is_directory(one.path))


def _leaves_out_kind(facts: Facts, verdict: Verdict) -> bool:
    only = set(facts.filtering.only)
    if not only:
        return False
    if verdict.expected in ("deleted file", "deleted directory"):
        kinds = {"deleted"}
    elif verdict.reason == "modified" or verdict.expected == "directory":
        kinds = {"modified"}
    else:
        # Whether it was moved can be seen only if it is listed.
        kinds = {"created", "moved"} if facts.moves else {"created"}
    return not (kinds & only) or (facts.listed == "nothing" and not kinds <= only)


def _is_not_in_format(facts: Facts, expected: Listing) -> bool:
    """Return whether the format leaves out an entry, or one whose name it cannot hold."""
    is_entry = expected not in ("nothing", "unknown")
    return expected in facts.never_listed or (
        is_entry and not facts.can_be_held and "unreadable" in facts.never_listed
    )


def expect(facts: Facts) -> Listing:
    """Return what a list says of a name by the rules alone, if everything can be read."""
    return _apply_rules(facts).expected


def _apply_rules(facts: Facts) -> Verdict:
    if facts.is_outside:
        return Verdict("outside", "1", "nothing")
    if facts.is_base:
        return Verdict("base path", "4", "nothing")
    if facts.is_full:
        return _judge_full(facts.newer)
    if not facts.diff_is_known:
        return _UNKNOWN
    verdict = _JUDGES[facts.newer](_Changes(facts))
    if verdict.expected in ("deleted file", "deleted directory") and not facts.deletes:
        return Verdict("deletions not wanted", "5", "nothing")
    return verdict


def _judge_full(newer: Sight) -> Verdict:
    verdicts: dict[Sight, Verdict] = {
        "file": Verdict("full list", "", "file"),
        "directory": Verdict("created directory", "3", "nothing"),
        "other": Verdict("not a regular file", "7", "nothing"),
        "absent": Verdict("absent", "", "nothing"),
        "unknown": _UNKNOWN,
    }
    return verdicts[newer]


class _Changes:
    """What happened to a name, in the form that the rules ask for."""

    def __init__(self, facts: Facts) -> None:
        self.older = facts.older
        own, above = facts.mentions.own, facts.mentions.above
        self.as_file = _ops(change for change in own if not is_directory(change.path))
        self.as_directory = _ops(change for change in own if is_directory(change.path))
        self.above = _ops(above)
        self.own = self.as_file | self.as_directory

    @property
    def is_deleted(self) -> bool:
        """Whether what the older snapshot has is deleted, itself or with a directory."""
        return DELETE in self.own | self.above


def _ops(changes: Iterable[Change]) -> set[str]:
    return {change.op for change in changes}


_UNKNOWN = Verdict("unknown", "", "unknown")
_UNCHANGED = Verdict("unchanged", "", "nothing")


def _judge_file(changes: _Changes) -> Verdict:
    if CREATE in changes.above:
        return Verdict("below a created directory", "3", "file")
    if CREATE in changes.as_file:
        if DELETE in changes.own:
            return Verdict("replaced", "6", "file")
        return Verdict("created", "2", "file")
    return Verdict("modified", "2", "file") if MODIFY in changes.as_file else _UNCHANGED


def _judge_directory(changes: _Changes) -> Verdict:
    if CREATE in changes.above | changes.as_directory:
        if changes.is_deleted and changes.older in ("file", "unknown"):
            return _replaced(changes)
        return Verdict("created directory", "3", "nothing")
    if MODIFY in changes.as_directory:
        return Verdict("modified directory", "4", "directory")
    return _UNCHANGED


def _judge_other(changes: _Changes) -> Verdict:
    if changes.is_deleted and changes.older in ("file", "unknown"):
        return _replaced(changes)
    if DELETE in changes.as_directory:
        return Verdict("replaced by something else", "6", "deleted directory")
    if changes.own or changes.above:
        return Verdict("not a regular file", "7", "nothing")
    return _UNCHANGED


def _replaced(changes: _Changes) -> Verdict:
    if changes.older == "unknown":
        return _UNKNOWN
    return Verdict("replaced by something else", "6", "deleted file")


def _judge_absent(changes: _Changes) -> Verdict:
    if changes.older == "absent":
        return Verdict("absent", "", "nothing")
    if not changes.is_deleted:
        return _UNKNOWN
    if DELETE in changes.as_directory and changes.older in ("directory", "unknown"):
        return Verdict("deleted", "5", "deleted directory")
    if changes.older == "directory":
        return Verdict("directory below a deleted one", "5", "nothing")
    if changes.older == "other":
        return Verdict("not a regular file", "7", "nothing")
    if changes.older == "unknown":
        return _UNKNOWN
    below = DELETE in changes.above
    return Verdict("below a deleted directory" if below else "deleted", "5", "deleted file")


def _judge_unknown(_: _Changes) -> Verdict:
    return _UNKNOWN


_JUDGES = {
    "file": _judge_file,
    "directory": _judge_directory,
    "other": _judge_other,
    "absent": _judge_absent,
    "unknown": _judge_unknown,
}
