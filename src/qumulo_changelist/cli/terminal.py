"""The last lines of a terminal, which are written again and again in place.

Nothing of the terminal is changed but what is written: the cursor stays visible, and rests in the
line below. So whatever ends the process, the terminal is as it was.
"""

import os
import sys
from collections.abc import Callable

# ECMA-48, "Control functions for coded character sets": CUU, EL and ED.
_UP = "\x1b[{}A"
_CLEAR_LINE = "\x1b[K"
_CLEAR_BELOW = "\x1b[J"


class Terminal:
    """Draws lines on the terminal that standard error is.

    Raises:
        OSError: the terminal is gone; raised by every method.
    """

    def __init__(self) -> None:
        from rich.console import Console  # most runs have no terminal, or are over before this

        self._console = Console(stderr=True, highlight=False, soft_wrap=False)
        self._drawn: list[str] = []
        self._rows = 0

    def draw(self, make_lines: Callable[[int], list[str]]) -> None:
        """Draw lines in the place of those that were drawn before.

        Args:
            make_lines: returns the lines, given the number of columns.
        """
        # A terminal moves to the next line by itself once the last column is written.
        width = max(self._console.width - 1, 1)
        lines = make_lines(width)
        if not _is_in_foreground():
            return
        shown = [self._render(line, width, is_first=not at) for at, line in enumerate(lines)]
        begin = "\r" + (_UP.format(self._rows_above()) if self._drawn else "")
        text = "".join(f"{line}{_CLEAR_LINE}\r\n" for line in shown)
        self._drawn = [line[:width] for line in lines]
        self._rows = width
        _write(begin + text + _CLEAR_BELOW)

    def erase(self) -> None:
        """Remove what was drawn."""
        if self._drawn:
            above, self._drawn = self._rows_above(), []
            _write("\r" + _UP.format(above) + _CLEAR_BELOW)

    def _rows_above(self) -> int:
        """Return the number of rows that the lines have, also if the terminal is narrower now."""
        from rich.cells import cell_len

        columns = max(self._console.width, 1)
        return sum(max(-(-cell_len(line) // columns), 1) for line in self._drawn)

    def _render(self, line: str, width: int, *, is_first: bool) -> str:
        """Return a line with its colours, cut where the terminal ends."""
        from rich.text import Text

        encoding = self._console.encoding
        line = line.encode(encoding, "backslashreplace").decode(encoding)
        text = Text(line, "cyan" if is_first else "", no_wrap=True)
        text.truncate(width, overflow="ellipsis" if encoding.startswith("utf") else "crop")
        with self._console.capture() as captured:
            self._console.print(text, end="", crop=False, no_wrap=True)
        return captured.get()


def is_usable() -> bool:
    """Return whether standard error is a terminal on which lines can be written again."""
    return is_terminal() and os.environ.get("TERM", "dumb") not in ("dumb", "unknown", "")


def is_terminal() -> bool:
    """Return whether standard error is a terminal."""
    try:
        return sys.stderr is not None and os.isatty(sys.stderr.fileno())
    except (OSError, ValueError):
        return False


def _is_in_foreground() -> bool:
    """Return whether a shell has not put this process into the background."""
    try:
        return os.tcgetpgrp(sys.stderr.fileno()) == os.getpgrp()
    except OSError:
        return True  # it is not the terminal that controls this process


def _write(text: str) -> None:
    content = text.encode(sys.stderr.encoding or "utf-8", "backslashreplace")
    while content:
        content = content[os.write(sys.stderr.fileno(), content) :]
