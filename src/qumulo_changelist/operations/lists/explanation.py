"""Explaining why one path is on a list that was published, or why not."""

import contextlib
from typing import NamedTuple

from qumulo_changelist.changes.mentions import Mentions, find_mentions
from qumulo_changelist.changes.scope import Scope
from qumulo_changelist.checks.request import normalize_cluster_path
from qumulo_changelist.cluster.connect import open_cluster
from qumulo_changelist.cluster.interface import Cluster
from qumulo_changelist.config.settings import Settings
from qumulo_changelist.errors import AbsentError, LoginError, StatusError, UnreadableError
from qumulo_changelist.events import Listener, ignore
from qumulo_changelist.machine.shortages import shortage_errors
from qumulo_changelist.model import DELETE, Kind, State
from qumulo_changelist.names import parent_of
from qumulo_changelist.operations.lists.explained import Explanation, SnapshotSight
from qumulo_changelist.operations.lists.filtering import describe_filter, find_filtering
from qumulo_changelist.operations.lists.list_and_receipt import ListPair, find_list_and_receipt
from qumulo_changelist.operations.lists.receipt import Receipt
from qumulo_changelist.operations.lists.recorded_snapshots import (
    RecordedSnapshot,
    look_up_snapshots,
)
from qumulo_changelist.output.formats import FORMATS, ListParameters, is_written_beside
from qumulo_changelist.output.interface import ListedEntry, MalformedListError
from qumulo_changelist.output.reading import FoundEntries, find_entries
from qumulo_changelist.scan.verdict import Facts, Listing, Sight, decide
from qumulo_changelist.snapshot_paths import SnapshotPaths, snapshot_paths

# How a list has the base path, if that is unreadable.
_BASE = "/"

_SIGHTS: dict[Kind, Sight] = {
    Kind.FILE: "file",
    Kind.DIRECTORY: "directory",
    Kind.OTHER: "other",
}
_LISTINGS: dict[tuple[State, Kind], Listing] = {
    (State.PRESENT, Kind.FILE): "file",
    (State.PRESENT, Kind.DIRECTORY): "directory",
    (State.DELETED, Kind.FILE): "deleted file",
    (State.DELETED, Kind.DIRECTORY): "deleted directory",
}


def explain_path(
    path: str, list_path: str, settings: Settings, listener: Listener = ignore
) -> Explanation:
    """Return why a path is on a list, or why not.

    Args:
        path: a path on the cluster, or a name below the base path of the list.
        list_path: the list, or its receipt.
        settings: how to reach the cluster, which is asked for both snapshots and their diff.
        listener: receives the events of the run.

    Raises:
        ClusterPathError: the path goes up.
        InvalidReceiptError: the list has no receipt that can be read.
        ChangelistError: the cluster cannot be asked, or this machine lacks a resource.
    """
    with shortage_errors():
        pair = find_list_and_receipt(list_path)
        wanted = _find_name(path, pair.receipt.base_path)
        on_list = _look_up_on_list(pair, wanted.name)
        with open_cluster(settings, listener) as cluster:
            seen = _look_up_on_cluster(cluster, pair.receipt, wanted.name)
    return _explain(pair, wanted, on_list, seen)


class _Wanted(NamedTuple):
    """The path in question."""

    name: str
    """Below the base path; "" for the base path itself."""
    is_doubtful: bool
    """Whether it can also be a path outside of the base path."""


class _OnList(NamedTuple):
    """What the list says."""

    found: FoundEntries
    problem: str


class _OnCluster(NamedTuple):
    """What the cluster says."""

    older: SnapshotSight | None
    newer: SnapshotSight
    mentions: Mentions
    diff_is_known: bool
    diff_problem: str = ""


def _find_name(path: str, base: str) -> _Wanted:
    plain = normalize_cluster_path(path if path.startswith("/") else f"/{path}").rstrip("/")
    above = base.rstrip("/")
    if path.startswith("/") and f"{plain}/".startswith(f"{above}/"):
        return _Wanted(plain[len(above) :], is_doubtful=False)
    return _Wanted(plain, is_doubtful=path.startswith("/"))


def _look_up_on_list(pair: ListPair, name: str) -> _OnList:
    nothing = FoundEntries({}, "")
    if pair.receipt.format not in FORMATS:
        problem = f"this version does not know the format {pair.receipt.format}"
        return _OnList(nothing, problem)
    names = [name or _BASE]
    while names[-1] != _BASE:
        names.append(parent_of(names[-1]).rstrip("/") or _BASE)
    try:
        return _OnList(
            find_entries(pair.list_path, pair.receipt.format, names, pair.receipt.base_path), ""
        )
    except MalformedListError as error:
        return _OnList(nothing, str(error))


def _look_up_on_cluster(cluster: Cluster, receipt: Receipt, name: str) -> _OnCluster:
    older, newer = look_up_snapshots(cluster, receipt)
    scope, source = Scope(receipt.base_path), newer.known.source
    now = _look(cluster, newer, snapshot_paths(scope.base), name)
    if older is None:
        return _OnCluster(None, now, Mentions([], []), diff_is_known=False)
    paths = snapshot_paths(scope.base, source, older.known.source)
    before = _look(cluster, older, paths, name)
    problems = [one.detail for one in (older, newer) if one.outcome != "ok"]
    if problems:
        problem = ", and ".join(problems)
        return _OnCluster(before, now, Mentions([], []), False, problem)
    try:
        with contextlib.closing(cluster.changes(older.id, newer.id)) as pages:
            mentions = find_mentions(scope, pages, name)
    except LoginError:
        raise
    except StatusError as error:
        return _OnCluster(before, now, Mentions([], []), False, str(error))
    return _OnCluster(before, now, mentions, diff_is_known=True)


