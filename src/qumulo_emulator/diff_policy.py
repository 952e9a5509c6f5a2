"""Which two snapshots can be compared."""

from qumulo_emulator.errors import SnapshotDiffError
from qumulo_emulator.model import Snapshot
from qumulo_emulator.settings import Settings


def needs_diff(newer: Snapshot, older: Snapshot, settings: Settings) -> bool:
    """Return whether the diff must be computed; if not, the settings define it as empty.

    Raises:
        SnapshotDiffError: if the settings define the comparison as an error.
    """
    for applies, answer, complaint in (
        (newer.id == older.id, settings.same_id, "these are one snapshot"),
        (newer.id < older.id, settings.swapped_ids, "the older snapshot is not older"),
        (
            newer.source_id != older.source_id,
            settings.different_sources,
            "these are snapshots of different directories",
        ),
    ):
        if applies and answer == "error":
            raise SnapshotDiffError(f"{complaint}: {newer.id} and {older.id}")
        if applies and answer == "empty":
            return False
    return True
