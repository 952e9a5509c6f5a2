"""From changes to the entries of a list: the rules of the contract, over small trees in memory.

Trees are dictionaries, changes are written as the diff has them, and what comes out is told a line
an entry: ``file``, ``dir``, ``deleted``, ``deleted dir``, ``bad``, ``bad dir``, or ``left out``.
"""

from collections.abc import Iterable, Iterator
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from qumulo_changelist.scan.resolve import one_entry, resolve, sides, unlisted

from qumulo_changelist.changes.changeset import ChangedPaths, ChangeSet, pack, unpack
from qumulo_changelist.changes.scope import Scope
from qumulo_changelist.changes.slices import cut
from qumulo_changelist.model import (
    CREATE,
    DELETE,
    MODIFY,
    Attributes,
    Change,
    Description,
    Entry,
    Kind,
    ReadFailure,
    State,
)
from qumulo_changelist.trees.interface import DescribedEntries, NamedEntries, TreeRequest

FILE = Attributes(Kind.FILE, size=7, mtime=1, atime=2, owner=3, group=4)
LINK = Attributes(Kind.OTHER, size=9)
DIRECTORY = Attributes(Kind.DIRECTORY, size=512)
BROKEN = "I/O error"


class Locked(dict):
    """A directory that cannot be read, whatever it holds."""


class Odd(dict):
    """A directory of whose attributes one is malformed."""


NO_OWNER = "no usable owner"
ODD_FILE = ReadFailure(NO_OWNER, known=FILE)
ODD_LINK = ReadFailure(NO_OWNER, known=LINK)
NO_KIND = ReadFailure("no usable type")


class FakeTree:
    """Implements the role of a tree over a dictionary."""

    changed_since = 0

    def __init__(self, content: dict) -> None:
        self._content = content

    def read(self, wanted: Iterable[TreeRequest]) -> Iterator[Iterable[DescribedEntries]]:
        for wish in wanted:
            if isinstance(wish, NamedEntries):
                yield [DescribedEntries(wish.names, [self._describe(name) for name in wish.names])]
            else:
                yield self.walk(wish.directory)

    def _describe(self, name: str) -> Description:
        found = self._at(name)
        if found is None:
            return ReadFailure("not there")
        if found is BROKEN:
            return ReadFailure(BROKEN)
        if isinstance(found, Odd):
            return ReadFailure(NO_OWNER, known=DIRECTORY)
        return DIRECTORY if isinstance(found, dict) else found

    def walk(self, directory: str) -> Iterator[DescribedEntries]:
        content = self._at(directory)
        if not isinstance(content, dict) or isinstance(content, Locked):
            reason = "locked" if isinstance(content, Locked) else "not there"
            yield DescribedEntries([directory], [ReadFailure(reason)])
            return
        children = {name + "/" * isinstance(content[name], dict): content[name] for name in content}
        for name in sorted(children, reverse=True):
            found = children[name]
            if isinstance(found, dict):
                yield from self.walk(directory + name)
            if not isinstance(found, Locked):
                yield DescribedEntries([directory + name], [self._describe(directory + name)])

    def _at(self, name: str) -> object:
        found: object = self._content
        for part in name.split("/"):
            if part:
                if not isinstance(found, dict) or isinstance(found, Locked):
                    return None
                found = found.get(part)
        return found


WORDS = {
    (State.PRESENT, Kind.FILE): "file",
    (State.PRESENT, Kind.DIRECTORY): "dir",
    (State.DELETED, Kind.FILE): "deleted",
    (State.DELETED, Kind.DIRECTORY): "deleted dir",
    (State.UNREADABLE, Kind.FILE): "bad",
    (State.UNREADABLE, Kind.DIRECTORY): "bad dir",
    (State.LEFT_OUT, Kind.OTHER): "left out",
}


def resolved(
    changes: str | list[str], now: dict, before: dict | None = None, slice_size: int = 10**9
) -> list[Entry]:
    """Return what comes out; without ``before`` deletions are not wanted."""
    collection = ChangeSet(Scope("/"), limit=10**9, folder="")
    for line in [changes] if isinstance(changes, str) else changes:
        op, path = line.split(" ", 1)
        collection.add([Change(op, path)])
    older = None if before is None else FakeTree(before)
    slices = cut(collection.take(), slice_size, collection.whole)
    return [
        entry
        for keys in slices
        for batch in resolve(unpack(pack(keys)), FakeTree(now), older)
        for entry in batch
    ]


