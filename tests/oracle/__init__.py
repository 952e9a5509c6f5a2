"""An independent oracle for scan lists: from two states of a real tree, what the list must hold.

It shares no code with the packages under test. It knows the contract (`scan-list.md`), two
captured states of a directory, and nothing else, so that a mistake in the product or in the
emulator cannot hide in it.

How to use it::

    before = capture(share)  # the older snapshot
    ...  # real renames, links, deletes
    after = capture(share)  # the newer snapshot
    expected = expected_list(
        before, after, source="/proj", base="/proj/show1", deletes=True, run_time=now, index=1
    )
    assert without_access_times(written) == without_access_times(expected)

What it is built on:

- Everything is decided path by path. A path is *kept* when it and all the directories above it
  are the same objects as before; what is in the newer state and not kept was created, what is in
  the older state and not kept was deleted, what is kept and looks different was modified. Renames
  and moves need no thought: an old path is gone, a new one is there.
- A "path" is bytes, relative to the captured root, `b""` for the root. `source` says where that
  root is on the cluster, `base` is the command's `-b`; both are absolute cluster paths. Where the
  root, or a directory above it, was renamed, both are the newer paths, and `older_source` says
  where it was: the paths below it are what is compared, so that a rename changes none of them.
- Where no list may come out, `NoList` says with which exit code the run ends.
- `.snapshot` is left out at every level, as a listing over NFS leaves it out.

Same object or not: device and inode, and against an inode that was used again the kernel's file
handle (it holds the inode's generation, which is what tells an NFS server that a handle is stale)
and the birth time, each where the system tells it. Where it tells neither, an object whose ctime
went backwards is taken for another, anything else for the same. A caller who knows better (who
captures copies, say) gives `capture` an identity for each path, the root included.

What it cannot see: data rewritten with the same size within one tick of the file system's clock
(1 to 10 ms on Linux), where no time has moved. Give such a file another size or `os.utime`.

What two right lists may differ in is blanked before comparing: `without_run_times` (the time of
the run), `without_access_times` (reading moves them), `without_deleted_attributes` (the contract
allows a deleted file's real ones).

Where the contract leaves room, the oracle reads it like this:

- The order is that of the names as written, so that of `%FF`, not that of the byte 0xFF. Two
  paths that are written alike both stay, the greater path first.
- A `<bad-dir>` has the type of what it stands for, F_DIR for a directory; a deleted path that XML
  cannot hold is a `<bad-dir>` too, and is then not in `delete_count`.
- The base path itself is in no list, not even as deleted: it has no name below itself. Nor is it
  where it became a file, or was one.
- A base path below the source is held by a state in which each of its names is a directory; one
  above the source is held with the source in it; one beside the source is held by none.
- A base path above a directory that was renamed is left open: the diff names no rename.
- A directory that gave way to a symbolic link, a pipe, a socket or a device is deleted.
- A new hard link modifies the file's other paths (link count and ctime changed).
- A directory that may be gone into but not listed, or the other way round, is one bad entry where a
  walk meets it; see `Sight`. A deleted path that nobody could look at in the older state is a file,
  unless the diff calls it a directory, which is a bad entry then.
- Below a created directory that cannot be looked into nothing is known to be deleted.
- A directory is modified by an entry that came, went or was replaced, or by another mtime, mode,
  owner or group; not by ctime, size or link count alone.
"""

from tests.oracle.capture import Identity, Node, Tree, capture
from tests.oracle.expect import (
    Entry,
    NoList,
    diff_claims,
    expected_entries,
    expected_list,
    holds,
    named_alike,
    render,
    without_access_times,
    without_deleted_attributes,
    without_run_times,
)
from tests.oracle.sight import (
    EVERYTHING,
    Sight,
    is_unicode,
    sight_in_unicode,
    sight_of_a_stranger,
)

__all__ = [
    "EVERYTHING",
    "Entry",
    "Identity",
    "NoList",
    "Node",
    "Sight",
    "Tree",
    "capture",
    "diff_claims",
    "expected_entries",
    "expected_list",
    "holds",
    "is_unicode",
    "named_alike",
    "render",
    "sight_in_unicode",
    "sight_of_a_stranger",
    "without_access_times",
    "without_deleted_attributes",
    "without_run_times",
]
