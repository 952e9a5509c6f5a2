"""Whether a mount shows the base path: what is compared, what decides, what is requested."""

import time
from collections.abc import Iterator, Mapping

import pytest

from qumulo_changelist.checks.base_path import SnapshotView
from qumulo_changelist.checks.mapped_path import MountMatch, check_mount, shows_snapshot
from qumulo_changelist.errors import UnreadableError, WrongMountError
from qumulo_changelist.model import EntryStat, Kind, Snapshot
from qumulo_changelist.snapshot_paths import snapshot_paths
from tests.parts.fake_cluster import (
    LIVE,
    FakeCluster,
    Tree,
    UnusedCluster,
    a_directory,
    a_file,
    a_link,
)

NUMBER = 7
BASE = "/p/base"
MAPPED = "/mnt/base"
SECOND = 1_000_000_000
EARLY, LATE = 1_600_000_000 * SECOND, 1_700_000_000 * SECOND


class FakeMount:
    """A mount that shows entries.

    Args:
        shown: what it shows, by name.
        remembered: what it shows at first, if that differs.
        unreadable: names for which this user has no permission.
    """

    def __init__(
        self,
        shown: Mapping[str, EntryStat | None],
        remembered: Mapping[str, EntryStat | None] | None = None,
        unreadable: tuple[str, ...] = (),
    ) -> None:
        self._shown = {**shown}
        self._remembered = {**shown, **(remembered or {})}
        self._unreadable = unreadable
        self.requests: list[tuple[str, bool]] = []
        """Names, and whether the mount was to ask its server again."""

    def inspect_entry(self, name: str, *, refresh: bool = False) -> EntryStat | None:
        self.requests.append((name, refresh))
        if name in self._unreadable:
            raise UnreadableError("no permission")
        return (self._shown if refresh else self._remembered).get(name)


@pytest.fixture
def in_tokyo(monkeypatch) -> Iterator[None]:
    """A machine in a different time zone."""
    with monkeypatch.context() as patched:
        patched.setenv("TZ", "JST-9")
        time.tzset()
        yield
    time.tzset()


def below_base(tree: Tree) -> Tree:
    return {BASE: a_directory(), **{f"{BASE}{name}": found for name, found in tree.items()}}


def cluster_with(snapshot: Tree, now: Tree | None = None) -> FakeCluster:
    """Return a cluster whose live tree is like its snapshot, if no live tree is given."""
    return FakeCluster(
        {NUMBER: below_base(snapshot), LIVE: below_base(snapshot if now is None else now)}
    )


def view(base: str = BASE, source: str = "/p", top: str = "/") -> SnapshotView:
    return SnapshotView(Snapshot(NUMBER, "", source=source), snapshot_paths(base), top)


def check(cluster: FakeCluster, mount: FakeMount, *, live: bool = True) -> MountMatch:
    return check_mount(cluster, view(), mount, MAPPED, live=live)


A, B = a_file("1", 10, EARLY), a_file("2", 20, LATE)
FOREIGN = a_file("77", 10, LATE)
"""What a different share has under some name."""

ONE_LISTING = [("listing", BASE, NUMBER)]


# Entries that agree


@pytest.mark.parametrize("live", [True, False])
def test_a_mount_that_shows_an_entry_as_the_snapshot_has_it_shows_the_base_path(live):
    cluster, mount = cluster_with({"/a": A}), FakeMount({"/a": a_file("other id", 10, EARLY)})

    assert check(cluster, mount, live=live) is MountMatch.SNAPSHOT
    assert cluster.requests == ONE_LISTING
    assert mount.requests == [("/a", False)]


def test_one_entry_that_agrees_is_enough():
    names = {f"/{number}": a_file(f"{number}", 10, EARLY + number) for number in range(8)}
    shown = dict.fromkeys(names, FOREIGN) | {"/7": names["/7"]}
    cluster = cluster_with(names)

    assert check(cluster, FakeMount(shown)) is MountMatch.SNAPSHOT
    assert cluster.requests == ONE_LISTING


