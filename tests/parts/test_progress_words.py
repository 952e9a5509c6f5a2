"""How far a run is, in words: what is known, and only as much as fits into the line."""

from msgspec.structs import replace

from qumulo_changelist.cli.progress_words import (
    Shown,
    describe_line,
    describe_lines,
    describe_time,
    seconds_left,
)
from qumulo_changelist.events import Stage
from qumulo_changelist.wording import describe_size, printable

LISTING = Shown(
    stage=Stage.LISTING,
    path="/projects/show1",
    elapsed=75,
    in_stage=60,
    changes=250_000,
    done=60_000,
    in_all=240_000,
    files=51_234,
    size=12_345_678_901,
    requests=24,
)


def test_a_list_shows_what_is_done_how_fast_and_what_is_left() -> None:
    assert describe_lines(LISTING, 100) == [
        "listing /projects/show1: 60,000 of 240,000 changes, 25 %, 1,000/s",
        "  51,234 files, 12.3 GB, 24 requests under way, 1:15 elapsed, about 3:00 left",
    ]


def test_a_diff_shows_the_changes_so_far_and_how_fast_they_come() -> None:
    shown = Shown(stage=Stage.DIFF, path="/p", elapsed=5, in_stage=4, changes=120_000)

    assert describe_lines(shown, 80) == [
        "reading the diff of /p: 120,000 changes, 30,000/s, 0:05 elapsed"
    ]


def test_a_full_list_shows_files_a_second_since_the_number_of_changes_says_nothing() -> None:
    shown = replace(LISTING, in_all=None, done=3)

    assert describe_lines(shown, 80) == [
        "listing /projects/show1",
        "  51,234 files, 12.3 GB, 854 files/s, 24 requests under way, 1:15 elapsed",
    ]


def test_before_anything_is_known_one_line_is_enough() -> None:
    assert describe_lines(Shown(elapsed=1), 80) == ["asking the cluster, 0:01 elapsed"]


def test_what_matters_less_is_left_out_of_a_narrow_terminal() -> None:
    for width in (79, 60, 39, 30):
        lines = describe_lines(LISTING, width)
        assert len(lines) == 2
        assert all(len(line) <= width for line in lines), lines
    assert describe_lines(LISTING, 39) == ["listing: 25 %", "  51,234 files, about 3:00 left"]


def test_what_is_left_is_said_only_when_it_is_more_than_a_guess() -> None:
    assert seconds_left(LISTING) == 180
    assert seconds_left(replace(LISTING, in_all=None)) is None
    assert seconds_left(replace(LISTING, done=100)) is None
    assert seconds_left(replace(LISTING, in_stage=0.5)) is None
    assert seconds_left(replace(LISTING, stage=Stage.WRITING)) is None
    assert seconds_left(replace(LISTING, done=240_000)) == 0


def test_a_log_has_everything_in_one_line() -> None:
    assert describe_line(replace(LISTING, requests=1, files=1, size=1)) == (
        "listing /projects/show1: 60,000 of 240,000 changes, 25 %, 1,000/s, 1 file, 1 byte, "
        "1 request under way, 1:15 elapsed, about 3:00 left"
    )


def test_a_path_can_neither_control_a_terminal_nor_break_the_line() -> None:
    path = "/a\x1b]0;t\x07\n\x9b2J\udcff\u202eb ü"

    assert printable(path) == r"/a\x1b]0;t\x07\x0a\x9b2J\xff\u202eb ü"
    shown = replace(LISTING, path=path)
    assert all(line.isprintable() for line in (*describe_lines(shown, 200), describe_line(shown)))


def test_sizes_and_times_are_short() -> None:
    sizes = [describe_size(size) for size in (0, 1, 999, 1000, 12_345, 999_499, 999_999, 10**21)]
    assert sizes == [
        *("0 bytes", "1 byte", "999 bytes", "1.00 kB", "12.3 kB", "999 kB", "1.00 MB"),
        "1000 EB",
    ]
    assert [describe_time(seconds) for seconds in (0.9, 67, 3723)] == ["0:00", "1:07", "1:02:03"]
