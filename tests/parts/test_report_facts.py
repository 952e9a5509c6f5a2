"""What a report says of a list: counted in one pass, and worked out here in a plain way."""

import random
from collections import Counter
from collections.abc import Callable
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qumulo_changelist.model import CREATE, MODIFY, Kind, State
from qumulo_changelist.output.interface import ListCounts, ListedEntry
from qumulo_changelist.report import folders as folders_module
from qumulo_changelist.report import media
from qumulo_changelist.report.amounts import KINDS, Amount, Changes
from qumulo_changelist.report.facts import GatheredFacts, gather_facts
from qumulo_changelist.report.folders import keep_largest
from qumulo_changelist.report.media import by_kind
from qumulo_changelist.report.moves import MovedFolder
from qumulo_changelist.report.shares import FolderShare, divide

# Thursday, 1 January 1970, 00:00 UTC, and 1000 days later.
NOW = 1000 * 86400


def created(name: str, size: int = 1, age: int = 0) -> ListedEntry:
    return ListedEntry(name, State.PRESENT, Kind.FILE, CREATE, size, mtime=NOW - age)


def modified(name: str, size: int = 1) -> ListedEntry:
    return ListedEntry(name, State.PRESENT, Kind.FILE, MODIFY, size, mtime=NOW)


def moved(name: str, moved_from: str, size: int = 1) -> ListedEntry:
    return ListedEntry(name, State.PRESENT, Kind.FILE, CREATE, size, moved_from, mtime=NOW)


def deleted(name: str, kind: Kind = Kind.FILE) -> ListedEntry:
    return ListedEntry(name, State.DELETED, kind)


def unreadable(name: str, reason: str = "") -> ListedEntry:
    return ListedEntry(name, State.UNREADABLE, Kind.FILE, reason=reason)


def gather(*entries: ListedEntry | ListCounts) -> GatheredFacts:
    return gather_facts(entries, NOW)


def test_files_are_counted_by_kind_of_change_and_directories_apart() -> None:
    stated = ListCounts(files=4)
    facts = gather(
        created("/a", 5),
        modified("/b", 7),
        ListedEntry("/c", State.PRESENT, Kind.FILE, None, 11, mtime=NOW),
        moved("/d", "/e", 13),
        deleted("/f"),
        deleted("/g", Kind.DIRECTORY),
        ListedEntry("/h", State.PRESENT, Kind.DIRECTORY, MODIFY),
        unreadable("/i", "I/O error"),
        stated,
    )

    assert facts.totals == Changes(
        Amount(1, 5), Amount(1, 7), Amount(1, 11), Amount(1, 13), Amount(1, 0)
    )
    assert facts.totals.written == Amount(3, 23)
    assert (facts.modified_directories, facts.deleted_directories) == (1, 1)
    assert facts.unreadable.reasons == {"I/O error": 1}
    assert [one.name for one in facts.unreadable.first] == ["/i"]
    assert facts.stated == stated


def test_a_folder_has_what_is_in_it_and_what_is_below_it() -> None:
    facts = gather(created("/z"), created("/a/b/y", 4), created("/a/x", 2), deleted("/a/w"))

    found = {one.path: (one.own.created.bytes, one.total.created.bytes) for one in facts.folders}
    assert found == {"": (1, 7), "/a": (2, 6), "/a/b": (4, 4)}
    assert facts.folders[1].total.deleted.files == 1


def test_an_empty_list_has_nothing_but_the_base_path() -> None:
    facts = gather(ListCounts())

    assert [one.path for one in facts.folders] == [""]
    assert facts.totals == Changes()
    assert not facts.says_sizes
    assert divide(facts.folders, lambda one: one.written, 5) == []


def test_a_list_of_names_alone_says_neither_sizes_nor_times() -> None:
    facts = gather(ListedEntry("/a", State.PRESENT, Kind.FILE), deleted("/b"))

    assert (facts.says_sizes, facts.says_times) == (False, False)
    assert gather(created("/empty", 0)).says_sizes


