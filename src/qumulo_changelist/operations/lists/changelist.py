"""Listing what changed between two snapshots, or all that one snapshot has."""

import contextlib
import time
from collections.abc import Iterator
from functools import partial

from qumulo_changelist.changes.changeset import ChangeSet
from qumulo_changelist.changes.key import CREATED
from qumulo_changelist.changes.scope import Scope
from qumulo_changelist.changes.sieve import ChangeSieve
from qumulo_changelist.checks.base_path import find_base
from qumulo_changelist.checks.deletion_limit import check_deletions
from qumulo_changelist.checks.proof import Proof, count_excluded, count_files, net_files, prove
from qumulo_changelist.checks.request import normalize_cluster_path
from qumulo_changelist.cluster.connect import open_cluster, with_answering_host
from qumulo_changelist.config.settings import Settings
from qumulo_changelist.events import (
    ChangesCollected,
    Listener,
    Stage,
    ignore,
)
from qumulo_changelist.machine.shortages import shortage_errors
from qumulo_changelist.model import CREATE, Change
from qumulo_changelist.operations.lists import pieces, receipt
from qumulo_changelist.operations.lists.held_mounts import HeldMounts
from qumulo_changelist.operations.lists.keeping.parts import keep_parts
from qumulo_changelist.operations.lists.open_list import OpenList
from qumulo_changelist.operations.lists.places import check_owners_of, check_places
from qumulo_changelist.operations.lists.plan import Planner
from qumulo_changelist.operations.lists.progress import ProgressMeter
from qumulo_changelist.operations.lists.receipt_making import KnownOfRun, make_receipt
from qumulo_changelist.operations.lists.request import ChangelistRequest
from qumulo_changelist.operations.lists.result import ChangelistResult, PublishedList
from qumulo_changelist.operations.lists.snapshot_pair import check_still_there, find_snapshots
from qumulo_changelist.operations.lists.travelling import travelling_job
from qumulo_changelist.operations.lists.tree_choice import TreeChoice, Trees, check_way
from qumulo_changelist.operations.lists.unreadable import MostReadable, UnreadableWatch
from qumulo_changelist.output.formats import ListParameters, is_written_beside
from qumulo_changelist.output.list_file import WrittenList
from qumulo_changelist.output.publication import FilledList, publish, receipt_path_of
from qumulo_changelist.run_id import new_run_id
from qumulo_changelist.runners.encode import CountedPieces, EntryEncoder, SidesEncoder
from qumulo_changelist.runners.job import Finish, Product, SliceJob
from qumulo_changelist.runners.local import open_runner
from qumulo_changelist.runners.piece_codec import CandidatesCodec, PiecesCodec
from qumulo_changelist.scan.moves import CandidateFinder, SetAsideCandidates
from qumulo_changelist.scan.sieve import EntrySieve
from qumulo_changelist.scan.tally import Tally


def generate_changelist(
    request: ChangelistRequest, settings: Settings, listener: Listener = ignore
) -> ChangelistResult:
    """Write the lists of what changed between two snapshots, and their receipts, and publish all.

    Without an older snapshot these are full lists: every regular file that the newer one has, as
    created.

    Args:
        request: what to list.
        settings: how to reach the cluster, and where lists belong.
        listener: receives the events of the run.

    Raises:
        SnapshotMissingError: the cluster does not have a snapshot.
        ChangelistError: no list was published, and an earlier one is unchanged. After a
            ``ReceiptError``, the new list is in its place.
    """
    with shortage_errors(), contextlib.ExitStack() as stack:
        run = _Run(request, settings, listener, stack)
        run.fill()
        run.check()
        return run.publish()