def listed(
    changes: str | list[str], now: dict, before: dict | None = None, slice_size: int = 10**9
) -> list[str]:
    return [
        f"{WORDS[item.state, item.attributes.kind]} {item.name}"
        for item in resolved(changes, now, before, slice_size)
        if item.state is not State.GONE
    ]


# Rule 2: files


@pytest.mark.parametrize("op", ["CREATE", "MODIFY"])
def test_a_created_or_modified_file_is_listed_with_its_attributes(op):
    assert resolved(f"{op} /a/b", {"a": {"b": FILE}}) == [Entry(State.PRESENT, "/a/b", FILE, op)]


def test_what_did_not_change_is_not_listed():
    assert listed("MODIFY /a", {"a": FILE, "b": FILE, "c": {"d": FILE}}) == ["file /a"]


def test_no_change_is_no_entry():
    assert listed([], {"a": FILE}, {"a": FILE}) == []


# Rule 3: created directories


def test_a_created_directory_stands_for_every_file_below_it():
    now = {"d": {"a": FILE, "sub": {"deep": {"b": FILE}}, "empty": {}}, "e": FILE}

    assert listed("CREATE /d/", now) == ["file /d/sub/deep/b", "file /d/a"]


def test_what_is_below_a_created_directory_may_be_listed_too():
    now = {"d": {"a": FILE, "sub": {"b": FILE}}}
    changes = ["CREATE /d/", "CREATE /d/a", "CREATE /d/sub/", "CREATE /d/sub/b", "MODIFY /d/a"]

    assert listed(changes, now) == ["file /d/sub/b", "file /d/a"]


def test_what_a_created_directory_should_hold_but_does_not_is_bad():
    changes = ["CREATE /d/", "CREATE /d/a", "CREATE /d/sub/", "MODIFY /d/old/"]

    assert listed(changes, {"d": {"b": FILE}}) == [
        "bad dir /d/sub",
        "bad dir /d/old",
        "file /d/b",
        "bad /d/a",
    ]


def test_a_created_directory_that_a_walk_came_too_early_for_is_bad():
    class Late(FakeTree):
        def walk(self, directory: str) -> Iterator[DescribedEntries]:
            return iter(())

    changed = ChangedPaths(["/d/sub/", "/d/"], ["C", "C"])

    ((entry,),) = resolve(changed, Late({"d": {"sub": {"never walked": FILE}}}), None)

    assert (entry.state, entry.name) == (State.UNREADABLE, "/d/sub")


def test_a_created_directory_that_is_gone_is_bad():
    (entry,) = resolved("CREATE /d/", {})

    assert (entry.state, entry.name, entry.attributes.kind, entry.reason) == (
        State.UNREADABLE,
        "/d",
        Kind.DIRECTORY,
        "not there",
    )


def test_a_created_directory_that_became_a_file_meanwhile_is_bad():
    assert listed("CREATE /d/", {"d": FILE}) == ["bad dir /d"]


def test_what_cannot_be_read_below_a_created_directory_is_bad():
    now = {"d": {"a": FILE, "b": BROKEN, "locked": Locked(c=FILE), "z": FILE}}

    assert listed("CREATE /d/", now) == ["file /d/z", "bad dir /d/locked", "bad /d/b", "file /d/a"]


def test_the_base_path_may_be_created():
    assert listed("CREATE /", {"a": FILE, "d": {"b": FILE}}) == ["file /d/b", "file /a"]


# Rule 4: modified directories


def test_a_modified_directory_is_listed_itself_alone():
    assert resolved("MODIFY /d/", {"d": {"a": FILE}}) == [
        Entry(State.PRESENT, "/d", DIRECTORY, MODIFY)
    ]


def test_a_modified_directory_that_is_gone_is_bad():
    assert listed("MODIFY /d/", {}) == ["bad dir /d"]


@pytest.mark.parametrize("instead", [FILE, LINK])
def test_a_modified_directory_that_is_none_any_more_is_bad(instead):
    assert listed("MODIFY /d/", {"d": instead}) == ["bad dir /d"]


# Rule 5: deletions


def test_without_being_asked_for_no_deletion_is_listed():
    assert listed(["DELETE /a", "DELETE /d/", "MODIFY /b"], {"b": FILE}) == ["file /b"]


def test_a_deleted_file_is_listed():
    assert listed("DELETE /a", {}, {"a": FILE}) == ["deleted /a"]


