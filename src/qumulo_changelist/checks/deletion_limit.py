"""A limit on how many files a list may delete: more is probably a mistake."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from qumulo_changelist.checks.limit import Limit, describe_places
from qumulo_changelist.errors import (
    DeletionLimitError,
    UnknownDeletionLimitError,
    UnreadableError,
)
from qumulo_changelist.model import Totals
from qumulo_changelist.wording import count

if TYPE_CHECKING:
    from typing_extensions import Self


class DeletionLimit(Limit):
    """The number of files that a list may delete; a percentage is one of the older snapshot."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str, counted: str = "files") -> "Self":
        """Return the limit for a number of files, or a percentage; see ``Limit``."""
        return super().parse(text, counted)


def check_deletions(
    totals: Totals,
    limit: DeletionLimit,
    count_older_files: Callable[[], int],
    deleted_by_folder: Mapping[str, int],
) -> None:
    """Make sure that a list does not delete more files than the limit allows.

    Args:
        totals: what the list contains.
        limit: what is allowed.
        count_older_files: counts the files below the base path in the older snapshot.
        deleted_by_folder: the number of deleted files in each folder; "" is the base path.

    Raises:
        DeletionLimitError: it deletes more.
        UnknownDeletionLimitError: the files of the older snapshot cannot be counted.
    """
    allowed, files = limit.number, count(totals.deleted_files, "file")
    if limit.is_percentage and totals.deleted_files:
        try:
            before = count_older_files()
        except UnreadableError as error:
            raise UnknownDeletionLimitError(
                f"the number of files of which {limit} may be deleted is unknown: {error}"
            ) from error
        allowed = limit.allowed_of(before)
        files = f"{totals.deleted_files} of {count(before, 'file')}"
    if totals.deleted_files > allowed:
        raise DeletionLimitError(
            f"{files} ({count(totals.deleted_size, 'byte')}) and "
            f"{count(totals.deleted_directories, 'directory')} would be deleted, more than the "
            f"limit of {limit} allows; most of them are in "
            f"{describe_places(deleted_by_folder)}"
        )