class _Run:
    """One run, from the request to the published list.

    Args:
        request: what to list.
        settings: how to reach the cluster, and where lists belong.
        listener: receives the events of the run.
        stack: closes what is opened.
    """

    def __init__(
        self,
        request: ChangelistRequest,
        settings: Settings,
        listener: Listener,
        stack: contextlib.ExitStack,
    ) -> None:
        self._started = time.time_ns()
        self._run_id = request.run_id or new_run_id()
        request = request.located()
        request.check()
        self._request, self._listener = request.effective(), listener
        self._scope = Scope(normalize_cluster_path(request.base_path))
        check_way(self._request, settings)
        places = check_places(settings.work_folder, self._request)
        self._settings = settings = with_answering_host(settings, listener)
        self._cluster = stack.enter_context(
            open_cluster(settings, listener, page_size=request.page_size)
        )
        self._mounts = HeldMounts(request, stack)
        self._pair = find_snapshots(self._cluster, self._scope, self._request, listener)
        self._file_filter = request.filters.at(self._pair.newer.snapshot.taken)
        base = self._scope.base or "/"
        self._kept = stack.enter_context(keep_parts(self._request, settings, self._pair, listener))
        parameters = ListParameters(request.source_index, self._kept.pieces.run_time, base)
        self._lists = [OpenList(each, parameters, stack) for each in places]
        check_owners_of(places)  # now that the folders are there
        self._folder = self._lists[0].file.folder
        self._changes = ChangeSet(
            self._scope,
            limit=request.spill_after,
            folder=self._folder,
            sieve=ChangeSieve(request.filters.paths, request.verify, self._request.deletes),
        )
        stack.callback(self._changes.close)
        self._planner = Planner(self._request, settings, self._cluster, self._pair, listener, stack)
        self._meter = ProgressMeter(listener, base)
        self._runner = stack.enter_context(
            open_runner(request.workers, request.scheduler, listener, self._meter.watch)
        )
        self._meter.requests = lambda: self._runner.requests_under_way
        # Of the first list: what the run is checked by, and shows.
        self._tally = self._lists[0].tally
        self._out_of_scope = 0
        self._in_scope: int | None = None
        self._proof: Proof | None = None
        self._watch = UnreadableWatch(
            request.max_unreadable,
            [each.tally for each in self._lists],
            self._check_sources,
            "" if request.metadata == "rest" else request.mapped_path or "",
        )
        self._net_is_known = True
        self._excluded_gain = 0

    def _collect_changes(self) -> None:
        changes, scope, older = self._changes, self._scope, self._request.older
        if older is None:
            changes.add([Change(CREATE, scope.base + self._pair.newer.top)])
            self._planner.expect((path, CREATED) for path in changes.whole_directories)
            return
        self._meter.begin(Stage.DIFF)
        self._out_of_scope = pieces.collect_changes(
            *(self._cluster, older, self._request.newer, changes),
            *(self._kept.pages, self._runner, self._planner, self._meter),
        )
        self._in_scope = changes.in_scope
        self._listener(ChangesCollected(scope.base or "/", self._in_scope, self._out_of_scope))
        self._pair = find_base(self._cluster, self._pair, changes)

    def fill(self) -> None:
        """Fill the list with what changed."""
        request, changes, listener = self._request, self._changes, self._listener
        self._collect_changes()
        self._meter.begin(Stage.LISTING)
        choice = TreeChoice(request, self._settings, self._cluster, self._pair, listener)
        self._mounts.check()
        trees = self._mounts.hold(choice.choose(changes))
        self._watch.most_readable = MostReadable(request, self._cluster, self._pair, changes)
        choice.report_qq_folders(trees, changes)
        with_moves = request.moves and changes.has_creations and changes.has_deletions
        reads_older = with_moves or request.deletes or request.verify
        self._net_is_known = reads_older or not changes.has_deletions
        counted_pieces = self._pieces_with_moves(trees) if with_moves else self._pieces(trees)
        files = [each.file for each in self._lists]
        tallies = [each.tally for each in self._lists]
        pieces.write_pieces(files, counted_pieces, tallies, self._watch, listener, self._meter)
        for tally in tallies:
            tally.filtered.merge(changes.left_out)

    def _pieces(self, trees: Trees) -> Iterator[CountedPieces]:
        request = self._request
        older = trees.older if request.deletes or request.verify else None
        return self._products(
            SliceJob(
                trees.newer,
                older,
                SidesEncoder(self._encode, request.deletes),
                sieve=self._sieve,
                keeper=self._kept.pieces.keeper(PiecesCodec(), self._pair),
            )
        )

    def _pieces_with_moves(self, trees: Trees) -> Iterator[CountedPieces]:
        request = self._request
        finder: Finish[SetAsideCandidates] = CandidateFinder(self._encode.can_hold)
        keeper = self._kept.pieces.keeper(CandidatesCodec(), self._pair)
        slices = self._products(
            SliceJob(trees.newer, trees.older, finder, trees.identified, self._sieve, keeper)
        )
        limits = (request.spill_after, self._folder)
        return pieces.encode_with_moves(slices, self._encode, *limits, deletes=request.deletes)

    @property
    def _encode(self) -> EntryEncoder:
        formats = tuple(each.list_format for each in self._lists)
        by_folder = self._request.max_deletes is not None
        return EntryEncoder(formats, by_folder, self._request.filters.only)

    @property
    def _sieve(self) -> EntrySieve:
        return EntrySieve(self._request.filters.paths, self._file_filter, self._request.deletes)

    def _products(self, job: SliceJob[Product]) -> Iterator[Product]:
        tallies = [each.tally for each in self._lists]
        division = self._planner.divide(
            job, self._changes, self._folder, is_parallel=self._runner.is_parallel
        )
        slices = pieces.prepare_slices(
            self._changes, self._request.slice_size, self._runner, division
        )
        if not self._pair.is_full:  # of one change, nobody learns how much is left
            self._meter.expect(len(self._changes))
        if scheduler := self._request.scheduler:
            job = travelling_job(job, scheduler, self._settings, self._listener)
        results = self._runner.run(job, self._meter.count_slices(slices))
        return pieces.take_products(
            self._kept.pieces.count(results), tallies, self._watch, self._meter
        )

    def _check_sources(self) -> None:
        check_still_there(self._cluster, self._pair, self._request)
        self._mounts.check()

    def check(self) -> None:
        """Make sure that the list may be published.

        Raises:
            TooManyUnreadableError: too much of it could not be read.
            MountChangedError: the mapped path is not what it was when the run began.
            SnapshotMissingError: a snapshot was deleted while it was read.
            DeletionLimitError: it deletes too many files.
            ProofError: it does not agree with the cluster's counts.
        """
        request, tally = self._request, self._tally
        self._watch.check()
        if request.max_deletes is not None or request.verify:
            self._meter.begin(Stage.CHECKING)
        if request.max_deletes is not None:
            # Not every list can hold every name.
            most = max(self._lists, key=lambda each: each.tally.totals.deleted_files).tally
            check_deletions(
                most.totals,
                request.max_deletes,
                partial(count_files, self._cluster, self._pair.older),
                most.deleted_by_folder,
            )
        if request.verify:
            self._excluded_gain = count_excluded(self._cluster, self._pair, tally.filtered)
            self._proof = prove(
                self._cluster,
                self._pair,
                tally.totals,
                tally.unread_directories,
                filtered=tally.filtered,
                excluded_gain=self._excluded_gain,
                mounted=request.metadata != "rest",
                live=request.metadata == "mount",
            )

    def publish(self) -> ChangelistResult:
        """Put the lists and their receipts in their places."""
        published: list[PublishedList] = []

        def encode_receipt(each: OpenList, written: WrittenList) -> bytes:
            known = KnownOfRun(
                *(self._request, self._settings, self._pair, self._run_id, self._started),
                *(self._out_of_scope, self._net_files(each.tally), self._proof),
            )
            made = make_receipt(each, written, known)
            path = written.path
            published.append(PublishedList(path, receipt_path_of(path), made, each.tally.totals))
            return receipt.encode(made)

        self._meter.begin(Stage.WRITING)
        publish(
            [
                FilledList(
                    each.file,
                    each.tally.totals,
                    partial(encode_receipt, each),
                    is_beside=is_written_beside(each.format),
                )
                for each in self._lists
            ],
            self._listener,
        )
        self._kept.remove()
        return ChangelistResult(tuple(published), self._proof, self._in_scope)

    def _net_files(self, tally: Tally) -> int | None:
        filtered = tally.filtered
        if not self._net_is_known or tally.unread_directories or filtered.unseen:
            return None
        if filtered.has_directories and not self._proof:
            return None
        return net_files(tally.totals, filtered) + self._excluded_gain