def test_a_deleted_directory_is_listed_with_every_file_that_was_below_it():
    before = {"d": {"a": FILE, "sub": {"deep": {"b": FILE}}, "empty": {}}}

    assert listed("DELETE /d/", {}, before) == [
        "deleted /d/sub/deep/b",
        "deleted /d/a",
        "deleted dir /d",
    ]


def test_what_was_below_a_deleted_directory_may_be_listed_too():
    before = {"d": {"a": FILE, "b": FILE}}

    assert listed(["DELETE /d/", "DELETE /d/a"], {}, before) == [
        "deleted /d/b",
        "deleted /d/a",
        "deleted dir /d",
    ]


def test_a_deleted_file_that_the_older_snapshot_cannot_show_is_still_deleted():
    assert listed("DELETE /a", {}, {}) == ["deleted /a"]


def test_a_deleted_directory_that_the_diff_calls_a_file_is_bad():
    before = {"d": {"a": FILE}}

    assert listed("DELETE /d", {}, before) == ["bad /d"]


def test_an_older_directory_that_cannot_be_read_is_bad():
    before = {"d": {"locked": Locked(a=FILE), "b": FILE}, "e": Locked(c=FILE)}

    assert listed(["DELETE /d/", "DELETE /e/"], {}, before) == [
        "bad dir /e",
        "bad dir /d/locked",
        "deleted /d/b",
        "deleted dir /d",
    ]


def test_the_base_path_may_be_deleted():
    before = {"a": FILE, "d": {"b": FILE}}

    assert listed("DELETE /", {}, before) == ["deleted /d/b", "deleted /a"]


def test_the_base_path_may_be_deleted_and_created_anew():
    before = {"a": FILE, "d": {"b": FILE}, "e": {"f": FILE}}
    now = {"d": {"b": FILE, "c": FILE}}

    assert listed(["DELETE /", "CREATE /"], now, before) == [
        "deleted /e/f",
        "file /d/c",
        "file /d/b",
        "deleted /a",
    ]


# One malformed attribute


@pytest.mark.parametrize("op", ["CREATE", "MODIFY"])
def test_a_malformed_file_or_directory_that_is_listed_is_bad(op):
    assert resolved(f"{op} /a", {"a": ODD_FILE}) == [
        Entry(State.UNREADABLE, "/a", Attributes(Kind.FILE), op, NO_OWNER)
    ]
    assert resolved("MODIFY /d/", {"d": Odd()}) == [
        Entry(State.UNREADABLE, "/d", Attributes(Kind.DIRECTORY), MODIFY, NO_OWNER)
    ]
    assert listed(f"{op} /a", {"a": Odd()}) == ["bad /a"]


def test_below_a_created_directory_only_a_file_can_be_malformed():
    now = {"d": {"a": ODD_FILE, "b": FILE, "l": ODD_LINK, "sub": Odd(c=FILE)}, "l": ODD_LINK}

    assert listed(["CREATE /d/", "CREATE /l"], now) == [
        "left out /l",
        "file /d/sub/c",
        "left out /d/l",
        "file /d/b",
        "bad /d/a",
    ]


def test_a_malformed_directory_that_the_diff_names_below_a_created_one_is_not_listed():
    changes = ["CREATE /d/", "CREATE /d/sub/", "CREATE /d/a"]

    assert listed(changes, {"d": {"sub": Odd(c=FILE), "a": ODD_FILE}}) == [
        "file /d/sub/c",
        "bad /d/a",
    ]


def test_what_is_deleted_is_deleted_however_malformed():
    before = {"a": ODD_FILE, "l": ODD_LINK, "d": Odd(b=ODD_FILE, sub=Odd(c=FILE), l=ODD_LINK)}
    changes = ["DELETE /a", "DELETE /l", "DELETE /d/"]

    found = resolved(changes, {}, before)

    assert [f"{WORDS[item.state, item.attributes.kind]} {item.name}" for item in found] == [
        "left out /l",
        "deleted /d/sub/c",
        "left out /d/l",
        "deleted /d/b",
        "deleted dir /d",
        "deleted /a",
    ]
    assert found[-1].attributes == FILE
    assert listed([*changes, "DELETE /d/b", "DELETE /d/sub/"], {}, before)[1:5] == [
        "deleted /d/sub/c",
        "deleted dir /d/sub",
        "left out /d/l",
        "deleted /d/b",
    ]


