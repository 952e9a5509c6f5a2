"""Which list `commit` commits: only one of which nobody can doubt that the archive has it."""

import hashlib
from pathlib import Path

import pytest
from msgspec.structs import replace

from qumulo_changelist.cycle.journal import IN_MEMORY, Journal
from qumulo_changelist.cycle.other_lists import OtherList
from qumulo_changelist.cycle.runs import Run, RunState
from qumulo_changelist.errors import UncommittableError
from qumulo_changelist.operations.project.commit import CommitRequest, choose_runs
from qumulo_changelist.operations.project.list_in_place import check_list_in_place

ASKED = CommitRequest(project="show1")


@pytest.fixture
def journal():
    with Journal(IN_MEMORY) as opened:
        yield opened


@pytest.fixture
def listed(tmp_path: Path) -> Run:
    """A run of /a whose list of snapshot 7 waits, and is in its place."""
    path = tmp_path / "1-files.xml"
    path.write_text("ours")
    return Run(
        project="show1",
        source="/a",
        state=RunState.LISTED,
        newer=7,
        list=str(path),
        receipt=str(tmp_path / "1-files.json"),
        sha256=hashlib.sha256(b"ours").hexdigest(),
        is_complete=True,
    )


def test_the_only_list_that_waits_is_committed(journal: Journal, listed: Run) -> None:
    run = journal.add(listed)

    assert choose_runs(ASKED, journal, ["/a"]) == {"/a": run}


def test_of_several_lists_one_has_to_be_named(journal: Journal, listed: Run) -> None:
    run = journal.add(listed)
    journal.add(replace(listed, newer=9))

    with pytest.raises(UncommittableError, match="2 lists of /a wait"):
        choose_runs(ASKED, journal, ["/a"])
    assert choose_runs(replace(ASKED, snapshot=7), journal, ["/a"]) == {"/a": run}


def test_a_list_with_unreadable_entries_has_to_be_named(journal: Journal, listed: Run) -> None:
    run = journal.add(replace(listed, is_complete=False))

    with pytest.raises(UncommittableError, match="could not be read") as refused:
        choose_runs(ASKED, journal, ["/a"])
    assert refused.value.snapshot == 7
    assert choose_runs(replace(ASKED, snapshot=7), journal, ["/a"]) == {"/a": run}


def test_a_list_that_was_replaced_has_to_be_named(journal: Journal, listed: Run) -> None:
    run = journal.add(listed)
    Path(listed.list).write_text("theirs")

    with pytest.raises(UncommittableError, match="a different list has replaced it"):
        choose_runs(ASKED, journal, ["/a"])
    assert choose_runs(replace(ASKED, snapshot=7), journal, ["/a"]) == {"/a": run}


def test_a_policys_snapshot_of_two_sources_commits_only_the_one_that_is_named(
    journal: Journal, listed: Run
) -> None:
    run = journal.add(listed)
    journal.add(replace(listed, source="/b"))

    with pytest.raises(UncommittableError, match="2 sources have a list of snapshot 7: /a, /b"):
        choose_runs(replace(ASKED, snapshot=7), journal, ["/a", "/b"])
    assert choose_runs(replace(ASKED, snapshot=7), journal, ["/a"]) == {"/a": run}


# Whether the list is still in its place


def test_a_list_that_is_as_it_was_or_that_the_archiver_took_away_can_be_committed(
    listed: Run,
) -> None:
    check_list_in_place(listed)
    Path(listed.list).unlink()
    check_list_in_place(listed)


def test_a_list_that_something_else_wrote_is_refused_whatever_its_receipt_says(listed: Run) -> None:
    Path(listed.list).write_text("theirs")

    with pytest.raises(UncommittableError, match="a different list has replaced it"):
        check_list_in_place(listed)


def test_a_second_list_that_something_else_wrote_is_refused_too(
    listed: Run, tmp_path: Path
) -> None:
    second = tmp_path / "1-files.null"
    second.write_text("ours")
    sha256 = hashlib.sha256(b"ours").hexdigest()
    run = replace(listed, others=(OtherList(str(second), f"{second}.json", sha256),))
    check_list_in_place(run)
    second.write_text("theirs")

    with pytest.raises(UncommittableError, match="a different list has replaced it"):
        check_list_in_place(run)


def test_a_list_that_cannot_be_read_is_not_taken_for_gone(listed: Run) -> None:
    Path(listed.list).unlink()
    Path(listed.list).mkdir()

    with pytest.raises(UncommittableError, match="cannot be read"):
        check_list_in_place(listed)
