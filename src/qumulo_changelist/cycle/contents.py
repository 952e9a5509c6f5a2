"""What the list of a run contains, in a few numbers that outlive the list itself."""

import msgspec
from msgspec import Struct

from qumulo_changelist.model import Totals


class RunContents(Struct, frozen=True):
    """Numbers of files, and their bytes, on the list of a run."""

    created: int = 0
    created_bytes: int = 0
    modified: int = 0
    modified_bytes: int = 0
    moved: int = 0
    moved_bytes: int = 0
    deleted: int = 0
    unreadable: int = 0
    """Files and directories."""

    @classmethod
    def of(cls, totals: Totals) -> "RunContents":
        """Return what is remembered of totals."""
        return cls(
            created=totals.created,
            created_bytes=totals.created_size,
            modified=totals.modified,
            modified_bytes=totals.modified_size,
            moved=totals.moved,
            moved_bytes=totals.moved_size,
            deleted=totals.deleted_files,
            unreadable=totals.unreadable,
        )


def encode(contents: RunContents | None) -> str:
    """Return contents as text; "" for None."""
    return msgspec.json.encode(contents).decode() if contents else ""


def decode(text: str) -> RunContents | None:
    """Return what :func:`encode` was given.

    Raises:
        ValueError: the text is of something else.
    """
    return msgspec.json.decode(text, type=RunContents) if text else None
