"""Collections that never end, which are noticed in little memory: pure."""

from collections import deque

from qumulo_changelist.errors import ReplyError

MAX_PAGES = 1000
"""The number of pages in a row at most that bring nothing new."""

REMEMBERED = 100
"""The number of pages whose addresses are remembered, so that most circles are noticed at once."""


class Circle:
    """Notices that pages go round in a circle.

    A short circle is noticed when it closes, a longer one later, when it has come round once or
    twice more: then a page comes again that is the latest of which the number is a power of two.
    """

    def __init__(self) -> None:
        self._latest: deque[str] = deque(maxlen=REMEMBERED)
        self._milestone: str | None = None
        self._count = 0

    def closes_with(self, uri: str) -> bool:
        """Return whether a page is known to have been there before; remember it if not."""
        if uri in self._latest or uri == self._milestone:
            return True
        self._latest.append(uri)
        self._count += 1
        if self._count & (self._count - 1) == 0:
            self._milestone = uri
        return False


class EmptyPages:
    """Counts pages in a row that bring nothing new, since a cluster may send some.

    Args:
        source: names for people what sends them.
    """

    def __init__(self, source: str) -> None:
        self._source = source
        self._count = 0

    def count(self, new: int) -> None:
        """Count a page.

        Args:
            new: the number of entries in it that are new.

        Raises:
            ReplyError: there were too many pages without any.
        """
        self._count = 0 if new else self._count + 1
        if self._count > MAX_PAGES:
            raise ReplyError(f"{self._source}: more than {MAX_PAGES:,} pages in a row are empty")
