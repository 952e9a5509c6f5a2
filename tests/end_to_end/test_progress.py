"""Progress on a real terminal: drawn in place, gone at the end, and never where nobody looks."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios

import pytest

from tests.end_to_end.files import write_files
from tests.end_to_end.processes import SECONDS
from tests.end_to_end.site import Site

FOLDERS = 12
LATENCY_MS = 60
CONTROL = re.compile(rb"\x1b\[([?0-9;]*)([A-Za-z])")


class Screen:
    """A terminal, as much of it as progress may use; everything else fails."""

    def __init__(self, columns: int) -> None:
        self.rows, self.columns = [""], columns
        self.row = self.column = 0

    def receive(self, content: bytes) -> None:
        position = 0
        while position < len(content):
            control = CONTROL.match(content, position)
            if control:
                self._obey(control[1].decode(), control[2].decode())
                position = control.end()
            else:
                self._write(chr(content[position]))
                position += 1

    def _obey(self, argument: str, letter: str) -> None:
        if letter == "A":
            self.row -= int(argument)
            assert self.row >= 0
        elif letter == "K":
            self.rows[self.row] = self.rows[self.row][: self.column]
        elif letter == "J":
            self.rows[self.row] = self.rows[self.row][: self.column]
            del self.rows[self.row + 1 :]
        else:
            assert letter == "m", (argument, letter)

    def _write(self, character: str) -> None:
        if character == "\r":
            self.column = 0
        elif character == "\n":
            self.row += 1
            self.rows += [""] * (self.row + 1 - len(self.rows))
        else:
            if self.column == self.columns:
                self._write("\r")
                self._write("\n")
            row = self.rows[self.row].ljust(self.column)
            self.rows[self.row] = row[: self.column] + character + row[self.column + 1 :]
            self.column += 1

    def text(self) -> str:
        """Everything on it; the lines are joined, since a long message has several."""
        return "\n".join(self.rows).rstrip("\n")


class Terminal:
    """A command on a terminal of its own."""

    def __init__(self, site: Site, arguments: list[str], columns: int, **variables: str) -> None:
        self.screen = Screen(columns)
        self.written = b""
        self.frames: list[str] = []
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        self.before = termios.tcgetattr(theirs)
        self.process = subprocess.Popen(
            arguments,
            env={**site.variables(), "TERM": "xterm", **variables},
            cwd=site.folder,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
        )
        self._theirs = theirs

    def read_until(self, words: str) -> None:
        while words not in self.screen.text():
            assert self._read(), self.screen.text()

    def finish(self) -> int:
        code = self.process.wait(SECONDS)
        assert termios.tcgetattr(self._theirs) == self.before
        os.close(self._theirs)
        while self._read():
            pass
        return code

    def _read(self) -> bool:
        # A command that has ended prints nothing more, and the terminal is still open here.
        if not select.select([self._ours], [], [], SECONDS)[0]:
            return False
        try:
            content = os.read(self._ours, 65536)
        except OSError:  # nobody has the terminal open any more
            return False
        self.written += content
        self.screen.receive(content)
        self.frames.append(self.screen.text())
        return bool(content)


@pytest.fixture
def changed(site: Site) -> tuple[Site, int, int]:
    """A project on a slow cluster, with changes that take a second or two."""
    assert site.cluster
    site.configure(QumuloTransport="rest")
    older = site.snapshot()
    for number in range(FOLDERS):
        write_files(site.mount, f"reel{number}/a.mov")
    newer = site.snapshot()
    site.cluster.settings(latency_ms=LATENCY_MS)
    return site, older, newer


def listing(site: Site, older: int, newer: int) -> list[str]:
    options = site.arguments(older, newer, "--metadata=rest", "-v")
    return site.command("qumulo_generate_changelist.py", *options)


def at_once(site: Site) -> None:
    """Let the cluster answer without a wait."""
    assert site.cluster
    site.cluster.settings(latency_ms=0)


def without_line_ends(text: str) -> str:
    return text.replace("\n", "")


def test_progress_is_drawn_in_place_and_leaves_only_the_messages(
    changed: tuple[Site, int, int],
) -> None:
    site, older, newer = changed
    columns = 60

    terminal = Terminal(site, listing(site, older, newer), columns)
    terminal.read_until("listing")
    code = terminal.finish()

    summary = f"show: changed: {FOLDERS} files"
    shown = without_line_ends(terminal.screen.text())
    assert code == 0, shown
    assert shown.startswith(f"{FOLDERS} changes below the base path, 1 elsewhere")
    assert summary in shown
    assert shown.endswith(str(site.list_path))
    assert "listing" not in shown
    assert "elapsed" not in shown
    drawn = [frame for frame in terminal.frames if "listing" in frame]
    assert all(len(line) < columns for frame in drawn for line in frame.splitlines()[1:])


def test_there_is_no_colour_where_none_is_wanted(changed: tuple[Site, int, int]) -> None:
    site, older, newer = changed

    coloured = Terminal(site, listing(site, older, newer), 80)
    coloured.read_until("listing")
    coloured.process.send_signal(signal.SIGINT)
    assert coloured.finish() == 130
    anew = [*listing(site, older, newer), "--no-resume"]  # what is kept would make it too quick
    plain = Terminal(site, anew, 80, NO_COLOR="1")
    plain.read_until("listing")
    plain.process.send_signal(signal.SIGTERM)
    assert plain.finish() == 143

    assert b"\x1b[36m" in coloured.written
    assert not re.search(rb"\x1b\[[0-9;]*m", plain.written)
    assert coloured.screen.text().endswith("\ninterrupted")
    for terminal in (coloured, plain):
        assert "listing" not in terminal.screen.text()


def test_a_dumb_terminal_gets_nothing_but_text(changed: tuple[Site, int, int]) -> None:
    site, older, newer = changed
    at_once(site)

    terminal = Terminal(site, listing(site, older, newer), 80, TERM="dumb")

    assert terminal.finish() == 0
    assert b"\x1b" not in terminal.written


def test_the_known_commands_show_nothing_where_there_is_no_terminal(
    changed: tuple[Site, int, int],
) -> None:
    """To the byte what they have always printed."""
    site, older, newer = changed
    at_once(site)
    site.environment |= {"TERM": "xterm", "FORCE_COLOR": "1"}

    done = site.generate(older, newer, "--metadata=rest")

    assert done == (
        0,
        f"{site.list_path}\n",
        f"show: changed: {FOLDERS} files ({10 * FOLDERS} bytes), 0 directories; deleted: 0 files, "
        "0 directories; not readable or not nameable: 0; left out, as links, pipes, sockets or "
        "devices: 0\n",
    )
    taken = site.run("qumulo_create_snap.py", "-p", "show", "-s", site.source)
    assert (taken.code, taken.messages) == (0, "")
    assert re.fullmatch(r"[0-9]+\n", taken.output)
