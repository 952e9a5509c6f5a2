"""A mount that fails at any call: nothing is missed, and only what failed is unreadable.

Each call that a walk, or a look at names, makes is made to fail in turn, with each error that a
file server leads to. What is not read then has to be unreadable itself, or below a directory that
is: a name that is silently missing would be lost to the archive.
"""

import errno
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from qumulo_changelist.errors import MappedPathError, MountChangedError, MountTimeoutError
from qumulo_changelist.model import Attributes, Description, ReadFailure
from qumulo_changelist.trees import open_directories
from qumulo_changelist.trees.interface import NamedEntries, Subtree
from qumulo_changelist.trees.mounted import MountedTree
from tests.parts.broken_mounts import BrokenMount
from tests.parts.shares import Share, count_open_descriptors, new_share
from tests.parts.tree_reading import read

NAMES = ["/b/y/3", "/b/y/", "/b/x/2", "/b/x/1", "/b/x/", "/b/", "/a", "/"]
ERRORS = [errno.ESTALE, errno.EIO, errno.EACCES, errno.ENOTCONN, errno.ETIMEDOUT, errno.ENOENT]
MOST_CALLS = 200
SECONDS = 30

each_error = pytest.mark.parametrize("error", ERRORS, ids=lambda one: errno.errorcode[one])


@pytest.fixture
def share(tmp_path: Path) -> Iterator[Share]:
    with new_share(str(tmp_path / "share"), Share) as made:
        made.put(*(name for name in NAMES if name != "/"))
        yield made


@pytest.fixture
def mount(monkeypatch: pytest.MonkeyPatch) -> BrokenMount:
    monkeypatch.setattr(open_directories, "_cache", open_directories._DirectoryCache())
    return BrokenMount(monkeypatch)


def walk(share: Share) -> dict[str, Description]:
    """Return everything, as a walk finds it."""
    return look(share, Subtree("/"))


def named(share: Share) -> dict[str, Description]:
    """Return everything, looked up by name."""
    return look(share, *(NamedEntries([name]) for name in NAMES))


def look(share: Share, *requests: Subtree | NamedEntries) -> dict[str, Description]:
    with MountedTree(share.root) as tree:
        return {
            name: description
            for answer in read(tree, *requests)
            for part in answer
            for name, description in zip(part.names, part.described, strict=True)
        }


def is_explained(name: str, found: dict[str, Description]) -> bool:
    """Return whether a name was read, or is unreadable, or below a directory that is."""
    above = [name[:end] for end, letter in enumerate(name, 1) if letter == "/"]
    return any(isinstance(found.get(one), ReadFailure) for one in [name, *above]) or (
        name == "/" or isinstance(found.get(name), Attributes)
    )


def check(found: dict[str, Description], error: int) -> None:
    """Check that what was found accounts for everything, and that nothing else is said of it."""
    assert [name for name in NAMES if not is_explained(name, found)] == []
    assert found.keys() <= set(NAMES)
    reasons = {one.reason for one in found.values() if isinstance(one, ReadFailure)}
    assert reasons <= {os.strerror(error)}


@pytest.mark.parametrize("way", [walk, named])
@pytest.mark.parametrize("for_good", [False, True], ids=["once", "from then on"])
@each_error
def test_whichever_call_fails_no_name_is_missed(share, mount, way, error, for_good):
    opened, refused, failed = count_open_descriptors(), 0, 0
    for number in range(1, MOST_CALLS):
        mount.fail(number, error, for_good=for_good)
        try:
            found = way(share)
        except MappedPathError:
            refused += 1  # the root itself
        else:
            check(found, error)
            failed += any(isinstance(one, ReadFailure) for one in found.values())
        if mount.calls < number:
            break

    assert mount.calls < number  # every call has failed once
    assert number > 12
    if error == errno.ESTALE and not for_good:
        assert (refused, failed) == (0, 0)  # a second try was enough
    else:
        assert refused == 2  # its opening and its status
        assert failed > 8
    assert count_open_descriptors() == opened


def test_every_call_to_a_mount_is_counted(share, mount):
    with MountedTree(share.root) as tree:
        tree.check_root()
        tree.find_snapshot(7)
        tree.inspect_entry("/a", refresh=True)
        tree.first_names(3)
        tree.names("/")
    walk(share)
    named(share)

    assert mount.calls > 40
    assert [path for path in mount.others if share.root in path] == []


