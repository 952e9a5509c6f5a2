"""Whether the list of a run is still in its place when it is to be committed."""

import hashlib
from pathlib import Path

import pytest

from qumulo_changelist.cycle.journal import Run, RunState
from qumulo_changelist.errors import UncommittableError
from qumulo_changelist.operations.project.list_in_place import check_list_in_place


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A run whose list contains ``ours``."""
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
    )


def test_a_list_that_is_as_it_was_or_that_the_archiver_took_away_can_be_committed(run: Run) -> None:
    check_list_in_place(run)
    Path(run.list).unlink()
    check_list_in_place(run)


def test_a_list_that_something_else_wrote_is_refused_whatever_its_receipt_says(run: Run) -> None:
    Path(run.list).write_text("theirs")

    with pytest.raises(UncommittableError, match="a different list has replaced it"):
        check_list_in_place(run)


def test_a_list_that_cannot_be_read_is_not_taken_for_gone(run: Run) -> None:
    Path(run.list).unlink()
    Path(run.list).mkdir()

    with pytest.raises(UncommittableError, match="cannot be read"):
        check_list_in_place(run)
