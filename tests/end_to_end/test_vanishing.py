"""What a run reads vanishes while it works: it ends clearly, and the earlier list stays.

An unmounted share leaves an empty directory in its place, in which every file seems to be gone: to
an archive that would be the worst list of all. Here a copy of the share is mounted; it is moved
away while a run is at a certain event.
"""

import errno
import os
import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from qumulo_changelist import ChangelistRequest, events, generate_changelist, read_settings
from qumulo_changelist.checks.unreadable_limit import UnreadableLimit
from qumulo_changelist.errors import (
    HiddenSnapshotError,
    InconsistentReadError,
    MappedPathError,
    MountChangedError,
    SnapshotMissingError,
    TooManyUnreadableError,
)
from qumulo_changelist.operations.lists.tree_choice import TreeChoice
from qumulo_emulator.running import Emulator
from tests.end_to_end.conftest import site_on
from tests.end_to_end.failures import EARLIER
from tests.end_to_end.files import write_files
from tests.end_to_end.lists import normalized
from tests.end_to_end.site import Site
from tests.parts.broken_mounts import BrokenMount
from tests.parts.conftest import RecordingListener

When = Callable[[events.Event], bool]
FILES = [f"reel{number}/clip.mov" for number in range(9)]
MODIFIED = [f"stays/{number}.mov" for number in range(9)]
HOURS_3 = 3 * 3600


class Share(NamedTuple):
    """A project, and where a copy of its share is mounted."""

    cluster: Emulator
    site: Site
    older: int
    newer: int
    folder: Path

    @property
    def mapped(self) -> Path:
        return self.folder / "mounted"

    @property
    def output(self) -> Path:
        return self.folder / "lists" / "list"

    def make(self, listener: events.Listener = events.ignore, **options: Any) -> bytes:
        """Make a list over an earlier one; return it."""
        self.output.parent.mkdir(exist_ok=True)
        self.output.write_bytes(EARLIER)
        values: dict[str, Any] = {
            "project": "show",
            "base_path": self.site.source,
            "older": self.older,
            "newer": self.newer,
            "mapped_path": str(self.mapped),
            "deletes": True,
            "slice_size": 2,
            "output": str(self.output),
        }
        settings = read_settings(str(self.site.configuration), "rest")
        generate_changelist(ChangelistRequest(**values | options), settings, listener)
        return self.output.read_bytes()

    def refuse(self, error: type[Exception], listener: events.Listener, **options: Any) -> str:
        """Fail to make a list; return the message."""
        with pytest.raises(error) as caught:
            self.make(listener, **options)
        assert os.listdir(self.output.parent) == [self.output.name]
        assert self.output.read_bytes() == EARLIER
        return str(caught.value)


def make_project(cluster: Emulator, folder: Path, source: str, files: int) -> Share:
    """Create, modify and delete a number of files each between two snapshots."""
    Path(str(cluster.root), source[1:]).mkdir()
    site = site_on(cluster, folder, source)
    write_files(site.mount, *(f"lost/{name}" for name in FILES[:files]), *MODIFIED[:files])
    older = site.snapshot()
    shutil.rmtree(site.mount / "lost")
    write_files(site.mount, *FILES[:files])
    write_files(site.mount, *MODIFIED[:files], size=20)
    os.symlink("stays", site.mount / "zz-link")  # reported when the first slice is there
    return Share(cluster, site, older, site.snapshot(), site.folder)


