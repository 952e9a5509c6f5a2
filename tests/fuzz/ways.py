"""The ways to a list that are drawn, and what the oracle says of each."""

from __future__ import annotations

import time
import unicodedata
from typing import TYPE_CHECKING, Any, NamedTuple, get_args, get_type_hints

from hypothesis import strategies as st

from qumulo_emulator.settings import Settings
from tests.oracle import (
    EVERYTHING,
    Sight,
    Tree,
    expected_list,
    holds,
    is_unicode,
    named_alike,
    sight_in_unicode,
    sight_of_a_stranger,
)
from tests.oracle.capture import parent_of
from tests.oracle.expect import NEITHER_HOLDS_THE_BASE, TWO_DIRECTORIES, kept_paths
from tests.oracle.sight import directories_above

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_HINTS = get_type_hints(Settings)
_UNCERTAIN = {
    name: [getattr(Settings(), name), *get_args(_HINTS[name])]
    for name in ("absent_class", "uncovered", "source_path")
}
_DRAWN = ("page_limit", "order", "empty_pages", "last_page_next", "escape", *_UNCERTAIN)
ORDINARY: dict[str, Any] = {name: getattr(Settings(), name) for name in _DRAWN}
"""How a cluster answers where nothing else is drawn."""

DIFFERENT_SOURCES = st.sampled_from(get_args(_HINTS["different_sources"]))

BASES = ("source", "below", "above", "root", "beside", "changed", "missing")
_LONGEST = 255


class Way(NamedTuple):
    """A way to a list, as far as it can be drawn without looking at the tree."""

    transport: str
    metadata: str
    deletes: bool
    base: str
    directory: int
    """Which of the paths of that kind is the base path."""
    limits: tuple[str, ...] = ()
    """Options."""
    moves: bool = False
    verify: bool = False
    few: int | None = None
    """From so many changes on other processes are used."""
    qq: str = "qq of today"
    process: bool = False
    strange: bool = False
    guard: bool = False
    """Whether a limit is given that no deletion exceeds."""


class SnapshotView(NamedTuple):
    """A snapshot, and what the tree was like."""

    id: int
    tree: Tree
    source: str
    """Where the directory was on the cluster."""


class Share(NamedTuple):
    """What a run meets beside the two snapshots."""

    source: str
    """Where the directory of the newer snapshot is now."""
    beside: str
    """Another directory, which neither snapshot holds."""
    live: bool
    """Whether the share is still like the newer snapshot."""
    earlier: Sequence[Tree]
    """What the source was like before."""
    answers: dict[str, Any]
    """How the emulator answers."""


class Question(NamedTuple):
    """A list that is asked for, and what it must be."""

    base: str
    mapped: str | None
    """The directory of the cluster that is mounted as the mapped path, if one is given."""
    options: tuple[str, ...]
    expected: tuple[bytes, ...]
    """Lists of which each is right; none where nothing may be published."""
    refusal: int = 0
    """With which exit code the run ends then."""
    made_again: bool = False
    """Whether there is an empty directory at the mapped path since the newer snapshot."""
    refusable: bool = False
    """Whether the run may also end without a list."""


def _option(name: str, values: st.SearchStrategy[int]) -> st.SearchStrategy[str | None]:
    return st.none() | values.map(lambda value: f"--{name}={value}")


_SMALL = st.integers(1, 4) | st.sampled_from([7, 100, 1000, 2000])
_LIMITS = st.tuples(
    _option("slice-size", _SMALL), _option("spill-after", _SMALL), _option("page-size", _SMALL)
).map(lambda options: tuple(filter(None, options)))
_WORKERS = st.sampled_from([("--workers=1",)] * 7 + [("--workers=2",)])


def ways(
    transports: tuple[str, ...] = ("rest",),
    metadata: tuple[str, ...] = ("mount", "snapshot", "rest"),
    *,
    strange: bool = False,
) -> st.SearchStrategy[Way]:
    """Any way of some kinds."""
    return st.builds(
        Way,
        transport=st.sampled_from(transports),
        metadata=st.sampled_from(metadata),
        deletes=st.sampled_from([True, True, False]),
        moves=st.booleans(),
        # What was there is not always known to a stranger.
        verify=st.just(False) if strange else st.booleans(),
        base=st.sampled_from(("source", "below", "changed", "changed", "changed", *BASES)),
        directory=st.integers(0, 63),
        limits=st.builds(tuple.__add__, _WORKERS, _LIMITS),
        # A stranger may not be able to run Python, so that only this process is left.
        few=st.just(10**9) if strange else st.sampled_from([None, 1, 3]),
        qq=st.sampled_from(["qq of today", "qq of today", "qq before 6.2.2"]),
        process=st.just(False) if strange else st.sampled_from([False] * 9 + [True]),
        strange=st.just(strange),
        guard=st.booleans(),
    )


