"""The pages of a diff that a run keeps, so that one after it goes on from the last of them."""

import contextlib
import hashlib
import os
import re
import time
from collections.abc import Iterator

from qumulo_changelist.checks.base_path import SnapshotPair
from qumulo_changelist.cluster.interface import UndecodedPage
from qumulo_changelist.config.settings import Settings
from qumulo_changelist.errors import (
    DeletionLimitError,
    NotFoundError,
    ProofError,
    ReplyError,
)
from qumulo_changelist.events import KeepingStopped, Listener, PagesDropped, PagesReused
from qumulo_changelist.machine.shortages import check_shortage
from qumulo_changelist.model import Snapshot
from qumulo_changelist.operations.lists.keeping.folder import (
    PAGES_ENDING,
    KeptFolder,
    NoRoomError,
    describe_problem,
)
from qumulo_changelist.operations.lists.keeping.page_file import PageFile, PagesHeader, open_pages

# After these, unless they may pass, the same pages would lead to the same end.
_REFUSED = (DeletionLimitError, ProofError, ReplyError, NotFoundError)


@contextlib.contextmanager
def keep_pages(
    folder: KeptFolder | None, settings: Settings, pair: SnapshotPair, listener: Listener
) -> Iterator["KeptPages | None"]:
    """Keep the pages of a diff for a ``with`` block, and longer if a later run may use them.

    Args:
        folder: where they are kept; None to keep none.
        settings: how the cluster is reached; only over REST there are pages.
        pair: both snapshots; the cluster has to say when they were taken.
        listener: receives the events of the run.
    """
    snapshots = pair.older.snapshot, pair.newer.snapshot
    is_known = all(each.taken for each in snapshots)
    if not folder or pair.is_full or not is_known or settings.transport != "rest":
        yield None
        return
    older, newer = snapshots
    identity = identify_diff(settings, older, newer)
    header = PagesHeader(identity, older.id, newer.id, int(time.time()))
    kept = KeptPages(folder, header, listener)
    try:
        yield kept
    except _REFUSED as error:
        if not error.transient:
            kept.remove()
        raise
    finally:
        kept.close()


class KeptPages:
    """Implements :class:`~qumulo_changelist.cluster.interface.PageStore`; it never fails a run."""

    def __init__(self, folder: KeptFolder, header: PagesHeader, listener: Listener) -> None:
        self._folder, self._header, self._listener = folder, header, listener
        self._path = os.path.join(folder.path, header.identity.hex() + PAGES_ENDING)
        self._file: PageFile | None = None
        self._keeps = True
        self._starts_over = False
        with self._problems():
            if folder.is_usable:
                self._file = open_pages(self._path, header, new=False)
        if self._file and self._file.is_damaged:
            listener(PagesDropped(f"the end of {self._path} is damaged"))
        if self._file and self._file.count and not self._has_first_page(self._file):
            self.start_over(f"{self._path} lacks the first page")

    @property
    def next_uri(self) -> str | None:
        """See ``PageStore``."""
        return self._file.next_uri if self._file and not self._starts_over else None

    def last(self) -> tuple[str, UndecodedPage]:
        """Return the last page, and where it is; see ``PageStore``."""
        assert self._file
        last = self._file.count - 1
        return self._file.page(last - 1).next_uri if last else "", self._file.page(last)

    def pages(self) -> Iterator[UndecodedPage]:
        """Yield the pages that are kept; see ``PageStore``."""
        if self._file:
            self._listener(PagesReused(self._file.count))
            yield from self._file.pages()

    def start_over(self, reason: str) -> None:
        """Forget what is kept as soon as there is something better; see ``PageStore``."""
        self._listener(PagesDropped(reason))
        self._starts_over = True

    def keep(self, page: UndecodedPage) -> None:
        """Keep a page; see ``PageStore``. A diff of one page is not worth it."""
        if not self._keeps or (not page.next_uri and self.next_uri is None):
            return
        with self._problems():
            if self._file and self._starts_over:
                self._file.clear()
                self._starts_over = False
            self._folder.take_room(len(page.data))
            self._file = self._file or open_pages(self._path, self._header, new=True)
            if not self._file:
                self._keeps = False  # another run removed it, so this page has no place
                return
            self._file.add(page)

    def _has_first_page(self, file: PageFile) -> bool:
        uri = f"/v2/snapshots/{self._header.newer}/changes-since/{self._header.older}"
        first = rf"GET {re.escape(uri)}\?limit=\d+"  # without a cursor
        return bool(re.fullmatch(first, file.first_source, re.ASCII))

    def remove(self) -> None:
        """Remove all of them, if this run holds them."""
        if self._file:
            with contextlib.suppress(OSError):
                os.unlink(self._path)

    def close(self) -> None:
        """Let other runs have them."""
        if self._file:
            self._file.close()
            self._file = None

    @contextlib.contextmanager
    def _problems(self) -> Iterator[None]:
        """Keep no further page after a problem, and report it."""
        try:
            yield
        except (BlockingIOError, FileExistsError):
            self._keeps = False  # another run of the same pair keeps them
        except (OSError, NoRoomError) as error:
            check_shortage(error)
            self._keeps = False
            self._listener(KeepingStopped(self._path, describe_problem(error)))


def identify_diff(settings: Settings, older: Snapshot, newer: Snapshot) -> bytes:
    """Return a hash of all that the pages of a diff depend on.

    A cluster has no identity but its addresses, and when which snapshots were taken.
    """
    cluster = (sorted(settings.hosts), settings.port, settings.username)
    values = (cluster, identify_snapshot(older), identify_snapshot(newer))
    return hashlib.sha256(repr(values).encode("utf-8", "surrogatepass")).digest()


def identify_snapshot(snapshot: Snapshot) -> tuple[object, ...]:
    """Return what distinguishes a snapshot from every other one of the same cluster."""
    return snapshot.id, snapshot.label, snapshot.taken, snapshot.source, snapshot.source_id