def _look(
    cluster: Cluster, recorded: RecordedSnapshot, paths: SnapshotPaths, name: str
) -> SnapshotSight:
    number, path = recorded.id, paths.path(name)
    if recorded.outcome != "ok":
        return SnapshotSight(number, path, "unknown", recorded.detail)
    try:
        found = cluster.inspect_entry(path, number)
    except AbsentError:
        return SnapshotSight(number, path, "absent")
    except UnreadableError as error:
        return SnapshotSight(number, path, "unknown", str(error))
    size = found.size if found.kind is Kind.FILE and found.size >= 0 else None
    return SnapshotSight(number, path, _SIGHTS[found.kind], "", size, found.mtime, found.id)


def _explain(pair: ListPair, wanted: _Wanted, on_list: _OnList, seen: _OnCluster) -> Explanation:
    name, receipt = wanted.name or _BASE, pair.receipt
    named = on_list.found.named
    entry = named.get(name)
    above = next(
        (
            each
            for each, found in sorted(named.items(), reverse=True)
            if each != name and found.state is State.UNREADABLE
        ),
        "",
    )
    facts = _facts(pair.receipt, wanted, on_list, seen, is_below_unreadable=bool(above))
    unreadable = above if not entry else name if entry.state is State.UNREADABLE else ""
    verdict = decide(facts)
    return Explanation(
        path=snapshot_paths(receipt.base_path).path(name),
        name=wanted.name,
        list_path=pair.list_path,
        receipt_path=pair.receipt_path,
        receipt=receipt,
        older=seen.older,
        newer=seen.newer,
        facts=facts,
        verdict=verdict,
        filter_detail=describe_filter(receipt, wanted.name, facts, verdict),
        unreadable_reason=_reason(receipt, unreadable, named.get(unreadable)),
        unreadable_above="" if entry else above,
        list_problem=on_list.problem,
        diff_problem=seen.diff_problem,
    )


def _facts(
    receipt: Receipt,
    wanted: _Wanted,
    on_list: _OnList,
    seen: _OnCluster,
    *,
    is_below_unreadable: bool,
) -> Facts:
    entry = on_list.found.named.get(wanted.name or _BASE)
    older: Sight = seen.older.sight if seen.older else "absent"
    is_there = {older, seen.newer.sight} & {"file", "directory", "other"}
    known = FORMATS.get(receipt.format)
    form = known.make(ListParameters("1", 0)) if known else None
    return Facts(
        older=older,
        newer=seen.newer.sight,
        mentions=seen.mentions,
        diff_is_known=seen.diff_is_known,
        is_full=seen.older is None,
        deletes=receipt.deletes,
        is_outside=wanted.is_doubtful and not entry and not is_there,
        is_base=not wanted.name,
        can_be_held=form is None or form.can_hold(wanted.name),
        listed="unknown" if on_list.problem else _listing(entry),
        listed_below=is_below_unreadable,
        is_covered=_is_covered(receipt.format, wanted, on_list, seen),
        never_listed=_never_listed(receipt.format),
        moved_from=entry.moved_from if entry else "",
        moved_to=on_list.found.moved_to,
        moves=receipt.moves,
        filtering=find_filtering(receipt, wanted.name, seen.newer),
    )


def _never_listed(name: str) -> frozenset[Listing]:
    """Return what lists of a format say of no name."""
    known, left_out = FORMATS.get(name), set[Listing]()
    if known and is_written_beside(name):
        left_out |= {"file", "directory"}
    elif known and (known.beside or not known.has_deletions):
        left_out |= {"deleted file", "deleted directory"}
    if known and not known.has_directories:
        left_out |= {"directory", "deleted directory"}
    if known and not known.has_attributes:
        left_out.add("unreadable")
    return frozenset(left_out)


def _is_covered(name: str, wanted: _Wanted, on_list: _OnList, seen: _OnCluster) -> bool:
    """Return whether what was deleted above a name stands for it, in lists of a format."""
    known = FORMATS.get(name)
    if not known or not known.covers_deletions:
        return False
    # In a list beside another, a directory that a file has replaced is covered, too.
    is_replaced = is_written_beside(name) and any(
        change.op == DELETE for change in seen.mentions.above
    )
    return is_replaced or _is_below_deleted(wanted, on_list)


def _is_below_deleted(wanted: _Wanted, on_list: _OnList) -> bool:
    """Return whether the list has a directory above a name as deleted."""
    return any(
        entry.state is State.DELETED and name != wanted.name
        for name, entry in on_list.found.named.items()
    )


def _listing(entry: ListedEntry | None) -> Listing:
    if entry is None:
        return "nothing"
    return _LISTINGS.get((entry.state, entry.kind), "unreadable")


def _reason(receipt: Receipt, name: str, entry: ListedEntry | None) -> str:
    """Return why an entry is unreadable, as the list or the first ones of the receipt say it."""
    if entry and entry.reason:
        return entry.reason
    first = receipt.unreadable.first if name else []
    return next((one.reason for one in first if one.name == name), "")
