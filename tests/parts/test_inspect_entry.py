"""One entry of a mount, as it is at this moment, with what identifies it."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from qumulo_changelist.errors import UnreadableError
from qumulo_changelist.model import EntryStat, Kind
from qumulo_changelist.trees.mounted import MountedTree
from tests.parts.shares import Share, count_open_descriptors, new_share, ordinary_user

cached_and_refreshed = pytest.mark.parametrize(
    "refresh", [False, True], ids=["cached", "refreshed"]
)


@pytest.fixture
def share(tmp_path: Path) -> Iterator[Share]:
    with new_share(str(tmp_path / "share"), Share) as made:
        yield made


@pytest.fixture
def tree(share: Share) -> Iterator[MountedTree]:
    with MountedTree(share.root) as opened:
        yield opened


@cached_and_refreshed
def test_an_entry_has_its_kind_size_time_and_inode_number(share, tree, refresh):
    share.put("/d/a.mov", size=5)
    os.utime(share.path("/d/a.mov"), ns=(1, 1_700_000_000_123_456_789))
    os.utime(share.path("/d"), ns=(1, -1))
    file, directory = (os.stat(share.path(name)) for name in ("/d/a.mov", "/d"))

    assert tree.inspect_entry("/d/a.mov", refresh=refresh) == EntryStat(
        Kind.FILE, 5, 1_700_000_000_123_456_789, str(file.st_ino)
    )
    for name in ("/d", "/d/"):
        assert tree.inspect_entry(name, refresh=refresh) == EntryStat(
            Kind.DIRECTORY, directory.st_size, -1, str(directory.st_ino)
        )


@cached_and_refreshed
def test_no_link_is_followed_and_no_pipe_is_opened(share, tree, refresh):
    share.put("/d/a.mov")
    share.link("/link", "d")
    os.mkfifo(share.path("/pipe"))

    for name in ("/link", "/link/", "/pipe"):
        assert tree.inspect_entry(name, refresh=refresh).kind is Kind.OTHER
    assert tree.inspect_entry("/link/a.mov", refresh=refresh) is None


@cached_and_refreshed
@pytest.mark.parametrize("name", ["/none", "/none/a", "/file/a", "/a\0b", "/\udcff/a", "/d/none"])
def test_a_missing_entry_is_none(share, tree, name, refresh):
    share.put("/file", "/d/a")

    assert tree.inspect_entry(name, refresh=refresh) is None


def test_an_entry_can_have_any_name(share, tree):
    share.put("/d/\udcff\n")

    assert tree.inspect_entry("/d/\udcff\n", refresh=True).kind is Kind.FILE


@cached_and_refreshed
def test_an_entry_that_this_user_may_not_see_is_unreadable(share, tree, refresh):
    share.put("/closed/a")
    os.chmod(share.path("/closed"), 0)

    with ordinary_user(), pytest.raises(UnreadableError, match=os.strerror(errno.EACCES)):
        tree.inspect_entry("/closed/a", refresh=refresh)


@cached_and_refreshed
def test_no_permission_to_read_an_entry_is_needed(share, tree, refresh):
    share.put("/private", size=2)
    os.chmod(share.path("/private"), 0)

    with ordinary_user():
        assert tree.inspect_entry("/private", refresh=refresh).size == 2


def test_the_file_server_is_asked_about_the_directory_and_the_file(share, tree, monkeypatch):
    share.put("/d/a")
    opened: list[bytes] = []
    usual = os.open

    def recorded(path: bytes, flags: int, **options: Any) -> int:
        opened.append(path)
        return usual(path, flags, **options)

    monkeypatch.setattr(os, "open", recorded)
    before = count_open_descriptors()
    tree.inspect_entry("/d/a")
    assert opened == [b"d"]
    tree.inspect_entry("/d/a", refresh=True)
    tree.inspect_entry("/d/b", refresh=True)

    assert opened == [b"d", b".", b"a", b"."]
    # Only the directory stays open.
    assert count_open_descriptors() == before + 1
