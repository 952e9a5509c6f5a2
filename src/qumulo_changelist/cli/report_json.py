"""A report as ``--json`` prints it; ``docs/commands.md`` documents the keys."""

from collections.abc import Iterable

from msgspec import to_builtins

from qumulo_changelist.cli.moments import describe_time
from qumulo_changelist.operations.report.listed import ListReport
from qumulo_changelist.operations.report.making import Report
from qumulo_changelist.report.amounts import Changes
from qumulo_changelist.report.media import by_kind
from qumulo_changelist.report.shares import FolderShare, divide

_SHARES = 20


def describe_report(report: Report) -> dict[str, object]:
    """Return a report as JSON has it."""
    return {
        "made": report.made,
        "version": report.version,
        "lists": [_describe_list(one) for one in report.lists],
        "missing": to_builtins(report.missing),
        "capacity": to_builtins(report.capacity),
    }


def _describe_list(report: ListReport) -> dict[str, object]:
    facts = report.facts
    media = by_kind(facts.types)
    return {
        "project": report.project,
        "source": report.source,
        "base_path": report.base_path,
        "list": report.list_path,
        "list_bytes": report.list_size,
        "sha256": report.sha256,
        "format": report.format,
        "receipt": report.receipt_path,
        "older_snapshot": to_builtins(report.older_snapshot),
        "newer_snapshot": to_builtins(report.newer_snapshot),
        "full": report.is_full,
        "as_of": report.as_of,
        "notes": list(report.notes),
        "has_sizes": facts.says_sizes,
        "has_times": facts.says_times,
        "totals": to_builtins(report.totals),
        "modified_directories": facts.modified_directories,
        "deleted_directories": facts.deleted_directories,
        "folders": [{"path": one.path or "/", **_named(one.total)} for one in facts.folders],
        "written_by_folder": _shares(divide(facts.folders, lambda one: one.written, _SHARES)),
        "deleted_by_folder": _shares(divide(facts.folders, lambda one: one.deleted, _SHARES)),
        "moved_by_folder": to_builtins(facts.moves.largest),
        "moved_elsewhere": to_builtins(facts.moves.others),
        "media": [{"kind": kind, **to_builtins(amount)} for kind, amount in media.items()],
        "types": to_builtins(facts.types),
        "sizes": to_builtins(facts.sizes),
        "ages": to_builtins(facts.ages),
        "hours": to_builtins(facts.hours),
        "weekdays": to_builtins(facts.weekdays),
        "largest": [
            {
                "name": one.name,
                "bytes": one.bytes,
                "change": one.change,
                "changed_at": describe_time(one.mtime * 10**9) if one.mtime is not None else None,
            }
            for one in facts.largest
        ],
        "unreadable": {
            "count": facts.unreadable.count,
            "reasons": [
                {"reason": reason, "count": number}
                for reason, number in facts.unreadable.reasons.items()
            ],
            "first": to_builtins(facts.unreadable.first),
        },
        "filtered": to_builtins(report.filtered),
        "runs": to_builtins(report.runs),
    }


def _named(changes: Changes) -> dict[str, object]:
    return {
        "written": to_builtins(changes.written),
        "moved": to_builtins(changes.moved),
        "deleted": to_builtins(changes.deleted),
    }


def _shares(shares: Iterable[FolderShare]) -> list[dict[str, object]]:
    return [
        {"path": one.path or "/", "part": one.part, "files": one.files, "bytes": one.bytes}
        for one in shares
    ]
