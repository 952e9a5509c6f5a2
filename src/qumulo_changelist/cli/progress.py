"""Shows how far a run is: in the last lines of a terminal, or as a line of a log now and then."""

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Iterator

from msgspec.structs import replace

from qumulo_changelist.cli import terminal
from qumulo_changelist.cli.progress_words import Shown, describe_line, describe_lines
from qumulo_changelist.cli.screen import keep_clear, say
from qumulo_changelist.events import Event, Listener, Progressed, Stage, StageBegun, ignore

SECONDS_BETWEEN_LINES = 30.0
"""Of a log."""

_SECONDS_BETWEEN_DRAWINGS = 0.25
# What is over sooner shows nothing.
_SECONDS_BEFORE_THE_FIRST = 0.5


class Progress:
    """A listener that knows how far a run is.

    Args:
        clock: returns the time in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began = self._stage_began = clock()
        self._known = Shown()

    def __call__(self, event: Event) -> None:
        """Take note of an event."""
        if isinstance(event, StageBegun):
            self._stage_began = self._clock()
            stage, path = event.stage, event.path
            if stage in (Stage.SNAPSHOT, Stage.DIFF):  # of the next list
                self._known = Shown(stage, path)
            else:
                self._known = replace(self._known, stage=stage, path=path, requests=0)
        elif isinstance(event, Progressed):
            self._known = replace(
                self._known,
                changes=event.changes,
                done=event.changes_done,
                in_all=event.changes_in_all,
                files=event.files,
                size=event.size,
                requests=event.requests,
            )

    @property
    def shown(self) -> Shown:
        """How far the run is now."""
        now = self._clock()
        return replace(self._known, elapsed=now - self._began, in_stage=now - self._stage_began)


@contextlib.contextmanager
def shown_progress(*, quiet: bool, in_log: bool) -> Iterator[Listener]:
    """Yield a listener, and show how far a run is until the ``with`` block ends.

    Args:
        quiet: whether to show nothing.
        in_log: whether to print a line now and then where standard error is no terminal.
    """
    progress = Progress()
    if quiet or not (in_log or terminal.is_terminal(sys.stderr)):
        yield ignore
    elif terminal.is_usable():
        display = _Display(progress)
        with keep_clear(display.hidden), _repeated(display.draw, _SECONDS_BETWEEN_DRAWINGS):
            try:
                yield display
            finally:
                display.close()
    else:
        with _repeated(lambda: say(describe_line(progress.shown)), SECONDS_BETWEEN_LINES):
            yield progress


class _Display:
    """The lines on the terminal; several threads may use it."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._lock = threading.RLock()
        self._terminal: terminal.Terminal | None = None
        self._is_over = False

    def __call__(self, event: Event) -> None:
        """Take note of an event; a command that is given the list gets the terminal, too."""
        self._progress(event)
        if isinstance(event, StageBegun) and event.stage is Stage.HANDING_OVER:
            with self.hidden():
                pass

    def draw(self) -> None:
        """Draw the lines, unless a command has the terminal."""
        shown = self._progress.shown
        if shown.elapsed < _SECONDS_BEFORE_THE_FIRST:
            return
        opened = self._terminal or terminal.Terminal()
        with self._lock, contextlib.suppress(OSError):
            if self._is_over or self._progress.shown.stage is Stage.HANDING_OVER:
                return
            self._terminal = opened
            opened.draw(lambda width: describe_lines(self._progress.shown, width))

    @contextlib.contextmanager
    def hidden(self) -> Iterator[None]:
        """Remove the lines, and keep them away during the ``with`` block."""
        with self._lock:
            if self._terminal:
                with contextlib.suppress(OSError):
                    self._terminal.erase()
            yield

    def close(self) -> None:
        """Remove the lines for good."""
        self._is_over = True
        with self.hidden():
            pass


@contextlib.contextmanager
def _repeated(function: Callable[[], object], seconds: float) -> Iterator[None]:
    """Call a function again and again, in a thread, during the ``with`` block."""
    ended = threading.Event()

    def repeat() -> None:
        while not ended.wait(seconds):
            function()

    thread = threading.Thread(target=repeat, daemon=True, name="progress")
    is_started = False
    with contextlib.suppress(RuntimeError):  # there is no room for a thread: nothing is shown
        thread.start()
        is_started = True
    try:
        yield
    finally:
        ended.set()
        if is_started:
            thread.join()