PATHS = st.lists(
    st.lists(st.sampled_from("abc"), min_size=1, max_size=6).map(lambda one: "/" + "/".join(one)),
    max_size=60,
)


@given(PATHS, st.integers(1, 12))
def test_folders_are_few_and_nothing_is_lost_from_them(paths: list[str], at_most: int) -> None:
    makers: list[Callable[[str, int], ListedEntry]] = [
        created, modified, lambda name, _: deleted(name), lambda name, size: moved(name, "/m", size)
    ]  # fmt: skip
    entries = [makers[at % 4](f"{path}/{at}", at) for at, path in enumerate(paths)]
    facts = gather(*entries)

    kept = keep_largest(facts.folders, at_most)

    there = {one.path for one in kept}
    assert len(kept) <= at_most
    assert all(one.path[: one.path.rfind("/")] in there for one in kept)
    for kind in KINDS:
        owns = [getattr(one.own, kind) for one in kept]
        whole = getattr(facts.totals, kind)
        assert sum(one.files for one in owns) == whole.files == getattr(kept[0].total, kind).files
        assert sum(one.bytes for one in owns) == whole.bytes == getattr(kept[0].total, kind).bytes
    for one in kept:
        below = [e for e in entries if e.name.startswith(f"{one.path}/")]
        assert sum(e.size for e in below) == sum(
            getattr(one.total, kind).bytes for kind in KINDS[:4]
        )


def test_memory_is_bounded_however_many_folders_and_types_a_list_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module in (folders_module, media):
        monkeypatch.setattr(module, "_HELD", 50)
        monkeypatch.setattr(module, "_KEPT", 10)
    entries = [created(f"/{at // 10}/{at}/file.e{at}", at) for at in range(2000)]
    entries.append(created("/large/a.mov", 10**6))

    facts = gather(*entries)

    assert len(facts.folders) <= 51
    assert len(facts.types) <= 51
    assert facts.totals.created == Amount(2001, 10**6 + sum(range(2000)))
    assert sum(one.files for one in facts.types) == 2001
    large = next(one for one in facts.folders if one.path == "/large")
    assert large.total.created == Amount(1, 10**6)


def test_a_tree_that_is_deeper_than_what_is_drawn_counts_for_its_upper_part() -> None:
    facts = gather(created("/d" * 200 + "/file", 9))

    assert facts.folders[-1].path == "/d" * 24
    assert facts.folders[-1].own.created == Amount(1, 9)


def test_the_largest_folder_is_opened_and_the_shares_are_all_of_it() -> None:
    folders = gather(
        created("/show/reel1/a", 60),
        created("/show/reel2/b", 30),
        created("/show/c", 4),
        created("/other/d", 6),
    ).folders

    assert divide(folders, lambda one: one.written, 5) == [
        FolderShare("/show/reel1", "all", 1, 60),
        FolderShare("/show/reel2", "all", 1, 30),
        FolderShare("/other", "all", 1, 6),
        FolderShare("/show", "own", 1, 4),
    ]
    assert divide(folders, lambda one: one.written, 2) == [
        FolderShare("/show", "all", 3, 94),
        FolderShare("/other", "all", 1, 6),
    ]


def test_of_many_folders_the_largest_are_named_and_the_others_are_one_share() -> None:
    folders = gather(*(created(f"/all/{at:02}/f", at) for at in range(1, 41))).folders

    shares = divide(folders, lambda one: one.written, 4)

    assert [(one.path, one.part, one.bytes) for one in shares] == [
        ("/all", "others", sum(range(1, 38))),
        ("/all/40", "all", 40),
        ("/all/39", "all", 39),
        ("/all/38", "all", 38),
    ]


@given(PATHS, st.integers(1, 9))
def test_shares_never_overlap(paths: list[str], at_most: int) -> None:
    folders = gather(*(deleted(f"{path}/{at}") for at, path in enumerate(paths))).folders

    shares = divide(folders, lambda one: one.deleted, at_most)

    assert sum(one.files for one in shares) == len(paths)
    assert len(shares) <= at_most
    assert len({(one.path, one.part) for one in shares}) == len(shares)


