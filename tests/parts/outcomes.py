"""Small worlds: what became of each name between two snapshots, and what a list must say of it.

What moved and what is listed is worked out from the definitions alone, name by name.
"""

from collections.abc import Iterable
from typing import NamedTuple

from hypothesis import strategies as st
from msgspec.structs import replace

from qumulo_changelist.model import CREATE, DELETE, MODIFY, Attributes, Entry, Kind, State

LINK = Attributes(Kind.OTHER)
FOLDER = Attributes(Kind.DIRECTORY)
BAD = Attributes(Kind.FILE)
"""The attributes of a file that exists and cannot be read."""

UNNAMEABLE = ["/\1", "/\udcff", "/a\uffff"]
"""Names that the list cannot hold."""
NAMES = ["/a", "/a!", "/a/b", "/a0", "/b", "/c", "/é", "/\ud7ff", "/\ue000", "/😀", *UNNAMEABLE]


def file(number: str, size: int = 5, revision: str = "1") -> Attributes:
    """Return a file as the older snapshot has it."""
    return Attributes(Kind.FILE, size=size, id=number, revision=revision)


class Outcome(NamedTuple):
    """What a name was and is; None if it did not exist."""

    was: Attributes | None = None
    now: Attributes | None = None
    modified: bool = False
    """Whether it is the same file or directory as before, and changed."""


World = dict[str, Outcome]


class Line(NamedTuple):
    """What a list says of a name."""

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
    """Return the entries of both trees, in no order."""
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
            # A move changes times and owner, but not which file it is.
            now = replace(now, mtime=7, atime=8, owner=501, group=None)
            found.append(Entry(State.PRESENT, name, now, MODIFY if modified else CREATE))
    return found


def moved(world: World) -> dict[str, str]:
    """Return the new names of moved files, and the old name of each."""
    found: dict[str, str] = {}
    for file in {identity(one) for outcome in world.values() for one in outcome[:2] if one}:
        if not file[0] or not file[2]:
            continue  # it is not known which file it is
        was, now = names_of(file, world, 0), names_of(file, world, 1)
        found |= dict(zip(in_order(now - was), in_order(was - now), strict=False))
    return found


def identity(known: Attributes) -> tuple[str, int, str]:
    return known.id, known.size, known.revision


def names_of(file: tuple[str, int, str], world: World, side: int) -> set[str]:
    """Return the names of a file on a side (0: older, 1: newer) that can be part of a move."""
    return {
        name
        for name, outcome in world.items()
        if (known := (outcome.was, outcome.now)[side])
        and identity(known) == file
        and not outcome.modified
        and name not in UNNAMEABLE
    }


def listed(world: World, *, deletes: bool) -> list[Line]:
    """Return the lines of a list, with those that it leaves out, and files and directories gone."""
    moved_from = moved(world)
    lines = []
    for name in reversed(in_order(world)):
        outcome = world[name]
        was, now, _ = outcome
        if now is BAD:
            lines.append(Line(State.UNREADABLE, name, Kind.FILE, replaces=was_file(outcome)))
            continue
        if now and now is not LINK:
            old_name = moved_from.get(name, "")
            lines.append(Line(State.PRESENT, name, now.kind, old_name, was_file(outcome)))
            continue
        if now is LINK:
            lines.append(Line(State.LEFT_OUT, name, Kind.OTHER))
        if was is LINK:
            if not now and deletes:
                lines.append(Line(State.LEFT_OUT, name, Kind.OTHER))
        elif was:
            is_gone = not deletes or name in moved_from.values()
            lines.append(Line(State.GONE if is_gone else State.DELETED, name, was.kind))
    return lines


def in_order(names: Iterable[str]) -> list[str]:
    return sorted(names, key=lambda name: name.encode("utf-8", "surrogatepass"))


# Files with an id and a revision, and without.
files = st.builds(
    file,
    st.sampled_from(["1", "1", "12", "2", ""]),
    st.integers(5, 6),
    st.sampled_from(["1", "1", "2", ""]),
)

_nothing, _unmodified = st.none(), st.just(False)
_Attributes = st.SearchStrategy[Attributes | None]


def _become(was: _Attributes, now: _Attributes) -> st.SearchStrategy[Outcome]:
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
