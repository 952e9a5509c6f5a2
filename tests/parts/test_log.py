"""The log: whatever a name contains, a line is one line, and what several write stays whole."""

import json
import multiprocessing
import os
import re
import resource
import stat
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, get_args

import pytest
from msgspec.structs import fields, replace

from qumulo_changelist import events
from qumulo_changelist.cli import screen
from qumulo_changelist.cli.log import SECONDS_BETWEEN_PROGRESS, Log
from qumulo_changelist.cli.log_file import LogFile
from qumulo_changelist.cli.log_lines import Head, fields_of, name_of, now, without_secrets
from qumulo_changelist.errors import LogFileError
from qumulo_changelist.events import Event, Progressed, Stage, StageBegun
from qumulo_changelist.model import Totals
from tests.parts.test_screen import DETAILS, WARNINGS

HOSTILE = 'a\n2026 forged\r\x1b[2J\x9b"\\\u2028\u202e\udcff\tz'
RUN = "20261126T210400Z-3f2a9c1b"
# Whoever reads a line byte by byte, or prints it, must meet none of these.
FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.log"


def lines_of(path: Path) -> list[str]:
    """The lines of a log, which have to be UTF-8 and to end with a line end."""
    text = path.read_bytes().decode("utf-8")
    assert text.endswith("\n")
    return text[:-1].split("\n")


def write(path: Path, form: str, *written: Event) -> list[str]:
    file = LogFile(str(path))
    listener = Log(file, form, RUN, "run")
    for event in written:
        listener(event)
    file.close()
    return lines_of(path)


def hostile(event: Event) -> Event:
    """The event with a hostile name for each text that it has."""
    texts = {
        field.name: HOSTILE
        for field in fields(event)
        if isinstance(getattr(event, field.name), str)
    }
    if isinstance(event, StageBegun):
        texts = {"path": HOSTILE}
    return replace(event, **texts)


EVERY_EVENT = [*WARNINGS, *DETAILS, StageBegun(Stage.DIFF, "/p")]


def test_every_event_is_tried() -> None:
    assert {type(one) for one in EVERY_EVENT} | {Progressed} == set(get_args(Event))


@pytest.mark.parametrize("event", EVERY_EVENT, ids=lambda one: type(one).__name__)
def test_an_event_with_hostile_names_is_one_line_of_json_with_its_fields(
    path: Path, event: Event
) -> None:
    (line,) = write(path, "json", hostile(event))

    assert not FORBIDDEN.search(line)
    found = json.loads(line)
    head = {name: found.pop(name) for name in Head._fields}
    assert head["run"] == RUN
    assert head["event"] == re.sub("([a-z])([A-Z])", r"\1_\2", type(event).__name__).lower()
    assert head["level"] in ("info", "warning", "error")
    names = {"argv" if field.name == "command" else field.name for field in fields(event)}
    assert set(found) == names
    texts = [field.name for field in fields(event) if field.type is str]
    assert all(found["argv" if name == "command" else name] == HOSTILE for name in texts)


@pytest.mark.parametrize("event", EVERY_EVENT, ids=lambda one: type(one).__name__)
def test_an_event_with_hostile_names_is_one_line_of_text(path: Path, event: Event) -> None:
    (line,) = write(path, "text", hostile(event))

    assert not FORBIDDEN.search(line)


def test_a_line_of_text_has_the_words_of_the_screen(path: Path) -> None:
    event = events.EntryUnreadable("/clips/café", "permission denied")

    (line,) = write(path, "text", event)

    moment, rest = line.split(" ", 1)
    assert rest == f"{RUN} warning run entry_unreadable: {screen.describe(event)}"
    written = datetime.strptime(moment, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc)
    assert abs(datetime.now(timezone.utc) - written) < timedelta(hours=1)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", moment)


def test_a_byte_that_is_not_utf_8_is_written_as_its_number(path: Path) -> None:
    (line,) = write(
        path, "text", events.LockAwaited("", ""), events.LeftoverRemoved("/a\udcff\x1b")
    )[1:]

    assert r"removed /a\xff\x1b, which" in line


def test_totals_are_numbers_by_name(path: Path) -> None:
    event = events.ListPublished("/list", "/receipt", Totals(files=3, size=10))

    (line,) = write(path, "json", event)

    assert json.loads(line)["totals"] == {"files": 3, "size": 10}


def test_of_progress_one_line_a_minute_is_written_and_one_when_a_stage_ends(path: Path) -> None:
    clock = [0.0]
    file = LogFile(str(path))
    listener = Log(file, "json", RUN, "run", clock=lambda: clock[0])
    listener(StageBegun(Stage.DIFF, "/p"))
    for second in range(int(2.5 * SECONDS_BETWEEN_PROGRESS)):
        clock[0] = float(second)
        listener(Progressed(second, 0, None, 0, 0, 1))
    listener(StageBegun(Stage.LISTING, "/p"))
    listener(StageBegun(Stage.WRITING, "/p"))
    file.close()

    found = [json.loads(line) for line in lines_of(path)]
    assert [(one["event"], one.get("changes", one.get("stage"))) for one in found] == [
        ("stage_begun", "diff"),
        ("progressed", 60),
        ("progressed", 120),
        ("progressed", 149),
        ("stage_begun", "listing"),
        ("stage_begun", "writing"),
    ]


