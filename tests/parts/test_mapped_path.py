"""Whether a mount shows the base path: what is compared, what decides, and how little is asked."""

import time
from collections.abc import Iterator

import pytest

from qumulo_changelist.checks.base_path import SnapshotView
from qumulo_changelist.checks.mapped_path import MountMatch, check_share, shows_snapshot
from qumulo_changelist.errors import UnreadableError, UsageError
from qumulo_changelist.model import EntryStat, Kind, Snapshot
from qumulo_changelist.snapshot_paths import snapshot_paths
from tests.parts.fake_cluster import LIVE, FakeCluster, Tree, a_directory, a_file, a_link

NUMBER = 7
BASE = "/p/base"
MAPPED = "/mnt/base"
SECOND = 1_000_000_000
EARLY, LATE = 1_600_000_000 * SECOND, 1_700_000_000 * SECOND


class FakeShare:
    """A mount.

    Args:
        shown: what it shows, by name.
        remembered: what it shows at first, where that differs.
        unreadable: names at which this user may not look.
    """

    def __init__(
        self,
        shown: dict[str, EntryStat | None],
        remembered: dict[str, EntryStat | None] | None = None,
        unreadable: tuple[str, ...] = (),
    ) -> None:
        self._shown = shown
        self._remembered = shown | (remembered or {})
        self._unreadable = unreadable
        self.looks: list[tuple[str, bool]] = []

    def inspect_entry(self, name: str, *, afresh: bool = False) -> EntryStat | None:
        self.looks.append((name, afresh))
        if name in self._unreadable:
            raise UnreadableError("no permission")
        return (self._shown if afresh else self._remembered).get(name)


@pytest.fixture
def in_tokyo(monkeypatch) -> Iterator[None]:
    """A machine whose own time is another one."""
    with monkeypatch.context() as patched:
        patched.setenv("TZ", "JST-9")
        time.tzset()
        yield
    time.tzset()


def below(tree: Tree) -> Tree:
    return {BASE: a_directory(), **{f"{BASE}{name}": seen for name, seen in tree.items()}}


def cluster_with(snapshot: Tree, now: Tree | None = None) -> FakeCluster:
    """Return a cluster whose live tree is like its snapshot, unless it is said."""
    return FakeCluster({NUMBER: below(snapshot), LIVE: below(snapshot if now is None else now)})


def moment(base: str = BASE, source: str = "/p", top: str = "/") -> SnapshotView:
    return SnapshotView(Snapshot(NUMBER, "", source=source), snapshot_paths(base), top)


def check(cluster: FakeCluster, share: FakeShare, *, live: bool = True) -> MountMatch:
    return check_share(cluster, moment(), share, MAPPED, live=live)


A, B = a_file("1", 10, EARLY), a_file("2", 20, LATE)
OTHER = a_file("77", 10, LATE)
"""What another share has under some name."""

ONE_LIST = [("into", BASE, NUMBER)]


# What agrees


@pytest.mark.parametrize("live", [True, False])
def test_a_share_that_shows_an_entry_as_the_snapshot_has_it_is_the_base_path(live):
    cluster, share = cluster_with({"/a": A}), FakeShare({"/a": a_file("other id", 10, EARLY)})

    assert check(cluster, share, live=live) is MountMatch.SNAPSHOT
    assert cluster.asked == ONE_LIST
    assert share.looks == [("/a", False)]


def test_one_entry_that_agrees_is_enough_among_any_that_differ():
    names = {f"/{number}": a_file(f"{number}", 10, EARLY + number) for number in range(8)}
    shown = dict.fromkeys(names, OTHER) | {"/7": names["/7"]}
    cluster = cluster_with(names)

    assert check(cluster, FakeShare(shown)) is MountMatch.SNAPSHOT
    assert cluster.asked == ONE_LIST


def test_old_files_are_compared_first_and_directories_last():
    tree = {f"/f{number}": a_file(f"{number}", 1, LATE - number) for number in range(6)}
    tree |= {"/d0": a_directory("d0", EARLY), "/d1": a_directory("d1", EARLY - 1)}
    tree |= {f"/late{number}": a_file("l", 1, LATE + 1 + number) for number in range(9)}
    share = FakeShare(tree)

    check(cluster_with(tree), share)

    assert [name for name, _ in share.looks] == [
        *("/f5", "/f4", "/f3", "/f2", "/f1", "/f0", "/late0", "/late1"),
    ]


