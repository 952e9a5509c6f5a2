"""What a diff says of a change, rule by rule, on real directories."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from tests.emulator.trees import Changes, make

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from qumulo_emulator.cluster import Cluster

BEFORE = {
    "a.mov": "aaa",
    "b.mov": "bbb",
    "reel1": {"c.mov": "ccc", "d.mov": "ddd", "deep": {"e.mov": "eee"}},
    "empty": {},
}


@pytest.fixture
def show(root: Path) -> Path:
    make(root, {"show": BEFORE, "elsewhere": {"x": "x"}})
    return root / "show"


@pytest.fixture
def changes(cluster: Cluster, show: Path) -> Changes:
    return Changes(cluster, "/show")


def test_nothing_changed_is_an_empty_diff(changes: Changes) -> None:
    assert changes.since_last() == []


def test_a_snapshot_does_not_make_its_own_directory_look_changed(changes: Changes) -> None:
    assert [changes.since_last() for _ in range(3)] == [[], [], []]


def test_a_new_file_is_created_and_its_directory_modified(changes: Changes, show: Path) -> None:
    (show / "reel1" / "new.mov").write_text("n")
    assert changes.since_last() == ["MODIFY /show/reel1/", "CREATE /show/reel1/new.mov"]


def test_a_deleted_file_is_deleted_and_its_directory_modified(changes: Changes, show: Path) -> None:
    (show / "reel1" / "c.mov").unlink()
    assert changes.since_last() == ["MODIFY /show/reel1/", "DELETE /show/reel1/c.mov"]


def test_a_written_file_is_modified_and_its_directory_is_not(changes: Changes, show: Path) -> None:
    (show / "a.mov").write_text("AAA")
    assert changes.since_last() == ["MODIFY /show/a.mov"]


def test_the_same_bytes_written_again_are_a_modification(changes: Changes, show: Path) -> None:
    (show / "a.mov").write_text("aaa")
    assert changes.since_last() == ["MODIFY /show/a.mov"]


def test_a_file_with_its_old_size_and_mtime_is_still_modified(changes: Changes, show: Path) -> None:
    before = (show / "a.mov").stat()
    (show / "a.mov").write_text("xyz")
    os.utime(show / "a.mov", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert changes.since_last() == ["MODIFY /show/a.mov"]


def test_reading_modifies_nothing(changes: Changes, show: Path) -> None:
    (show / "a.mov").read_text()
    os.listdir(show / "reel1")
    assert changes.since_last() == []


@pytest.mark.parametrize(
    "change",
    [
        lambda path: path.chmod(0o600),
        lambda path: os.chown(path, -1, os.getgid()),
        lambda path: os.utime(path, ns=(1, 1)),
    ],
    ids=["mode", "owner set again", "mtime"],
)
def test_changed_metadata_modifies_a_file(
    changes: Changes, show: Path, change: Callable[[Path], None]
) -> None:
    change(show / "b.mov")
    assert changes.since_last() == ["MODIFY /show/b.mov"]


def test_a_created_directory_stands_for_what_is_in_it(changes: Changes, show: Path) -> None:
    make(show / "reel1" / "new", {"x": "x", "deeper": {"y": "y"}})
    assert changes.since_last() == ["MODIFY /show/reel1/", "CREATE /show/reel1/new/"]


def test_a_deleted_directory_stands_for_what_was_in_it(changes: Changes, show: Path) -> None:
    (show / "reel1" / "deep" / "e.mov").unlink()
    (show / "reel1" / "deep").rmdir()
    assert changes.since_last() == ["MODIFY /show/reel1/", "DELETE /show/reel1/deep/"]


def test_a_renamed_file_is_deleted_and_created(changes: Changes, show: Path) -> None:
    (show / "a.mov").rename(show / "z.mov")
    assert changes.since_last() == ["MODIFY /show/", "DELETE /show/a.mov", "CREATE /show/z.mov"]


def test_a_moved_file_modifies_both_directories(changes: Changes, show: Path) -> None:
    (show / "a.mov").rename(show / "empty" / "a.mov")
    assert changes.since_last() == [
        "MODIFY /show/",
        "DELETE /show/a.mov",
        "MODIFY /show/empty/",
        "CREATE /show/empty/a.mov",
    ]


def test_a_renamed_directory_says_nothing_of_what_is_in_it(changes: Changes, show: Path) -> None:
    (show / "reel1").rename(show / "reel2")
    (show / "reel2" / "c.mov").write_text("changed as well")
    assert changes.since_last() == ["MODIFY /show/", "DELETE /show/reel1/", "CREATE /show/reel2/"]


def test_a_file_renamed_over_another_deletes_and_creates_that_path(
    changes: Changes, show: Path
) -> None:
    (show / "a.mov").replace(show / "b.mov")
    assert changes.since_last() == [
        "MODIFY /show/",
        "DELETE /show/a.mov",
        "DELETE /show/b.mov",
        "CREATE /show/b.mov",
    ]


def test_a_replaced_file_modifies_its_directory_though_its_mtime_is_restored(
    changes: Changes, show: Path
) -> None:
    before = show.stat()
    (show / "fresh").write_text("bbb")
    (show / "fresh").replace(show / "b.mov")
    os.utime(show, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert changes.since_last() == ["MODIFY /show/", "DELETE /show/b.mov", "CREATE /show/b.mov"]


def test_a_directory_made_anew_is_deleted_and_created(changes: Changes, show: Path) -> None:
    (show / "empty").rmdir()
    make(show / "empty", {"x": "x"})
    assert changes.since_last() == ["MODIFY /show/", "DELETE /show/empty/", "CREATE /show/empty/"]


def test_a_directory_that_gave_way_to_a_file_is_told_by_its_slash(
    changes: Changes, show: Path
) -> None:
    (show / "empty").rmdir()
    (show / "empty").write_text("a file")
    assert changes.since_last() == ["MODIFY /show/", "CREATE /show/empty", "DELETE /show/empty/"]


def test_a_new_hard_link_is_created_and_the_others_are_modified(
    changes: Changes, show: Path
) -> None:
    os.link(show / "a.mov", show / "reel1" / "link.mov")
    assert changes.since_last() == [
        "MODIFY /show/a.mov",
        "MODIFY /show/reel1/",
        "CREATE /show/reel1/link.mov",
    ]


def test_a_write_through_one_hard_link_modifies_all(changes: Changes, show: Path) -> None:
    os.link(show / "a.mov", show / "reel1" / "link.mov")
    changes.since_last()
    (show / "reel1" / "link.mov").write_text("new")
    assert changes.since_last() == ["MODIFY /show/a.mov", "MODIFY /show/reel1/link.mov"]


def test_a_removed_hard_link_is_deleted_and_the_others_are_modified(
    changes: Changes, show: Path
) -> None:
    os.link(show / "a.mov", show / "reel1" / "link.mov")
    changes.since_last()
    (show / "reel1" / "link.mov").unlink()
    assert changes.since_last() == [
        "MODIFY /show/a.mov",
        "MODIFY /show/reel1/",
        "DELETE /show/reel1/link.mov",
    ]


@pytest.mark.parametrize("mode", [0o700, 0o1777])
def test_a_directory_is_modified_by_its_own_mode(changes: Changes, show: Path, mode: int) -> None:
    (show / "reel1").chmod(mode)
    assert changes.since_last() == ["MODIFY /show/reel1/"]


def test_a_directory_is_modified_by_its_own_mtime(changes: Changes, show: Path) -> None:
    os.utime(show / "reel1", ns=(5, 5))
    assert changes.since_last() == ["MODIFY /show/reel1/"]


def test_a_directory_is_modified_by_a_file_that_came_and_went(changes: Changes, show: Path) -> None:
    (show / "reel1" / "lock").touch()
    (show / "reel1" / "lock").unlink()
    assert changes.since_last() == ["MODIFY /show/reel1/"]


def test_the_source_directory_itself_can_be_modified(changes: Changes, show: Path) -> None:
    show.chmod(0o750)
    assert changes.since_last() == ["MODIFY /show/"]


def test_a_symbolic_link_is_an_entry_and_never_followed(changes: Changes, show: Path) -> None:
    (show / "link").symlink_to(show / "reel1")
    assert changes.since_last() == ["MODIFY /show/", "CREATE /show/link"]
    (show / "link").unlink()
    (show / "link").symlink_to("/elsewhere")
    assert changes.since_last() == ["MODIFY /show/", "DELETE /show/link", "CREATE /show/link"]


def test_a_pipe_is_an_entry(changes: Changes, show: Path) -> None:
    os.mkfifo(show / "pipe")
    assert changes.since_last() == ["MODIFY /show/", "CREATE /show/pipe"]
    assert stat.S_ISFIFO((show / ".snapshot" / "2_OnDemand" / "pipe").stat().st_mode)


def test_what_is_outside_of_the_directory_is_not_told(changes: Changes, root: Path) -> None:
    (root / "elsewhere" / "x").write_text("new")
    (root / "elsewhere" / "y").write_text("new")
    assert changes.since_last() == []


def test_of_the_root_the_path_is_a_slash(cluster: Cluster, show: Path, root: Path) -> None:
    changes = Changes(cluster, "/")
    (root / "new").write_text("n")
    (show / "a.mov").write_text("AAA")
    assert changes.since_last() == ["MODIFY /", "CREATE /new", "MODIFY /show/a.mov"]


def test_snapshots_below_do_not_change_what_is_above(cluster: Cluster, show: Path) -> None:
    changes = Changes(cluster, "/")
    cluster.snapshots.take(("show", "reel1"), "x", None)
    assert changes.since_last() == []


def test_deleting_the_last_snapshot_changes_nothing_either(cluster: Cluster, show: Path) -> None:
    taken = cluster.snapshots.take(("show", "reel1"), "x", None)
    changes = Changes(cluster, "/show")
    cluster.snapshots.delete(taken.id)
    assert changes.since_last() == []


def test_a_file_written_again_at_once_is_seen_every_time(changes: Changes, show: Path) -> None:
    with (show / "a.mov").open("r+b") as file:
        for round_number in range(30):
            os.pwrite(file.fileno(), b"%03d" % round_number, 0)
            assert changes.since_last() == ["MODIFY /show/a.mov"]


def test_a_tree_thousands_of_levels_deep_has_its_diff(cluster: Cluster, root: Path) -> None:
    fd = os.open(root, os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("deep", dir_fd=fd)
        fd, above = os.open("deep", os.O_RDONLY, dir_fd=fd), fd
        os.close(above)
    changes = Changes(cluster, "/")
    os.close(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=fd))
    os.close(fd)
    way = "/" + "deep/" * 1500
    assert changes.since_last() == [f"MODIFY {way}", f"CREATE {way}file"]
    for snapshot in cluster.snapshots.all():
        cluster.snapshots.delete(snapshot.id)
    assert os.listdir(root) == ["deep"]
