"""Whether two machines see the same directory: each has a mount of its own, here a folder."""

import os
import pickle
import shutil
import tempfile
from pathlib import Path

import pytest

from qumulo_changelist.errors import WrongMountError
from qumulo_changelist.trees.mounted import MountedTree
from qumulo_changelist.trees.sample import MountSample
from tests.parts.shares import ordinary_user

HOUR = 3600


@pytest.fixture
def share(tmp_path: Path) -> Path:
    """A directory with entries that are some hours old."""
    path = tmp_path / "share"
    (path / ".snapshot").mkdir(parents=True)
    (path / "reel1").mkdir()
    for name, hours in (("a.mov", 1), ("b.mov", 2), ("c\n\udcff.mov", 3)):
        file = path / name
        os.close(os.open(os.fsencode(file), os.O_CREAT))
        os.utime(os.fsencode(file), (0, 10**9 - hours * HOUR))
    return path


def sample(path: Path) -> MountSample:
    """Return what one machine has seen of a mount, as it arrives at another one."""
    with MountedTree(str(path)) as mount:
        arrived = pickle.loads(pickle.dumps(MountSample.of(mount)))
    assert isinstance(arrived, MountSample)
    return arrived


def check(seen: MountSample, path: Path) -> None:
    with MountedTree(str(path)) as mount:
        seen.check(mount, str(path))


def test_the_same_directory_is_the_same_under_a_different_path(share: Path, tmp_path: Path) -> None:
    (tmp_path / "other").symlink_to(share)

    check(sample(share), tmp_path / "other")


def test_snapshots_are_not_compared_which_each_machine_may_show_or_not(share: Path) -> None:
    assert set(sample(share).entries) == {"/a.mov", "/b.mov", "/c\n\udcff.mov", "/reel1/"}


def test_of_many_entries_those_are_compared_that_changed_longest_ago(share: Path) -> None:
    for number in range(20):
        (share / f"new{number}").touch()

    entries = sample(share).entries

    assert len(entries) == 8
    assert list(entries)[:3] == ["/c\n\udcff.mov", "/b.mov", "/a.mov"]


def test_a_copy_with_equal_names_and_times_is_a_different_directory(
    share: Path, tmp_path: Path
) -> None:
    shutil.copytree(share, tmp_path / "copy")
    shutil.copystat(share, tmp_path / "copy")

    with pytest.raises(WrongMountError, match=r"copy is not what .* sees there: inode \d+, mod"):
        check(sample(share), tmp_path / "copy")


def test_an_empty_folder_where_nothing_is_mounted_is_a_different_directory(
    share: Path, tmp_path: Path
) -> None:
    (tmp_path / "mnt").mkdir()

    with pytest.raises(WrongMountError, match="mnt is not what the machine that started"):
        check(sample(share), tmp_path / "mnt")


def test_equal_inodes_of_a_different_file_system_prove_nothing(share: Path) -> None:
    """Two clusters may have given equal numbers to directories of equal names."""
    seen = sample(share)
    for path in (share, *share.iterdir()):
        os.utime(os.fsencode(path), (0, 1))

    with pytest.raises(WrongMountError, match="1970-01-01 00:00:01 UTC, not inode"):
        check(seen, share)


def test_people_may_go_on_working_on_it(share: Path) -> None:
    seen = sample(share)
    (share / "a.mov").write_text("longer")
    (share / "b.mov").unlink()
    (share / "new.mov").touch()

    check(seen, share)


def test_it_may_be_empty(tmp_path: Path) -> None:
    seen = sample(tmp_path)

    check(seen, tmp_path)
    with pytest.raises(WrongMountError):
        check(seen, tmp_path.parent)
    # Of two empty directories, nothing else shows that they differ.
    os.utime(tmp_path, (0, 1))
    with pytest.raises(WrongMountError, match="modified 1970-01-01 00:00:01 UTC, not inode"):
        check(seen, tmp_path)


def test_what_this_user_may_not_see_is_not_compared() -> None:
    with tempfile.TemporaryDirectory() as folder:
        share = Path(folder)
        (share / "a.mov").touch()
        share.chmod(0o711)  # its names are not shown
        with ordinary_user():
            seen = sample(share)
            check(seen, share)
    assert seen.entries == {}