def test_a_directory_agrees_by_its_time_whatever_its_size():
    shown = EntryStat(Kind.DIRECTORY, 4096, EARLY, "5")

    likeness = check(cluster_with({"/d": a_directory("1", EARLY)}), FakeShare({"/d": shown}))

    assert likeness is MountMatch.SNAPSHOT


@pytest.mark.parametrize("shown", [123_456_789, 123_456_700, 123_456_000, 123_000_000, 0])
def test_a_time_may_be_shown_as_exactly_as_the_mount_can(shown):
    known = a_file("1", 10, EARLY + 123_456_789)

    likeness = check(cluster_with({"/a": known}), FakeShare({"/a": a_file("2", 10, EARLY + shown)}))

    assert likeness is MountMatch.SNAPSHOT


@pytest.mark.parametrize(
    "shown",
    [
        a_file("2", 10, EARLY + 123_456_788),
        a_file("2", 10, EARLY + 123_456_790),
        a_file("2", 10, EARLY + 123_450_000),
        a_file("2", 10, EARLY + 120_000_000),
        a_file("2", 10, EARLY - 1),
        a_file("2", 10, EARLY + SECOND),
        a_file("2", 11, EARLY),
        a_file("2", 10, None),
        EntryStat(Kind.DIRECTORY, 10, EARLY, "2"),
        EntryStat(Kind.OTHER, 10, EARLY, "2"),
        None,
    ],
)
def test_nothing_else_agrees_and_what_was_not_touched_refuses_the_share(shown):
    cluster = cluster_with({"/a": a_file("1", 10, EARLY + 123_456_789)})

    with pytest.raises(UsageError):
        check(cluster, FakeShare({"/a": shown}))
    with pytest.raises(UsageError):
        check(cluster, FakeShare({"/a": shown}), live=False)


# What was touched


OTHERWISE = [a_file("1", 10, EARLY + 1), a_file("1", 11, EARLY), a_directory("1", EARLY)]
WITH_ANOTHER_ID = a_file("2", 10, EARLY)


@pytest.mark.parametrize("now", OTHERWISE)
def test_a_share_that_shows_an_entry_as_it_is_now_is_the_base_path(now):
    cluster = cluster_with({"/a": A}, {"/a": now})
    shown = EntryStat(now.kind, now.size, now.mtime, "any")

    assert check(cluster, FakeShare({"/a": shown})) is MountMatch.LIVE
    assert cluster.asked == [*ONE_LIST, ("at", f"{BASE}/a", LIVE)]


@pytest.mark.parametrize("now", [*OTHERWISE, WITH_ANOTHER_ID, None])
@pytest.mark.parametrize("shown", [a_file("5", 99, LATE), a_link("5"), None])
def test_what_was_touched_since_the_snapshot_refuses_nothing(now, shown):
    cluster = cluster_with({"/a": A}, {} if now is None else {"/a": now})

    assert check(cluster, FakeShare({"/a": shown})) is MountMatch.UNKNOWN


def test_what_was_touched_since_the_snapshot_refuses_nothing_in_any_directory():
    tree = {"/a": A, "/d": a_directory("d", EARLY), "/d/b": B}
    now = {"/a": a_file("1", 11, LATE), "/d": a_directory("d", LATE), "/d/b": a_file("2", 1, LATE)}

    assert check(cluster_with(tree, now), FakeShare({})) is MountMatch.UNKNOWN


# What was not


