"""How a report compares a run with those before it: in the figure, its table, and a sentence."""

from typing import Any

from qumulo_changelist.cycle.contents import RunContents
from qumulo_changelist.operations.report.listed import PastRun
from qumulo_changelist.report_page.blocks import Block
from qumulo_changelist.report_page.history import history_block

MB = 10**6


def a_run(
    started: str | None, size: int | None, state: str = "committed", *, full: bool = False
) -> PastRun:
    contents = None if size is None else RunContents(created=1, created_bytes=size)
    return PastRun(started, state, 2, full, contents)


def block(*newest_first: PastRun) -> Block:
    return history_block(newest_first, "list1")


def figure(*newest_first: PastRun) -> dict[str, Any]:
    (drawn,) = block(*newest_first).figures
    (created,) = drawn.traces
    return {
        "bars": created["y"],
        "keys": created["x"],
        "opacity": created["marker"]["opacity"],  # type: ignore[index]
        "labels": drawn.layout["xaxis"]["ticktext"],  # type: ignore[index]
        "marks": [
            (one["x"], one["y"], one["text"])
            for one in drawn.layout["annotations"]  # type: ignore[attr-defined]
        ],
    }


def test_runs_that_began_in_the_same_second_have_a_bar_each() -> None:
    moment = "2026-11-26T15:59:15Z"

    drawn = figure(a_run(moment, 3 * MB), a_run(moment, 22 * MB, full=True))

    assert drawn["bars"] == [22 * MB, 3 * MB]
    assert len(set(drawn["keys"])) == 2


def test_labels_have_the_time_if_several_runs_are_of_one_day() -> None:
    first, second = a_run("2026-11-26T09:05:00Z", MB), a_run("2026-11-27T15:59:15Z", MB)

    assert figure(second, first)["labels"][::-1] == ["11-26", "11-27"]
    of_one_day = figure(second, a_run("2026-11-27T11:00:00Z", MB), a_run(None, MB))
    assert of_one_day["labels"][::-1] == ["unknown", "11:00<br>11-27", "15:59<br>11-27"]


def test_a_run_that_is_not_committed_is_marked_in_the_figure_and_in_the_table() -> None:
    runs = [
        a_run("2026-11-30T00:00:00Z", 5 * MB, "listed"),
        a_run("2026-11-29T00:00:00Z", None, "failed"),
        a_run("2026-11-28T00:00:00Z", None),
        a_run("2026-11-27T00:00:00Z", None, "taken"),
        a_run("2026-11-26T00:00:00Z", 4 * MB, full=True),
    ]

    drawn, shown = figure(*runs), block(*runs)

    assert drawn["marks"] == [("1", 0, "x"), ("2", 0, "?"), ("3", 0, "x"), ("4", 5 * MB, "*")]
    assert [one < 1 for one in drawn["opacity"]] == [False, False, False, False, True]
    for words in ("x: ", "?: ", "* and pale: "):
        assert words in shown.legend_note
    assert [row[1].text for row in shown.tables[0].rows] == [
        "listed, not committed",
        "failed",
        "committed",
        "taken, not finished",
        "committed (full list)",
    ]
    assert block(runs[-1]).legend_note == ""


def test_the_lead_says_what_is_compared_and_why_a_full_list_is_not() -> None:
    day = "2026-11-26T00:00:00Z"
    full, own = a_run(day, 22 * MB, full=True), a_run(day, 3 * MB)

    def lead(*runs: PastRun) -> str:
        return block(*runs).lead

    assert lead(own) == "There is no earlier run to compare with."
    assert "only full lists are known, which have everything and not only" in lead(own, full)
    assert "Of no earlier run the list is known" in lead(own, a_run(day, None, "failed"))
    assert "3.00 MB were written, 0.5 times the 6.00 MB" in lead(own, full, a_run(day, 6 * MB))
    assert "the median of 1 earlier list of changes" in lead(own, full, a_run(day, 6 * MB))
    assert "This is a full list" in lead(full, own)
    assert "What this run listed is not known" in lead(a_run(day, None), own)
    assert (block(own).title, block(own, full).title) == ("The last run", "The last 2 runs")