def settings(
    last_page_next: tuple[str | None, ...] = ("", None),
) -> st.SearchStrategy[dict[str, Any]]:
    """How the emulator answers where the API leaves it open."""
    return st.fixed_dictionaries(
        {
            "page_limit": st.sampled_from([1000, 3, 1]),
            "order": st.sampled_from(["ascending", "descending", "shuffled", "as_found"]),
            "empty_pages": st.booleans(),
            "last_page_next": st.sampled_from(last_page_next),
            "escape": st.booleans(),
            **{name: st.sampled_from(values) for name, values in _UNCERTAIN.items()},
        }
    )


def question(way: Way, older: SnapshotView, newer: SnapshotView, share: Share) -> Question | None:
    """Say what a way asks for, and what the answer must be; None where none is foreseen.

    Args:
        way: the way; what cannot be asked of these trees is replaced by what can.
        older: the older snapshot.
        newer: the newer one.
        share: what else a run meets.
    """
    base = _base(way, older, newer, share)
    if not named_alike(base, older.source, newer.source):
        return None
    if not any(holds(moment.tree, newer.source, base) for moment in (older, newer)):
        return _without_a_base(way, base, newer, share)
    before, after = older.tree, newer.tree
    # The emulator shows a snapshot in the directory that it was taken of, and nowhere below.
    shown = base == newer.source
    unforeseen = _unforeseen(before) or _unforeseen(after)
    metadata = "mount" if unforeseen and way.metadata == "rest" else way.metadata
    if metadata == "snapshot" and not shown:
        metadata = "mount"
    held = holds(after, newer.source, base)
    if metadata == "mount" and not (share.live and (held or _can_be_made(way, base, newer))):
        if unforeseen:
            return None
        metadata = "rest"
    deletes = way.deletes and not unforeseen
    moves = way.moves and not unforeseen
    askable = all(map(is_unicode, before.nodes.keys() | after.nodes.keys()))
    run_time = int(time.time())
    # A mount that shows the older snapshot is read only if it surely is one of the base path.
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
            newer_sight=_newer_sight(way, metadata, after),
            older_sight=_older_sight(way, metadata, before, after, shown=on_mount),
        )
        for on_mount in {False, shown and not moves}
    }
    wanted = {
        "--deletes": deletes,
        "--moves": moves,
        "--verify": way.verify and askable,
        "--max-deletes=100%": way.guard and deletes and askable,
    }
    return Question(
        base,
        _mapped(metadata, share.source if shown else base),
        _options(way, metadata, wanted),
        tuple(sorted(expected)),
        made_again=metadata == "mount" and not held,
        refusable=not _sources_are_known(share)
        and (older.source != newer.source or not _is_at_or_below(base, newer.source)),
    )


def question_of_two(way: Way, newer: str) -> Question:
    """Say what a way asks for of the snapshots of two directories, the newer one of `newer`."""
    base = {"above": newer.rpartition("/")[0], "root": "/"}.get(way.base, newer)
    wanted = {"--deletes": way.deletes, "--moves": way.moves, "--verify": way.verify}
    # Above the directory of a snapshot the emulator shows none.
    metadata = "rest" if way.metadata == "snapshot" and base != newer else way.metadata
    options = _options(way, metadata, wanted)
    return Question(base, _mapped(metadata, base), options, (), TWO_DIRECTORIES)


def _without_a_base(way: Way, base: str, newer: SnapshotView, share: Share) -> Question | None:
    """Return what must end without a list, the mapped path being a directory."""
    covered = _is_at_or_below(base, newer.source)
    if not covered and not _sources_are_known(share) and share.answers.get("uncovered") == "live":
        # Who asks a snapshot for it is shown the share.
        return None
    wanted = {"--deletes": way.deletes, "--moves": way.moves, "--verify": way.verify}
    return Question(
        base,
        _mapped(way.metadata, share.source),
        _options(way, way.metadata, wanted),
        (),
        NEITHER_HOLDS_THE_BASE,
    )


def _options(way: Way, metadata: str, wanted: dict[str, bool]) -> tuple[str, ...]:
    how = (f"--transport={way.transport}", f"--metadata={metadata}", *way.limits)
    return (*how, *filter(wanted.get, wanted))