def test_a_share_of_other_files_is_refused_with_one_of_them_on_both_sides():
    cluster = cluster_with({"/a": A, "/b": B})
    share = FakeShare({"/a": a_file("77", 31, LATE), "/b": a_file("78", 32, LATE)})

    with pytest.raises(UsageError) as caught:
        check(cluster, share)

    assert str(caught.value) == (
        "the mapped path /mnt/base does not show /p/base: /a is a file of 10 bytes, modified "
        "2020-09-13 12:26:40 UTC in snapshot 7 and on the cluster now, but a file of 31 bytes, "
        "modified 2023-11-14 22:13:20 UTC on the mount"
    )
    assert caught.value.hint == (
        "Check that the share is mounted there, and that -m names the directory where this "
        "machine sees the base path. No list was written; an earlier one is unchanged."
    )
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("known", "shown", "words"),
    [
        (
            a_directory("1", EARLY),
            a_link(),
            "/a is a directory, modified 2020-09-13 12:26:40 UTC in snapshot 7, but a link, or a "
            "special file on the mount",
        ),
        (
            A,
            a_file("2", 5, None),
            "/a is a file of 10 bytes, modified 2020-09-13 12:26:40 UTC in snapshot 7, but a file "
            "of 5 bytes, modified at an unknown time on the mount",
        ),
        (
            A,
            a_file("2", 5, 10**21),
            "/a is a file of 10 bytes, modified 2020-09-13 12:26:40 UTC in snapshot 7, but a file "
            "of 5 bytes, modified at an unknown time on the mount",
        ),
        (
            a_file("1", 10, EARLY + 999_999_999),
            a_file("2", 5, 10**30),
            "/a is a file of 10 bytes, modified 2020-09-13 12:26:40 UTC in snapshot 7, but a file "
            "of 5 bytes, modified at an unknown time on the mount",
        ),
        (
            A,
            None,
            "/a is a file of 10 bytes, modified 2020-09-13 12:26:40 UTC in snapshot 7, but not "
            "there on the mount",
        ),
    ],
)
def test_a_snapshot_on_the_mount_is_refused_without_a_look_at_the_live_tree(
    known, shown, words, in_tokyo
):
    cluster = cluster_with({"/a": known})

    with pytest.raises(UsageError) as caught:
        check(cluster, FakeShare({"/a": shown}), live=False)

    assert str(caught.value) == f"the mapped path /mnt/base does not show /p/base: {words}"
    assert cluster.asked in (ONE_LIST, [*ONE_LIST, ("into", f"{BASE}/a", NUMBER)])


def test_an_empty_share_costs_one_look_at_the_live_tree():
    tree = {f"/{number}": a_file(f"{number}", 10, EARLY + number) for number in range(20)}
    cluster = cluster_with(tree)

    with pytest.raises(UsageError, match=r"/0 is a file .* but not there on the mount"):
        check(cluster, FakeShare({}))

    assert cluster.asked == [*ONE_LIST, ("at", f"{BASE}/0", LIVE)]


def test_one_that_agrees_with_the_live_tree_is_enough_after_one_that_refuses():
    cluster = cluster_with({"/a": A, "/b": B}, {"/a": A, "/b": a_file("2", 21, LATE + 1)})
    share = FakeShare({"/a": OTHER, "/b": a_file("2", 21, LATE + 1)})

    assert check(cluster, share) is MountMatch.LIVE


def test_one_that_agrees_with_the_live_tree_is_enough_after_one_that_the_mount_does_not_show():
    tree = {"/a": A, "/b": B, "/c": a_file("3", 30, LATE + 1)}
    now = tree | {"/c": a_file("3", 31, LATE + 2)}
    share = FakeShare({"/a": OTHER, "/b": None, "/c": now["/c"]})
    cluster = cluster_with(tree, now)

    assert check(cluster, share) is MountMatch.LIVE
    assert cluster.asked[1:] == [("at", f"{BASE}/a", LIVE), ("at", f"{BASE}/c", LIVE)]


def test_one_that_agrees_deeper_down_is_enough_after_one_that_refuses():
    tree = {"/a": A, "/d": a_directory("d", LATE), "/d/b": B}
    share = FakeShare({"/a": OTHER, "/d": a_directory("e", LATE + 1), "/d/b": B})

    assert check(cluster_with(tree), share) is MountMatch.SNAPSHOT


def test_no_more_than_four_directories_are_looked_into():
    tree = {f"/{number}": a_directory(f"{number}", EARLY + number) for number in range(9)}
    cluster = cluster_with(tree, {})

    assert check(cluster, FakeShare({})) is MountMatch.UNKNOWN
    assert [path for what, path, _ in cluster.asked if what == "into"] == [
        *(BASE, f"{BASE}/0", f"{BASE}/1", f"{BASE}/2"),
    ]


# What a mount remembers, or cannot show


def test_a_mount_that_remembers_what_was_there_is_asked_once_more():
    share = FakeShare({"/a": A, "/b": B}, remembered={"/a": a_file("1", 9, EARLY - 1), "/b": None})

    assert check(cluster_with({"/a": A, "/b": B}), share) is MountMatch.SNAPSHOT
    assert share.looks == [("/a", False), ("/a", True), ("/b", False), ("/b", True)]


def test_an_earlier_state_of_the_same_file_refuses_nothing():
    cluster = cluster_with({"/a": A})

    assert check(cluster, FakeShare({"/a": a_file("1", 9, EARLY - 1)})) is MountMatch.UNKNOWN


