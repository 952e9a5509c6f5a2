"""What is reported of a list: from the list itself, its receipt, and the runs of this machine."""

import hashlib
from pathlib import Path

import pytest
from msgspec.structs import replace

from qumulo_changelist.cycle.contents import RunContents
from qumulo_changelist.cycle.journal import Journal
from qumulo_changelist.cycle.runs import Run, RunState
from qumulo_changelist.errors import InvalidListError, InvalidReceiptError, OutputError, UsageError
from qumulo_changelist.events import Stage, StageBegun
from qumulo_changelist.filters.tally import FilterCount
from qumulo_changelist.model import CREATE, Entry
from qumulo_changelist.operations.lists import receipt as receipts
from qumulo_changelist.operations.lists.receipt import (
    Count,
    DirectoryCounts,
    FileCount,
    FileCounts,
    LeftOut,
    ListFacts,
    Receipt,
    SnapshotFacts,
    UnreadableEntries,
    UnreadableEntry,
)
from qumulo_changelist.operations.report import listed, making
from qumulo_changelist.operations.report.listed import FilteredOut, report_list
from qumulo_changelist.operations.report.making import make_report
from qumulo_changelist.report.amounts import Amount, Changes
from qumulo_changelist.report_page.file import check_page, write_page
from tests.parts.entries import deleted, moved, present, unreadable
from tests.parts.test_formats import descending, make_form, write_list

ENTRIES: list[Entry] = descending(
    [
        present("/a/new", op=CREATE),
        present("/a/changed"),
        moved("/b/here", "/b/there"),
        deleted("/c/gone"),
        unreadable("/d/bad"),
    ]
)
SEVEN = Amount(1, 700)


class Shelf:
    """A folder with a list, and its receipt."""

    def __init__(self, folder: Path, form: str = "xml") -> None:
        self.path = folder / f"1-files.{form}"
        self.content = write_list(make_form(form), ENTRIES, [], folder)
        self.path.write_bytes(self.content)
        self.receipt_path = folder / ("1-files.json" if form == "xml" else f"1-files.{form}.json")
        self.receipt = Receipt(
            project="show1",
            version="1.0.0",
            list_file=ListFacts(
                str(self.path), len(self.content), hashlib.sha256(self.content).hexdigest()
            ),
            older_snapshot=SnapshotFacts(17, "monday", "2023-11-14T00:00:00Z"),
            newer_snapshot=SnapshotFacts(21, "tuesday", "2023-11-15T00:00:00.123456789Z"),
            source="/projects/show1",
            base_path="/projects/show1",
            transport="rest",
            metadata="rest",
            format=form,
            deletes=True,
            moves=True,
            files=FileCounts(
                FileCount(1, 700), FileCount(1, 700), FileCount(1, 700), FileCount(1, 12_345)
            ),
            directories=DirectoryCounts(Count(0), Count(0)),
            left_out=LeftOut(0),
            unreadable=UnreadableEntries(1, [UnreadableEntry("/d/bad", "I/O error")]),
        )

    def put_receipt(self, **changes: object) -> None:
        self.receipt_path.write_bytes(receipts.encode(replace(self.receipt, **changes)))


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


def test_a_list_without_a_receipt_is_reported_with_what_it_says_itself(shelf: Shelf) -> None:
    report = report_list(str(shelf.path))

    assert report.totals == Changes(changed=Amount(2, 1400), moved=SEVEN, deleted=Amount(1, 0))
    assert (report.project, report.receipt_path, report.is_full) == (None, None, False)
    assert "There is no receipt beside the list: what only it says is unknown." in report.notes
    assert (
        "The list itself does not say which files are new, and which changed: it has them together."
    ) in report.notes
    assert report.facts.unreadable.reasons == {"": 1}