def test_a_warning_and_what_goes_as_it_should_have_different_levels(path: Path) -> None:
    failed = events.PartFailed("show1", "LoginError", "refused", "", 77)
    noted = events.ListCommitted("show1", "/p", 7)
    warned, detail = events.MoreUnreadable(7), events.PlacingBegun()

    levels = [
        json.loads(one)["level"] for one in write(path, "json", failed, noted, warned, detail)
    ]

    assert levels == ["error", "info", "warning", "info"]


def test_going_on_with_what_an_earlier_run_kept_is_no_warning(path: Path) -> None:
    kept = write(path, "json", events.PagesReused(3), events.PiecesReused(2, 7))

    assert [json.loads(one)["level"] for one in kept] == ["info", "info"]


def test_a_failure_and_its_hint_are_one_sentence_after_the_other(path: Path) -> None:
    failed = events.PartFailed("show1", "LoginError", "refused", "Check the password.", 77)

    (line,) = write(path, "text", failed)

    assert line.endswith(" part_failed: show1: refused — Check the password.")


def test_no_field_of_an_event_has_a_name_that_every_line_has() -> None:
    for event in EVERY_EVENT:
        assert not set(fields_of(event)) & set(Head._fields)


def test_the_name_of_an_event_is_in_snake_case() -> None:
    assert name_of(events.QqFoldersCounted) == "qq_folders_counted"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (["run", "a"], ["run", "a"]),
        (["--notify-url", "https://x/secret", "a"], ["--notify-url", "…", "a"]),
        (["--notify-url=https://x/secret", "a"], ["--notify-url=…", "a"]),
        (["run", "a", "--", "tar", "--password", "s"], ["run", "a", "--", "tar", "…"]),
        (["run", "a", "--", "tar"], ["run", "a", "--", "tar"]),
    ],
)
def test_arguments_that_may_be_secrets_are_not_logged(given: list[str], kept: list[str]) -> None:
    assert without_secrets(given) == kept


def test_of_the_command_that_gets_the_list_only_the_name_is_logged(path: Path) -> None:
    for form in ("json", "text"):
        text = "\n".join(write(path, form, events.ListHanded(("tar", "--password", "s3cret"))))
        assert "tar" in text
        assert "s3cret" not in text


# The file


def append_many(path: str, text: str) -> None:
    file = LogFile(path)
    for _ in range(200):
        file.append(text.encode() * 300 + b"\n")
    file.close()


def test_lines_of_several_processes_stay_whole(path: Path) -> None:
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=append_many, args=(str(path), text)) for text in "abc"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()

    lines = lines_of(path)
    assert sorted(lines) == sorted(text * 300 for text in "abc" for _ in range(200))


def test_a_new_file_is_for_this_user_alone_and_the_mode_of_an_old_one_stays(path: Path) -> None:
    LogFile(str(path)).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600

    path.write_text("earlier\n")
    path.chmod(0o640)
    write(path, "text", events.MoreUnreadable(7))
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert lines_of(path)[0] == "earlier"


def a_link(path: Path) -> None:
    path.symlink_to(path.with_name("elsewhere"))


def a_pipe(path: Path) -> None:
    os.mkfifo(path)


def a_folder(path: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize("make", [a_link, a_pipe, a_folder])
def test_only_a_regular_file_is_written(path: Path, make: Any) -> None:
    make(path)
    with pytest.raises(LogFileError, match=re.escape(str(path))):
        LogFile(str(path))
    assert not path.with_name("elsewhere").exists()


def test_a_full_disk_is_said_once_and_the_next_line_that_fits_is_whole(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr("qumulo_changelist.cli.log_file.say", said.append)
    file = LogFile(str(path))
    file.append(b"first\n")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, before[1]))
    try:
        file.append(b"second\n")
        file.append(b"third\n")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    file.append(b"fourth\n")
    file.close()

    assert lines_of(path) == ["first", "seco", "fourth"]
    (words,) = said
    assert words.startswith(f"the log {path} is incomplete: File too large")


def test_what_is_rotated_away_keeps_its_lines_and_the_next_command_begins_a_new_file(
    path: Path,
) -> None:
    file = LogFile(str(path))
    file.append(b"before\n")
    path.rename(path.with_name("run.log.1"))
    file.append(b"after\n")
    file.close()
    write(path, "text", events.MoreUnreadable(7))

    assert lines_of(path.with_name("run.log.1")) == ["before", "after"]
    assert len(lines_of(path)) == 1


def test_the_time_of_a_line_has_milliseconds_even_at_a_full_second(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Clock(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> "Clock":
            return cls(2026, 11, 26, 21, 4, tzinfo=tz)

    monkeypatch.setattr("qumulo_changelist.cli.log_lines.datetime", Clock)
    assert now() == "2026-11-26T21:04:00.000Z"