def test_types_are_by_the_ending_in_any_case_and_sequences_are_one() -> None:
    facts = gather(
        created("/A.MOV", 8),
        created("/b.mov", 2),
        created("/c.mOv", 1),
        created("/frame.0001", 5),
        created("/frame.0002", 5),
        created("/.hidden", 3),
        created("/README", 1),
        created("/an.endingthatisnone", 1),
        moved("/x.wav", "/y.wav", 99),
    )

    assert [(one.ending, one.kind, one.files, one.bytes) for one in facts.types] == [
        ("mov", "video", 3, 11),
        ("0-9", "other", 2, 10),
        ("", "other", 3, 5),
    ]
    assert by_kind(facts.types)["video"] == Amount(3, 11)


def test_sizes_ages_hours_and_weekdays_are_of_what_was_written() -> None:
    facts = gather(
        created("/a", 0),  # now: 00:00 on the 1000th day after a Thursday, a Wednesday
        created("/b", 10**6, age=3600),
        created("/c", 10**12, age=-1),
        created("/d", 99_999, age=86400 * 400),
        moved("/e", "/f", 10**9),
        deleted("/g"),
    )

    assert {one.name: one.files for one in facts.sizes if one.files} == {
        "empty": 1, "under 100 kB": 1, "1 to 10 MB": 1, "100 GB and more": 1
    }  # fmt: skip
    assert {one.name: one.files for one in facts.ages if one.files} == {
        "changed later": 1, "under an hour": 1, "under a day": 1, "1 to 3 years": 1
    }  # fmt: skip
    assert {one.name: one.files for one in facts.hours if one.files} == {"00": 3, "23": 1}
    # 400 days before a Wednesday is a Tuesday.
    assert {one.name: one.files for one in facts.weekdays if one.files} == {
        "Tuesday": 2, "Wednesday": 2
    }  # fmt: skip


def test_the_largest_files_are_found_wherever_they_are() -> None:
    sizes = list(range(1, 500))
    random.Random(3).shuffle(sizes)

    facts = gather(*(created(f"/{size}", size) for size in sizes))

    assert [one.bytes for one in facts.largest] == list(range(499, 474, -1))
    assert facts.largest[0].name == "/499"


def test_what_was_moved_counts_for_the_folder_that_was_renamed() -> None:
    facts = gather(
        moved("/new/a/x", "/old/a/x", 4),
        moved("/new/b/y", "/old/b/y", 8),
        moved("/new/renamed", "/new/name", 1),
        moved("/z", "/deep/er/z", 2),
    )

    assert facts.moves.largest == (
        MovedFolder("/old", "/new", 2, 12),
        MovedFolder("/deep/er", "", 1, 2),
        MovedFolder("/new", "/new", 1, 1),
    )
    assert facts.moves.others == Amount()


def test_of_many_moved_folders_the_largest_are_named() -> None:
    facts = gather(*(moved(f"/to{at}/f", f"/from{at}/g", at) for at in range(100)))

    named = [one.bytes for one in facts.moves.largest]
    assert named == list(range(99, 79, -1))
    assert facts.moves.others == Amount(80, sum(range(80)))


def test_all_unreadable_entries_are_counted_and_the_first_are_named() -> None:
    reasons = ["Permission denied"] * 300 + [f"reason {at}" for at in range(1500)]
    facts = gather(*(unreadable(f"/{at}", reason) for at, reason in enumerate(reasons)))

    assert facts.unreadable.count == 1800
    assert facts.unreadable.reasons["Permission denied"] == 300
    assert sum(facts.unreadable.reasons.values()) == 1800
    assert len(facts.unreadable.first) == 200
    assert len(facts.unreadable.reasons) <= 1001


def test_no_ending_is_of_two_kinds_of_media() -> None:
    endings = Counter(chain.from_iterable(one.split() for one in media._ENDINGS.values()))

    assert [ending for ending, number in endings.items() if number > 1] == []
