"""Everything that reads foreign bytes: each reads some, and may refuse them in its own words.

A target takes any bytes. It returns, or raises one of the errors that it promises: anything else is
a mistake, and so is an answer that takes longer than a second, or hundreds of megabytes.
"""

import contextlib
import hashlib
import itertools
import os
import tempfile
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from qumulo_changelist.cluster.accounts import (
    read_access_token,
    read_caller,
    read_token_end,
    read_version,
)
from qumulo_changelist.cluster.attributes import described, inspected
from qumulo_changelist.cluster.changes import check_changes
from qumulo_changelist.cluster.counts import read_counts
from qumulo_changelist.cluster.failures import failure_of_answer, failure_of_words
from qumulo_changelist.cluster.qq import diff as qq_diff
from qumulo_changelist.cluster.qq import files as qq_files
from qumulo_changelist.cluster.qq import output as qq_output
from qumulo_changelist.cluster.qq.session import QqSession
from qumulo_changelist.cluster.qq.walk import WalkedTree
from qumulo_changelist.cluster.qq.words import error_of, without_prompt
from qumulo_changelist.cluster.rest.http1 import AnswerReader, MalformedAnswerError
from qumulo_changelist.cluster.rest.listings import ATTRIBUTES, IDENTITIES, SOME_ENTRIES, stats_of
from qumulo_changelist.cluster.shapes import (
    DiffJson,
    FileJson,
    LoginJson,
    NodeJson,
    PagedJson,
    SnapshotsJson,
)
from qumulo_changelist.cluster.snapshots import read_snapshot, read_total_files
from qumulo_changelist.cluster.wire import Reader, read_file, read_value, to_file
from qumulo_changelist.config.content import parse_content
from qumulo_changelist.config.keys import make_settings
from qumulo_changelist.cycle.journal import Journal
from qumulo_changelist.cycle.snapshot_names import parse_any_name
from qumulo_changelist.errors import ChangelistError, UnreadableError, UsageError
from qumulo_changelist.filters.lines import parse_lines
from qumulo_changelist.machine.lock_holder import read_holder
from qumulo_changelist.model import Change
from qumulo_changelist.operations.lists import receipt
from qumulo_changelist.operations.lists.keeping.page_file import PagesHeader, open_pages
from qumulo_changelist.output.formats import FORMATS
from qumulo_changelist.output.interface import MalformedListError
from qumulo_changelist.output.reading import find_entries, read_content
from qumulo_changelist.projects.file import check_projects
from qumulo_changelist.runners import piece_file
from qumulo_changelist.runners.piece_codec import CandidatesCodec, PiecesCodec, unpack
from qumulo_changelist.runners.scheduler import Scheduler


class Target(NamedTuple):
    """Something that reads foreign bytes."""

    take: Callable[[bytes], object]
    may_raise: tuple[type[Exception], ...] = (ChangelistError,)


def run(target: Target, data: bytes) -> None:
    """Let a target read bytes; any error that it does not promise is raised."""
    with contextlib.suppress(*target.may_raise):
        target.take(data)


@contextlib.contextmanager
def _file(data: bytes, ending: str = "") -> Iterator[str]:
    with tempfile.NamedTemporaryFile(suffix=ending) as file:
        file.write(data)
        file.flush()
        yield file.name


def _pieces(data: bytes) -> Iterator[bytes]:
    """Yield the bytes in pieces, whose sizes the first byte decides."""
    size = data[0] or 1 if data else 1
    for start in range(1, len(data), size):
        yield data[start : start + size]


def _configuration(data: bytes) -> None:
    with contextlib.suppress(ValueError):
        values = parse_content(data)
        for transport in ("qq", "rest"):
            with contextlib.suppress(ChangelistError):
                make_settings(values, "a file", transport)


def _projects(data: bytes) -> None:
    with _file(data, ".toml") as path:
        _, problems = check_projects(path)
        for problem in problems:
            str(problem)


def _http_answer(data: bytes) -> None:
    reader = AnswerReader(1_000_000)
    for piece in _pieces(data):
        if reader.add(piece):
            return
    reader.end()


_diff: Reader[DiffJson[list[Change]]] = Reader(DiffJson[list[Change]])
_paged, _login, _statuses = Reader(PagedJson), Reader(LoginJson), Reader(SnapshotsJson)


def _snapshots(data: bytes) -> None:
    for status in _statuses.read(data, "a request").entries:
        snapshot = read_snapshot(status, "a request")
        parse_any_name(snapshot.id, snapshot.label)


def _diff_page(data: bytes) -> None:
    check_changes(_diff.read(data, "a request").entries)


def _any(*ways: Callable[[bytes], object]) -> Callable[[bytes], None]:
    """Return what reads bytes in each of several ways."""

    def take(data: bytes) -> None:
        for way in ways:
            with contextlib.suppress(ChangelistError, UnreadableError):
                way(data)

    return take


