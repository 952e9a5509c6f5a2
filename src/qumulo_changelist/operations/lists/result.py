"""The outcome of a run: the lists that it published."""

from msgspec import Struct

from qumulo_changelist.checks.proof import Proof
from qumulo_changelist.model import Totals
from qumulo_changelist.operations.lists.receipt import Receipt


class PublishedList(Struct, frozen=True):
    """A list that has been published."""

    path: str
    """In the encoding of this machine's locale, like ``receipt_path``."""
    receipt_path: str
    receipt: Receipt
    totals: Totals


class ChangelistResult(Struct, frozen=True):
    """The lists of a run, which have been published."""

    lists: tuple[PublishedList, ...]
    """One for each format, in their order; a list of what was deleted after the one that it is
    beside."""
    proof: Proof | None
    """What the cluster counts; None if no proof was wanted."""
    changes: int | None = None
    """The number of changes below the base path, as the cluster's diff has them; None for a full
    list."""

    @property
    def path(self) -> str:
        """The path of the first list."""
        return self.lists[0].path

    @property
    def receipt_path(self) -> str:
        """The path of the first list's receipt."""
        return self.lists[0].receipt_path

    @property
    def receipt(self) -> Receipt:
        """The receipt of the first list."""
        return self.lists[0].receipt

    @property
    def totals(self) -> Totals:
        """What the first list contains; but as many are unreadable as in the list that lacks most.

        So nobody who looks at these numbers takes a run for complete that is not.
        """
        return self.lists[0].totals._replace(unreadable=self.unreadable)

    @property
    def unreadable(self) -> int:
        """The number of entries that could not be read, or named in the list that lacks most."""
        return max(each.totals.unreadable for each in self.lists)

    @property
    def is_complete(self) -> bool:
        """Whether everything could be read, and named in every list."""
        return not self.unreadable
