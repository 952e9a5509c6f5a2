"""``qumulo_generate_changelist.py``: lists what changed between two snapshots, for the archiver."""

import argparse
import contextlib
import os
import time
from collections.abc import Iterable, Sequence
from functools import partial

from qumulo_changelist.changes.changeset import ChangeSet
from qumulo_changelist.changes.scope import Scope
from qumulo_changelist.checks import base_path as bases
from qumulo_changelist.checks import deletion_limit as guard
from qumulo_changelist.checks.proof import Proof, count_files, prove
from qumulo_changelist.cli import command, trees
from qumulo_changelist.cli.options import parse
from qumulo_changelist.cli.summary import summary
from qumulo_changelist.errors import (
    FailingError,
    QqFailedError,
    QqUnreachableError,
    ReplyError,
    StatusError,
)
from qumulo_changelist.model import Snapshot
from qumulo_changelist.operations import changelist as pipeline
from qumulo_changelist.operations import receipt
from qumulo_changelist.operations.changelist import FormatEntries, ListContent
from qumulo_changelist.output.interface import Piece, PublishedList
from qumulo_changelist.output.list_file import scan_file
from qumulo_changelist.output.publication import publish
from qumulo_changelist.output.scan_xml import ScanXml
from qumulo_changelist.runners.job import Pool, Product, SliceJob, Workers
from qumulo_changelist.scan.moves import RecordEntries, SliceRecords
from qumulo_changelist.version import __version__

FOLDER = "sdna-scan-files"


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the list, print its path, and return the exit code."""
    return command.run(_main, arguments)


def _main(arguments: Sequence[str] | None) -> int:
    started = time.time_ns()
    options = parse(arguments)
    screen = command.Screen(verbose=options.verbose)
    with contextlib.ExitStack() as stack:
        run = _Run(options, screen, stack)
        filled = run.fill()
        proof = run.check(filled)
        publish(run.file, filled.totals, partial(run.receipt, filled, proof, started), screen)
    command.say(summary(filled.totals, proof, options))
    command.answer(run.path)
    return 1 if filled.totals.unreadable else 0


class _Run:
    """One run: what it is asked for, and what it works with.

    Args:
        options: of the command line.
        screen: hears what happens.
        stack: closes what was opened.
    """

    def __init__(
        self, options: argparse.Namespace, screen: command.Screen, stack: contextlib.ExitStack
    ) -> None:
        self._options, self._screen, self._stack = options, screen, stack
        self.scope = Scope(command.cluster_path("--basepath", options.basepath))
        self.settings = command.load_settings(options, screen)
        self.path = _list_path(self.settings.work_folder, options)
        self._cluster = stack.enter_context(
            command.open_cluster(self.settings, screen, options.page_size)
        )
        trees.check_mounted(options)
        held = self._snapshots()
        self.moments = bases.compare(
            self._cluster,
            self.scope,
            held.get(options.older, Snapshot(options.older, "")),
            held.get(options.newer, Snapshot(options.newer, "")),
        )
        self.file = stack.enter_context(scan_file(self.path))
        self._form = ScanXml(options.sourceindex, int(time.time()))
        self._changes = ChangeSet(self.scope, limit=options.spill_after, folder=self.file.folder)
        stack.callback(self._changes.close)
        self._pool = stack.enter_context(Pool(options.workers, screen))
        self.elsewhere = 0
        """How many changes are of what is not below the base path."""

    def _snapshots(self) -> dict[int, Snapshot]:
        """Return what the cluster says of both snapshots; a list can do without it."""
        options = self._options
        try:
            return self._cluster.snapshots(options.older, options.newer)
        except QqUnreachableError:
            raise
        except (StatusError, ReplyError, FailingError, QqFailedError) as error:
            # Without a login, nothing else can be asked either.
            if isinstance(error, StatusError | QqFailedError) and error.status == 401:
                raise
            self._screen.warning(
                "only the ids of the snapshots are known; that they are of one directory is taken "
                f"for granted, and the receipt lacks their names and times: {error}"
            )
            return {}

    def fill(self) -> ListContent:
        """Fill the list with what changed between the snapshots."""
        options, changes = self._options, self._changes
        self.elsewhere = pipeline.collect(
            *(self._cluster, options.older, options.newer, self.scope, changes, self._screen),
            many=self._pool.start,
        )
        self.moments = bases.find_base(self._cluster, self.moments, changes)
        sources = trees.sources(
            self.settings, self._cluster, self.moments, changes, options, self._screen
        )
        trees.announce(sources, changes, options, self._screen)
        if options.moves and changes.creations and changes.deletions:
            return self._fill_with_moves(sources)
        older = sources.older if options.deletes or options.verify else None
        workers: Workers[Piece] = self._workers(
            SliceJob(sources.newer, older, FormatEntries(self._form, deletes=options.deletes))
        )
        return self._filled(pipeline.products(changes, options.slice_size, workers), workers)

    def check(self, filled: ListContent) -> Proof | None:
        """Make sure that the list may be published; return the proof, where one is wanted.

        Raises:
            TooManyDeletesError: it deletes more than it may.
            ProofError: it is not what the cluster counts.
        """
        options = self._options
        if options.max_deletes:
            guard.check_deletes(
                filled.totals,
                options.max_deletes,
                partial(count_files, self._cluster, self.moments.older),
                self.file.deleted_files,
            )
        if not options.verify:
            return None
        mounted = options.metadata != trees.REST
        return prove(self._cluster, self.moments, filled, mounted=mounted)

    def receipt(
        self, filled: ListContent, proof: Proof | None, started: int, published: PublishedList
    ) -> bytes:
        """Return the receipt of the list, now that it is known how that turned out."""
        options = self._options
        content = receipt.Receipt(
            project=options.projectname,
            version=__version__,
            older=self.moments.older.snapshot,
            newer=self.moments.newer.snapshot,
            base_path=self.scope.base or "/",
            mapped_path=options.mappedpath,
            transport=self.settings.transport,
            metadata=options.metadata,
            deletes=options.deletes,
            moves=options.moves,
            started=started,
            ended=time.time_ns(),
            totals=filled.totals,
            unreadable=filled.unreadable,
            left_out=filled.left_out,
            elsewhere=self.elsewhere,
            proof=proof,
            published=published,
        )
        return receipt.text(content)

    def _fill_with_moves(self, sources: trees.Sources) -> ListContent:
        options = self._options
        workers: Workers[SliceRecords] = self._workers(
            SliceJob(sources.newer, sources.older, RecordEntries(self._form), sources.identified)
        )
        parted = pipeline.products(self._changes, options.slice_size, workers)
        limits = (options.spill_after, self.file.folder)
        pieces = pipeline.with_moves(parted, self._form, *limits, deletes=options.deletes)
        return self._filled(pieces, workers)

    def _workers(self, job: SliceJob[Product]) -> Workers[Product]:
        return self._stack.enter_context(Workers(job, self._pool))

    def _filled(self, pieces: Iterable[Piece], workers: Workers[Product]) -> ListContent:
        filled = pipeline.fill(self.file, pieces, self._screen)
        filled.totals = filled.totals._replace(changed_since=workers.changed_since)
        return filled


def _list_path(work_folder: str, options: argparse.Namespace) -> str:
    return os.path.join(
        work_folder, FOLDER, options.projectguid, f"{options.sourceindex}-files.xml"
    )
