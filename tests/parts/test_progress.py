"""Progress: what a run reports of itself, and when it is shown."""

import io
import sys
import threading
from queue import SimpleQueue

import pytest

from qumulo_changelist.changes.slice import Slice
from qumulo_changelist.cli import progress, terminal
from qumulo_changelist.cli.progress import Progress, shown_progress
from qumulo_changelist.columns import FileBatch
from qumulo_changelist.events import Event, Progressed, Stage, StageBegun
from qumulo_changelist.model import CREATE, DELETE, Entry, State, Totals
from qumulo_changelist.operations.lists.progress import ProgressMeter
from tests.parts.outcomes import file


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def reported() -> list[Event]:
    return []


@pytest.fixture
def meter(clock: Clock, reported: list[Event]) -> ProgressMeter:
    return ProgressMeter(reported.append, "/p", clock)


def test_progress_is_reported_a_few_times_a_second_and_at_the_end_of_a_stage(
    meter: ProgressMeter, clock: Clock, reported: list[Event]
) -> None:
    meter.begin(Stage.DIFF)
    for _ in range(1000):
        clock.now += 0.001
        meter.add_changes(2)
    meter.begin(Stage.LISTING)

    numbers = [event.changes for event in reported if isinstance(event, Progressed)]
    assert len(numbers) == 6
    assert numbers[-1] == 2000
    assert reported[0] == StageBegun(Stage.DIFF, "/p")
    assert reported[-1] == StageBegun(Stage.LISTING, "/p")


def test_changes_are_done_when_their_slice_is(meter: ProgressMeter, reported: list[Event]) -> None:
    meter.requests = lambda: 7
    meter.expect(5)
    for _ in meter.count_slices([Slice(b"", 2), Slice(b"", 2), Slice(b"", 1)]):
        pass
    meter.end_slice()
    meter.end_slice()
    meter.begin(Stage.WRITING)

    assert reported[-2] == Progressed(
        changes=0, changes_done=4, changes_in_all=5, files=0, size=0, requests=7
    )


def test_files_are_counted_while_a_slice_is_read_and_exactly_when_it_is_complete(
    meter: ProgressMeter, clock: Clock, reported: list[Event]
) -> None:
    def last() -> tuple[int, int]:
        clock.now += 1
        meter.add_changes(0)
        event = reported[-1]
        assert isinstance(event, Progressed)
        return event.files, event.size

    entries = [Entry(State.PRESENT, f"/{n}", file(str(n), 10), CREATE) for n in range(3)]
    columns = FileBatch.of(entries)
    assert columns
    gone = [Entry(State.DELETED, "/x", file("x", 10), DELETE)]

    assert meter.watch(columns) is columns
    assert meter.watch(entries) is entries
    assert meter.watch(gone) is gone
    assert last() == (6, 60)
    meter.add_piece(Totals(files=6, size=60))
    assert last() == (6, 60)
    meter.watch(columns)
    assert last() == (9, 90)


def test_numbers_never_go_back_when_pieces_come_after_all_entries(
    meter: ProgressMeter, reported: list[Event]
) -> None:
    entries = [Entry(State.PRESENT, f"/{n}", file(str(n), 10), CREATE) for n in range(3)]
    meter.watch(entries)
    meter.begin(Stage.LISTING)
    meter.add_piece(Totals(files=1, size=10))
    meter.begin(Stage.WRITING)

    files = [event.files for event in reported if isinstance(event, Progressed)]
    assert files[-1] == 3


def test_each_list_begins_from_nothing(clock: Clock) -> None:
    known = Progress(clock)
    known(StageBegun(Stage.LISTING, "/a"))
    known(Progressed(5, 5, 5, 5, 5, 5))
    clock.now += 3
    known(StageBegun(Stage.COMMITTING, "/a"))
    assert (known.shown.files, known.shown.requests, known.shown.in_stage) == (5, 0, 0)
    known(StageBegun(Stage.SNAPSHOT, "/b"))

    assert (known.shown.files, known.shown.path, known.shown.elapsed) == (0, "/b", 3)


def is_shown() -> bool:
    return any(thread.name == "progress" for thread in threading.enumerate())


def test_a_log_gets_a_line_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    printed: SimpleQueue[str] = SimpleQueue()
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", 0.001)
    monkeypatch.setattr(progress, "say", printed.put)

    with shown_progress(quiet=False, in_log=True) as listener:
        before = printed.get(timeout=30)
        listener(StageBegun(Stage.DIFF, "/p"))
        # Any number of lines about the stage before may have been printed already.
        while (line := printed.get(timeout=30)) == before:
            pass
        assert line == "reading the diff of /p: 0 changes, 0:00 elapsed"

    assert before == "asking the cluster: 0:00 elapsed"
    assert not is_shown()


@pytest.mark.parametrize(("quiet", "in_log"), [(True, True), (False, False)])
def test_nothing_is_shown_if_it_is_not_wanted(quiet: bool, in_log: bool) -> None:
    with shown_progress(quiet=quiet, in_log=in_log) as listener:
        listener(StageBegun(Stage.DIFF, "/p"))
        assert not is_shown()


def test_a_line_is_printed_every_half_minute() -> None:
    assert progress.SECONDS_BETWEEN_LINES == 30


@pytest.mark.parametrize("term", ["dumb", "", None, "xterm"])
def test_only_a_terminal_that_can_move_its_cursor_is_drawn_on(
    monkeypatch: pytest.MonkeyPatch, term: str | None
) -> None:
    monkeypatch.setattr(terminal, "is_terminal", lambda _stream: True)
    if term is None:
        monkeypatch.delenv("TERM", raising=False)
    else:
        monkeypatch.setenv("TERM", term)

    assert terminal.is_usable() == (term == "xterm")


def test_a_closed_standard_error_is_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for closed in (None, io.StringIO()):
        monkeypatch.setattr("sys.stderr", closed)
        assert not terminal.is_terminal(sys.stderr)


def test_wide_characters_are_counted_by_their_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a line of the messages above would be taken for a part of the lines that are drawn."""
    written: list[str] = []
    monkeypatch.setattr(terminal, "_write", written.append)
    monkeypatch.setattr(terminal, "_is_in_foreground", lambda: True)
    monkeypatch.setattr(terminal, "_columns", lambda: 20)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    drawn = terminal.Terminal()

    drawn.draw(lambda _: ["\u6620" * 15, "second"])
    drawn.draw(lambda _: ["first"])
    monkeypatch.setattr(terminal, "_columns", lambda: 3)
    drawn.erase()
    drawn.erase()

    first, second, third = written
    assert first.startswith("\r\u6620\u6620")
    assert first.count("\u6620") == 9, "19 columns, and the last one for an ellipsis"
    assert second.startswith("\r\x1b[2Afirst\x1b[K\r\n")
    assert third == "\r\x1b[2A\x1b[J", "the terminal has wrapped the line meanwhile"
