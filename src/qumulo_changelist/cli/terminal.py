"""The last lines of a terminal, which are written again and again in place.

Nothing of the terminal is changed but what is written: the cursor stays visible, and rests in the
line below. So whatever ends the process, the terminal is as it was.
"""

import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.text import Text

# ECMA-48, "Control functions for coded character sets": CUU, EL and ED.
_UP = "\x1b[{}A"
_CLEAR_LINE = "\x1b[K"
_CLEAR_BELOW = "\x1b[J"

_COLUMNS = 80
"""Of a terminal that does not know its width."""


class Terminal:
    """Draws lines on the terminal that standard error is.

    Raises:
        OSError: the terminal is gone; raised by every method.
    """

    def __init__(self) -> None:
        from rich.console import Console  # most runs have no terminal, or are over before this

        self._console = Console(stderr=True, highlight=False, soft_wrap=False)
        self._cells: list[int] = []
        """The width of each line that is drawn."""

    def draw(self, make_lines: Callable[[int], list[str]]) -> None:
        """Draw lines in the place of those that were drawn before.

        Args:
            make_lines: returns the lines, given the number of columns.
        """
        if not _is_in_foreground():
            return
        # A terminal moves to the next line by itself once the last column is written.
        self._console.width = _columns()
        width = max(self._console.width - 1, 1)
        texts = [self._cut(line, width) for line in make_lines(width)]
        for text in texts[:1]:
            text.stylize("cyan")
        lines = "".join(f"{self._render(text)}{_CLEAR_LINE}\r\n" for text in texts)
        begin, self._cells = self._begin(), [text.cell_len for text in texts]
        _write(begin + lines + _CLEAR_BELOW)

    def erase(self) -> None:
        """Remove what was drawn."""
        if self._cells:
            begin, self._cells = self._begin(), []
            _write(begin + _CLEAR_BELOW)

    def _begin(self) -> str:
        """Return what moves the cursor to the first line, also if the terminal is narrower now."""
        columns = _columns()
        rows = sum(max(-(-cells // columns), 1) for cells in self._cells)
        return "\r" + (_UP.format(rows) if rows else "")

    def _cut(self, line: str, width: int) -> "Text":
        from rich.text import Text

        encoding = self._console.encoding
        text = Text(line.encode(encoding, "backslashreplace").decode(encoding), no_wrap=True)
        text.truncate(width, overflow="ellipsis" if encoding.startswith("utf") else "crop")
        return text

    def _render(self, text: "Text") -> str:
        with self._console.capture() as captured:
            self._console.print(text, end="", crop=False, no_wrap=True)
        return captured.get()


def is_usable() -> bool:
    """Return whether standard error is a terminal on which lines can be written again."""
    return is_terminal(sys.stderr) and os.environ.get("TERM", "dumb") not in ("dumb", "unknown", "")


def is_terminal(stream: TextIO | None) -> bool:
    """Return whether a standard stream is a terminal; None stands for one that is closed."""
    try:
        return stream is not None and os.isatty(stream.fileno())
    except (OSError, ValueError):
        return False


def _columns() -> int:
    """Return the width of the terminal itself: COLUMNS may be that of a different one."""
    return os.get_terminal_size(sys.stderr.fileno()).columns or _COLUMNS


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
