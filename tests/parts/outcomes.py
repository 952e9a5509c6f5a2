"""What can become of names between two snapshots: small worlds, and what a list must make of them.

A world says of each name what it was and what it is. What moved, and what is listed, is told here
from the definitions alone, name by name.
"""

from collections.abc import Iterable
from typing import NamedTuple

from hypothesis import strategies as st
from msgspec.structs import replace

from qumulo_changelist.model import CREATE, DELETE, MODIFY, Attributes, Entry, Kind, State

LINK = Attributes(Kind.OTHER)
FOLDER = Attributes(Kind.DIRECTORY)
BAD = Attributes(Kind.FILE)
"""Of a file that is there and cannot be read."""

UNNAMEABLE = ["/\1", "/\udcff", "/a\uffff"]
"""Names that XML cannot hold."""
NAMES = ["/a", "/a!", "/a/b", "/a0", "/b", "/c", "/é", "/\ud7ff", "/\ue000", "/😀", *UNNAMEABLE]


def file(number: str, size: int = 5, revision: str = "1") -> Attributes:
    """Return a file as the older snapshot has it."""
    return Attributes(Kind.FILE, size=size, id=number, revision=revision)


class Outcome(NamedTuple):
    """What became of a name; None for nothing."""

    was: Attributes | None = None
    now: Attributes | None = None
    modified: bool = False
    """Whether what is there now is what was there before, and changed."""


World = dict[str, Outcome]


class Line(NamedTuple):
    """What is listed of a name."""

    state: State
    name: str
    kind: Kind
    moved_from: str = ""
    replaces: bool = False


def was_file(outcome: Outcome) -> bool:
    return outcome.was is not None and outcome.was.kind is Kind.FILE


def is_file(outcome: Outcome) -> bool:
    return outcome.now is not None and outcome.now.kind is Kind.FILE


def sides(world: World) -> list[Entry]:
    """Return what both trees say, in no order."""
    found = []
    for name, (was, now, modified) in world.items():
        if was:
            state = State.LEFT_OUT if was is LINK else State.DELETED
            found.append(Entry(state, name, was, DELETE))
        if now is LINK:
            found.append(Entry(State.LEFT_OUT, name, now, CREATE))
        elif now is BAD:
            found.append(Entry(State.UNREADABLE, name, now, CREATE, "I/O error"))
        elif now:
            # A move changes times and owner, and the file is the same.
            now = replace(now, mtime=7, atime=8, owner=501, group=None)
            found.append(Entry(State.PRESENT, name, now, MODIFY if modified else CREATE))
    return found


def moved(world: World) -> dict[str, str]:
    """Return the new names of what was moved, and the old one of each."""
    found: dict[str, str] = {}
    known = {(one.id, one.size, one.revision) for way in world.values() for one in way[:2] if one}
    for same in known:
        if not same[0] or not same[2]:
            continue  # nobody said which file it is

        def names(side: int, same: tuple[object, ...] = same) -> set[str]:
            return {
                name
                for name, outcome in world.items()
                if (one := outcome[side])
                and (one.id, one.size, one.revision) == same
                and not outcome.modified
                and name not in UNNAMEABLE
            }

        was, now = names(0), names(1)
        found |= dict(zip(in_order(now - was), in_order(was - now), strict=False))
    return found


def listed(world: World, *, deletes: bool) -> list[Line]:
    """Return what is listed of the world, or left out; also files and directories that are gone."""
    came_from = moved(world)
    lines = []
    for name in reversed(in_order(world)):
        outcome = world[name]
        was, now, _ = outcome
        if now is BAD:
            lines.append(Line(State.UNREADABLE, name, Kind.FILE, replaces=was_file(outcome)))
            continue
        if now and now is not LINK:
            from_ = came_from.get(name, "")
            lines.append(Line(State.PRESENT, name, now.kind, from_, was_file(outcome)))
            continue
        if now is LINK:
            lines.append(Line(State.LEFT_OUT, name, Kind.OTHER))
        if was is LINK:
            if not now and deletes:
                lines.append(Line(State.LEFT_OUT, name, Kind.OTHER))
        elif was:
            is_kept = not deletes or name in came_from.values()
            lines.append(Line(State.GONE if is_kept else State.DELETED, name, was.kind))
    return lines


def in_order(names: Iterable[str]) -> list[str]:
    return sorted(names, key=lambda name: name.encode("utf-8", "surrogatepass"))


files = st.builds(
    file, st.sampled_from(["1", "1", "12", "2", ""]), st.integers(5, 6), st.sampled_from("11 2")
).map(lambda one: replace(one, revision=one.revision.strip()))

_nothing, _unmodified = st.none(), st.just(False)


def _become(was: st.SearchStrategy, now: st.SearchStrategy) -> st.SearchStrategy[Outcome]:
    return st.builds(Outcome, was, now, _unmodified)


_outcomes = st.one_of(
    _become(files, _nothing),
    _become(_nothing, files),
    _become(files | st.just(LINK), files | st.sampled_from([LINK, BAD])),
    st.builds(Outcome, _nothing, files | st.just(FOLDER), st.just(True)),
    _become(_nothing, st.sampled_from([LINK, BAD])),
    _become(st.sampled_from([LINK, FOLDER]), _nothing),
    _become(st.just(FOLDER), files),
)
worlds = st.dictionaries(st.sampled_from(NAMES), _outcomes, max_size=10)
