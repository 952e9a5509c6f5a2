"""What a report says in words: shares, days, hours, and tables on a terminal."""

import re
from collections import Counter
from datetime import datetime, timezone
from pathlib import Path

import pytest
from msgspec.structs import replace

from qumulo_changelist.cli.report_words import describe_report
from qumulo_changelist.cycle.contents import RunContents
from qumulo_changelist.model import CREATE, Attributes, Kind
from qumulo_changelist.operations.report.listed import PastRun, report_list
from qumulo_changelist.operations.report.making import make_report
from qumulo_changelist.report_page.blocks import Block
from qumulo_changelist.report_page.sections import make_section
from qumulo_changelist.wording import describe_share
from tests.parts.entries import present
from tests.parts.test_formats import descending, make_form, write_list


def seconds(*moment: int) -> int:
    return int(datetime(*moment, tzinfo=timezone.utc).timestamp())  # type: ignore[misc,arg-type]


def write(folder: Path, *files: tuple[str, int, int]) -> str:
    """Write a list of new files, each with its name, its size, and when it was last changed."""
    entries = [
        present(name, Attributes(Kind.FILE, size, mtime, mtime, 0, 0), CREATE)
        for name, size, mtime in files
    ]
    path = folder / "1-files.ndjson"
    path.write_bytes(write_list(make_form("ndjson"), descending(entries), [], folder))
    return str(path)


def blocks(path: str) -> dict[str, Block]:
    section = make_section(report_list(path), 9, "list1")
    return {one.title: one for one in section.blocks}


@pytest.mark.parametrize(
    ("part", "whole", "words"),
    [
        (883, 887, "over 99 %"),
        (990, 1000, "99 %"),
        (994, 1000, "99 %"),
        (887, 887, "100 %"),
        (10**18 - 1, 10**18, "over 99 %"),
        (1, 10**18, "under 1 %"),
        (4, 1000, "under 1 %"),
        (6, 1000, "1 %"),
        (0, 887, "0 %"),
        (0, 0, "0 %"),
    ],
)
def test_a_share_is_neither_all_nor_nothing_unless_it_is_exactly_that(
    part: int, whole: int, words: str
) -> None:
    assert describe_share(part, whole) == words


def test_what_is_almost_all_video_is_not_said_to_be_all_of_it(tmp_path: Path) -> None:
    now = seconds(2026, 11, 26)

    shown = blocks(write(tmp_path, ("/d/a.mov", 883 * 10**9, now), ("/b.wav", 4 * 10**9, now)))

    assert shown["Types of files"].lead == "Over 99 % of what was written is video."
    assert "The largest share, over 99 %, lies in /d." in shown["Where the changes are"].lead
    assert shown["Sizes and ages"].lead.startswith("0 % of the files are under 1 MB")


def test_files_of_one_day_are_not_said_to_be_of_all_such_weekdays(tmp_path: Path) -> None:
    """26 November 2026 is a Thursday."""
    first = ("/a", 5, seconds(2026, 11, 26, 0, 0, 0))
    last = ("/b", 9, seconds(2026, 11, 26, 23, 59, 59))
    week_before = ("/c", 1, seconds(2026, 11, 19, 5))

    def lead(*files: tuple[str, int, int]) -> str:
        return blocks(write(tmp_path, *files))["When files were last changed"].lead

    assert lead(first, last) == (
        "All of them on Thursday, 2026-11-26. Most bytes are of the hour from 23:00 UTC."
    )
    assert lead(first, last, week_before) == (
        "Most bytes are of Thursdays, and of the hour from 23:00 UTC."
    )
    # A file without a byte is of an hour, too.
    assert "from 05:00 UTC" in lead(("/empty", 0, seconds(2026, 11, 19, 5)))


def test_a_table_has_only_the_hours_and_days_that_have_files(tmp_path: Path) -> None:
    at_eleven = seconds(2026, 11, 26, 11, 30)

    shown = blocks(write(tmp_path, ("/a", 5, at_eleven), ("/b", 1, at_eleven - 7200)))

    hours, days = shown["When files were last changed"].tables
    assert [row[0].text for row in hours.rows] == ["09", "11"]
    assert [row[0].text for row in days.rows] == ["Thursday"]
    assert hours.note == "What is not named has no files."
    (bars, _) = shown["When files were last changed"].figures
    assert len(bars.traces[0]["x"]) == 24  # type: ignore[arg-type]


def test_no_time_and_no_short_word_is_broken_on_a_narrow_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    name = "/" + "long folder/" * 9 + "take.mov"
    path = write(tmp_path, (name, 5, seconds(2026, 11, 26, 11, 30)))
    many = RunContents(10**6, 123 * 10**9, moved=10**6, moved_bytes=123 * 10**9, deleted=10**6)
    waiting = PastRun("2026-11-26T15:59:15Z", "listed", 2, True, many)
    report = make_report(path, state=str(tmp_path / "none"))
    report = replace(report, lists=(replace(report.lists[0], runs=(waiting, waiting)),))

    text = describe_report(report)

    assert re.search(r" 2026-11-26 11:30 *\n", text)
    assert text.count("2026-11-26 15:59:15 ") == 2
    for words in ("committed", "(full", "123 GB", "1,000,000"):
        assert words in text
    assert max(map(len, text.splitlines())) <= 80

    monkeypatch.setenv("COLUMNS", "40")
    assert Counter(filter(str.isalnum, describe_report(report))) == Counter(
        filter(str.isalnum, text)
    )
