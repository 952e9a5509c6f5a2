"""The limit on what a list may lack: what is allowed, when a run ends early, and what it says."""

import pytest

from qumulo_changelist.changes.changeset import ChangeSet
from qumulo_changelist.changes.scope import Scope
from qumulo_changelist.checks.base_path import SnapshotPair, SnapshotView
from qumulo_changelist.checks.unreadable_limit import UnreadableLimit, exceeds
from qumulo_changelist.errors import (
    AbsentError,
    MappedPathError,
    MountChangedError,
    TooManyUnreadableError,
    UsageError,
)
from qumulo_changelist.model import (
    CREATE,
    DELETE,
    Attributes,
    Change,
    Entry,
    Kind,
    Snapshot,
    State,
)
from qumulo_changelist.operations.lists.request import ChangelistRequest
from qumulo_changelist.operations.lists.unreadable import MostReadable, UnreadableWatch
from qumulo_changelist.scan.tally import Tally
from qumulo_changelist.snapshot_paths import snapshot_paths
from tests.parts.fake_cluster import UnusedCluster


def limit(text: str) -> UnreadableLimit:
    return UnreadableLimit.parse(text)


def unreadable(name: str, reason: str = "Input/output error") -> Entry:
    return Entry(State.UNREADABLE, name, Attributes(Kind.FILE), CREATE, reason)


def present(name: str) -> Entry:
    return Entry(State.PRESENT, name, Attributes(Kind.FILE, size=1), CREATE)


class Sources:
    """What a run reads, and how often it was looked at."""

    def __init__(self, error: Exception | None = None) -> None:
        self.looks = 0
        self._error = error

    def check(self) -> None:
        self.looks += 1
        if self._error:
            raise self._error


def watch(
    text: str | None, tally: Tally, sources: Sources | None = None, most: int | None = None
) -> UnreadableWatch:
    given = limit(text) if text else None
    made = UnreadableWatch(given, [tally], (sources or Sources()).check, "/mnt")
    made.most_readable = lambda: most
    return made


def tally_of(*entries: Entry) -> Tally:
    tally = Tally()
    tally.add(list(entries))
    return tally


# The number


@pytest.mark.parametrize(
    ("given", "unreadable", "entries", "expected"),
    [
        (None, 1_000, 1_000, False),  # 1,000 are always allowed
        (None, 1_001, 1_001, True),
        (None, 1_001, 100_099, True),
        (None, 1_001, 100_100, False),  # 1%
        (None, 50_000, 5_000_000, False),
        (None, 50_001, 5_000_000, True),
        ("0", 0, 10, False),
        ("0", 1, 10, True),
        ("5", 5, 5, False),
        ("5", 6, 10**9, True),
        ("2.5%", 5, 200, False),  # a percentage that is given has no least number
        ("2.5%", 6, 200, True),
        ("0%", 1, 10**9, True),
        ("100%", 9, 9, False),
    ],
)
def test_what_is_allowed(given, unreadable, entries, expected):
    assert exceeds(limit(given) if given else None, unreadable, entries) is expected


@pytest.mark.parametrize(("given", "expected"), [(None, False), ("1%", False), ("5", True)])
def test_of_an_unknown_number_no_percentage_is_exceeded(given, expected):
    assert exceeds(limit(given) if given else None, 10**9, None) is expected


@pytest.mark.parametrize("text", ["", "-1", "1.5", "%", "1%%", "many"])
def test_anything_else_is_no_limit(text):
    with pytest.raises(UsageError, match="neither a number of entries"):
        limit(text)


# The end of a run


def test_a_list_that_lacks_too_much_is_refused_and_the_message_says_where_and_why():
    tally = tally_of(
        *map(unreadable, ("/a/x/3", "/a/x/2", "/a/y/1")), unreadable("/b"), present("/c")
    )

    with pytest.raises(TooManyUnreadableError) as caught:
        watch("3", tally).check()

    assert str(caught.value) == (
        "4 of 5 entries could not be read, more than the limit of 3 allows; most of them are in "
        "/a (3), such as /a/x/3: Input/output error"
    )
    assert caught.value.exit_code == 8


def test_the_usual_limit_is_named_in_words():
    tally = tally_of(*(unreadable(f"/d/{number:04}") for number in range(1_001)))

    with pytest.raises(TooManyUnreadableError, match=r"more than the limit of 1%, and at least"):
        watch(None, tally).check()


def test_a_run_ends_early_only_if_nothing_that_is_left_can_change_it():
    tally = tally_of(unreadable("/b"), unreadable("/a"))

    watch("50%", tally, most=2).look()
    watch("50%", tally, most=None).look()
    watch("100%", tally, most=0).look()
    watch(None, tally, most=0).look()
    with pytest.raises(TooManyUnreadableError, match="2 of 2 entries, of those read so far, could"):
        watch("50%", tally, most=1).look()
    with pytest.raises(TooManyUnreadableError):
        watch("1", tally, most=None).look()