def test_a_deleted_file_of_no_known_kind_is_deleted_where_the_diff_names_it_and_else_bad():
    before = {"a": NO_KIND, "d": {"b": NO_KIND, "c": FILE}}

    assert listed(["DELETE /a", "DELETE /d/"], {}, before) == [
        "deleted /d/c",
        "bad /d/b",
        "deleted dir /d",
        "deleted /a",
    ]


def test_what_was_in_a_directory_is_deleted_though_the_file_in_its_place_is_malformed():
    before = {"d": {"a": {"b": FILE}}}

    assert listed(["DELETE /d/", "CREATE /d/"], {"d": {"a": ODD_FILE}}, before) == [
        "deleted /d/a/b",
        "bad /d/a",
    ]
    # Where nobody says that it is a file, it may be a directory that still holds it.
    assert listed(["DELETE /d/", "CREATE /d/"], {"d": {"a": NO_KIND}}, before) == ["bad /d/a"]


# Rule 6: what was replaced exists


@pytest.mark.parametrize("op", ["CREATE", "MODIFY"])
def test_a_file_in_the_place_of_a_file_is_listed_once(op):
    assert listed(["DELETE /a", f"{op} /a"], {"a": FILE}, {"a": FILE}) == ["file /a"]


def test_of_a_directory_made_anew_only_what_is_no_longer_there_is_deleted():
    before = {"d": {"both": FILE, "old": FILE, "sub": {"old": FILE, "both": FILE}}}
    now = {"d": {"both": FILE, "new": FILE, "sub": {"both": FILE}}}

    assert listed(["DELETE /d/", "CREATE /d/"], now, before) == [
        "deleted /d/sub/old",
        "file /d/sub/both",
        "deleted /d/old",
        "file /d/new",
        "file /d/both",
    ]


def test_a_file_that_gave_way_to_a_link_is_deleted():
    assert listed(["DELETE /a", "CREATE /a"], {"a": LINK}, {"a": FILE}) == [
        "left out /a",
        "deleted /a",
    ]


def test_a_file_that_gave_way_to_a_link_below_a_directory_made_anew_is_deleted():
    changes = ["DELETE /d/", "CREATE /d/"]

    assert listed(changes, {"d": {"a": LINK}}, {"d": {"a": FILE}}) == [
        "left out /d/a",
        "deleted /d/a",
    ]


def test_a_link_that_gave_way_to_a_file_is_a_file():
    assert listed(["DELETE /a", "CREATE /a"], {"a": FILE}, {"a": LINK}) == ["file /a"]


def test_a_link_that_gave_way_to_a_link_is_left_out_once():
    assert listed(["DELETE /a", "CREATE /a"], {"a": LINK}, {"a": LINK}) == ["left out /a"]


def test_a_directory_that_gave_way_to_a_file_leaves_out_its_own_deletion():
    changes = ["DELETE /a/", "CREATE /a"]

    assert listed(changes, {"a": FILE}, {"a": {"b": FILE}}) == ["deleted /a/b", "file /a"]


def test_a_directory_that_gave_way_to_a_link_is_deleted():
    changes = ["DELETE /a/", "CREATE /a"]

    assert listed(changes, {"a": LINK}, {"a": {"b": FILE}}) == [
        "deleted /a/b",
        "left out /a",
        "deleted dir /a",
    ]


def test_a_file_that_gave_way_to_a_directory_is_deleted():
    changes = ["DELETE /a", "CREATE /a/"]

    assert listed(changes, {"a": {"b": FILE}}, {"a": FILE}) == ["file /a/b", "deleted /a"]


def test_a_file_that_gave_way_to_a_directory_below_one_made_anew_is_deleted():
    changes = ["DELETE /d/", "CREATE /d/"]

    assert listed(changes, {"d": {"a": {"b": FILE}}}, {"d": {"a": FILE}}) == [
        "file /d/a/b",
        "deleted /d/a",
    ]


def test_a_directory_that_gave_way_to_a_file_below_one_made_anew_is_a_file():
    changes = ["DELETE /d/", "CREATE /d/"]

    assert listed(changes, {"d": {"a": FILE}}, {"d": {"a": {"b": FILE}}}) == [
        "deleted /d/a/b",
        "file /d/a",
    ]


def test_a_rename_is_a_deletion_and_a_creation():
    changes = ["DELETE /old/", "CREATE /new/", "MODIFY /up/"]
    directory = {"a": FILE}

    assert listed(changes, {"new": directory, "up": {}}, {"old": directory, "up": {}}) == [
        "dir /up",
        "deleted /old/a",
        "deleted dir /old",
        "file /new/a",
    ]


