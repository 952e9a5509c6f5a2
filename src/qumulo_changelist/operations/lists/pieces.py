"""From the diff of two snapshots to the pieces of a list, in order."""

import contextlib
from collections.abc import Generator, Iterable, Iterator, Sequence

from msgspec import Struct

from qumulo_changelist.changes import key
from qumulo_changelist.changes.changeset import ChangeSet, SelectedChanges, encode_changes
from qumulo_changelist.changes.scope import Scope
from qumulo_changelist.changes.sieve import NO_SIEVE, ChangeSieve
from qumulo_changelist.changes.slice import Slice
from qumulo_changelist.changes.slices import cut
from qumulo_changelist.changes.sorted_keys import SortedKeys
from qumulo_changelist.cluster.endless import EmptyPages
from qumulo_changelist.cluster.interface import BEGUN_ANEW, Cluster, DiffPage, PageStore
from qumulo_changelist.errors import InconsistentReadError
from qumulo_changelist.events import EntryLeftOut, EntryUnreadable, Listener, MoreUnreadable
from qumulo_changelist.model import Batch
from qumulo_changelist.operations.lists.plan import CountingDivision, Planner
from qumulo_changelist.operations.lists.progress import ProgressMeter
from qumulo_changelist.operations.lists.unreadable import UnreadableWatch
from qumulo_changelist.output.list_file import ListFile
from qumulo_changelist.runners.encode import CountedPieces, EntryEncoder
from qumulo_changelist.runners.job import Product, SliceResult
from qumulo_changelist.runners.local import LocalRunner
from qumulo_changelist.scan.moves import SetAsideCandidates, pair_moves
from qumulo_changelist.scan.tally import Tally
from qumulo_changelist.scan.unread import UnreadDirectories

# For fewer changes, or entries of whole directories, no process is started: the work is done before
# a process is ready. With smaller slices, this number of them is enough work.
_MIN_WORK_FOR_PROCESSES = 20_000
_MIN_SLICES_FOR_PROCESSES = 20

# The number of unreadable entries that are reported one by one; the list contains all of them.
_MAX_REPORTED = 20

_ENTRIES_IN_A_PIECE = 20_000


def collect_changes(
    cluster: Cluster,
    older: int,
    newer: int,
    changes: ChangeSet,
    store: PageStore | None,
    runner: LocalRunner,
    planner: Planner,
    meter: ProgressMeter,
) -> int:
    """Collect what differs between two snapshots; return the number of changes out of scope.

    Args:
        cluster: returns the diff.
        older: the id of the older snapshot.
        newer: the id of the newer snapshot.
        changes: receives the changes.
        store: keeps the pages, and has those that an earlier run has kept.
        runner: its processes are started when there is work for them, and then help to decode.
        planner: learns what whole directories weigh.
        meter: counts the changes.
    """
    received_in_all = out_of_scope = 0
    empty = EmptyPages(f"the diff of the snapshots {older} and {newer}")
    encode = PageEncoder(changes.scope, changes.sieve)
    pages = _selected_pages(cluster, (older, newer), store, encode, runner)
    with contextlib.closing(pages):
        for received, selected in pages:
            if selected is None:
                meter.add_changes(-received_in_all)
                changes.clear()
                received_in_all = out_of_scope = 0
                continue
            empty.count(received)
            received_in_all += received
            out_of_scope += received - changes.add_selected(selected)
            planner.expect(selected.encoded.directories)
            meter.add_changes(received)
            if len(changes) >= _MIN_WORK_FOR_PROCESSES:
                runner.start_processes()
    return out_of_scope


def _selected_pages(
    cluster: Cluster,
    snapshots: tuple[int, int],
    store: PageStore | None,
    encode: "PageEncoder",
    runner: LocalRunner,
) -> Generator[tuple[int, SelectedChanges | None], None, None]:
    """Yield the number of changes of each page, and those that count; None to begin anew."""
    undecoded = cluster.diff_pages(*snapshots, store)
    if undecoded is not None:
        with contextlib.closing(undecoded):
            yield from runner.share(encode, undecoded)
        return
    with contextlib.closing(cluster.changes(*snapshots)) as pages:
        for page in pages:
            is_page = page is not BEGUN_ANEW
            selected = encode_changes(encode.scope, page, encode.sieve) if is_page else None
            yield len(page), selected