def _source(read: Callable[[Any, str], object]) -> Callable[[bytes], object]:
    return lambda data: read(read_value(data, "a request"), "a request")


_reply = _any(
    lambda data: failure_of_answer(404, data),
    lambda data: _login.read(data, "a request"),
    lambda data: _paged.read(data, "a request"),
    lambda data: described(read_file(data, "a request")),
    lambda data: inspected(to_file(read_value(data, "a request"), NodeJson, "a request")),
    lambda data: read_counts(data, "a request", is_named=True),
    *map(
        _source,
        (read_caller, read_version, read_access_token, read_token_end, read_total_files),
    ),
    _source(read_snapshot),
    _snapshots,
    _diff_page,
)
_listing = _any(
    lambda data: ATTRIBUTES.entries(ATTRIBUTES.read(data, "a request"), "a request", None),
    lambda data: IDENTITIES.entries(IDENTITIES.read(data, "a request"), "a request", None),
    lambda data: stats_of(SOME_ENTRIES.read(data, "a request"), "a request"),
)


def _walk(data: bytes) -> None:
    tree = WalkedTree("/show", 1)
    for node in qq_files.files(_pieces(data), "tree_nodes", NodeJson, "qq"):
        tree.add(node)
    tree.finish()


_qq = _any(
    lambda data: list(itertools.chain.from_iterable(qq_diff.changes(_pieces(data)))),
    lambda data: list(qq_files.files(_pieces(data), "files", FileJson, "qq")),
    lambda data: list(qq_output.elements(_pieces(data), "entries")),
    lambda data: list(qq_output.single_value(_pieces(data))),
    _walk,
)


def _qq_words(data: bytes) -> None:
    text = without_prompt(data.decode("utf-8", "replace"))
    failure_of_words(text)
    str(error_of("snapshot_diff", 1, text, data))


def _session(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        session = QqSession("host", 8000, "admin", folder=folder)
        with open(session.path, "wb") as file:
            file.write(data)
        session.token()


def _list(data: bytes) -> None:
    with _file(data) as path:
        for name, each in FORMATS.items():
            if each.make_reader and name != "parquet":
                read_content(path, name)
                with contextlib.suppress(MalformedListError):
                    find_entries(path, name, ["/a"])


def _parquet(data: bytes) -> None:
    with _file(data) as path:
        read_content(path, "parquet")


def _kept_piece(data: bytes) -> None:
    with _file(data) as path:
        piece_file.read_piece(path, b"identity")


def _kept_header(data: bytes) -> None:
    """Whoever can write a kept piece can make its hash agree, too."""
    sha256 = hashlib.sha256(data).digest()
    _kept_piece(b"qumulo-changelist piece 1\n" + sha256 + len(data).to_bytes(8, "big") + data)


def _kept_facts(data: bytes) -> None:
    for codec, contents in ((PiecesCodec(), 1), (CandidatesCodec(), 2)):
        with contextlib.suppress(ValueError):
            codec.decode(unpack(data, object), [_content] * contents)


_content = piece_file.StoredContent("/nowhere", 0, 0, b"")


_pages_header = PagesHeader(b"identity", 3, 7, 1_700_000_000)


def _kept_pages(data: bytes) -> None:
    with _file(data) as path:
        file = open_pages(path, _pages_header, new=False)
        if file:
            try:
                for page in file.pages():
                    _diff_page(page.data)
            finally:
                file.close()


def _lock_holder(data: bytes) -> None:
    with _file(data) as path:
        lock = os.open(path, os.O_RDONLY)
        try:
            read_holder(lock)
        finally:
            os.close(lock)


def _journal(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "state.sqlite")
        with open(path, "wb") as file:
            file.write(data)
        with Journal(path) as journal:
            for one in journal.runs():
                str(one)
            journal.committed("show1", "/show")


def _scheduler_file(data: bytes) -> None:
    with _file(data) as path:
        Scheduler(path).check()


TARGETS = {
    "configuration": Target(_configuration),
    "projects": Target(_projects),
    "filter-file": Target(lambda data: parse_lines(data, "a file"), (UsageError,)),
    "http-answer": Target(_http_answer, (MalformedAnswerError,)),
    "rest-reply": Target(_reply),
    "rest-listing": Target(_listing),
    "qq-output": Target(_qq),
    "qq-words": Target(_qq_words),
    "qq-session": Target(_session),
    "receipt": Target(lambda data: receipt.decode(data, "a file")),
    "list": Target(_list),
    "list-parquet": Target(_parquet),
    "kept-piece": Target(_kept_piece, (piece_file.DamagedPieceError,)),
    "kept-header": Target(_kept_header, (piece_file.DamagedPieceError,)),
    "kept-facts": Target(_kept_facts),
    "kept-pages": Target(_kept_pages),
    "lock-holder": Target(_lock_holder),
    "journal": Target(_journal),
    "scheduler-file": Target(_scheduler_file),
}