def test_old_files_are_compared_first_and_directories_last():
    tree = {f"/f{number}": a_file(f"{number}", 1, LATE - number) for number in range(6)}
    tree |= {"/d0": a_directory("d0", EARLY), "/d1": a_directory("d1", EARLY - 1)}
    tree |= {f"/late{number}": a_file("l", 1, LATE + 1 + number) for number in range(9)}
    mount = FakeMount(tree)

    check(cluster_with(tree), mount)

    assert [name for name, _ in mount.requests] == [
        *("/f5", "/f4", "/f3", "/f2", "/f1", "/f0", "/late0", "/late1"),
    ]


def test_a_directory_agrees_if_its_time_does():
    shown = EntryStat(Kind.DIRECTORY, 4096, EARLY, "5")

    match = check(cluster_with({"/d": a_directory("1", EARLY)}), FakeMount({"/d": shown}))

    assert match is MountMatch.SNAPSHOT


@pytest.mark.parametrize("shown", [123_456_789, 123_456_700, 123_456_000, 123_000_000, 0])
def test_a_mount_may_show_times_with_less_precision(shown):
    known = a_file("1", 10, EARLY + 123_456_789)

    match = check(cluster_with({"/a": known}), FakeMount({"/a": a_file("2", 10, EARLY + shown)}))

    assert match is MountMatch.SNAPSHOT


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
def test_an_untouched_entry_that_differs_is_refused(shown):
    cluster = cluster_with({"/a": a_file("1", 10, EARLY + 123_456_789)})

    with pytest.raises(WrongMountError):
        check(cluster, FakeMount({"/a": shown}))
    with pytest.raises(WrongMountError):
        check(cluster, FakeMount({"/a": shown}), live=False)


# Entries that changed since the snapshot


CHANGED = [a_file("1", 10, EARLY + 1), a_file("1", 11, EARLY), a_directory("1", EARLY)]
WITH_A_DIFFERENT_ID = a_file("2", 10, EARLY)


@pytest.mark.parametrize("now", CHANGED)
def test_a_mount_that_shows_an_entry_as_it_is_now_shows_the_base_path(now):
    cluster = cluster_with({"/a": A}, {"/a": now})
    shown = EntryStat(now.kind, now.size, now.mtime, "any")

    assert check(cluster, FakeMount({"/a": shown})) is MountMatch.LIVE
    assert cluster.requests == [*ONE_LISTING, ("entry", f"{BASE}/a", LIVE)]


@pytest.mark.parametrize("now", [*CHANGED, WITH_A_DIFFERENT_ID, None])
@pytest.mark.parametrize("shown", [a_file("5", 99, LATE), a_link("5"), None])
def test_an_entry_that_changed_since_the_snapshot_refuses_nothing(now, shown):
    cluster = cluster_with({"/a": A}, {} if now is None else {"/a": now})

    assert check(cluster, FakeMount({"/a": shown})) is MountMatch.UNKNOWN


def test_an_entry_that_changed_since_the_snapshot_refuses_nothing_in_any_directory():
    tree = {"/a": A, "/d": a_directory("d", EARLY), "/d/b": B}
    now = {"/a": a_file("1", 11, LATE), "/d": a_directory("d", LATE), "/d/b": a_file("2", 1, LATE)}

    assert check(cluster_with(tree, now), FakeMount({})) is MountMatch.UNKNOWN


# Entries that did not change


