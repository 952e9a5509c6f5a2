"""How often requests were sent again, for those who read how a run went."""

import threading

from qumulo_changelist.events import Event, RequestRetried
from qumulo_changelist.wording import count


class Retries:
    """Counts requests that were sent again; may be given events by many threads.

    Attributes:
        requests: the number of times that one was.
        seconds: the seconds that these requests have waited before that, added up.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.requests = 0
        self.seconds = 0.0

    def count(self, event: Event) -> None:
        """Count an event, if it is that of a request that is sent again."""
        if isinstance(event, RequestRetried):
            with self._lock:
                self.requests += 1
                self.seconds += event.seconds

    def since(self, requests: int = 0, seconds: float = 0.0) -> dict[str, object]:
        """Return what ``--json`` prints, without what was counted before."""
        return {
            "requests": self.requests - requests,
            "seconds": round(self.seconds - seconds, 1),
        }

    def describe(self) -> str:
        """Return the line for people; "" if there is nothing to say."""
        if not self.requests:
            return ""
        were = "was" if self.requests == 1 else "were"
        return (
            f"{count(self.requests, 'request')} {were} sent again "
            f"({self.seconds:.0f} s of waiting, added up)"
        )
