"""Which of a list's filters leave one name out, for an explanation."""

from collections.abc import Iterator

from qumulo_changelist.errors import UsageError
from qumulo_changelist.filters.filters import Filters
from qumulo_changelist.filters.limits import parse_moment
from qumulo_changelist.operations.lists.explained import SnapshotSight
from qumulo_changelist.operations.lists.receipt import Receipt
from qumulo_changelist.scan.verdict import Facts, Filtering, Verdict
from qumulo_changelist.wording import count

_SECOND = 1_000_000_000


def find_filtering(receipt: Receipt, name: str, newer: SnapshotSight) -> Filtering:
    """Return which filters of a list leave a name out.

    Args:
        receipt: of the list.
        name: below the base path, as lists have it; "" for the base path itself.
        newer: what the newer snapshot has of it.
    """
    filters = receipt.filters
    if not name or not filters:
        return Filtering()
    try:
        return Filtering(
            as_file=filters.paths.judge(name),
            as_directory=filters.paths.judge(f"{name}/"),
            by_limits=_judge_file(filters, receipt, newer),
            only=filters.only,
        )
    except (ValueError, UsageError):
        return Filtering()  # a newer version of this program made the list


def _judge_file(filters: Filters, receipt: Receipt, newer: SnapshotSight) -> str:
    if newer.size is None or newer.mtime is None:
        return ""
    taken = receipt.newer_snapshot.taken
    limits = filters.at(parse_moment(taken, None) * _SECOND if taken else 0)
    return limits.judge(newer.size, newer.mtime // _SECOND)


def describe_filter(receipt: Receipt, name: str, facts: Facts, verdict: Verdict) -> str:
    """Return which filter left a name out, and why, in words; "" for none."""
    return "".join(_describe(receipt.filters, name, facts, verdict.filtered_by))


def _describe(filters: Filters, name: str, facts: Facts, found: str) -> Iterator[str]:
    if found == "exclude":
        is_file = bool(facts.filtering.as_file)
        exclusion = filters.paths.find_exclusion(name if is_file else f"{name}/")
        if exclusion:
            what, pattern = exclusion
            yield f"The pattern {pattern.label} excludes {what}"
    elif found == "include":
        yield f"No pattern includes it: {', '.join(filters.include)}"
    elif found in ("min-size", "max-size"):
        size = filters.min_size if found == "min-size" else filters.max_size
        yield f"The limit is --{found} {count(size or 0, 'byte')}"
    elif found in ("newer-than", "older-than"):
        moment = filters.newer_than if found == "newer-than" else filters.older_than
        yield f"The limit is --{found} {moment}"
    elif found == "only":
        yield f"The list has only what was {' or '.join(filters.only)}"