def _mapped(metadata: str, path: str) -> str | None:
    return None if metadata == "rest" else path


def _sources_are_known(share: Share) -> bool:
    """Say whether the cluster says of which path a snapshot is."""
    return bool(share.answers.get("source_path", "known") == "known")


def _is_at_or_below(path: str, directory: str) -> bool:
    return f"{path}/".startswith(f"{directory}/")


def _can_be_made(way: Way, base: str, newer: SnapshotView) -> bool:
    """Say whether a directory can be made at a base path that the newer snapshot does not hold."""
    path = base[len(newer.source) + 1 :].encode()
    above = newer.tree.nodes.get(parent_of(path))
    free = path not in newer.tree.nodes and above is not None and above.kind == "dir"
    return free and not way.strange


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
    if way.strange:
        sight = sight_of_a_stranger(newer.tree)
        directories = {
            path
            for path in directories
            if not _is_directory(newer.tree, path)
            or (sight.reaches(path) and not sight.stops_at(path))
        }
    below = sorted(directories or {b""})
    path = below[way.directory % len(below)]
    return f"{source}/{path.decode()}" if path else source


def _directories(way: Way, before: Tree, after: Tree, share: Share) -> set[bytes]:
    """Return the directories of a kind."""
    if way.base == "changed":
        return _changed_directories(way.directory % 4, before, after, share.earlier)
    trees = (before, after) if way.metadata == "rest" else (after,)
    return {
        path
        for tree in trees
        for path in tree.nodes
        if _is_directory(tree, path) and is_unicode(path)
    }


def _changed_directories(
    which: int, before: Tree, after: Tree, earlier: Sequence[Tree]
) -> set[bytes]:
    """Return directories that are not the same any more, of one sort if there are any of it.

    Args:
        which: 0 for those that went, 1 for those that came, 2 for those that did so below a
            directory that was replaced, 3 for those that were replaced, or are in neither tree.
        before: the older tree.
        after: the newer tree.
        earlier: those before.
    """
    kept = kept_paths(before, after)
    old, new, past = (
        {
            path
            for tree in trees
            for path in tree.nodes
            if path not in kept and _is_directory(tree, path) and is_unicode(path)
        }
        for trees in ((before,), (after,), earlier)
    )
    replaced = old & new
    below = {path for path in old ^ new if replaced.intersection(directories_above(path))}
    return (old - new, new - old, below, replaced | past)[which] or old | new | past


def _is_directory(tree: Tree, path: bytes) -> bool:
    return path in tree.nodes and tree.nodes[path].kind == "dir"


def _near_misses(source: str, *trees: Tree) -> Iterator[str]:
    """Yield paths that are no directories, or look like one and mostly are none."""
    yield from (source.swapcase(), f"{source}0", source[:-1], f"{source}/nowhere")
    for tree in trees:
        for path in filter(is_unicode, tree.nodes):
            text = path.decode()
            if path and not _is_directory(tree, path):
                yield from (f"{source}/{text}", f"{source}/{text}/a")
            above, slash, name = text.rpartition("/")
            spelt = {
                name.swapcase(),
                *(unicodedata.normalize(form, name) for form in ("NFC", "NFD")),
            }
            for other in spelt - {name}:
                if len(other.encode()) <= _LONGEST:
                    yield f"{source}/{above}{slash}{other}"


def _newer_sight(way: Way, metadata: str, after: Tree) -> Sight:
    if metadata == "rest":
        return sight_in_unicode(after)
    return sight_of_a_stranger(after) if way.strange else EVERYTHING


def _older_sight(way: Way, metadata: str, before: Tree, after: Tree, *, shown: bool) -> Sight:
    if metadata != "rest" and shown:
        return sight_of_a_stranger(before) if way.strange else EVERYTHING
    unasked = sight_in_unicode(before)
    if metadata == "rest" or way.transport == "rest":
        return unasked
    # qq answers with a whole tree, whatever the names in it.
    kept = kept_paths(before, after)
    return Sight(closed={path for path in unasked.closed if {path, parent_of(path)} & kept})


def _unforeseen(tree: Tree) -> bool:
    """Say whether a tree holds what is told to be a link, or not, as it comes.

    No request can name it, so that what it is becomes known only where its directory is listed,
    which depends on how much is asked about there.
    """
    return any(
        node.kind == "other" and not is_unicode(path) and is_unicode(parent_of(path))
        for path, node in tree.nodes.items()
    )
