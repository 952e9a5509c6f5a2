"""A cluster with a synthetic tree and two snapshots of it, without HTTP."""

import tempfile
import uuid
from collections.abc import Sequence
from typing import NoReturn

from qumulo_emulator.clock import ClusterClock
from qumulo_emulator.diff_policy import needs_diff
from qumulo_emulator.errors import NotEmulatedError, SnapshotNotFoundError
from qumulo_emulator.listings import ListingCache
from qumulo_emulator.model import Change, Snapshot, SnapshotPolicy
from qumulo_emulator.names import Parts, join_path
from qumulo_emulator.policies import Policies
from qumulo_emulator.settings import Settings
from qumulo_emulator.state import State
from qumulo_emulator.synthetic import shapes, times
from qumulo_emulator.synthetic.diff import SyntheticDiff
from qumulo_emulator.synthetic.shapes import Shape
from qumulo_emulator.synthetic.tree import SyntheticTree, root_place
from qumulo_emulator.tokens import Tokens

OLDER, NEWER = 1, 2
_SOURCE = (shapes.SOURCE,)


class SyntheticSnapshots:
    """The two snapshots of a synthetic tree; see `qumulo_emulator.interface.Snapshots`.

    Args:
        source_id: the id of the snapshots' directory.
        older: the tree of the older snapshot.
        newer: the tree of the newer snapshot.
    """

    def __init__(self, source_id: int, older: SyntheticTree, newer: SyntheticTree) -> None:
        self._trees = {OLDER: older, NEWER: newer}
        self._known = {
            number: Snapshot(number, label, taken, source_id, _SOURCE, None)
            for number, label, taken in (
                (OLDER, "older", times.OLDER_TAKEN),
                (NEWER, "newer", times.NEWER_TAKEN),
            )
        }

    def all(self) -> list[Snapshot]:
        """Return both snapshots."""
        return list(self._known.values())

    def get(self, number: int) -> Snapshot:
        """Return the snapshot with this id.

        Raises:
            SnapshotNotFoundError: if there is none.
        """
        if number not in self._known:
            raise SnapshotNotFoundError(f"there is no snapshot {number}")
        return self._known[number]

    def tree(self, number: int) -> SyntheticTree:
        """Return the tree of a snapshot; raises as `get` does."""
        return self._trees[self.get(number).id]

    def take(
        self,
        _parts: Parts,
        _label: str | None,
        _expires: int | None,
        _policy: SnapshotPolicy | None = None,
    ) -> NoReturn:
        """Refuse to take a snapshot.

        Raises:
            NotEmulatedError: always.
        """
        raise _not_supported("has only the snapshots 1 and 2")

    def set_expiration(self, _number: int, _expires: int | None) -> NoReturn:
        """Refuse to change a snapshot.

        Raises:
            NotEmulatedError: always.
        """
        raise _not_supported("never changes its snapshots")

    def lock(self, _number: int, _key: str) -> NoReturn:
        """Refuse to lock a snapshot.

        Raises:
            NotEmulatedError: always.
        """
        raise _not_supported("never changes its snapshots")

    def delete(self, _number: int, *, lasts: bool = False) -> NoReturn:
        """Refuse to delete a snapshot.

        Raises:
            NotEmulatedError: always.
        """
        raise _not_supported("never loses its snapshots")

    def remove_expired(self) -> None:
        """Do nothing: these snapshots do not expire."""


class SyntheticCluster:
    """A cluster with a synthetic tree and two snapshots of it. Thread-safe.

    Args:
        shape: how the changes between the snapshots are distributed.
        size: the number of changes; if one directory was created, the number of files in it.
        username: its only user.
        password: that user's password.
        token_lifetime: how many seconds a session lasts.
        settings: how it answers at first; None for the defaults.
    """

    def __init__(
        self,
        shape: Shape,
        size: int,
        *,
        username: str,
        password: str,
        token_lifetime: float = 36_000,
        settings: Settings | None = None,
    ) -> None:
        self.contents = shapes.root(shape, size)
        self.files = SyntheticTree(self.contents, (), newer=True)
        self.source = root_place(self.contents).child(0, 0)
        older, newer = (
            SyntheticTree(self.contents, _SOURCE, newer=newer) for newer in (False, True)
        )
        self.snapshots = SyntheticSnapshots(self.source.id, older, newer)
        self.listings = ListingCache()
        self.clock = ClusterClock()
        self._state = State(None, shapes.SOURCE)
        self.policies = Policies(self._state)
        self.tokens = Tokens(username, password, token_lifetime, self._state, self.clock)
        self.root = tempfile.gettempdir()
        self.name = "qumulo-emulator"
        self.uuid = str(uuid.uuid5(uuid.NAMESPACE_URL, f"qumulo-emulator:{shape}:{size}"))
        self._settings = settings or Settings()

    @property
    def settings(self) -> Settings:
        """How it answers where the API's documentation leaves it open.

        Raises:
            NotEmulatedError: if set to an order or a diff that would need the whole diff in memory,
                or to `uncovered` "live".
        """
        return self._settings

    @settings.setter
    def settings(self, changed: Settings) -> None:
        if changed.order not in ("ascending", "as_found") or changed.swapped_ids == "diff":
            raise _not_supported("has its diff in ascending order only, from older to newer")
        if changed.uncovered == "live":
            raise _not_supported("does not answer outside of a snapshot's directory")
        self._settings = changed

    @property
    def editor(self) -> NoReturn:
        """Refuse, since a synthetic tree cannot be changed.

        Raises:
            NotEmulatedError: always.
        """
        raise _not_supported("cannot be changed")

    def startup_facts(self) -> dict[str, object]:
        """Return what is served; `files` is the number of files in the newer snapshot."""
        source = join_path(_SOURCE, directory=False)
        files = self.contents.totals(newer=True).files
        return {"source": source, "older": OLDER, "newer": NEWER, "files": files}

    def rename(self, name: str) -> None:
        """Change the cluster's name."""
        self.name = name

    def tree(self, snapshot: int | None) -> SyntheticTree:
        """Return the tree of a snapshot; None means the live tree."""
        return self.files if snapshot is None else self.snapshots.tree(snapshot)

    def diff(self, newer: int, older: int) -> Sequence[Change]:
        """Return what changed between two snapshots, by ascending path.

        Raises:
            SnapshotNotFoundError: if one of the snapshots does not exist.
            SnapshotDiffError: if the settings define the comparison as an error.
        """
        new, old = self.snapshots.get(newer), self.snapshots.get(older)
        if new is old or not needs_diff(new, old, self.settings):
            return []
        return SyntheticDiff(self.contents)

    def save_ids(self) -> None:
        """Do nothing: the ids are computed."""

    def close(self) -> None:
        """Close the state."""
        self._state.close()


def _not_supported(what: str) -> NotEmulatedError:
    return NotEmulatedError(f"a synthetic tree {what}")