@pytest.fixture(scope="module")
def project(cluster: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Share:
    return make_project(cluster, tmp_path_factory.mktemp("site"), "/vanishing", len(FILES))


@pytest.fixture(scope="module")
def small_project(cluster: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Share:
    return make_project(cluster, tmp_path_factory.mktemp("site"), "/small", 2)


@pytest.fixture
def share(project: Share, tmp_path: Path) -> Share:
    return mounted(project, tmp_path)


@pytest.fixture
def small_share(small_project: Share, tmp_path: Path) -> Share:
    return mounted(small_project, tmp_path)


def mounted(project: Share, folder: Path) -> Share:
    shutil.copytree(project.site.mount, folder / "mounted", symlinks=True)
    return project._replace(folder=folder)


def at(is_now: When, action: Callable[[], object]) -> events.Listener:
    """Return a listener that does something once, at an event."""
    done: list[events.Event] = []

    def listen(event: events.Event) -> None:
        if not done and is_now(event):
            done.append(event)
            action()

    return listen


def diff_is_read(event: events.Event) -> bool:
    return isinstance(event, events.ChangesCollected)


def first_slice_is_there(event: events.Event) -> bool:
    return isinstance(event, events.EntryLeftOut)


# A mount


def leave_nothing(share: Share) -> None:
    os.rename(share.mapped, share.folder / "elsewhere")


def leave_an_empty_directory(share: Share) -> None:
    leave_nothing(share)
    share.mapped.mkdir()


def mount_another_share(share: Share) -> None:
    leave_nothing(share)
    shutil.copytree(share.folder / "elsewhere", share.mapped, symlinks=True)


@pytest.mark.parametrize("vanish", [leave_nothing, leave_an_empty_directory, mount_another_share])
@pytest.mark.parametrize("when", [diff_is_read, first_slice_is_there])
@pytest.mark.parametrize("metadata", ["mount", "snapshot"])
def test_a_mount_that_vanishes_leaves_the_earlier_list(share, vanish, when, metadata):
    message = share.refuse(MountChangedError, at(when, lambda: vanish(share)), metadata=metadata)

    assert str(share.mapped) in message


@pytest.mark.parametrize("when", [diff_is_read, first_slice_is_there])
def test_processes_that_begin_or_go_on_without_the_mount_make_no_list(share, when):
    """Workers that open the mount later see that it is another directory than before."""
    listener = at(when, lambda: leave_an_empty_directory(share))

    share.refuse(MountChangedError, listener, workers=2, slice_size=1, deletes=False)


def test_a_mount_that_is_away_only_while_it_is_opened_again_is_not_taken_for_empty(
    share, monkeypatch
):
    """It is back when the run looks at the path at the end."""
    usual = TreeChoice.report_qq_folders

    def go_away(choice: TreeChoice, *arguments: Any) -> None:
        usual(choice, *arguments)
        leave_an_empty_directory(share)

    def come_back() -> None:
        share.mapped.rmdir()
        os.rename(share.folder / "elsewhere", share.mapped)

    monkeypatch.setattr(TreeChoice, "report_qq_folders", go_away)

    share.refuse(MountChangedError, at(first_slice_is_there, come_back))


def test_what_cannot_be_read_is_a_reason_to_look_at_the_mount_at_once(share):
    listener = RecordingListener()

    def vanish() -> None:
        leave_an_empty_directory(share)
        shutil.rmtree(share.folder / "elsewhere" / "stays")  # what is open shows nothing either

    def listen(event: events.Event) -> None:
        listener(event)
        vanishing(event)

    vanishing = at(first_slice_is_there, vanish)
    share.refuse(MountChangedError, listen)

    assert listener.of(events.EntryUnreadable) == []


def test_a_link_to_the_mount_that_leads_elsewhere_later_is_noticed(share, tmp_path):
    (tmp_path / "other").mkdir()
    link = tmp_path / "link"
    link.symlink_to(share.mapped)

    def lead_elsewhere() -> None:
        link.unlink()
        link.symlink_to(tmp_path / "other")

    share.refuse(MountChangedError, at(diff_is_read, lead_elsewhere), mapped_path=str(link))
    link.unlink()
    link.symlink_to(share.mapped)
    assert b'<file name="/reel0/clip.mov"' in share.make(mapped_path=str(link))


def test_without_a_mount_nobody_misses_it(share):
    listener = at(diff_is_read, lambda: leave_nothing(share))

    made = share.make(listener, metadata="rest")

    assert made.count(b'type="F_REG"') == len(FILES) * 2 + len(MODIFIED)


# Calls that fail


ENDS = (MappedPathError, HiddenSnapshotError, MountChangedError, InconsistentReadError)
ERRORS = [errno.EIO, errno.EACCES, errno.ENOTCONN, errno.ETIMEDOUT, errno.ESTALE]


def names_in(made: bytes, element: bytes) -> set[str]:
    return {name.decode() for name in re.findall(b'<%b name="([^"]*)"' % element, made)}


@pytest.mark.parametrize(("metadata", "step"), [("mount", 1), ("snapshot", 2)])
def test_whichever_call_to_the_mount_fails_no_file_is_missed(
    small_share, monkeypatch, metadata, step
):
    """The calls of a run fail in turn, each with a different error than the one before it."""
    share, options = small_share, {"metadata": metadata, "deletes": metadata == "snapshot"}
    mount = BrokenMount(monkeypatch)
    whole = share.make(**options)
    calls, refused = mount.calls, 0
    files, deleted = names_in(whole, b"file"), names_in(whole, b"delete-file")
    assert files == {f"/{name}" for name in (*FILES[:2], *MODIFIED[:2])}

    for number in range(1, calls + 1, step):
        error = ERRORS[number % len(ERRORS)]
        mount.fail(number, error)
        try:
            made = share.make(**options)
        except ENDS:
            refused += 1
            assert error != errno.ESTALE
            assert share.output.read_bytes() == EARLIER
            continue
        if error == errno.ESTALE:
            assert normalized(made) == normalized(whole)  # a second try was enough
        failed = names_in(made, b"bad-dir")
        read = names_in(made, b"file") | names_in(made, b"delete-file")
        below = tuple(f"{name}/" for name in failed)
        missed = (files | deleted) - read - failed
        assert [name for name in missed if not name.startswith(below)] == []
        assert read <= files | deleted
    assert calls > 40
    assert 2 < refused < calls / 2


# A snapshot


def delete(share: Share, number: int) -> None:
    status, _ = share.cluster.request("DELETE", f"/v3/snapshots/{number}")
    assert status == 202


@pytest.fixture
def expendable(share: Share) -> Share:
    """The same with a newer snapshot that no other test needs."""
    write_files(share.site.mount, "reel0/late.mov")
    return share._replace(newer=share.site.snapshot())


def test_a_snapshot_that_the_cluster_is_deleting_is_not_there(expendable):
    expendable.cluster.settings(deletions_last=True)
    try:
        delete(expendable, expendable.newer)
        message = expendable.refuse(SnapshotMissingError, events.ignore)
    finally:
        expendable.cluster.settings(deletions_last=False)

    assert message == f"the cluster is deleting snapshot {expendable.newer}"


@pytest.mark.parametrize("moves", [False, True])
def test_a_snapshot_that_is_deleted_while_it_is_read_leaves_the_earlier_list(expendable, moves):
    listener = at(diff_is_read, lambda: delete(expendable, expendable.newer))

    message = expendable.refuse(SnapshotMissingError, listener, metadata="rest", moves=moves)

    assert f"snapshot {expendable.newer}" in message


def test_an_older_snapshot_that_is_gone_afterwards_makes_no_list_of_deletions(expendable):
    newest = expendable._replace(older=expendable.newer, newer=expendable.site.snapshot())
    listener = at(diff_is_read, lambda: delete(newest, newest.older))

    assert "was deleted" in newest.refuse(SnapshotMissingError, listener, metadata="rest")


def test_a_snapshot_that_is_not_read_may_go_once_the_mount_was_compared_with_it(share, expendable):
    share.make(
        at(first_slice_is_there, lambda: delete(expendable, expendable.newer)),
        newer=expendable.newer,
        deletes=False,
    )


@pytest.mark.parametrize(("metadata", "expected"), [("mount", "o"), ("rest", "on")])
def test_snapshots_that_expire_soon_are_reported_before_the_diff_is_read(share, metadata, expected):
    expires = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + HOURS_3))
    ids = {"o": share.older, "n": share.newer}
    listener = RecordingListener()
    try:
        for number in ids.values():
            share.cluster.request("PATCH", f"/v3/snapshots/{number}", {"expiration": expires})
        share.make(listener, metadata=metadata)
    finally:
        for number in ids.values():
            share.cluster.request("PATCH", f"/v3/snapshots/{number}", {"expiration": ""})

    found = listener.of(events.SnapshotExpires)
    assert [event.snapshot for event in found] == [ids[letter] for letter in expected]
    (collected,) = listener.of(events.ChangesCollected)
    assert listener.events.index(found[-1]) < listener.events.index(collected)


# Too much that cannot be read


def test_a_list_that_lacks_too_much_is_not_published_also_not_by_several_processes(share):
    for name in MODIFIED[:4]:
        os.unlink(share.mapped / name)
    options: dict[str, Any] = {"slice_size": 1, "deletes": False}
    limits = [UnreadableLimit.parse(number) for number in ("3", "4")]

    message = share.refuse(
        TooManyUnreadableError, events.ignore, max_unreadable=limits[0], workers=2, **options
    )
    made = share.make(max_unreadable=limits[1], **options)

    assert message.startswith("4 of ")
    assert "of those read so far" in message
    assert message.endswith("it is gone since the snapshot")
    assert made.count(b"<bad-dir ") == 4