def test_a_mount_of_different_files_is_refused_with_one_of_them_on_both_sides():
    cluster = cluster_with({"/a": A, "/b": B})
    mount = FakeMount({"/a": a_file("77", 31, LATE), "/b": a_file("78", 32, LATE)})

    with pytest.raises(WrongMountError) as caught:
        check(cluster, mount)

    assert str(caught.value) == (
        "the mapped path /mnt/base does not show /p/base: /a is a file of 10 bytes, modified "
        "2020-09-13 12:26:40 UTC in snapshot 7 and on the cluster now, but a file of 31 bytes, "
        "modified 2023-11-14 22:13:20 UTC on the mount"
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
def test_a_snapshot_on_the_mount_is_refused_without_a_request_for_the_live_tree(
    known, shown, words, in_tokyo
):
    cluster = cluster_with({"/a": known})

    with pytest.raises(WrongMountError) as caught:
        check(cluster, FakeMount({"/a": shown}), live=False)

    assert str(caught.value) == f"the mapped path /mnt/base does not show /p/base: {words}"
    assert cluster.requests in (ONE_LISTING, [*ONE_LISTING, ("listing", f"{BASE}/a", NUMBER)])


def test_an_empty_mount_costs_one_request_for_the_live_tree():
    tree = {f"/{number}": a_file(f"{number}", 10, EARLY + number) for number in range(20)}
    cluster = cluster_with(tree)

    with pytest.raises(WrongMountError, match=r"/0 is a file .* but not there on the mount"):
        check(cluster, FakeMount({}))

    assert cluster.requests == [*ONE_LISTING, ("entry", f"{BASE}/0", LIVE)]


def test_an_entry_as_it_is_now_is_enough_after_one_that_differs():
    cluster = cluster_with({"/a": A, "/b": B}, {"/a": A, "/b": a_file("2", 21, LATE + 1)})
    mount = FakeMount({"/a": FOREIGN, "/b": a_file("2", 21, LATE + 1)})

    assert check(cluster, mount) is MountMatch.LIVE


def test_an_entry_as_it_is_now_is_enough_after_one_that_is_not_shown():
    tree = {"/a": A, "/b": B, "/c": a_file("3", 30, LATE + 1)}
    now = tree | {"/c": a_file("3", 31, LATE + 2)}
    mount = FakeMount({"/a": FOREIGN, "/b": None, "/c": now["/c"]})
    cluster = cluster_with(tree, now)

    assert check(cluster, mount) is MountMatch.LIVE
    assert cluster.requests[1:] == [("entry", f"{BASE}/a", LIVE), ("entry", f"{BASE}/c", LIVE)]


def test_an_entry_further_down_is_enough_after_one_that_differs():
    tree = {"/a": A, "/d": a_directory("d", LATE), "/d/b": B}
    mount = FakeMount({"/a": FOREIGN, "/d": a_directory("e", LATE + 1), "/d/b": B})

    assert check(cluster_with(tree), mount) is MountMatch.SNAPSHOT


def test_at_most_four_directories_are_listed():
    tree = {f"/{number}": a_directory(f"{number}", EARLY + number) for number in range(9)}
    cluster = cluster_with(tree, {})

    assert check(cluster, FakeMount({})) is MountMatch.UNKNOWN
    assert [path for what, path, _ in cluster.requests if what == "listing"] == [
        *(BASE, f"{BASE}/0", f"{BASE}/1", f"{BASE}/2"),
    ]


# What a mount remembers or cannot show


def test_a_mount_that_remembers_a_former_state_is_asked_again():
    mount = FakeMount({"/a": A, "/b": B}, remembered={"/a": a_file("1", 9, EARLY - 1), "/b": None})

    assert check(cluster_with({"/a": A, "/b": B}), mount) is MountMatch.SNAPSHOT
    assert mount.requests == [("/a", False), ("/a", True), ("/b", False), ("/b", True)]


def test_a_former_state_of_the_same_file_refuses_nothing():
    cluster = cluster_with({"/a": A})

    assert check(cluster, FakeMount({"/a": a_file("1", 9, EARLY - 1)})) is MountMatch.UNKNOWN


def test_two_entries_without_ids_are_not_the_same_file():
    cluster = cluster_with({"/a": a_file("", 10, EARLY)})

    with pytest.raises(WrongMountError):
        check(cluster, FakeMount({"/a": a_file("", 9, EARLY - 1)}))


@pytest.mark.parametrize("mtime", [-1, -2_082_844_800 * SECOND, 2**31 * SECOND, None])
def test_a_time_that_not_every_mount_can_show_refuses_nothing(mtime):
    cluster = cluster_with({"/a": a_file("1", 10, mtime)})

    assert check(cluster, FakeMount({"/a": a_file("2", 10, 86_400 * SECOND)})) is MountMatch.UNKNOWN


@pytest.mark.parametrize("mtime", [0, 2**31 * SECOND - 1])
def test_the_first_and_last_times_that_every_mount_can_show_are_compared(mtime):
    cluster = cluster_with({"/a": a_file("1", 10, mtime)})

    assert check(cluster, FakeMount({"/a": a_file("2", 10, mtime)})) is MountMatch.SNAPSHOT


def test_entries_for_which_this_user_has_no_permission_are_not_compared():
    mount = FakeMount({"/b": a_file("5", 1, EARLY)}, unreadable=("/a",))

    assert check(cluster_with({"/a": A}), mount) is MountMatch.UNKNOWN
    with pytest.raises(WrongMountError, match=r"/b is a file of 20 bytes"):
        check(cluster_with({"/a": A, "/b": B}), mount)


# Which entries are compared


def test_an_empty_base_path_is_listed_once():
    cluster = cluster_with({})

    assert check(cluster, FakeMount({"/a": A})) is MountMatch.EMPTY
    assert cluster.requests == ONE_LISTING


def test_links_and_special_files_are_not_compared():
    mount = FakeMount({})

    assert check(cluster_with({"/a": a_link()}), mount) is MountMatch.UNKNOWN
    assert mount.requests == []


def test_a_base_path_with_an_empty_directory_is_not_empty():
    cluster = cluster_with({"/d": a_directory("d", EARLY)}, {})

    assert check(cluster, FakeMount({})) is MountMatch.UNKNOWN


def test_entries_that_the_cluster_cannot_read_are_not_compared():
    tree = {"/d": a_directory("d", EARLY), "/e": a_directory("e", LATE), "/e/b": B}
    trees = {NUMBER: below_base(tree), LIVE: {}}
    mount = FakeMount({"/e/b": B})

    cluster = FakeCluster(trees, unreadable=(f"{BASE}/d",))
    assert check_mount(cluster, view(), mount, MAPPED, live=True) is MountMatch.SNAPSHOT
    cluster = FakeCluster(trees, unreadable=(BASE,))
    assert check_mount(cluster, view(), mount, MAPPED, live=True) is MountMatch.UNKNOWN
    cluster = FakeCluster(
        {NUMBER: below_base({"/a": A})} | {LIVE: below_base({"/a": A})}, (f"{BASE}/a",)
    )
    assert check_mount(cluster, view(), FakeMount({}), MAPPED, live=True) is MountMatch.UNKNOWN


def test_below_a_higher_base_path_the_directory_of_the_snapshots_is_listed():
    cluster = FakeCluster({NUMBER: {"/p/base/q/a": A}})
    above = view("/p", "/p/base/q", "/base/q/")

    assert check_mount(cluster, above, FakeMount({"/base/q/a": A}), MAPPED, live=True) is (
        MountMatch.SNAPSHOT
    )
    assert cluster.requests == [("listing", "/p/base/q", NUMBER)]


def test_only_the_first_entries_of_a_huge_directory_are_requested():
    requests = []

    class HugeCluster(UnusedCluster):
        def first_entries(self, directory: str, snapshot: int | None, limit: int) -> Tree:
            requests.append((directory, snapshot, limit))
            return {"a": A}

    check_mount(HugeCluster(), view(), FakeMount({"/a": A}), MAPPED, live=True)

    assert requests == [(BASE, NUMBER, 100)]


# The past of a mount


@pytest.mark.parametrize(
    ("shown", "is_shown"),
    [({"/a": A}, True), ({"/a": FOREIGN, "/d/b": B}, True), ({"/a": FOREIGN}, False), ({}, False)],
)
def test_a_mount_shows_a_snapshot_if_an_entry_agrees(shown, is_shown):
    cluster = cluster_with({"/a": A, "/d": a_directory("d", LATE), "/d/b": B})

    assert shows_snapshot(cluster, view(), FakeMount(shown)) is is_shown
    assert all(what == "listing" for what, _, _ in cluster.requests)
