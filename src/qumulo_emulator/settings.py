"""What the API leaves open, and how fast the emulator answers: adjustable while it runs."""

from typing import Literal

from msgspec import Struct

DiffAnswer = Literal["error", "empty", "diff"]
Order = Literal["ascending", "descending", "shuffled", "as_found"]
AbsentClass = Literal[
    "fs_no_such_entry_error",
    "fs_no_such_file_version_error",
    "fs_no_such_path_error",
    "fs_no_such_inode_error",
    "fs_file_not_covered_by_snapshot_error",
    "fs_not_a_directory_error",
]
UncoveredPaths = Literal["error", "live"]
SourcePath = Literal["known", "empty", "missing"]


class Settings(Struct, frozen=True):
    """How the emulator answers where the API's documentation leaves it open.

    Attributes:
        page_limit: the maximum size of a page, whatever size a client asks for.
        latency_ms: milliseconds to wait before each answer.
        random_latency_ms: the most milliseconds to wait in addition, so that answers come in any
            order. The path of a request and its query decide, so that it is the same each time.
        empty_pages: whether an empty page comes before each page with entries.
        last_page_next: what the last page gives as the next page: "" or None.
        order: the order of entries in a diff and of names in a directory.
        swapped_ids: the answer to a diff from a newer snapshot to an older one.
        same_id: the answer to a diff of a snapshot with itself.
        different_sources: the answer to a diff of snapshots of two directories.
        escape: whether replies are ASCII with escapes for everything else, or UTF-8.
        absent_class: the class of the 404 for a path that a snapshot does not contain.
        uncovered: the answer for a path outside of a snapshot's directory when the snapshot is
            asked: an error, or the entry in the live tree.
        source_path: the `source_file_path` in a snapshot's status: the path, "", or left out.
        v3_snapshots: whether the API has version 3 of snapshots, and version 4 of their status. If
            not, the cluster says that it is Core 5.1.2.
        deletions_last: whether a deleted snapshot remains listed, with `in_delete`, as while a
            cluster frees its space.
        missing_privileges: the privileges that the user does not have.
        clock_shift: the number of seconds by which the cluster's clock is ahead, as far as it
            shows: in the header `Date` of each answer, and in the time of a snapshot.
    """

    page_limit: int = 1000
    latency_ms: int = 0
    random_latency_ms: int = 0
    empty_pages: bool = False
    last_page_next: Literal[""] | None = ""
    order: Order = "ascending"
    swapped_ids: DiffAnswer = "error"
    same_id: DiffAnswer = "empty"
    different_sources: DiffAnswer = "error"
    escape: bool = True
    absent_class: AbsentClass = "fs_no_such_entry_error"
    uncovered: UncoveredPaths = "error"
    source_path: SourcePath = "known"
    v3_snapshots: bool = True
    deletions_last: bool = False
    missing_privileges: tuple[str, ...] = ()
    clock_shift: int = 0
