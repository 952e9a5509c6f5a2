"""The ways to a list that are drawn, and what the oracle says of each."""

from __future__ import annotations

import time
from typing import Any, NamedTuple, get_args

from hypothesis import strategies as st

from qumulo_emulator.settings import AbsentClass, SourcePath
from tests.oracle import (
    EVERYTHING,
    Sight,
    Tree,
    expected_list,
    is_unicode,
    sight_in_unicode,
    sight_of_a_stranger,
)
from tests.oracle.capture import parent_of
from tests.oracle.expect import kept_paths
from tests.oracle.sight import directories_above

ORDINARY: dict[str, Any] = {
    "page_limit": 1000,
    "order": "ascending",
    "empty_pages": False,
    "last_page_next": "",
    "escape": True,
}
"""How a cluster answers where nothing else is drawn."""

BASES = ("source", "below", "above", "root", "beside")


class Way(NamedTuple):
    """A way to a list, as far as it can be drawn without looking at the tree."""

    transport: str
    metadata: str
    deletes: bool
    base: str
    directory: int
    """Which directory of the source is the base path, where that is below."""
    limits: tuple[str, ...] = ()
    """Options."""
    moves: bool = False
    verify: bool = False
    few: int | None = None
    """From so many changes on other processes are used."""
    qq: str = "qq of today"
    process: bool = False
    strange: bool = False


class Question(NamedTuple):
    """A list that is asked for, and what it must be."""

    base: str
    options: tuple[str, ...]
    expected: bytes


def _option(name: str, values: st.SearchStrategy[int]) -> st.SearchStrategy[tuple[str, ...]]:
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
        base=st.sampled_from(BASES[:3] + BASES),
        directory=st.integers(0, 63),
        limits=st.builds(tuple.__add__, _WORKERS, _LIMITS),
        # A stranger may not be able to run Python, so that only this process is left.
        few=st.just(10**9) if strange else st.sampled_from([None, 1, 3]),
        qq=st.sampled_from(["qq of today", "qq of today", "qq before 6.2.2"]),
        process=st.just(False) if strange else st.sampled_from([False] * 9 + [True]),
        strange=st.just(strange),
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
            "absent_class": st.sampled_from(get_args(AbsentClass)),
            "source_path": st.sampled_from(get_args(SourcePath)),
        }
    )


def question(
    way: Way, source: str, beside: str, before: Tree, after: Tree, *, live: bool
) -> Question | None:
    """Say what a way asks for, and what the answer must be; None where none is foreseen.

    Args:
        way: the way; what cannot be asked of these trees is replaced by what can.
        source: where the trees' root is on the cluster.
        beside: a directory beside it.
        before: the older tree.
        after: the newer tree.
        live: whether the share is still like the newer tree.
    """
    unforeseen = _unforeseen(before) or _unforeseen(after)
    metadata = "mount" if unforeseen and way.metadata == "rest" else way.metadata
    base = _base(way, metadata, source, beside, before, after)
    # The emulator shows a snapshot in the directory that it was taken of, and nowhere below.
    shown = base == source
    if metadata == "snapshot" and not shown:
        metadata = "mount"
    if metadata == "mount" and not live:
        return None
    deletes = way.deletes and (shown or not unforeseen)
    moves = way.moves and not unforeseen
    askable = all(map(is_unicode, before.nodes.keys() | after.nodes.keys()))
    expected = expected_list(
        before,
        after,
        source=source,
        base=base,
        deletes=deletes,
        moves=moves,
        run_time=int(time.time()),
        newer_sight=_newer_sight(way, metadata, after),
        older_sight=_older_sight(way, metadata, before, after, shown=shown and not moves),
    )
    wanted = {"--deletes": deletes, "--moves": moves, "--verify": way.verify and askable}
    options = (f"--transport={way.transport}", f"--metadata={metadata}", *way.limits)
    return Question(base, (*options, *filter(wanted.get, wanted)), expected)


def _base(way: Way, metadata: str, source: str, beside: str, before: Tree, after: Tree) -> str:
    if way.base != "below":
        above = source.rpartition("/")[0]
        return {"source": source, "above": above, "root": "/", "beside": beside}[way.base]
    # A base path that is gone no mount shows.
    trees = (before, after) if metadata == "rest" else (after,)
    directories = {
        path
        for tree in trees
        for path, node in tree.nodes.items()
        if node.kind == "dir" and is_unicode(path)
    }
    kept = kept_paths(before, after)
    directories = {path for path in directories if not _vanished(path, before, after, kept)}
    if way.strange:
        sight = sight_of_a_stranger(after)
        directories = {
            path for path in directories if sight.reaches(path) and not sight.stops_at(path)
        }
    found = sorted(directories)
    path = found[way.directory % len(found)]
    return f"{source}/{path.decode()}" if path else source


def _vanished(path: bytes, before: Tree, after: Tree, kept: set[bytes]) -> bool:
    """Say whether a directory went while a directory above it was made anew.

    Whether such a base path is gone, or cannot be read and nobody knows, the contract leaves open.
    """
    there = after.nodes.get(path)
    return (there is None or there.kind != "dir") and any(
        above not in kept and above in before.nodes and above in after.nodes
        for above in directories_above(path)
    )


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