def test_a_mount_that_is_gone_is_the_reason_and_not_the_number():
    gone = Sources(MountChangedError("gone"))
    tally = tally_of(unreadable("/b"), unreadable("/a"))

    with pytest.raises(MountChangedError):
        watch("1", tally, gone).look()
    with pytest.raises(MountChangedError):
        watch("1", tally, gone).check()
    with pytest.raises(MountChangedError):
        watch(None, Tally(), gone).check()


def test_the_mount_is_looked_at_when_something_fails_and_not_at_every_entry():
    sources = Sources()
    watched = watch(None, Tally(), sources)

    watched.count(0)
    assert sources.looks == 0
    for _ in range(10_000):
        watched.count(1)

    assert sources.looks == 14  # at 1, 2, 4, 8 and so on


@pytest.mark.parametrize(
    ("reason", "error"),
    [("Permission denied", MappedPathError), ("Input/output error", MountChangedError)],
)
def test_a_base_path_that_cannot_be_read_is_no_list_with_one_entry(reason, error):
    with pytest.raises(error, match=f"the mapped path /mnt could not be read: {reason}"):
        watch(None, tally_of(unreadable("/", reason))).check()


def test_a_base_path_that_could_not_be_read_in_the_older_snapshot_is_an_entry():
    deleted = Entry(State.UNREADABLE, "/", Attributes(Kind.DIRECTORY), DELETE, "gone")

    watch(None, tally_of(deleted)).check()


# What is counted


@pytest.mark.parametrize("text", [None, "0", "0%"])
def test_names_that_a_format_cannot_hold_are_no_failures_however_many_there_are(text):
    tally = tally_of(present("/z"))
    tally.add_unnameable([present(f"/caf\udce9{number}") for number in range(1_500)], "Latin-1")

    watch(text, tally, most=0).look()
    watch(text, tally).check()
    assert tally.totals.unreadable == 1_500


def test_an_entry_that_cannot_be_read_counts_the_same_in_a_list_that_cannot_name_it():
    names = [f"/d/caf\udce9{number}" for number in range(3)]
    nameable, unnameable = tally_of(*map(unreadable, names), present("/odd\1")), Tally()
    unnameable.add_unnameable([present("/odd\1"), *map(unreadable, names)], "no XML holds it")

    messages = set()
    for tally in (nameable, unnameable, Tally.of(unnameable.facts)):
        with pytest.raises(TooManyUnreadableError) as caught:
            watch("2", tally).check()
        messages.add(str(caught.value))

    assert messages == {
        "3 of 4 entries could not be read, more than the limit of 2 allows; most of them are in "
        "/d (3), such as /d/caf\udce90: Input/output error"
    }


def test_unreadable_entries_are_counted_by_folder_in_any_number_of_slices():
    whole = tally_of(unreadable("/a/b/1"), present("/a/b/0"), unreadable("/z"))
    whole.merge(tally_of(unreadable("/a/b/2")))
    whole.add_unnameable([present("/a/\1"), unreadable("/a/\2")], "no XML holds it")

    assert whole.unreadable_by_folder == {"/a/b": 2, "": 1, "/a": 1}
    assert Tally.of(whole.facts).unreadable_by_folder == whole.unreadable_by_folder
    assert whole.totals.listed == 6


# What can be readable at most


class CountingCluster(UnusedCluster):
    """A cluster that counts 70 files in the newer snapshot, and 30 in the older one."""

    def __init__(self, *, counts: bool = True) -> None:
        self._counts = counts

    def count_files_below(self, directory: str, snapshot: int) -> int:
        if not self._counts:
            raise AbsentError("not counted")
        return {1: 30, 2: 70}[snapshot]


@pytest.mark.parametrize(
    ("path", "options", "expected"),
    [
        ("/proj/a", {"metadata": "mount"}, 1),
        ("/proj/a/", {"metadata": "mount"}, None),  # nobody knows how much is there by now
        ("/proj/a/", {"metadata": "rest"}, 71),
        ("/proj/a/", {"metadata": "snapshot", "deletes": True}, 101),
    ],
)
def test_no_more_can_be_readable_than_changed_and_is_in_the_snapshots(path, options, expected):
    changes = ChangeSet(Scope("/proj"), limit=10, folder="/tmp")
    changes.add([Change(CREATE, path)])
    request = ChangelistRequest(project="p", base_path="/proj", older=1, newer=2, **options)
    older, newer = (
        SnapshotView(Snapshot(number, source="/proj"), snapshot_paths("/proj")) for number in (1, 2)
    )
    pair = SnapshotPair(older, newer)

    most = MostReadable(request, CountingCluster(), pair, changes)
    uncounted = MostReadable(request, CountingCluster(counts=False), pair, changes)

    assert (most(), most()) == (expected, expected)
    assert uncounted() == (1 if expected == 1 else None)
