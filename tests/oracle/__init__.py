"""An independent oracle for scan lists: what a list must contain, from two states of a real tree.

It shares no code with the packages under test. It knows only the contract (`docs/scan-list.md`) and
two captured states of a directory, so it cannot share a mistake with the product or the emulator.

How to use it::

    before = capture(share)  # the older snapshot
    ...  # real renames, links, deletes
    after = capture(share)  # the newer snapshot
    expected = expected_list(
        before, after, source="/proj", base="/proj/show1", deletes=True, run_time=now, index=1
    )
    assert without_access_times(written) == without_access_times(expected)

How it works:

- Everything is decided path by path. A path is *kept* if it and all directories above it are the
  same objects as before. What is in the newer state and not kept was created; what is in the older
  state and not kept was deleted; what is kept and looks different was modified. Renames and moves
  need no rule: an old path is gone, and a new one exists.
- A "path" is bytes, relative to the captured root, which is `b""`. `source` is where that root is
  on the cluster, `base` is the command's `-b`; both are absolute cluster paths. If the root, or a
  directory above it, was renamed, both are the newer paths, and `older_source` is the older one.
  Only paths below the root are compared, so a rename of the root changes none of them.
- If no list may result, `NoList` carries the exit code of the run.
- `.snapshot` is left out at every level, as in a listing over NFS.

Two nodes are the same object if device and inode agree. To notice an inode that was used again, the
kernel's file handle (it contains the inode's generation, by which an NFS server recognizes a stale
handle) and the birth time must agree as well, if the system reports them. If it reports neither, an
object whose ctime went backwards is a new one. A caller who captures copies can pass an identity
for each path, the root included.

It cannot notice data that was rewritten with the same size within one tick of the file system's
clock (1 to 10 ms on Linux), since no time changes then. Change the size of such a file, or use
`os.utime`.

Before lists are compared, blank what may differ between two correct lists: `without_run_times` (the
time of the run), `without_access_times` (reading changes them), `without_deleted_attributes` (the
contract allows a deleted file's real attributes).

Where the contract leaves room, the oracle decides:

- The order is that of the names as written: of `%FF`, not of the byte 0xFF. Two paths that are
  written alike both stay, the greater path first.
- A `<bad-dir>` has the type of its entry, F_DIR for a directory. A deleted path that XML cannot
  hold is a `<bad-dir>` too, and then not in `delete_count`.
- The base path itself is in no list, not even as deleted: it has no name below itself. That holds
  also where it became a file, or was a file.
- A state has a base path below the source if each of its components is a directory; one above the
  source, together with the source; and never one beside the source.
- A list for a base path above a renamed directory is undefined: the diff contains no rename.
- A directory that was replaced by a symbolic link, pipe, socket or device is deleted.
- A new hard link modifies the file's other paths (their link count and ctime changed).
- A directory that can be entered but not listed, or listed but not entered, is one bad entry where
  a walk meets it; see `Restrictions`. A deleted path that could not be looked up in the older state
  is a file, unless the diff calls it a directory: then it is a bad entry.
- Below a created directory that cannot be read, nothing is known to be deleted.
- A directory is modified if an entry came, went or was replaced, or if its mtime, mode, owner or
  group changed; a change of ctime, size or link count alone does not modify it.
"""

from tests.oracle.base_path import NoList, has_base, has_same_names
from tests.oracle.capture import Identity, Node, Tree, capture
from tests.oracle.diff import expected_diff
from tests.oracle.expect import expected_entries, expected_full_list, expected_list
from tests.oracle.filters import NO_FILTERS, Filters
from tests.oracle.restrictions import (
    NO_RESTRICTIONS,
    Restrictions,
    is_utf8,
    restrictions_for_others,
    restrictions_to_utf8,
)
from tests.oracle.xml_list import (
    Entry,
    render,
    without_access_times,
    without_deleted_attributes,
    without_run_times,
)

__all__ = [
    "NO_FILTERS",
    "NO_RESTRICTIONS",
    "Entry",
    "Filters",
    "Identity",
    "NoList",
    "Node",
    "Restrictions",
    "Tree",
    "capture",
    "expected_diff",
    "expected_entries",
    "expected_full_list",
    "expected_list",
    "has_base",
    "has_same_names",
    "is_utf8",
    "render",
    "restrictions_for_others",
    "restrictions_to_utf8",
    "without_access_times",
    "without_deleted_attributes",
    "without_run_times",
]
