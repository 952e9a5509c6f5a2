"""Ways to a list, drawn at random, and what the oracle expects of each."""

from __future__ import annotations

import time
import unicodedata
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple, get_args, get_type_hints

from hypothesis import strategies as st

from qumulo_emulator.settings import Settings
from tests.fuzz.faults import FAULTS, Faults
from tests.fuzz.filters import FILTERS, DrawnFilters
from tests.oracle import (
    NO_RESTRICTIONS,
    Restrictions,
    Tree,
    expected_full_list,
    expected_list,
    has_base,
    has_same_names,
    is_utf8,
    restrictions_for_others,
    restrictions_to_utf8,
)
from tests.oracle.base_path import NO_BASE_PATH
from tests.oracle.capture import parent_of
from tests.oracle.diff import DIFFERENT_DIRECTORIES, kept_paths
from tests.oracle.restrictions import directories_above

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_HINTS = get_type_hints(Settings)
_UNCERTAIN = {
    name: [getattr(Settings(), name), *get_args(_HINTS[name])]
    for name in ("absent_class", "uncovered", "source_path")
}
_DRAWN = (
    *("page_limit", "random_latency_ms", "order", "empty_pages", "last_page_next", "escape"),
    *_UNCERTAIN,
)
ORDINARY: dict[str, Any] = {name: getattr(Settings(), name) for name in _DRAWN}
"""How a cluster answers if nothing else is drawn."""

DIFFERENT_SOURCES = st.sampled_from(get_args(_HINTS["different_sources"]))

BASES = ("source", "below", "above", "root", "beside", "changed", "missing")
_MAX_BYTES = 255

Constants = tuple[tuple[str, float], ...]
"""Constants of the commands, each with its module, and the values that they have instead."""


class Way(NamedTuple):
    """A way to a list, as far as it can be drawn without knowing the tree."""

    transport: str
    metadata: str
    deletes: bool
    base: str
    directory: int
    """The number of the base path among the paths of that kind."""
    limits: tuple[str, ...] = ()
    """Options that limit what is worked on at a time."""
    moves: bool = False
    verify: bool = False
    constants: Constants = ()
    slow_mount: bool = False
    """Whether each look at the mount takes a random time."""
    qq: str = "qq of today"
    process: bool = False
    as_other_user: bool = False
    guard: bool = False
    """Whether a deletion limit is given, which no list exceeds."""
    filters: DrawnFilters = DrawnFilters()
    faults: Faults = ()
    """How requests fail; if the run then ends without a list, it is repeated without them."""
    pieces: bool = False
    """Whether pieces are kept, so that a run that is repeated can use those of the first one."""
    ndjson: bool = False
    """Whether the list is also written as NDJSON."""


class SnapshotView(NamedTuple):
    """A snapshot, and the tree at that time."""

    id: int
    tree: Tree
    source: str
    """The path of its directory at that time."""


class Share(NamedTuple):
    """What else a run meets, apart from the two snapshots."""

    source: str
    """The path of the newer snapshot's directory now."""
    beside: str
    """A directory that neither snapshot contains."""
    live: bool
    """Whether the share is still as in the newer snapshot."""
    earlier: Sequence[Tree]
    """The source at earlier times."""
    answers: dict[str, Any]
    """How the emulator answers."""


class Case(NamedTuple):
    """A list that is requested, and what must result."""

    base: str
    mapped: str | None
    """The directory of the cluster that the mapped path shows; None for no mapped path."""
    options: tuple[str, ...]
    expected: tuple[bytes, ...]
    """The lists that are correct; none if nothing may be published."""
    refusal: int = 0
    """The exit code if nothing may be published."""
    recreate_base: bool = False
    """Whether an empty directory is made at the mapped path after the newer snapshot."""
    refusable: bool = False
    """Whether the run may also end without a list."""


def _option(name: str, values: st.SearchStrategy[int]) -> st.SearchStrategy[str | None]:
    return st.none() | values.map(lambda value: f"--{name}={value}")


