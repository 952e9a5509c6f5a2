"""The made-up cluster as a whole: what `qumulo_emulator.interface` asks of one. Knows no HTTP."""

import tempfile
import uuid
from collections.abc import Sequence
from typing import NoReturn

from qumulo_emulator.diff_policy import needs_diff
from qumulo_emulator.errors import NotEmulatedError, SnapshotNotFoundError
from qumulo_emulator.listings import ListingCache
from qumulo_emulator.model import Change, Snapshot
from qumulo_emulator.names import Parts, join_path
from qumulo_emulator.settings import Settings
from qumulo_emulator.state import State
from qumulo_emulator.synthetic import shapes, times
from qumulo_emulator.synthetic.diff import SyntheticDiff
from qumulo_emulator.synthetic.shapes import Shape
from qumulo_emulator.synthetic.tree import SyntheticTree, top
from qumulo_emulator.tokens import Tokens

OLDER, NEWER = 1, 2
_SOURCE = (shapes.SOURCE,)


class SyntheticSnapshots:
    """The two snapshots of a made-up tree; there will never be others.

    Args:
        source_id: the id of the directory that they are of.
        older: the tree that the older one remembers.
        newer: the tree that the newer one remembers.
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
        """Both of them."""
        return list(self._known.values())

    def get(self, number: int) -> Snapshot:
        """One of them.

        Raises:
            SnapshotNotFoundError: if there is none with this id.
        """
        if number not in self._known:
            raise SnapshotNotFoundError(f"there is no snapshot {number}")
        return self._known[number]

    def tree(self, number: int) -> SyntheticTree:
        """The tree that one remembers."""
        return self._trees[self.get(number).id]

    def take(self, _parts: Parts, _label: str | None, _expires: int | None) -> NoReturn:
        """Refused."""
        raise _not_supported("has the snapshots 1 and 2 alone")

    def set_expiration(self, _number: int, _expires: int | None) -> NoReturn:
        """Refused."""
        raise _not_supported("keeps its snapshots")

    def delete(self, _number: int) -> NoReturn:
        """Refused."""
        raise _not_supported("keeps its snapshots")

    def remove_expired(self) -> None:
        """Nothing: they do not expire."""


class SyntheticCluster:
    """A cluster with a made-up tree and two snapshots of it. May be used by many threads at once.

    Args:
        shape: how the changes between the snapshots are spread.
        size: how many there are; for `created`, how many files were created.
        username: its only user.
        password: that user's password.
        token_lifetime: how many seconds a session lasts.
        settings: how it answers to begin with.
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
        self.source = top(self.contents).child(0, 0)
        older, newer = (
            SyntheticTree(self.contents, _SOURCE, newer=newer) for newer in (False, True)
        )
        self.snapshots = SyntheticSnapshots(self.source.id, older, newer)
        self.listings = ListingCache()
        self._state = State(None, shapes.SOURCE)
        self.tokens = Tokens(username, password, token_lifetime, self._state)
        self.root = tempfile.gettempdir()
        self.name = "qumulo-emulator"
        self.uuid = str(uuid.uuid5(uuid.NAMESPACE_URL, f"qumulo-emulator:{shape}:{size}"))
        self._settings = settings or Settings()

    @property
    def settings(self) -> Settings:
        """How it answers where the API does not say.

        Raises:
            NotEmulatedError: if set to an order or a diff that would have to be kept to be sorted,
                or to show the live tree in a snapshot.
        """
        return self._settings

    @settings.setter
    def settings(self, changed: Settings) -> None:
        if changed.order not in ("ascending", "as_found") or changed.swapped_ids == "diff":
            raise _not_supported("is told in ascending order, from older to newer")
        if changed.uncovered == "live":
            raise _not_supported("refuses what a snapshot does not cover")
        self._settings = changed

    @property
    def editor(self) -> NoReturn:
        """Refused."""
        raise _not_supported("cannot be changed")

    def startup_facts(self) -> dict[str, object]:
        """What it serves, to be told at the start; `files` are those of the newer snapshot."""
        source = join_path(_SOURCE, directory=False)
        return {"source": source, "older": OLDER, "newer": NEWER, "files": self.contents.files}

    def rename(self, name: str) -> None:
        """Give the cluster another name."""
        self.name = name

    def tree(self, snapshot: int | None) -> SyntheticTree:
        """The live tree, or that of a snapshot."""
        return self.files if snapshot is None else self.snapshots.tree(snapshot)

    def diff(self, newer: int, older: int) -> Sequence[Change]:
        """What changed between two snapshots, by ascending path.

        Raises:
            SnapshotNotFoundError: if there is no such snapshot.
            SnapshotDiffError: if they cannot be compared, as the settings have it.
        """
        new, old = self.snapshots.get(newer), self.snapshots.get(older)
        if new is old or not needs_diff(new, old, self.settings):
            return []
        return SyntheticDiff(self.contents)

    def save_ids(self) -> None:
        """Nothing: its ids follow from where things are."""

    def close(self) -> None:
        """Let go of the state."""
        self._state.close()


def _not_supported(what: str) -> NotEmulatedError:
    return NotEmulatedError(f"a made-up tree {what}")