@pytest.mark.parametrize("by_receipt", [False, True])
def test_the_receipt_adds_what_the_list_does_not_say(shelf: Shelf, by_receipt: bool) -> None:
    shelf.put_receipt()

    report = report_list(str(shelf.receipt_path if by_receipt else shelf.path))

    assert report.totals == Changes(
        created=SEVEN, modified=SEVEN, moved=SEVEN, deleted=Amount(1, 12_345)
    )
    assert (
        "The totals of created and of modified files are from the receipt. The list itself does "
        "not say which files are new, and which changed: all else has them together."
    ) in report.notes
    assert report.facts.unreadable.reasons == {"I/O error": 1}
    assert report.facts.unreadable.first[0].reason == "I/O error"
    assert (report.project, report.source) == ("show1", "/projects/show1")
    assert report.list_path == str(shelf.path)
    # The files are of 22:15:00 on the day before the snapshot; 1 h 45 min earlier.
    assert report.as_of == "2023-11-15T00:00:00Z"
    assert {one.name: one.files for one in report.facts.ages if one.files} == {"under a day": 2}


def test_a_receipt_of_a_different_list_is_not_believed(shelf: Shelf) -> None:
    shelf.put_receipt(list_file=replace(shelf.receipt.list_file, sha256="0" * 64))

    report = report_list(str(shelf.path))

    assert (report.receipt, report.newer_snapshot, report.project) == (None, None, None)
    assert "The receipt is of a different list, so nothing is taken from it." in report.notes
    # Ages are as if there were no receipt.
    shelf.receipt_path.unlink()
    alone = report_list(str(shelf.path))
    assert (report.as_of, report.facts.ages) == (alone.as_of, alone.facts.ages)


def test_a_receipt_whose_times_are_none_does_not_matter_for_the_ages(shelf: Shelf) -> None:
    shelf.put_receipt(newer_snapshot=SnapshotFacts(21, "tuesday", "yesterday"), started="2023")

    report = report_list(str(shelf.path))

    assert any("when the file of the list was written" in note for note in report.notes)


def test_the_receipt_of_a_list_of_names_says_what_could_not_be_read(shelf: Shelf) -> None:
    names = shelf.path.with_name("1-files.tar")
    names.write_bytes(b"./d/a\0")
    content = names.read_bytes()
    facts = ListFacts(str(names), len(content), hashlib.sha256(content).hexdigest())
    receipt = replace(shelf.receipt, list_file=facts, format="tar")
    names.with_name("1-files.tar.json").write_bytes(receipts.encode(receipt))

    report = report_list(str(names))

    assert report.facts.unreadable.count == 1
    assert report.facts.unreadable.reasons == {"I/O error": 1}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"deletes": False}, "Deletions were not asked for"),
        ({"moves": False}, "Moves were not asked for"),
        ({"older_snapshot": None}, "It is a full list"),
        ({"changed_on_the_live_share": 3}, "The share changed while it was read"),
    ],
)
def test_what_a_reader_should_know_is_said(
    shelf: Shelf, changes: dict[str, object], words: str
) -> None:
    shelf.put_receipt()
    assert not any(words in note for note in report_list(str(shelf.path)).notes)

    shelf.put_receipt(**changes)

    assert any(words in note for note in report_list(str(shelf.path)).notes)


def test_what_filters_left_out_is_reported(shelf: Shelf) -> None:
    filtered = {"min-size": FilterCount(3, 7), "exclude": FilterCount(directories=2)}

    assert listed._filtered(replace(shelf.receipt, filtered=filtered)) == (
        FilteredOut("min-size", 3, 7, 0),
        FilteredOut("exclude", 0, 0, 2),
    )
    assert listed._filtered(shelf.receipt) == ()


def test_ndjson_says_itself_which_files_are_new_and_why_some_cannot_be_read(tmp_path: Path) -> None:
    report = report_list(str(Shelf(tmp_path, "ndjson").path))

    assert report.totals == Changes(SEVEN, SEVEN, Amount(), SEVEN, Amount(1, 0))
    assert report.facts.unreadable.reasons == {"I/O error": 1}