def test_nothing_is_told_deleted_below_a_new_directory_that_cannot_be_read():
    before = {"d": {"a": FILE, "sub": {"b": FILE}}}

    for now in ({"d": Locked()}, {}):
        assert listed(["DELETE /d/", "CREATE /d/"], now, before)[-1] == "bad dir /d"
        assert not any(
            "deleted" in line for line in listed(["DELETE /d/", "CREATE /d/"], now, before)
        )


def test_what_is_beside_a_new_directory_that_cannot_be_read_is_told_deleted():
    before = {"d": {"a": FILE, "sub": {"b": FILE, "c": {"e": FILE}}, "z": FILE}}
    now = {"d": {"sub": Locked(), "y": FILE}}

    assert listed(["DELETE /d/", "CREATE /d/"], now, before) == [
        "deleted /d/z",
        "file /d/y",
        "bad dir /d/sub",
        "deleted /d/a",
    ]  # fmt: skip


def test_what_nobody_can_know_to_be_deleted_is_not_counted_as_a_link_either():
    before = {"d": {"a": FILE}}

    assert listed(["DELETE /d/", "CREATE /d/"], {"d": Locked()}, before) == ["bad dir /d"]


def test_what_is_still_there_but_cannot_be_read_is_bad_and_not_deleted():
    changes = ["DELETE /a", "CREATE /a"]

    assert listed(changes, {"a": BROKEN}, {"a": FILE}) == ["bad /a"]


# Rule 7: what is never listed


@pytest.mark.parametrize("op", ["CREATE", "MODIFY", "DELETE"])
def test_a_link_is_left_out_and_said_to_be(op):
    assert listed(f"{op} /a", {"a": LINK}, {"a": LINK}) == ["left out /a"]


def test_links_below_created_and_deleted_directories_are_left_out():
    now, before = {"d": {"a": LINK, "b": FILE}}, {"e": {"a": LINK, "b": FILE}}

    assert listed(["CREATE /d/", "DELETE /e/"], now, before) == [
        "deleted /e/b",
        "left out /e/a",
        "deleted dir /e",
        "file /d/b",
        "left out /d/a",
    ]


# Rule 8: what cannot be read


@pytest.mark.parametrize("op", ["CREATE", "MODIFY"])
def test_a_file_that_cannot_be_read_is_bad_and_says_why(op):
    (entry,) = resolved(f"{op} /a", {"a": BROKEN})

    assert entry == Entry(State.UNREADABLE, "/a", Attributes(Kind.FILE), op, BROKEN)


@pytest.mark.parametrize("op", ["CREATE", "MODIFY"])
def test_a_file_that_is_gone_or_a_directory_now_is_bad(op):
    assert listed(f"{op} /a", {}) == ["bad /a"]
    assert listed(f"{op} /a", {"a": {"b": FILE}}) == ["bad /a"]


def test_the_whole_list_comes_around_what_cannot_be_read():
    changes = ["MODIFY /a", "CREATE /b", "MODIFY /c", "CREATE /d/"]

    assert listed(changes, {"a": FILE, "b": BROKEN, "c": FILE, "d": Locked()}) == [
        "bad dir /d",
        "file /c",
        "bad /b",
        "file /a",
    ]


# The order


def test_the_list_descends_by_names_without_slash_whatever_the_trees_say():
    now = {
        "reel2": {"b": FILE},
        "reel2.mov": FILE,
        "reel2-old": {"c": FILE},
        "reel20": FILE,
        "reel1": {},
    }
    before = {"reel2.bak": FILE, "reel1.old": {"x": FILE}, "reel2": {"a": FILE}}
    changes = ["DELETE /reel2.bak", "DELETE /reel1.old/", "DELETE /reel2/a", "MODIFY /reel2/"]
    changes += ["CREATE /reel2/b", "CREATE /reel2.mov", "CREATE /reel2-old/", "MODIFY /reel20"]
    changes += ["MODIFY /reel1/"]

    assert listed(changes, now, before) == [
        "file /reel20",
        "file /reel2/b",
        "deleted /reel2/a",
        "file /reel2.mov",
        "deleted /reel2.bak",
        "file /reel2-old/c",
        "dir /reel2",
        "deleted /reel1.old/x",
        "deleted dir /reel1.old",
        "dir /reel1",
    ]


# Any trees


class Dir(dict):
    """A directory that knows whether it is the same one as before."""

    def __init__(self, identity: int, content: dict) -> None:
        super().__init__(content)
        self.identity = identity