# No answer


LOOKS: dict[str, Callable[[MountedTree], object]] = {
    "the root": lambda tree: tree.check_root(),
    "snapshots": lambda tree: tree.find_snapshot(7),
    "an entry": lambda tree: tree.inspect_entry("/b/x/1", refresh=True),
    "some names": lambda tree: tree.first_names(2),
    "names": lambda tree: tree.names("/b/"),
    "a walk": lambda tree: read(tree, Subtree("/")),
    "entries": lambda tree: read(tree, NamedEntries(["/b/x/2", "/b/x/1"]), NamedEntries(["/"])),
}


def look_without_answer(
    share: Share, mount: BrokenMount, looks: Callable[[MountedTree], object], number: int
) -> None:
    with MountedTree(share.root, timeout=0.02) as tree:
        mount.hang(number)
        looks(tree)


@pytest.mark.parametrize("looks", LOOKS.values(), ids=LOOKS)
def test_whichever_call_gets_no_answer_the_run_does_not_wait_for_ever(share, mount, looks):
    share.put("/.snapshot/7_s/")
    with MountedTree(share.root) as tree:
        mount.heal()
        looks(tree)
    calls = mount.calls
    try:
        for number in range(1, calls + 1):
            mount.heal()
            with pytest.raises(MountTimeoutError, match="no answer from the mount"):
                look_without_answer(share, mount, looks, number)
    finally:
        mount.ends_waiting.set()

    assert calls > 1
    for thread in threading.enumerate():
        if thread.name == "mount":
            assert thread.daemon  # no exit waits for it
            thread.join(SECONDS)


def test_a_root_that_gives_no_answer_is_not_waited_for_either(share, mount):
    try:
        for number in (1, 2):
            mount.hang(number)
            with pytest.raises(MountTimeoutError):
                MountedTree(share.root, timeout=0.02)
    finally:
        mount.ends_waiting.set()


# The root


@each_error
def test_a_root_that_fails_later_is_no_longer_there(share, mount, error):
    with MountedTree(share.root) as tree:
        tree.check_root()
        mount.fail(1, error, for_good=True)
        with pytest.raises(MountChangedError, match=os.strerror(error)):
            tree.check_root()
        mount.heal()
        tree.check_root()


def test_a_root_that_was_stale_for_a_moment_is_there(share, mount):
    with MountedTree(share.root) as tree:
        for number in range(1, 5):
            mount.fail(number, errno.ESTALE)
            tree.check_root()


def test_a_user_who_may_only_look_up_names_can_go_on(share, mount):
    with MountedTree(share.root) as tree:
        mount.fail(3, errno.EACCES)
        tree.check_root()

        assert mount.calls == 3


def test_an_empty_directory_in_its_place_is_not_the_root(share, tmp_path):
    with MountedTree(share.root) as tree:
        os.rename(share.root, tmp_path / "elsewhere")
        os.mkdir(share.root)

        with pytest.raises(MountChangedError, match="not the directory that it was when"):
            tree.check_root()


# Links


def test_a_directory_that_becomes_a_link_is_not_followed_at_any_level(share, tmp_path):
    """A link can appear between two lookups, while the directories above it are open."""
    os.makedirs(tmp_path / "secret" / "x")
    (tmp_path / "secret" / "x" / "1").write_bytes(b"not of the share")
    with MountedTree(share.root) as tree:
        (before,) = read(tree, NamedEntries(["/a"]))
        os.rename(share.path("/b"), share.path("/c"))
        os.symlink(tmp_path / "secret", share.path("/b"))
        by_name, below, all_of_it = read(
            tree, NamedEntries(["/b/x/1"]), Subtree("/b/"), Subtree("/")
        )

    assert before[0].names == ["/a"]
    assert [one.described for one in by_name] == [[ReadFailure(os.strerror(errno.ENOTDIR))]]
    assert [one.described for one in below] == [[ReadFailure(os.strerror(errno.ENOTDIR))]]
    names = {name for part in all_of_it for name in part.names}
    assert names == {name.replace("/b/", "/c/") for name in NAMES if name != "/"} | {"/b"}
