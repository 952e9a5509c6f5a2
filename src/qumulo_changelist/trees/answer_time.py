"""How long a mount takes for an answer, and how many lookups at once that asks for."""

from collections import deque

# The processor time of a lookup in a thread of several, in seconds, as measured: mostly that of
# handing Python's lock from thread to thread.
_PROCESSOR_SECONDS = 10e-6
# A lookup that takes less is quicker without further threads.
_QUICK_SECONDS = 30e-6
# A single lookup can be slow by chance, as the first one is, or quick because it is cached.
_MIN_SAMPLES = 3
_MAX_SAMPLES = 5
_NAMES_FOR_A_SAMPLE = 16


class AnswerTime:
    """The answer time of one mount, measured again and again: it can change during a run."""

    def __init__(self) -> None:
        self._samples: deque[float] = deque(maxlen=_MAX_SAMPLES)
        self._median = 0.0

    @property
    def is_known(self) -> bool:
        """Whether there are enough samples."""
        return len(self._samples) >= _MIN_SAMPLES

    def add(self, seconds: float, names: int = 1) -> None:
        """Add a sample, taken while no other lookup was under way.

        Args:
            seconds: how long the mount took for a lookup.
            names: the mean of this number of lookups; a mean of many needs no further sample.
        """
        samples = min(1 + names // _NAMES_FOR_A_SAMPLE, _MAX_SAMPLES)
        self._samples.extend([seconds] * samples)
        self._median = sorted(self._samples)[len(self._samples) // 2]

    def lookups_at_once(self) -> int:
        """Return the number of lookups at once that keeps a processor busy; 1 if unknown."""
        if not self.is_known or self._median < _QUICK_SECONDS:
            return 1
        return round(self._median / _PROCESSOR_SECONDS) + 1