files = st.integers(0, 1).map(lambda version: Attributes(Kind.FILE, mtime=version))
links = st.just(LINK)


def directories(depth: int) -> st.SearchStrategy:
    inside = files | links | (directories(depth - 1) if depth else st.nothing())
    content = st.dictionaries(st.sampled_from(["a", "a.", "a-b", "ab", "é"]), inside, max_size=4)
    return st.builds(Dir, st.integers(0, 1), content)


trees = directories(3)


def is_same(old: object, new: object) -> bool:
    if isinstance(old, Dir) and isinstance(new, Dir):
        return old.identity == new.identity
    return type(old) is type(new) and (old == LINK) == (new == LINK) and not isinstance(old, Dir)


def diff(old: Dir, new: Dir, above: str = "/") -> Iterator[str]:
    """Say what a cluster says of two states of a directory."""
    for name in old.keys() | new.keys():
        before, now = old.get(name), new.get(name)
        path = f"{above}{name}" + "/" * isinstance(now if now is not None else before, Dir)
        if is_same(before, now):
            if isinstance(now, Dir):
                yield from diff(before, now, path)
            elif before != now:
                yield f"MODIFY {path}"
            continue
        if before is not None:
            yield f"DELETE {above}{name}" + "/" * isinstance(before, Dir)
        if now is not None:
            yield f"CREATE {path}"
        yield f"MODIFY {above}"


def everything(tree: Dir, above: str = "") -> Iterator[tuple[str, object]]:
    for name, found in tree.items():
        yield f"{above}/{name}", found
        if isinstance(found, Dir):
            yield from everything(found, f"{above}/{name}")


def expected(old: Dir, new: Dir) -> dict[str, str]:
    """Say path by path, and without any stream, what the contract wants listed."""
    before, now = dict(everything(old)), dict(everything(new))
    words = {path: said_of_old(path, before, now) for path in before}
    words |= {path: word for path in now if (word := said_of_new(path, before, now)) is not None}
    return {path: word for path, word in words.items() if word}


def said_of_old(path: str, before: dict, now: dict) -> str:
    if before[path] == LINK or is_kept(path, before, now):
        return ""
    if isinstance(before[path], Dir):
        # A deleted directory stands for the deleted ones below it.
        return "deleted dir" if is_kept(above(path), before, now) else ""
    return "deleted"


def said_of_new(path: str, before: dict, now: dict) -> str | None:
    """Return what is listed, "" for nothing, None where what was there before is deleted."""
    if now[path] == LINK:
        return None
    if not isinstance(now[path], Dir):
        return "" if is_kept(path, before, now) and before[path] == now[path] else "file"
    if not is_kept(path, before, now):
        return "" if isinstance(before.get(path), Dir) else None
    entries = [name for name in before | now if above(name) == path]
    return "" if all(is_kept(name, before, now) for name in entries) else "dir"


def is_kept(path: str, before: dict, now: dict) -> bool:
    if not path:
        return True
    in_both = path in before and path in now and is_same(before[path], now[path])
    return in_both and is_kept(above(path), before, now)


def above(path: str) -> str:
    return path.rpartition("/")[0]


@given(old=trees, new=trees, seed=st.randoms(use_true_random=False))
@example(
    old=Dir(0, {"a": Dir(0, {"b": FILE}), "a.": FILE}),
    new=Dir(0, {"a": FILE, "a.": Dir(1, {"b": FILE})}),
    seed=None,
)
@settings(max_examples=300)
def test_any_two_trees_lead_to_the_list_that_the_contract_wants(old, new, seed):
    changes = [change for change in diff(old, new) if change != "MODIFY /"]
    if seed:
        changes += seed.sample(changes, k=min(3, len(changes)))
        seed.shuffle(changes)
    words = expected(old, new)
    lines = [f"{words[path]} {path}" for path in sorted(words, reverse=True)]

    found = [line for line in listed(changes, new, old) if not line.startswith("left out")]
    without = [line for line in listed(changes, new) if not line.startswith("left out")]

    assert found == lines
    assert without == [line for line in lines if not line.startswith("deleted")]
    for size in (1, 2, 3):
        assert listed(changes, new, old, size) == listed(changes, new, old)


some_paths = st.sampled_from(
    ["/", "/a", "/a/", "/a/b", "/a/b/", "/a/b/c", "/a.", "/a./", "/a./b", "/é", "/a/\udcff"]
)
contradictions = st.lists(
    st.builds("{} {}".format, st.sampled_from(["CREATE", "MODIFY", "DELETE"]), some_paths),
    max_size=10,
)


