"""What the API leaves open, and how fast the emulator is: adjustable while it runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Answer = Literal["error", "empty", "diff"]
Order = Literal["ascending", "descending", "shuffled", "as_found"]


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
    """

    page_limit: int = 1000
    latency_ms: int = 0
    empty_pages: bool = False
    last_page_next: Literal[""] | None = ""
    order: Order = "ascending"
    swapped_ids: Answer = "error"
    same_id: Answer = "empty"
    different_sources: Answer = "error"
    escape: bool = True
