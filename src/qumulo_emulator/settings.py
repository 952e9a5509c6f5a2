"""What the API leaves open, and how fast the emulator is: adjustable while it runs."""

from dataclasses import dataclass
from typing import Literal

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


@dataclass(frozen=True, slots=True)
class Settings:
    """How the emulator answers where the API does not say.

    Attributes:
        page_limit: the largest page, whatever a client asks for.
        latency_ms: milliseconds to wait before each answer.
        empty_pages: whether each page with entries comes after an empty one.
        last_page_next: what the last page names as the next: "" or None.
        order: the order of entries in a diff and of names in a directory.
        swapped_ids: what a diff from a newer snapshot to an older one answers.
        same_id: what a diff of a snapshot with itself answers.
        different_sources: what a diff of snapshots of two directories answers.
        escape: whether replies are ASCII with everything else escaped, or UTF-8.
        absent_class: the class of the 404 for a path that a snapshot does not hold.
        uncovered: what a path outside of a snapshot's directory gets when the snapshot is asked:
            an error, or what is there in the live tree.
        source_path: what `source_file_path` is in a snapshot's status: the path, "", or left out.
        v3_snapshots: whether there are snapshots in version 3 of the API and their status in
            version 4; without them the version says that this is Core 5.1.2.
    """

    page_limit: int = 1000
    latency_ms: int = 0
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
