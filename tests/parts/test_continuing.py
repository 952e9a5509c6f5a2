"""Which run that was cut short the next one goes on with, and when it takes a new snapshot."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from qumulo_changelist.cluster.interface import UndecodedPage
from qumulo_changelist.cycle.base import Base
from qumulo_changelist.cycle.journal import IN_MEMORY, Journal
from qumulo_changelist.cycle.runs import Run, RunState
from qumulo_changelist.cycle.survey import Survey
from qumulo_changelist.events import ignore
from qumulo_changelist.machine.private_folder import make_private
from qumulo_changelist.model import Snapshot
from qumulo_changelist.operations.lists.keeping.folder import KeptFolder
from qumulo_changelist.operations.lists.keeping.page_file import PagesHeader, open_pages
from qumulo_changelist.operations.lists.keeping.piece_sets import use_set
from qumulo_changelist.operations.project.continuing import find_interrupted, lasts_like_new
from qumulo_changelist.projects.project import ListOptions, Project, Source

PATH = "/show"
SOURCE = Source(path=PATH, guid="guid")
TAKEN = 1_800_000_000
OLDER, FIRST, SECOND = 5, 6, 7
DAY = 86_400


class History:
    """What a machine and the cluster have of one source; pieces of the first two runs are kept."""

    def __init__(self, folder: Path, journal: Journal) -> None:
        self.folder, self.journal = folder, journal
        self.options = ListOptions(pieces=str(folder))
        self.source_id = "12"
        self.snapshots = {
            one: Snapshot(one, "", TAKEN + one, PATH, "12") for one in (OLDER, FIRST, SECOND)
        }

    def keep(self, newer: int) -> None:
        with use_set(str(self.folder), b"%32d" % newer, (OLDER, newer), ignore, lasts=True) as used:
            Path(used.path, f"{newer:064}.piece").touch()

    def keep_pages(self, newer: int, *, begun: float, seconds: float) -> None:
        """Pages of a diff that a run has kept by itself, and how long that took."""
        folder = KeptFolder()
        make_private(folder.path)
        header = PagesHeader(b"%32d" % newer, OLDER, newer, int(begun))
        path = os.path.join(folder.path, f"{newer}.pages")
        file = open_pages(path, header, new=True)
        assert file
        file.add(UndecodedPage("GET /", b"{}", "/next"))
        file.close()
        os.utime(path, (0, begun + seconds))

    def ended(self, newer: int | None, exit_code: int | None = None, **values: Any) -> None:
        """A run that failed, with an exit code, or that was interrupted."""
        known: dict[str, Any] = {
            "project": "show",
            "source": PATH,
            "state": RunState.FAILED,
            "older": OLDER,
            "newer": newer,
            "taken": TAKEN + (newer or 0),
            "archive": SOURCE.archive,
            "exit_code": exit_code,
        }
        self.journal.add(Run(**known | values))

    def goes_on_with(self) -> int | None:
        options = self.options
        project = Project(name="show", sources=(SOURCE,), options=options)
        survey = Survey(self.snapshots, self.snapshots, {}, self.source_id)
        base = Base(self.snapshots[OLDER])
        found = find_interrupted(project, SOURCE, PATH, survey, base, self.journal)
        return found.id if found else None


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    with Journal(IN_MEMORY) as journal:
        made = History(tmp_path, journal)
        made.keep(FIRST)
        yield made


def test_a_snapshot_of_a_directory_that_had_the_path_before_is_not_gone_on_with(
    history: History,
) -> None:
    history.ended(FIRST)
    assert history.goes_on_with() == FIRST

    history.source_id = "13"
    assert history.goes_on_with() is None


# As docs/reference/exit-codes.md has them.
MENDED_ELSEWHERE = {
    "interrupted": None,
    "no mount": 2,
    "no room": 4,
    "no credentials": 23,
    "no cluster, or no scheduler": 69,
    "a worker ended": 70,
    "no memory": 71,
    "login": 77,
    "its time was over": 9,
}
OF_THE_SNAPSHOT = {
    "proof": 5,
    "max-deletes": 6,
    "max-unreadable": 8,
    "refused by the cluster": 65,
    "no such snapshot": 66,
    "an answer that makes no sense": 76,
}


@pytest.mark.parametrize("name", MENDED_ELSEWHERE)
def test_a_run_goes_on_with_one_that_ended_for_lack_of_something(
    history: History, name: str
) -> None:
    history.ended(FIRST, MENDED_ELSEWHERE[name])

    assert history.goes_on_with() == FIRST


@pytest.mark.parametrize("name", OF_THE_SNAPSHOT)
def test_what_may_come_again_of_the_same_snapshot_leads_to_a_new_one(
    history: History, name: str
) -> None:
    history.ended(FIRST)
    history.ended(FIRST, OF_THE_SNAPSHOT[name])
    assert history.goes_on_with() is None

    history.ended(None, 69)
    assert history.goes_on_with() is None, "nor is it gone on with later"


def test_a_mistake_may_come_again_of_the_same_snapshot(history: History) -> None:
    """It has the exit code of a worker that died."""
    history.ended(FIRST, 70, error_class="WorkerError", error="this is a mistake in a name")
    assert history.goes_on_with() == FIRST, "a message decides nothing"

    history.ended(FIRST, 70, error_class="MistakeError")
    assert history.goes_on_with() is None


def test_attempts_that_kept_nothing_do_not_lose_what_was_kept_before(history: History) -> None:
    history.ended(FIRST)
    history.ended(SECOND, 4)
    history.ended(None, 69)
    assert history.goes_on_with() == FIRST

    history.keep(SECOND)
    assert history.goes_on_with() == SECOND

    del history.snapshots[SECOND]
    assert history.goes_on_with() == FIRST


def test_a_run_does_not_go_on_with_a_snapshot_that_expires_before_a_new_one_would(
    history: History,
) -> None:
    history.ended(FIRST)
    history.snapshots[FIRST] = history.snapshots[FIRST]._replace(expires=2 * 10**18)

    assert history.goes_on_with() is None


WORTH = {
    "a long run today": (3600, 120, FIRST),
    "a long run the day before yesterday": (2 * DAY, 120, None),
    "a short run": (3600, 20, None),
}


@pytest.mark.parametrize("name", WORTH)
def test_what_a_run_kept_by_itself_has_to_be_worth_it(
    history: History, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    history.options = ListOptions()
    history.ended(FIRST)
    assert history.goes_on_with() is None, "pieces are in a folder that the project does not name"
    ago, seconds, expected = WORTH[name]

    history.keep_pages(FIRST, begun=time.time() - ago, seconds=seconds)

    assert history.goes_on_with() == expected
    history.options = ListOptions(resume=False)
    assert history.goes_on_with() is None


@pytest.mark.parametrize("state", [RunState.LISTED, RunState.COMMITTING, RunState.COMMITTED])
def test_a_run_that_finished_a_list_is_not_followed_by_an_older_one(
    history: History, state: RunState
) -> None:
    history.ended(FIRST)
    history.ended(SECOND, state=state)

    assert history.goes_on_with() is None


@pytest.mark.parametrize(
    "different",
    [{"older": 4}, {"taken": 1}, {"archive": "other/1"}, {"filters": '{"exclude":["a"]}'}],
)
def test_a_run_from_elsewhere_or_for_something_else_is_not_gone_on_with(
    history: History, different: dict[str, Any]
) -> None:
    history.ended(FIRST, **different)

    assert history.goes_on_with() is None


@pytest.mark.parametrize(
    ("left", "expire", "is_as_good"),
    [
        (9 * DAY, 10 * DAY, True),
        (9 * DAY - 1, 10 * DAY, False),
        (-1, 10 * DAY, False),
        (10 * DAY, 0, False),
        (None, 10 * DAY, True),
        (None, 0, True),
    ],
)
def test_a_snapshot_is_as_good_as_a_new_one_as_long_as_a_tenth_of_its_time_is_gone(
    left: int | None, expire: int, is_as_good: bool
) -> None:
    expires = 0 if left is None else (TAKEN + left) * 10**9

    found = lasts_like_new(Snapshot(6, expires=expires), expire, TAKEN * 10**9)

    assert found is is_as_good
