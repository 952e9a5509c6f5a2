"""What kept pieces depend on: what makes a difference, and what does not."""

import time
from fractions import Fraction

import pytest
from msgspec.structs import replace

from qumulo_changelist.checks.base_path import SnapshotPair, SnapshotView
from qumulo_changelist.checks.deletion_limit import DeletionLimit
from qumulo_changelist.config.settings import Secret, Settings
from qumulo_changelist.filters.filters import Filters
from qumulo_changelist.model import Snapshot
from qumulo_changelist.operations.lists.keeping import pieces as kept_pieces
from qumulo_changelist.operations.lists.keeping.folder import KeptFolder
from qumulo_changelist.operations.lists.keeping.pages import identify_diff, keep_pages
from qumulo_changelist.operations.lists.keeping.pieces import identify_list, keep_pieces
from qumulo_changelist.operations.lists.request import ChangelistRequest
from qumulo_changelist.output import formats
from qumulo_changelist.output.csv_list import CsvList
from qumulo_changelist.runners.piece_codec import PiecesCodec
from qumulo_changelist.runners.scheduler import Scheduler
from qumulo_changelist.snapshot_paths import SnapshotPaths

SETTINGS = Settings(("n1", "n2"), 8000, "admin", Secret("word"), transport="rest")
REQUEST = ChangelistRequest(
    project="show", base_path="/p", older=1, newer=2, metadata="rest", mapped_path="/mnt"
)
OLDER = SnapshotView(Snapshot(1, "1_a", 10**18, "/p", "7"), SnapshotPaths("/p"))
NEWER = SnapshotView(Snapshot(2, "2_b", 2 * 10**18, "/p", "7"), SnapshotPaths("/p"))
PAIR = SnapshotPair(OLDER, NEWER)

Changed = tuple[ChangelistRequest, Settings, SnapshotPair]


def requested(**changed: object) -> Changed:
    return replace(REQUEST, **changed), SETTINGS, PAIR


def reached(**changed: object) -> Changed:
    return REQUEST, replace(SETTINGS, **changed), PAIR


def newer(**changed: object) -> Changed:
    view = NEWER._replace(snapshot=NEWER.snapshot._replace(**changed))  # type: ignore[arg-type]
    return REQUEST, SETTINGS, PAIR._replace(newer=view)


def older(**changed: object) -> Changed:
    view = OLDER._replace(snapshot=OLDER.snapshot._replace(**changed))  # type: ignore[arg-type]
    return REQUEST, SETTINGS, PAIR._replace(older=view)


DIFFERENT = {
    "older": requested(older=None),
    "deletes": requested(deletes=True),
    "moves": requested(moves=True),
    "verify": requested(verify=True),
    "limit of deletions": requested(max_deletes=DeletionLimit(Fraction(7))),
    "source index": requested(source_index="2"),
    "base path": requested(base_path="/p/q"),
    "mapped path": requested(mapped_path="/mnt2"),
    "metadata": requested(metadata="snapshot"),
    "format": requested(formats=("csv",)),
    "one more format": requested(formats=("xml", "csv")),
    "order of formats": requested(formats=("csv", "xml")),
    "size": requested(filters=Filters(min_size=1)),
    "pattern": requested(filters=Filters(exclude=("*.tmp",))),
    "kind": requested(filters=Filters(only=("modified",))),
    "a day": requested(filters=Filters(newer_than="1days")),
    "transport": reached(transport="qq"),
    "host": reached(hosts=("n1", "n3")),
    "port": reached(port=8001),
    "a rebuilt cluster": newer(taken=2 * 10**18 + 1),
    "name of the newer snapshot": newer(name="2_c"),
    "directory of the newer snapshot": newer(source_id="8"),
    "moment of the older snapshot": older(taken=10**18 + 1),
    "name of the older snapshot": older(name="1_c"),
    "path in the older snapshot": (
        REQUEST, SETTINGS, PAIR._replace(older=OLDER._replace(paths=SnapshotPaths("/q"))),
    ),
}  # fmt: skip
ALIKE = {
    "workers": requested(workers=7, lookups=3, spill_after=8, page_size=9, mount_timeout=4),
    "where the list is": requested(output="/elsewhere", guid="12345", project="other"),
    "where the work is done": requested(scheduler=Scheduler("tcp://127.0.0.1:1"), pieces="/else"),
    "order of hosts": reached(hosts=("n2", "n1")),
    "who asks": reached(username="else", password=Secret("else"), work_folder="/tmp2"),
    "when it goes": newer(expires=5, is_going=True),
}


def test_all_that_pieces_depend_on_makes_a_difference() -> None:
    found = {name: identify_list(*changed) for name, changed in DIFFERENT.items()}

    assert len({identify_list(REQUEST, SETTINGS, PAIR), *found.values()}) == len(DIFFERENT) + 1


@pytest.mark.parametrize("name", ALIKE)
def test_what_pieces_do_not_depend_on_makes_none(name: str) -> None:
    assert identify_list(*ALIKE[name]) == identify_list(REQUEST, SETTINGS, PAIR)


