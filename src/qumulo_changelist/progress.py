"""What a run tells whoever listens. The core states facts; how they look is the listener's."""

from typing import Protocol


class Listener(Protocol):
    """Hears what a run does. Nothing it is told holds a secret."""

    def detail(self, fact: str) -> None:
        """Hear of a step that only the curious want to know of."""

    def warning(self, fact: str) -> None:
        """Hear of something that the user should know of, though the run goes on."""


class Silent:
    """Listens, and says nothing."""

    def detail(self, fact: str) -> None:
        """Drop the fact."""

    def warning(self, fact: str) -> None:
        """Drop the fact."""
