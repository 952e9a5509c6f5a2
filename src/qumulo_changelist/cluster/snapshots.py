"""What a cluster sends of a snapshot, as the model has it: pure."""

import contextlib
from collections.abc import Iterator

from qumulo_changelist.cluster.attributes import is_number
from qumulo_changelist.cluster.changes import is_absolute
from qumulo_changelist.cluster.shapes import SnapshotJson, TotalsJson
from qumulo_changelist.cluster.times import nanoseconds
from qumulo_changelist.cluster.wire import to_shape
from qumulo_changelist.errors import ReplyError, UnclearOutcomeError
from qumulo_changelist.model import Snapshot


def read_snapshot(value: object, source: str) -> Snapshot:
    """Return a snapshot from the answer to its creation, or from its status.

    The times and the directory are unknown if they are missing or malformed. A list needs the file
    id of the directory, and looks at that itself (:mod:`qumulo_changelist.checks.base_path`).
    Whatever is written for a lock, a policy or a deletion counts as one, if it is not null: then no
    snapshot is deleted that somebody else needs.

    Args:
        value: the decoded JSON.
        source: names for people what sent it.

    Raises:
        ReplyError: it has no id.
    """
    snapshot = to_shape(value, SnapshotJson, source)
    policy = snapshot.policy_name or ""
    path = snapshot.source_file_path if is_absolute(snapshot.source_file_path) else ""
    return Snapshot(
        snapshot.id,
        snapshot.name,
        _moment(snapshot.timestamp),
        path.rstrip("/") or path,
        snapshot.source_file_id if is_number(snapshot.source_file_id) else "",
        expires=_moment(snapshot.expiration or ""),
        policy=policy,
        by_policy=bool(policy)
        or _is_stated(snapshot.policy_id)
        or _is_stated(snapshot.created_by_policy),
        is_locked=snapshot.lock_key is not None,
        is_going=_is_stated(snapshot.in_delete),
    )


@contextlib.contextmanager
def unclear_if_garbled() -> Iterator[None]:
    """Raise an ``UnclearOutcomeError`` if the answer to the creation of a snapshot is malformed."""
    try:
        yield
    except ReplyError as error:
        raise UnclearOutcomeError(
            f"{error}; it is not known whether the cluster did it", exit_code=error.exit_code
        ) from error


def _moment(written: str) -> int:
    """Return a time in nanoseconds since the epoch; 0 if it is empty or malformed."""
    try:
        return nanoseconds(written)
    except ValueError:
        return 0


def _is_stated(value: object) -> bool:
    return value is not None and value is not False and value != ""


def read_total_files(value: object, source: str) -> int:
    """Return the number of regular files that a directory's totals count.

    Args:
        value: the decoded JSON.
        source: names for people what sent it.

    Raises:
        ReplyError: the totals do not state it.
    """
    total = to_shape(value, TotalsJson, source).total_files
    if not is_number(total):
        raise ReplyError(f"{source}: the totals have no usable 'total_files'")
    return int(total)
