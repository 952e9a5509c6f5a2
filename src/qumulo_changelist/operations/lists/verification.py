"""Verifying a list that was published: against its receipt, and against the cluster."""

import os
from collections.abc import Iterator

from msgspec import Struct

from qumulo_changelist.changes.scope import Scope
from qumulo_changelist.checks.base_path import SnapshotPair, compare_snapshots, take_whole
from qumulo_changelist.checks.proof import count_files
from qumulo_changelist.cluster.connect import open_cluster
from qumulo_changelist.cluster.interface import Cluster
from qumulo_changelist.config.settings import Settings
from qumulo_changelist.errors import (
    BasePathError,
    IncomparableError,
    InvalidReceiptError,
    UnreadableError,
    UsageError,
)
from qumulo_changelist.events import Listener, Stage, StageBegun, ignore
from qumulo_changelist.machine.shortages import shortage_errors
from qumulo_changelist.names import to_bytes
from qumulo_changelist.operations.lists.receipt import Receipt, read_receipt
from qumulo_changelist.operations.lists.recorded_snapshots import Outcome, look_up_snapshots
from qumulo_changelist.output.formats import FORMATS, format_of
from qumulo_changelist.output.interface import ListCounts, MalformedListError
from qumulo_changelist.output.publication import receipt_path_of
from qumulo_changelist.output.reading import ListContent, differences, read_content
from qumulo_changelist.wording import count


class Finding(Struct, frozen=True):
    """What came of one comparison."""

    what: str
    """What was compared: ``receipt``, ``list``, ``size``, ``sha256``, ``totals`` (those that the
    list states, with its entries), ``counts`` (those of the receipt, with the entries),
    ``older_snapshot``, ``newer_snapshot``, ``files`` (what the cluster counts, with the list)."""
    outcome: Outcome
    detail: str
    """The same in words."""


class Verification(Struct, frozen=True):
    """What came of the verification of a list."""

    path: str
    receipt_path: str
    receipt: Receipt | None
    """None if there is none, or none that can be read."""
    findings: list[Finding]

    @property
    def is_whole(self) -> bool:
        """Whether everything was compared, and nothing differs."""
        return all(finding.outcome == "ok" for finding in self.findings)


def verify_list(
    path: str, settings: Settings | None = None, listener: Listener = ignore
) -> Verification:
    """Compare a list with its receipt, and with what the cluster counts.

    If a run replaces the list meanwhile, the findings may be of both: verify it again.

    Args:
        path: the list; its receipt is beside it.
        settings: how to reach the cluster; None for no comparison with it.
        listener: receives the events of the run.

    Raises:
        UsageError: there is neither a list nor a receipt.
        ChangelistError: the cluster cannot be asked, or this machine lacks a resource. Whatever is
            wrong with the list itself is a finding.
    """
    with shortage_errors():
        receipt_path = receipt_path_of(path)
        if not (_exists(path) or _exists(receipt_path)):
            raise UsageError(f"there is no list {path}", hint="Name the file of a list.")
        findings: list[Finding] = []
        receipt = _read_receipt(receipt_path, findings)
        listener(StageBegun(Stage.CHECKING, receipt.base_path if receipt else ""))
        findings += _compare_content(path, receipt)
        if settings and receipt:
            with open_cluster(settings, listener) as cluster:
                findings += _compare_with_cluster(cluster, receipt)
        return Verification(path, receipt_path, receipt, findings)


def _exists(path: str) -> bool:
    return os.path.lexists(to_bytes(path))


def _read_receipt(path: str, findings: list[Finding]) -> Receipt | None:
    try:
        receipt = read_receipt(path)
    except InvalidReceiptError as error:
        outcome: Outcome = "differs" if _exists(path) else "unknown"
        findings.append(Finding("receipt", outcome, str(error)))
        return None
    detail = f"version {receipt.version} made the list for {receipt.project}"
    findings.append(Finding("receipt", "ok", f"{detail}, until {receipt.ended or 'some time'}"))
    return receipt