_SMALL = st.integers(1, 4) | st.sampled_from([7, 100, 1000, 2000])
_LIMITS = st.tuples(
    _option("slice-size", _SMALL), _option("spill-after", _SMALL), _option("page-size", _SMALL)
).map(lambda options: tuple(filter(None, options)))
_AT_ONCE = [1, 2, 7, 64]
_WORKERS = st.sampled_from([("--workers=1",)] * 7 + [("--workers=2",)])
_LOOKUPS = st.sampled_from([*_AT_ONCE, 256]).map(lambda number: (f"--lookups={number}",))
# The number of slices, or of changes and entries, from which on other processes are used.
_MIN_SLICES = "operations.lists.pieces._MIN_SLICES_FOR_PROCESSES"
_MIN_WORK = "operations.lists.pieces._MIN_WORK_FOR_PROCESSES"


def _constants(*names: str, values: Iterable[float]) -> st.SearchStrategy[Constants]:
    """Draw the usual values of some constants, or another value for all of them."""
    drawn = st.sampled_from(tuple(values)).map(lambda value: tuple((n, value) for n in names))
    return st.just(()) | drawn


_REQUESTS_AT_ONCE = _constants(
    *("cluster.rest.limits.REQUESTS_AT_ONCE", "operations.lists.tree_choice.REQUESTS_AT_ONCE"),
    values=_AT_ONCE,
)
# So small that little work fills several windows, and so does a small directory.
_WINDOWS = _constants(
    *("trees.read_ahead._NAMES_IN_A_WINDOW", "trees.read_ahead._NAMES_FOR_A_THREAD"),
    *("trees.read_ahead._MAX_FILES", "trees.lookup._STATUSES_TO_COLUMNS"),
    values=(3, 20),
)
_LISTINGS = _constants(
    *("trees.read_ahead._MAX_LISTED", "trees.lookup._NAMES_BETWEEN_CHECKS"), values=(1, 5)
)
# Plans know little of whole directories, and set aside what they list of wide ones.
_PLANS: Constants = (
    ("planning.contents.MOST_NAMED", 2),
    ("planning.weights.MOST_NAMED", 2),
    ("planning.weights._MANY_IN_ONE", 2),
    ("planning.weights._MOST_ASKED", 3),
    ("planning.listing._MOST_IN_MEMORY", 2),
    ("planning.by_listing._MOST_LISTED", 3),
)
# Threads are used although a look takes no longer than on a disk.
_THREADS: Constants = (
    ("trees.answer_time._MIN_SAMPLES", 1),
    ("trees.answer_time._QUICK_SECONDS", 0.0),
    ("trees.answer_time._PROCESSOR_SECONDS", 1e-9),
)


# Between two tries of a request, in seconds.
_SHORT_PAUSES: Constants = (("cluster.backoff.FIRST_PAUSE", 0.01),)


def ways(
    transports: tuple[str, ...] = ("rest",),
    metadata: tuple[str, ...] = ("mount", "snapshot", "rest"),
    *,
    as_other_user: bool = False,
) -> st.SearchStrategy[Way]:
    """Draw a way of some kinds."""
    drawn = st.builds(
        Way,
        transport=st.sampled_from(transports),
        metadata=st.sampled_from(metadata),
        deletes=st.sampled_from([True, True, False]),
        moves=st.booleans(),
        # Another user cannot always read what was there.
        verify=st.just(False) if as_other_user else st.booleans(),
        base=st.sampled_from(("source", "below", "changed", "changed", "changed", *BASES)),
        directory=st.integers(0, 63),
        limits=st.tuples(_WORKERS, _LOOKUPS, _LIMITS).map(_join),
        # Another user may not be allowed to run Python, so no other process is started.
        constants=st.tuples(
            st.just(((_MIN_WORK, 10**9), (_MIN_SLICES, 10**9)))
            if as_other_user
            else _constants(_MIN_WORK, values=(1, 3)),
            *(_REQUESTS_AT_ONCE, _WINDOWS, _LISTINGS, st.sampled_from([(), *[_THREADS] * 4])),
            st.sampled_from([(), _PLANS]),
        ).map(_join),
        slow_mount=st.sampled_from([False, True, True]),
        qq=st.sampled_from(["qq of today", "qq of today", "qq before 6.2.2"]),
        process=st.just(False) if as_other_user else st.sampled_from([False] * 19 + [True]),
        as_other_user=st.just(as_other_user),
        guard=st.booleans(),
        filters=FILTERS,
        faults=st.just(()) | FAULTS,
        pieces=st.just(False) if as_other_user else st.booleans(),
        ndjson=st.sampled_from([False, False, True]),
    )
    if as_other_user:
        return drawn.map(_with_short_pauses)
    # In some runs, processes get several slices of each list.
    slices = st.sampled_from([*[0] * 14, 1, 2, 3])
    return st.builds(_with_processes, drawn.map(_with_short_pauses), slices)