def test_another_version_makes_a_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    before = identify_list(REQUEST, SETTINGS, PAIR)
    monkeypatch.setattr(kept_pieces, "__version__", "0.0.1")

    assert identify_list(REQUEST, SETTINGS, PAIR) != before


def test_a_day_counts_from_the_newer_snapshot_and_a_date_does_not_depend_on_this_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    request = replace(REQUEST, filters=Filters(newer_than="2026-01-31"))
    found = set()
    for zone in ("UTC", "Asia/Tokyo"):
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        found.add(identify_list(request, SETTINGS, PAIR))
    monkeypatch.undo()
    time.tzset()

    assert len(found) == 1


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        (requested(metadata="mount"), "the live share can change"),
        (older(taken=0), "the cluster does not say when the snapshots were taken"),
        (newer(taken=0), "the cluster does not say when the snapshots were taken"),
        (requested(formats=("own",)), "the format own is not one of this package"),
    ],
)
def test_what_may_be_different_next_time_is_kept_for_the_run_alone(
    tmp_path, listener, monkeypatch, changed, reason
):
    class Own(CsvList, frozen=True):
        """A format of a program's own."""

    known = formats.FORMATS["csv"]._replace(make=lambda _: Own())
    monkeypatch.setitem(formats.FORMATS, "own", known)
    request, settings, pair = changed

    with keep_pieces(
        replace(request, pieces=str(tmp_path)), settings, pair, None, listener
    ) as kept:
        keeper = kept.keeper(PiecesCodec(), pair)
        assert keeper is not None
        assert not keeper.lasts
    assert [event.reason for event in listener.events] == [reason]
    assert list(tmp_path.iterdir()) == []


def test_a_full_list_needs_no_moment_of_an_older_snapshot(tmp_path, listener):
    view = SnapshotView(Snapshot(0), SnapshotPaths("/p"), has_base=False)
    pair = SnapshotPair(view, NEWER, is_full=True)
    request = replace(REQUEST, older=None, pieces=str(tmp_path))

    with keep_pieces(request, SETTINGS, pair, None, listener):
        pass

    assert listener.events == []


@pytest.mark.parametrize("is_wanted", [False, True])
def test_without_a_folder_or_a_base_path_nothing_is_kept(
    tmp_path, listener, is_wanted: bool
) -> None:
    request = replace(REQUEST, pieces=str(tmp_path) if is_wanted else None)
    pair = PAIR._replace(newer=NEWER._replace(has_base=False)) if is_wanted else PAIR

    with keep_pieces(request, SETTINGS, PAIR, None, listener) as kept:
        assert kept.keeper(PiecesCodec(), pair) is None
        kept.remove()

    assert listener.events == []


# The pages of a diff

OTHER_DIFFS = {
    "another host": (replace(SETTINGS, hosts=("n1", "n3")), PAIR),
    "another port": (replace(SETTINGS, port=8001), PAIR),
    "another user": (replace(SETTINGS, username="other"), PAIR),
    "another older snapshot": (SETTINGS, PAIR._replace(older=NEWER)),
    "taken at another moment": (
        SETTINGS,
        PAIR._replace(newer=NEWER._replace(snapshot=NEWER.snapshot._replace(taken=99))),
    ),
}


@pytest.mark.parametrize("name", OTHER_DIFFS)
def test_pages_are_those_of_one_diff_of_one_cluster(name: str) -> None:
    settings, pair = OTHER_DIFFS[name]

    other = identify_diff(settings, pair.older.snapshot, pair.newer.snapshot)

    assert other != identify_diff(SETTINGS, PAIR.older.snapshot, PAIR.newer.snapshot)


def test_the_order_of_nodes_makes_no_difference_to_pages() -> None:
    turned = replace(SETTINGS, hosts=SETTINGS.hosts[::-1])
    snapshots = PAIR.older.snapshot, PAIR.newer.snapshot

    assert identify_diff(turned, *snapshots) == identify_diff(SETTINGS, *snapshots)
    assert len(SETTINGS.hosts) > 1


UNKNOWN = PAIR._replace(older=PAIR.older._replace(snapshot=Snapshot(1)))


@pytest.mark.parametrize(
    ("settings", "pair"),
    [
        (replace(SETTINGS, transport="qq"), PAIR),
        (SETTINGS, UNKNOWN),
        (SETTINGS, PAIR._replace(is_full=True)),
    ],
    ids=["qq has no pages", "nobody knows when they were taken", "there is no diff"],
)
def test_only_pages_that_a_later_run_may_use_are_kept(
    tmp_path, monkeypatch, listener, settings: Settings, pair: SnapshotPair
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))

    with keep_pages(KeptFolder(), settings, pair, listener) as kept:
        assert kept is None
    with keep_pages(KeptFolder(), SETTINGS, PAIR, listener) as kept:
        assert kept is not None
    assert listener.events == []
    assert list(tmp_path.iterdir()) == [], "before there is a page"