def test_where_neither_side_knows_an_id_they_are_not_the_same_file():
    cluster = cluster_with({"/a": a_file("", 10, EARLY)})

    with pytest.raises(UsageError):
        check(cluster, FakeShare({"/a": a_file("", 9, EARLY - 1)}))


@pytest.mark.parametrize("mtime", [-1, -2_082_844_800 * SECOND, 2**31 * SECOND, None])
def test_a_file_whose_time_not_every_mount_can_show_refuses_nothing(mtime):
    cluster = cluster_with({"/a": a_file("1", 10, mtime)})

    assert check(cluster, FakeShare({"/a": a_file("2", 10, 86_400 * SECOND)})) is MountMatch.UNKNOWN


@pytest.mark.parametrize("mtime", [0, 2**31 * SECOND - 1])
def test_the_first_and_the_last_time_that_every_mount_can_show_are_compared(mtime):
    cluster = cluster_with({"/a": a_file("1", 10, mtime)})

    assert check(cluster, FakeShare({"/a": a_file("2", 10, mtime)})) is MountMatch.SNAPSHOT


def test_where_this_user_may_not_look_nothing_is_compared():
    share = FakeShare({"/b": a_file("5", 1, EARLY)}, unreadable=("/a",))

    assert check(cluster_with({"/a": A}), share) is MountMatch.UNKNOWN
    with pytest.raises(UsageError, match=r"/b is a file of 20 bytes"):
        check(cluster_with({"/a": A, "/b": B}), share)


# What there is to compare


def test_a_base_path_that_holds_nothing_is_empty_and_asked_for_once():
    cluster = cluster_with({})

    assert check(cluster, FakeShare({"/a": A})) is MountMatch.EMPTY
    assert cluster.asked == ONE_LIST


def test_links_and_special_files_are_not_compared():
    share = FakeShare({})

    assert check(cluster_with({"/a": a_link()}), share) is MountMatch.UNKNOWN
    assert share.looks == []


def test_an_empty_directory_in_the_base_path_does_not_make_it_empty():
    cluster = cluster_with({"/d": a_directory("d", EARLY)}, {})

    assert check(cluster, FakeShare({})) is MountMatch.UNKNOWN


def test_what_the_cluster_cannot_read_is_left_out():
    tree = {"/d": a_directory("d", EARLY), "/e": a_directory("e", LATE), "/e/b": B}
    trees = {NUMBER: below(tree), LIVE: {}}
    share = FakeShare({"/e/b": B})

    cluster = FakeCluster(trees, unreadable=(f"{BASE}/d",))
    assert check_share(cluster, moment(), share, MAPPED, live=True) is MountMatch.SNAPSHOT
    cluster = FakeCluster(trees, unreadable=(BASE,))
    assert check_share(cluster, moment(), share, MAPPED, live=True) is MountMatch.UNKNOWN
    cluster = FakeCluster({NUMBER: below({"/a": A})} | {LIVE: below({"/a": A})}, (f"{BASE}/a",))
    assert check_share(cluster, moment(), FakeShare({}), MAPPED, live=True) is MountMatch.UNKNOWN


def test_of_a_base_path_above_the_snapshots_their_directory_is_looked_into():
    cluster = FakeCluster({NUMBER: {"/p/base/q/a": A}})
    above = moment("/p", "/p/base/q", "/base/q/")

    assert check_share(cluster, above, FakeShare({"/base/q/a": A}), MAPPED, live=True) is (
        MountMatch.SNAPSHOT
    )
    assert cluster.asked == [("into", "/p/base/q", NUMBER)]


def test_of_a_huge_directory_few_entries_are_asked_for():
    asked = []

    class Huge:
        def first_entries(self, directory: str, snapshot: int, most: int) -> Tree:
            asked.append((directory, snapshot, most))
            return {"a": A}

    check_share(Huge(), moment(), FakeShare({"/a": A}), MAPPED, live=True)

    assert asked == [(BASE, NUMBER, 100)]


# The past of a mount


@pytest.mark.parametrize(
    ("shown", "is_shown"),
    [({"/a": A}, True), ({"/a": OTHER, "/d/b": B}, True), ({"/a": OTHER}, False), ({}, False)],
)
def test_a_mount_shows_a_snapshot_where_an_entry_agrees(shown, is_shown):
    cluster = cluster_with({"/a": A, "/d": a_directory("d", LATE), "/d/b": B})

    assert shows_snapshot(cluster, moment(), FakeShare(shown)) is is_shown
    assert all(what == "into" for what, _, _ in cluster.asked)