def _with_short_pauses(way: Way) -> Way:
    return way._replace(constants=way.constants + _SHORT_PAUSES) if way.faults else way


def _with_processes(way: Way, slice_size: int) -> Way:
    """Return a way with two processes and slices of this size; with 0, the way as it is."""
    if not slice_size:
        return way
    others = [one for one in way.limits if not one.startswith(("--workers", "--slice-size"))]
    limits = ("--workers=2", f"--slice-size={slice_size}", *others)
    return way._replace(limits=limits, constants=(*way.constants, (_MIN_WORK, 1)))


def _join(parts: tuple[tuple[Any, ...], ...]) -> tuple[Any, ...]:
    return tuple(chain.from_iterable(parts))


def settings(
    last_page_next: tuple[str | None, ...] = ("", None),
) -> st.SearchStrategy[dict[str, Any]]:
    """Draw how the emulator answers where the API leaves it open."""
    return st.fixed_dictionaries(
        {
            "page_limit": st.sampled_from([1000, 3, 1]),
            "random_latency_ms": st.sampled_from([0, 1, 3]),
            "order": st.sampled_from(["ascending", "descending", "shuffled", "as_found"]),
            "empty_pages": st.booleans(),
            "last_page_next": st.sampled_from(last_page_next),
            "escape": st.booleans(),
            **{name: st.sampled_from(values) for name, values in _UNCERTAIN.items()},
        }
    )


def expected_case(way: Way, older: SnapshotView, newer: SnapshotView, share: Share) -> Case | None:
    """Return what a way requests, and what must result; None if that cannot be predicted.

    Args:
        way: the way; what is impossible with these trees is replaced by what is possible.
        older: the older snapshot.
        newer: the newer one.
        share: what else the run meets.
    """
    base = _base(way, older, newer, share)
    if not has_same_names(base, older.source, newer.source):
        return None
    if not any(has_base(one.tree, newer.source, base) for one in (older, newer)):
        return _case_without_base(way, base, newer, share)
    before, after = older.tree, newer.tree
    # The emulator shows a snapshot in the directory that it was taken of, and not below it.
    shown = base == newer.source
    metadata = way.metadata
    if metadata == "snapshot" and not shown:
        metadata = "mount"
    has_base_now = has_base(after, newer.source, base)
    if metadata == "mount" and not (
        share.live and (has_base_now or _can_be_made(way, base, newer))
    ):
        metadata = "rest"
    deletes, moves = way.deletes, way.moves
    all_utf8 = all(map(is_utf8, before.nodes.keys() | after.nodes.keys()))
    run_time = int(time.time())
    kinds = ("created", "modified", *["deleted"] * deletes, *["moved"] * moves)
    # A mount that shows the older snapshot is read only if that is certainly one of the base path.
    expected = {
        expected_list(
            before,
            after,
            source=newer.source,
            older_source=older.source,
            base=base,
            deletes=deletes,
            moves=moves,
            run_time=run_time,
            newer_restrictions=_newer_restrictions(way, metadata, after),
            older_restrictions=_older_restrictions(way, metadata, before, after, shown=on_mount),
            filters=way.filters.expected(kinds),
        )
        for on_mount in {False, shown and not moves}
    }
    wanted = {
        "--deletes": deletes,
        "--moves": moves,
        "--verify": way.verify and all_utf8,
        "--max-deletes=100%": way.guard and deletes and all_utf8,
    }
    return Case(
        base,
        _mapped(metadata, share.source if shown else base),
        _options(way, metadata, wanted) + way.filters.options(kinds),
        tuple(sorted(expected)),
        recreate_base=metadata == "mount" and not has_base_now,
        refusable=not _sources_are_known(share)
        and (older.source != newer.source or not _is_at_or_below(base, newer.source)),
    )