def _compare_content(path: str, receipt: Receipt | None) -> Iterator[Finding]:
    list_format = receipt.format if receipt else format_of(path) or "xml"
    if list_format not in FORMATS:
        yield Finding("list", "unknown", f"this version does not know the format {list_format}")
        return
    try:
        content = read_content(path, list_format, receipt.base_path if receipt else "/")
    except MalformedListError as error:
        yield Finding("list", "differs" if _exists(path) else "unknown", str(error))
        return
    if receipt:
        yield from _compare_bytes(content, receipt)
    if content.problem:
        yield Finding("list", "differs", f"it is not a whole list: {content.problem}")
        return
    if content.stated == ListCounts():
        detail = f"it is a list in the format {list_format}, which states no totals"
        yield Finding("list", "ok", detail)
    else:
        yield Finding("list", "ok", f"it is a whole list in the format {list_format}")
        yield _compare_counts("totals", "the list states", content.stated, content.counted)
    if receipt and content.counted != ListCounts():
        yield _compare_counts("counts", "the receipt states", _counts_of(receipt), content.counted)


def _compare_bytes(content: ListContent, receipt: Receipt) -> Iterator[Finding]:
    recorded = receipt.list_file
    is_size, is_hash = content.size == recorded.size, content.sha256 == recorded.sha256
    size = count(content.size, "byte")
    yield Finding(
        "size",
        "ok" if is_size else "differs",
        f"it has {size}" + ("" if is_size else f", not {recorded.size} as recorded"),
    )
    yield Finding(
        "sha256",
        "ok" if is_hash else "differs",
        f"it is {content.sha256}" + ("" if is_hash else f", not {recorded.sha256} as recorded"),
    )


def _compare_counts(what: str, who: str, said: ListCounts, counted: ListCounts) -> Finding:
    differing = differences(said, counted)
    if differing:
        return Finding(what, "differs", f"{who} {', '.join(differing)}")
    return Finding(what, "ok", f"{who} what its entries are")


def _counts_of(receipt: Receipt) -> ListCounts:
    files, directories = receipt.files, receipt.directories
    there = (files.created, files.modified, files.moved)
    return ListCounts(
        files=sum(each.count for each in there),
        size=sum(each.bytes for each in there),
        created=files.created.count,
        modified=files.modified.count,
        moved=files.moved.count,
        deleted_files=files.deleted.count,
        directories=directories.modified.count,
        deleted_directories=directories.deleted.count,
        unreadable=receipt.unreadable.count,
    )


def _compare_with_cluster(cluster: Cluster, receipt: Receipt) -> Iterator[Finding]:
    older, newer = look_up_snapshots(cluster, receipt)
    if older:
        yield Finding("older_snapshot", older.outcome, older.detail)
    yield Finding("newer_snapshot", newer.outcome, newer.detail)
    unusable = [one.id for one in (older, newer) if one and one.outcome != "ok"]
    if unusable:
        which = " and ".join(map(str, unusable))
        yield Finding("files", "unknown", f"snapshot {which} of the receipt cannot be counted")
        return
    scope = Scope(receipt.base_path)
    try:
        pair = (
            compare_snapshots(cluster, scope, older.known, newer.known)
            if older
            else take_whole(cluster, scope, newer.known)
        )
        yield _compare_files(cluster, pair, receipt)
    except (BasePathError, IncomparableError) as error:
        yield Finding("files", "differs", str(error))
    except UnreadableError as error:
        yield Finding("files", "unknown", f"the cluster does not count the files: {error}")


def _compare_files(cluster: Cluster, pair: SnapshotPair, receipt: Receipt) -> Finding:
    before, now = (count_files(cluster, view) for view in (pair.older, pair.newer))
    counted = f"the cluster counts {before} before and {count(now, 'file')} now"
    recorded = receipt.proof
    then = (recorded.files_in_older_snapshot, recorded.files_in_newer_snapshot) if recorded else ()
    if then and then != (before, now):
        detail = f"{counted}, but counted {then[0]} and {then[1]} when the list was made"
        return Finding("files", "differs", detail)
    if receipt.net_files is None:
        if recorded:
            return Finding("files", "ok", f"{counted}, as when the list was proved")
        detail = (
            f"{counted}; by how much the list changes that is known only of a list that was made "
            "with deletions, or verified when it was made"
        )
        return Finding("files", "unknown", detail)
    if before + receipt.net_files != now:
        since = receipt.changed_on_the_live_share
        live = f"; {count(since, 'entry')} had changed on the live share" if since else ""
        detail = f"{counted}, but the list changes the number by {receipt.net_files:+}{live}"
        return Finding("files", "differs", detail)
    return Finding("files", "ok", f"{counted}, and the list changes it by {receipt.net_files:+}")
