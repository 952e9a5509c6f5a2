"""The oracle: captured trees, and what makes two nodes one object."""

from __future__ import annotations

import os
import subprocess
import time
from dataclasses import replace

import pytest

from tests.oracle import Identity, Node, NoList, capture, expected_diff
from tests.oracle.share import NEW, OLD, Share, diff_lines, lines, two_trees


def test_a_capture_leaves_out_snapshots_at_every_level(share: Share) -> None:
    share.write("a/x", ".snapshot/1/a/x", "a/.snapshot/1/x", "a/.snapshots", "b/.snapshot")
    assert sorted(capture(share.root).nodes) == [b"", b"a", b"a/.snapshots", b"a/x", b"b"]


def test_a_capture_has_what_lstat_reports(share: Share) -> None:
    share.write("x", size=3)
    share.touch("x", NEW, atime=OLD)
    os.chmod(share.at("x"), 0o640)
    os.link(share.at("x"), share.at("y"))
    tree = capture(os.fsdecode(share.root))
    found = os.lstat(share.at("x"))
    node = tree.nodes[b"x"]
    assert (node.kind, node.size, node.mode, node.nlink) == ("file", 3, 0o640, 2)
    assert (node.uid, node.gid, node.ctime_ns) == (
        found.st_uid,
        found.st_gid,
        found.st_ctime_ns,
    )
    assert (node.mtime_ns, node.atime_ns) == (NEW * 10**9, OLD * 10**9)
    assert node == tree.nodes[b"y"]


def test_a_capture_follows_no_symbolic_link(share: Share) -> None:
    share.write("a/x")
    os.symlink("a", share.at("b"))
    os.symlink("/", share.at("c"))
    tree = capture(share.root)
    assert sorted(tree.nodes) == [b"", b"a", b"a/x", b"b", b"c"]
    assert {tree.nodes[path].kind for path in (b"b", b"c")} == {"other"}


def test_a_capture_reaches_deeper_than_a_path_can_be_long(share: Share) -> None:
    fd = os.open(share.root, os.O_RDONLY)
    name = b"a-name-of-20-letters"
    for _ in range(1200):
        os.mkdir(name, dir_fd=fd)
        deeper = os.open(name, os.O_RDONLY, dir_fd=fd)
        os.close(fd)
        fd = deeper
    before = capture(share.root)
    os.close(os.open(b"x", os.O_CREAT | os.O_WRONLY, dir_fd=fd))
    os.close(fd)
    after = capture(share.root)
    subprocess.run(["rm", "-rf", share.at(name)], check=True)
    deepest = "/" + "/".join([name.decode()] * 1200)
    assert lines(before, after) == [f"file F_REG {deepest}/x", f"file F_DIR {deepest}"]


def test_a_capture_recognizes_an_inode_that_was_used_again(share: Share) -> None:
    share.write("a/x")
    share.make_folder("b")
    before = capture(share.root)
    time.sleep(0.02)  # a tick of the clock, where only birth times can be had
    share.delete("a/x")
    share.write("a/x")
    share.delete("b")
    share.make_folder("b")
    after = capture(share.root)
    assert diff_lines(before, after) == [
        ("CREATE", "/proj/a/x"),
        ("CREATE", "/proj/b/"),
        ("DELETE", "/proj/a/x"),
        ("DELETE", "/proj/b/"),
        ("MODIFY", "/proj/"),
        ("MODIFY", "/proj/a/"),
    ]


def test_a_caller_can_choose_what_is_the_same_object(share: Share) -> None:
    share.write("one/x", "one/y", "two/x", "two/y")
    before = capture(share.at("one"), {b"": "root", b"x": 1, b"y": 2})
    after = capture(share.at("two"), {b"": "root", b"x": 1, b"y": 3})
    assert {path for op, path in expected_diff(before, after, "/") if op == "CREATE"} == {"/y"}


def test_captures_of_two_directories_cannot_be_compared(share: Share) -> None:
    share.write("one/x", "two/x")
    with pytest.raises(NoList, match="not the same directory"):
        expected_diff(capture(share.at("one")), capture(share.at("two")), "/")


@pytest.mark.parametrize(
    ("old", "new", "replaced"),
    [
        (Identity(1, 2), Identity(1, 2), False),
        (Identity(1, 2), Identity(1, 3), True),
        (Identity(1, 2), Identity(2, 2), True),
        (Identity(1, 2, 5), Identity(1, 2, 6), True),
        (Identity(1, 2, 5), Identity(1, 2, None), False),
        (Identity(1, 2, 5, b"a"), Identity(1, 2, 5, b"b"), True),
        (Identity(1, 2, given="x"), Identity(3, 4, given="x"), False),
        (Identity(1, 2, given="x"), Identity(1, 2, given="y"), True),
        (Identity(1, 2, given="x"), Identity(1, 2), True),
    ],
)
def test_two_nodes_are_one_object_if_all_that_is_known_of_them_agrees(
    old: Identity, new: Identity, replaced: bool
) -> None:
    before, after = two_trees({b"x": Node("file", old)}, {b"x": Node("file", new)})
    assert (("CREATE", "/x") in expected_diff(before, after, "/")) is replaced


@pytest.mark.parametrize(("birth", "replaced"), [(None, True), (7, False)])
def test_an_object_whose_ctime_went_backwards_is_a_new_one_if_nothing_better_is_known(
    birth: int | None, replaced: bool
) -> None:
    old = Node("file", Identity(1, 2, birth), ctime_ns=9)
    before, after = two_trees({b"x": old}, {b"x": replace(old, ctime_ns=8)})
    assert (("CREATE", "/x") in expected_diff(before, after, "/")) is replaced