def expected_full_case(way: Way, snapshot: SnapshotView, share: Share) -> Case | None:
    """Return what a way requests for a full list of a snapshot; None if it cannot be predicted."""
    tree, source = snapshot.tree, snapshot.source
    base = _base(way, snapshot, snapshot, share)
    if not has_base(tree, source, base):
        return _case_without_base(way, base, snapshot, share)
    if not _sources_are_known(share) and not _is_at_or_below(base, source):
        # All that the snapshot answers for the directories above its own is of the live share.
        return None
    metadata = way.metadata
    # The emulator shows a snapshot in the directory that it was taken of, and not below it.
    if metadata == "snapshot" and base != source:
        metadata = "mount"
    if metadata == "mount" and not share.live:
        metadata = "rest"
    expected = expected_full_list(
        tree,
        source=source,
        base=base,
        run_time=int(time.time()),
        restrictions=_newer_restrictions(way, metadata, tree),
        filters=way.filters.expected(("created",)),
    )
    # Deletions and moves mean nothing here; but of a list of changes, not every filter allows them.
    is_plain = way.filters == DrawnFilters()
    wanted = {
        "--deletes": way.deletes and is_plain,
        "--moves": way.moves and is_plain,
        "--verify": way.verify and all(map(is_utf8, tree.nodes)),
        "--max-deletes=0": way.guard,
    }
    mapped = _mapped(metadata, share.source if base == source else base)
    options = _options(way, metadata, wanted) + way.filters.options(("created",))
    return Case(base, mapped, options, (expected,))


def case_of_two_directories(way: Way, newer: str) -> Case:
    """Return what a way requests of snapshots of two directories, the newer one of `newer`."""
    base = {"above": newer.rpartition("/")[0], "root": "/"}.get(way.base, newer)
    wanted = {"--deletes": way.deletes, "--moves": way.moves, "--verify": way.verify}
    # The emulator shows no snapshot above the directory that it was taken of.
    metadata = "rest" if way.metadata == "snapshot" and base != newer else way.metadata
    options = _options(way, metadata, wanted)
    return Case(base, _mapped(metadata, base), options, (), DIFFERENT_DIRECTORIES)


def _case_without_base(way: Way, base: str, newer: SnapshotView, share: Share) -> Case | None:
    """Return a case that must end without a list; the mapped path is a directory."""
    covered = _is_at_or_below(base, newer.source)
    if not covered and not _sources_are_known(share) and share.answers.get("uncovered") == "live":
        # A snapshot that is asked for it answers with the live share.
        return None
    wanted = {"--deletes": way.deletes, "--moves": way.moves, "--verify": way.verify}
    return Case(
        base,
        _mapped(way.metadata, share.source),
        _options(way, way.metadata, wanted),
        (),
        NO_BASE_PATH,
    )


def _options(way: Way, metadata: str, wanted: dict[str, bool]) -> tuple[str, ...]:
    how = (f"--transport={way.transport}", f"--metadata={metadata}", *way.limits)
    return (*how, *filter(wanted.get, wanted))


def _mapped(metadata: str, path: str) -> str | None:
    return None if metadata == "rest" else path


def _sources_are_known(share: Share) -> bool:
    """Return whether the cluster reports the path that a snapshot was taken of."""
    return bool(share.answers.get("source_path", "known") == "known")


def _is_at_or_below(path: str, directory: str) -> bool:
    return f"{path}/".startswith(f"{directory}/")


def _can_be_made(way: Way, base: str, newer: SnapshotView) -> bool:
    """Return whether a directory can be made at a base path that the newer snapshot lacks."""
    path = base[len(newer.source) + 1 :].encode()
    above = newer.tree.nodes.get(parent_of(path))
    free = path not in newer.tree.nodes and above is not None and above.kind == "dir"
    return free and not way.as_other_user