def test_what_is_no_list_ends_with_what_is_wrong_with_it(shelf: Shelf, tmp_path: Path) -> None:
    with pytest.raises(InvalidListError, match="No such file"):
        report_list(str(tmp_path / "other.xml"))
    shelf.path.write_bytes(shelf.content[:-20])
    with pytest.raises(InvalidListError, match="is not a list: line"):
        report_list(str(shelf.path))
    (tmp_path / "film.mov").write_bytes(b"?")
    with pytest.raises(InvalidListError, match=r"does not end like that of a list: \.xml"):
        report_list(str(tmp_path / "film.mov"))
    with pytest.raises(InvalidReceiptError):
        report_list(str(tmp_path / "missing.json"))
    shelf.put_receipt(format="stone")
    with pytest.raises(InvalidListError, match="has the format stone"):
        report_list(str(shelf.path))


def a_run(shelf: Shelf, **changes: object) -> Run:
    run = Run(
        project="show1", source="/a", state=RunState.COMMITTED, newer=2, older=1,
        list=str(shelf.path), sha256=shelf.receipt.list_file.sha256,
        contents=RunContents(created=1, created_bytes=700),
    )  # fmt: skip
    return replace(run, **changes)


def test_a_project_is_compared_with_its_last_thirty_runs(shelf: Shelf, tmp_path: Path) -> None:
    state = str(tmp_path / "state.sqlite")
    with Journal(state) as journal:
        for number in range(40):
            journal.add(a_run(shelf, newer=number, sha256=str(number)))
        journal.add(a_run(shelf, source="/other", list="", sha256="other"))
        own = journal.add(a_run(shelf, newer=40))
        journal.add(
            a_run(shelf, project="show2", list="/elsewhere/1-files.xml", state=RunState.FAILED)
        )
        journal.add(a_run(shelf, newer=41, list="", sha256="", state=RunState.FAILED))

    for target in ("show1", str(shelf.path)):
        (report,) = make_report(target, state=state).lists
        assert [one.newer for one in report.runs] == list(range(40, 10, -1))
        assert (report.project, report.source) == ("show1", own.source)


def test_each_source_of_a_project_has_its_list_and_what_is_missing_is_said(
    shelf: Shelf, tmp_path: Path
) -> None:
    state = str(tmp_path / "state.sqlite")
    with Journal(state) as journal:
        journal.add(a_run(shelf, source="/b", list=str(tmp_path / "taken away.xml")))
        journal.add(a_run(shelf, source="/c", sha256="that of the list before"))
        journal.add(a_run(shelf, source="/a"))

    begun: list[object] = []
    report = make_report("show1", state=state, listener=begun.append)

    assert begun == [StageBegun(Stage.REPORTING, path) for path in ("/b", "/c", "/a")]
    assert [one.list_path for one in report.lists] == [str(shelf.path)] * 2
    assert {one.source: one.reason.partition(":")[0] for one in report.missing} == {
        "/b": f"{tmp_path}/taken away.xml is not a list",
        "/c": "a different list has replaced that of snapshot 2, and is shown",
    }
    assert report.capacity.bytes == 2 * 1400
    with pytest.raises(UsageError, match="has made no list of project show9"):
        make_report("show9", state=state)


def test_a_report_needs_no_journal(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = str(shelf.path)  # not a database

    assert make_report(str(shelf.path), state=broken).lists[0].runs == ()
    assert making.RUNS == 30


def test_a_page_is_whole_or_not_there(shelf: Shelf, tmp_path: Path) -> None:
    report, page = make_report(str(shelf.path)), tmp_path / "page.html"

    write_page(report, str(page))

    assert page.read_bytes().endswith(b"</html>")
    assert len(page.read_bytes()) < 6_000_000
    for path in (tmp_path, tmp_path / "no folder" / "page.html", "/dev/null"):
        with pytest.raises(OutputError):
            check_page(str(path))
    assert not [one for one in tmp_path.iterdir() if one.name.startswith(".")]