def broken(tree: Dir) -> dict:
    """Return a tree of which something cannot be read."""
    return {
        name: (Locked if name == "a-b" else dict)(broken(found)) if isinstance(found, Dir) else
        BROKEN if name == "ab" else found
        for name, found in tree.items()
    }  # fmt: skip


@given(changes=contradictions, now=trees, before=trees)
def test_whatever_a_diff_claims_no_name_comes_twice_and_names_descend(changes, now, before):
    changes = [change for change in changes if change != "MODIFY /"]

    for newer, older in ((now, before), (broken(now), broken(before)), (broken(now), None)):
        entries = resolved(changes, newer, older)
        names = [entry.name for entry in entries if entry.state is not State.LEFT_OUT]

        assert all(first > second for first, second in pairwise(names))
        assert resolved(changes, newer, older, 1) == entries
        assert all(name == "/" or (name.startswith("/") and name[-1] != "/") for name in names)


def test_nothing_below_what_cannot_be_read_is_told_deleted_even_if_it_may_be_a_file():
    before = {"d": {"sub": {"b": FILE}}}

    assert listed(["DELETE /d/", "CREATE /d/"], {"d": {"sub": BROKEN}}, before) == ["bad /d/sub"]


# What a name had before: counted by the proof


@pytest.mark.parametrize(
    ("changes", "before", "replaces"),
    [
        (["DELETE /a", "CREATE /a"], {"a": FILE}, True),
        (["DELETE /a", "CREATE /a"], {"a": BROKEN}, True),
        (["DELETE /a", "CREATE /a"], {"a": LINK}, False),
        (["DELETE /a/", "CREATE /a"], {"a": {"b": FILE}}, False),
        ("CREATE /a", {}, False),
        ("MODIFY /a", {"a": FILE}, False),
    ],
)
def test_a_file_replaces_another_where_a_regular_file_had_its_name(changes, before, replaces):
    for found in (FILE, BROKEN):
        (entry, *_) = [one for one in resolved(changes, {"a": found}, before) if one.op != DELETE]

        assert entry.replaces is replaces


def test_a_directory_that_cannot_be_read_may_replace_a_file_too():
    (entry,) = resolved(["DELETE /a", "CREATE /a/"], {"a": Locked()}, {"a": FILE})

    assert (entry.state, entry.attributes.kind, entry.replaces) == (
        State.UNREADABLE,
        Kind.DIRECTORY,
        True,
    )


def test_files_below_what_was_made_anew_and_cannot_be_read_are_gone():
    before = {"d": {"sub": {"a": FILE}, "b": FILE}, "e": FILE}
    changes = ["DELETE /d/", "CREATE /d/", "DELETE /e"]

    found = resolved(changes, {"d": Locked()}, before)

    assert [(one.state, one.name) for one in found] == [
        (State.DELETED, "/e"),
        (State.GONE, "/d/sub/a"),
        (State.GONE, "/d/b"),
        (State.UNREADABLE, "/d"),
    ]


# One entry a name


def created(state: State, known: Attributes = FILE) -> Entry:
    return Entry(state, "/a", known, CREATE)


def deleted(state: State, known: Attributes = FILE) -> Entry:
    return Entry(state, "/a", known, DELETE)


PRESENT, UNREADABLE = State.PRESENT, State.UNREADABLE
LEFT_OUT = State.LEFT_OUT

CHOICES = [
    ([created(PRESENT), deleted(State.DELETED)], [(PRESENT, True)]),
    ([created(PRESENT), deleted(State.GONE)], [(PRESENT, True)]),
    ([created(PRESENT), deleted(LEFT_OUT, LINK)], [(PRESENT, False)]),
    ([created(PRESENT), deleted(State.DELETED, DIRECTORY)], [(PRESENT, False)]),
    ([created(UNREADABLE), deleted(State.DELETED)], [(UNREADABLE, True)]),
    ([created(UNREADABLE), deleted(State.GONE)], [(UNREADABLE, True)]),
    (
        [created(LEFT_OUT, LINK), deleted(State.DELETED)],
        [(LEFT_OUT, False), (State.DELETED, False)],
    ),
    ([created(LEFT_OUT, LINK), deleted(State.GONE)], [(LEFT_OUT, False), (State.GONE, False)]),
    ([created(LEFT_OUT, LINK), deleted(LEFT_OUT, LINK)], [(LEFT_OUT, False)]),
    ([created(LEFT_OUT, LINK), deleted(UNREADABLE)], [(LEFT_OUT, False), (UNREADABLE, False)]),
    ([created(PRESENT)], [(PRESENT, False)]),
    ([deleted(State.DELETED)], [(State.DELETED, False)]),
    ([deleted(State.GONE)], [(State.GONE, False)]),
    ([deleted(LEFT_OUT, LINK)], [(LEFT_OUT, False)]),
]