def _base(way: Way, older: SnapshotView, newer: SnapshotView, share: Share) -> str:
    source = newer.source
    above = source.rpartition("/")[0]
    fixed = {"source": source, "above": above, "root": "/", "beside": share.beside}
    if way.base in fixed:
        return fixed[way.base]
    if way.base == "missing":
        found = sorted(set(_near_misses(source, older.tree, newer.tree)))
        return found[way.directory % len(found)]
    directories = _directories(way, older.tree, newer.tree, share)
    if way.as_other_user:
        restrictions = restrictions_for_others(newer.tree)
        directories = {
            path
            for path in directories
            if not _is_directory(newer.tree, path)
            or (restrictions.allow(path) and not restrictions.stop_walk_at(path))
        }
    below = sorted(directories or {b""})
    path = below[way.directory % len(below)]
    return f"{source}/{path.decode()}" if path else source


def _directories(way: Way, before: Tree, after: Tree, share: Share) -> set[bytes]:
    """Return the directories that the base path is drawn from."""
    if way.base == "changed":
        return _changed_directories(way.directory % 4, before, after, share.earlier)
    trees = (before, after) if way.metadata == "rest" else (after,)
    return {
        path for tree in trees for path in tree.nodes if _is_directory(tree, path) and is_utf8(path)
    }


def _changed_directories(
    which: int, before: Tree, after: Tree, earlier: Sequence[Tree]
) -> set[bytes]:
    """Return directories that are new, gone or replaced; of one kind, if there are any.

    Args:
        which: 0 for deleted directories, 1 for created directories, 2 for both below a replaced
            directory, 3 for replaced directories and those that are in neither tree.
        before: the older tree.
        after: the newer tree.
        earlier: the trees before both.
    """
    kept = kept_paths(before, after)
    old, new, past = (
        {
            path
            for tree in trees
            for path in tree.nodes
            if path not in kept and _is_directory(tree, path) and is_utf8(path)
        }
        for trees in ((before,), (after,), earlier)
    )
    replaced = old & new
    below = {path for path in old ^ new if replaced.intersection(directories_above(path))}
    return (old - new, new - old, below, replaced | past)[which] or old | new | past


def _is_directory(tree: Tree, path: bytes) -> bool:
    return path in tree.nodes and tree.nodes[path].kind == "dir"


def _near_misses(source: str, *trees: Tree) -> Iterator[str]:
    """Yield paths that are not directories, or resemble one and mostly do not exist."""
    yield from (source.swapcase(), f"{source}0", source[:-1], f"{source}/nowhere")
    for tree in trees:
        for path in filter(is_utf8, tree.nodes):
            text = path.decode()
            if path and not _is_directory(tree, path):
                yield from (f"{source}/{text}", f"{source}/{text}/a")
            above, slash, name = text.rpartition("/")
            spellings = {
                name.swapcase(),
                *(unicodedata.normalize(form, name) for form in ("NFC", "NFD")),
            }
            for other in spellings - {name}:
                if len(other.encode()) <= _MAX_BYTES:
                    yield f"{source}/{above}{slash}{other}"


def _newer_restrictions(way: Way, metadata: str, after: Tree) -> Restrictions:
    if metadata == "rest":
        return restrictions_to_utf8(after)
    return restrictions_for_others(after) if way.as_other_user else NO_RESTRICTIONS


def _older_restrictions(
    way: Way, metadata: str, before: Tree, after: Tree, *, shown: bool
) -> Restrictions:
    if metadata != "rest" and shown:
        return restrictions_for_others(before) if way.as_other_user else NO_RESTRICTIONS
    to_utf8 = restrictions_to_utf8(before)
    if metadata == "rest" or way.transport == "rest":
        return to_utf8
    # qq returns a whole tree, with all names in it.
    kept = kept_paths(before, after)
    return Restrictions(closed={path for path in to_utf8.closed if {path, parent_of(path)} & kept})
