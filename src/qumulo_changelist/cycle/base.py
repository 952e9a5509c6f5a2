"""Which snapshot a run begins from: what was committed, as this machine and the cluster know it.

The safer of the two is the older one: everything since then is listed, so nothing is missed. Pure.
"""

from enum import Enum

from msgspec import Struct

from qumulo_changelist.cycle.survey import Survey
from qumulo_changelist.model import Snapshot

SOON = 24 * 3600 * 10**9
"""A base that expires within this time, in nanoseconds, is reported before the work."""


class WhyFull(Enum):
    """Why only a full list can be made."""

    FIRST = "nothing was committed yet"
    ELSEWHERE = "this machine committed nothing, although another one did"
    GONE = "the cluster no longer has the snapshot that was committed last"
    DIFFERENT = "the snapshot with the id of the committed one is a different snapshot"
    REPLACED = "the source is no longer the directory that the committed snapshot is of"
    WANTED = "it was asked for"
    ARCHIVE = "the archiver's GUID or index has changed since the last commit"


class Disagreement(Enum):
    """How what this machine knows differs from what the cluster shows."""

    CLUSTER_NEWER = "the cluster shows a newer one as committed, by another machine"
    CLUSTER_OLDER = "the cluster shows only an older one as committed"
    CLUSTER_SILENT = "the cluster shows none as committed"


class Committed(Struct, frozen=True):
    """A snapshot that was committed, or is to be, as this machine remembers it."""

    id: int
    taken: int = 0
    """In nanoseconds since the epoch; 0 if unknown."""
    source_id: str = ""
    """"" if unknown."""
    archive: str = ""
    """What the archiver calls the place that has it: GUID and index; "" if unknown."""


class Base(Struct, frozen=True):
    """What a run begins from."""

    snapshot: Snapshot | None
    """The older snapshot; None for a full list."""
    why_full: WhyFull | None = None
    disagreement: Disagreement | None = None
    known: int | None = None
    """The id that this machine has as committed."""
    shown: int | None = None
    """The id that the cluster shows as committed."""

    def expires_soon(self, now: int) -> bool:
        """Return whether the older snapshot expires within a day; ``now`` in nanoseconds."""
        expires = self.snapshot.expires if self.snapshot else 0
        return 0 < expires < now + SOON


def choose_base(known: Committed | None, survey: Survey, source_id: str, archive: str = "") -> Base:
    """Return what a run begins from.

    Args:
        known: the newest committed snapshot, as this machine remembers it; None if it has none.
        survey: what the cluster shows.
        source_id: the file id of the directory that the newer snapshot is of; "" if unknown.
        archive: what the archiver calls the place for the list; "" for any.
    """
    shown = survey.committed
    if known is None:
        why = WhyFull.FIRST if shown is None else WhyFull.ELSEWHERE
        return Base(None, why, shown=shown)
    disagreement = _disagreement(known.id, shown)
    snapshot = survey.all.get(known.id if shown is None else min(known.id, shown))
    why_full = _why_unusable(snapshot, known, source_id)
    if archive and known.archive not in ("", archive):
        why_full = WhyFull.ARCHIVE
    return Base(None if why_full else snapshot, why_full, disagreement, known.id, shown)


def _why_unusable(snapshot: Snapshot | None, known: Committed, source_id: str) -> WhyFull | None:
    """Return why changes cannot be listed from a snapshot; None if they can.

    Args:
        snapshot: that which is known as committed, or an older one that the cluster shows.
        known: what this machine's archive has.
        source_id: as in :func:`choose_base`.
    """
    if not snapshot:
        return WhyFull.GONE
    if snapshot.id == known.id and not is_same(snapshot, known):
        return WhyFull.DIFFERENT
    if snapshot.id < known.id and 0 < known.taken < snapshot.taken:
        return WhyFull.DIFFERENT  # it has a smaller id and is newer: the ids began anew
    # Sources may have changed places: the archive has what is known, and not what is shown.
    if source_id and {known.source_id, snapshot.source_id} - {"", source_id}:
        return WhyFull.REPLACED
    return None


def _disagreement(known: int, shown: int | None) -> Disagreement | None:
    if shown is None:
        return Disagreement.CLUSTER_SILENT
    if shown == known:
        return None
    return Disagreement.CLUSTER_NEWER if shown > known else Disagreement.CLUSTER_OLDER


def is_same(snapshot: Snapshot, known: Committed) -> bool:
    """Return whether a snapshot is the one that is remembered, as far as both are described.

    A cluster that was set up anew gives the same ids to different snapshots.
    """
    same_time = not known.taken or not snapshot.taken or known.taken == snapshot.taken
    same_source = (
        not known.source_id or not snapshot.source_id or known.source_id == snapshot.source_id
    )
    return same_time and same_source