class PageEncoder(Struct, frozen=True):
    """Decodes and encodes a page of a diff. It can be pickled."""

    scope: Scope
    sieve: ChangeSieve = NO_SIEVE

    def __call__(self, page: DiffPage) -> tuple[int, SelectedChanges]:
        """Return the number of changes of a page, and those that count."""
        changes = page.changes()
        return len(changes), encode_changes(self.scope, changes, self.sieve)


def prepare_slices(
    changes: ChangeSet, size: int, runner: LocalRunner, division: CountingDivision
) -> Iterator[Slice]:
    """Return the slices of the changes, in order, and start processes if there is work for them.

    Args:
        changes: the changes.
        size: the number of changes, or of entries of whole directories, in a slice.
        runner: will work on the slices.
        division: how whole directories are divided.
    """
    enough = min(_MIN_WORK_FOR_PROCESSES, size * _MIN_SLICES_FOR_PROCESSES) - len(changes)
    if division.count(map(key.unescape, changes.whole_directories), enough) >= enough:
        runner.start_processes()
    return cut(changes.drain(), size, changes.whole_directories, division)


def take_products(
    results: Iterable[SliceResult[Product]],
    tallies: Sequence[Tally],
    watch: UnreadableWatch,
    meter: ProgressMeter,
) -> Iterator[Product]:
    """Yield the products of slices; the tallies get what was counted beside them.

    Raises:
        ChangelistError: what is read is not there any more.
        InconsistentReadError: a directory could be read for one slice and not for another.
    """
    unread = UnreadDirectories()
    for result in results:
        unread.merge(result.unread)
        for tally in tallies:
            tally.add_changed_since(result.changed_since)
            tally.filtered.merge(result.left_out)
        watch.count(result.failures)
        meter.end_slice()
        yield result.product
    if missing := unread.missing:
        raise InconsistentReadError(
            f"{missing[0]} could be read for one part of the list, and not for another"
        )


def encode_with_moves(
    slices: Iterable[SetAsideCandidates],
    encode: EntryEncoder,
    limit: int,
    folder: str,
    *,
    deletes: bool,
) -> Iterator[CountedPieces]:
    """Yield the pieces of lists that report moves.

    Args:
        slices: the entries of all slices.
        encode: encodes them.
        limit: the number of entries that each of the two collections keeps in memory; more go to
            disk.
        folder: the folder for them.
        deletes: whether deletions are wanted.
    """
    with (
        contextlib.closing(SortedKeys(limit, folder)) as candidates,
        contextlib.closing(SortedKeys(limit, folder)) as settled,
    ):
        batches: list[Batch] = []
        for batch in pair_moves(slices, candidates, settled, deletes=deletes):
            batches.append(batch)
            if sum(map(len, batches)) >= _ENTRIES_IN_A_PIECE:
                yield encode(batches)
                batches = []
        if batches:
            yield encode(batches)


def write_pieces(
    files: Sequence[ListFile],
    pieces: Iterable[CountedPieces],
    tallies: Sequence[Tally],
    watch: UnreadableWatch,
    listener: Listener,
    meter: ProgressMeter,
) -> None:
    """Put pieces into the files of lists, and report entries that are unreadable or left out.

    Args:
        files: the lists.
        pieces: a piece of each list at a time.
        tallies: count what each list contains.
        watch: ends the run if too much cannot be read.
        listener: receives the events of the run.
        meter: counts the entries of the first list.

    Raises:
        OutputError: there is no room for a list.
        TooManyUnreadableError: too much cannot be read.
    """
    reported = 0
    for counted in pieces:
        unreadable = dict.fromkeys(pair for each in counted for pair in each.tally.unreadable)
        for name, reason in list(unreadable)[: max(_MAX_REPORTED - reported, 0)]:
            listener(EntryUnreadable(name, reason))
        first = counted[0].tally
        for name in first.left_out:
            listener(EntryLeftOut(name))
        reported += max(each.tally.totals.unreadable for each in counted)
        for file, tally, each in zip(files, tallies, counted, strict=True):
            file.add(each.piece)
            tally.merge(each.tally)
        watch.look()
        meter.add_piece(first.totals)
    if reported > _MAX_REPORTED:
        listener(MoreUnreadable(reported - _MAX_REPORTED))