@pytest.mark.parametrize(("same", "left"), CHOICES)
def test_of_one_name_what_exists_wins_in_whichever_order_it_comes(same, left):
    for order in (same, same[::-1]):
        assert [(one.state, one.replaces) for one in one_entry(order)] == left


def test_where_deletions_are_not_wanted_they_are_gone_and_nothing_else_changes():
    for state in State:
        assert unlisted(created(state)) == created(state)
        assert unlisted(deleted(state)) == deleted(State.GONE)
    reason = Entry(State.UNREADABLE, "/d", DIRECTORY, DELETE, "I/O error")
    assert unlisted(reason).reason == "I/O error"


# Both sides


def both(changes: list[str], now: dict, before: dict | None, new: dict | None = None) -> list[str]:
    """Return what the trees say: name, operation and size each."""
    collection = ChangeSet(Scope("/"), limit=10**9, folder="")
    collection.add([Change(*line.split(" ", 1)) for line in changes])
    packed = pack([key for block in collection.take() for key in block])
    older, created = (None if tree is None else FakeTree(tree) for tree in (before, new))
    return [
        f"{entry.op} {entry.name} {entry.attributes.size}"
        for batch in sides(unpack(packed), FakeTree(now), older, created)
        for entry in batch
    ]


SMALL, LARGE = Attributes(Kind.FILE, size=1), Attributes(Kind.FILE, size=2)


def test_a_name_that_both_trees_know_comes_twice_and_what_is_there_first():
    assert both(["DELETE /a", "CREATE /a"], {"a": LARGE}, {"a": SMALL}) == [
        "CREATE /a 2",
        "DELETE /a 1",
    ]


def test_without_an_older_tree_nothing_that_was_deleted_comes():
    assert both(["DELETE /a", "CREATE /a", "DELETE /b"], {"a": LARGE}, None) == ["CREATE /a 2"]


def test_what_was_created_is_described_by_its_own_tree_and_what_was_modified_by_the_other():
    changes = ["CREATE /a", "MODIFY /b", "CREATE /d/", "MODIFY /e/", "CREATE /e/f", "MODIFY /e/g"]
    now = {"a": SMALL, "b": SMALL, "d": {"c": SMALL}, "e": {"f": SMALL, "g": SMALL}}
    new = {"a": LARGE, "b": LARGE, "d": {"c": LARGE}, "e": {"f": LARGE, "g": LARGE}}

    assert both(changes, now, {}, new) == [
        "MODIFY /e/g 1",
        "CREATE /e/f 2",
        "MODIFY /e 512",
        "CREATE /d/c 2",
        "MODIFY /b 1",
        "CREATE /a 2",
    ]


@given(old=trees, new=trees)
def test_whether_what_was_created_has_a_tree_of_its_own_makes_no_difference(old, new):
    changes = [change for change in diff(old, new) if change != "MODIFY /"]

    assert both(changes, new, old, new) == both(changes, new, old)


# Moves: the newer tree with ids


class Identifying(FakeTree):
    """The same tree, asked of the cluster; notes what it is asked for."""

    def __init__(self, content: dict) -> None:
        super().__init__(content)
        self.asked: list[str] = []

    def read(self, wanted: Iterable[TreeRequest]) -> Iterator[Iterable[DescribedEntries]]:
        wishes = list(wanted)
        for wish in wishes:
            self.asked += wish.names if isinstance(wish, NamedEntries) else [wish.directory]
        return super().read(wishes)


def test_only_what_was_created_is_asked_for_with_its_id_and_no_name_comes_twice():
    now = {"d": {"x": FILE, "y": FILE}, "kept": FILE, "new": FILE}
    changed = ChangedPaths(["/new", "/kept", "/d/x", "/d/"], ["C", "M", "M", "C"])
    identified = Identifying(now)

    found = sides(changed, FakeTree(now), None, identified)

    names = [entry.name for batch in found for entry in batch]
    assert names == ["/new", "/kept", "/d/y", "/d/x"]
    assert identified.asked == ["/new", "/d/"]
