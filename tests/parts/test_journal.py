"""What this machine remembers of every run, whatever happens to the file."""

import contextlib
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from qumulo_changelist.cycle.base import Committed
from qumulo_changelist.cycle.contents import RunContents
from qumulo_changelist.cycle.journal import IN_MEMORY, Journal
from qumulo_changelist.cycle.runs import Run, RunState
from qumulo_changelist.errors import ChangelistError, StateFileError, UsageError
from qumulo_changelist.operations.project.history import (
    SourceStatus,
    last_list_of,
    place_on_cluster,
)
from qumulo_changelist.projects.project import Project, Source

TEXTS = st.text() | st.binary().map(lambda raw: raw.decode("utf-8", "surrogateescape"))


def a_run(
    newer: int | None = 2,
    state: RunState = RunState.LISTED,
    *,
    older: int | None = None,
    project: str = "show1",
    source: str = "/a",
) -> Run:
    return Run(
        project=project, source=source, state=state, older=older, newer=newer, taken=newer or 0
    )


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "state" / "state.sqlite")


@given(TEXTS, TEXTS, TEXTS, TEXTS, TEXTS)
def test_any_text_comes_back_as_it_was(
    project: str, source: str, name: str, path: str, error: str
) -> None:
    with Journal(IN_MEMORY) as journal:
        run = journal.add(
            Run(project=project, source=source, state=RunState.BEGUN, name=name, list=path)
        )
        run = journal.update(run, error=error, summary=name, receipt=path)

        assert (run.project, run.source, run.name) == (project, source, name)
        assert (run.error, run.summary, run.list, run.receipt) == (error, name, path, path)
        assert journal.runs(project, source) == [run]


def test_projects_and_sources_do_not_mix() -> None:
    with Journal(IN_MEMORY) as journal:
        for project, source in (("a", "/x"), ("A", "/x"), ("a", "/X"), ("a ", "/x"), ("'", '"')):
            journal.commit(journal.add(a_run(project=project, source=source)))

        assert len(journal.runs("a", "/x")) == 1
        assert len(journal.runs("a")) == 2
        assert len(journal.runs()) == 5
        assert journal.committed("a", "/y") is None


def test_the_last_commit_counts_whatever_the_clock_says(monkeypatch: pytest.MonkeyPatch) -> None:
    with Journal(IN_MEMORY) as journal:
        for newer, moment in ((2, 9 * 10**18), (4, 5), (3, 6)):
            monkeypatch.setattr("time.time_ns", lambda moment=moment: moment)
            journal.commit(journal.add(a_run(newer)))
            assert journal.committed("show1", "/a") == Committed(newer, newer, "")

        journal.add(a_run(1, RunState.COMMITTED))
        assert journal.committed("show1", "/a") == Committed(1, 1, "")
        assert journal.committed_ids("show1", "/a") == {1, 2, 3, 4}


@pytest.mark.parametrize("state", [one for one in RunState if one is not RunState.COMMITTED])
def test_nothing_counts_as_committed_before_it_is(state: RunState) -> None:
    with Journal(IN_MEMORY) as journal:
        journal.add(a_run(2, state))

        assert journal.committed("show1", "/a") is None
        assert journal.committed_ids("show1", "/a") == set()
        assert bool(journal.uncommitted("show1", "/a")) == (state is RunState.LISTED)


def test_a_list_waits_if_it_is_newer_than_the_commit_and_continues_it() -> None:
    with Journal(IN_MEMORY) as journal:
        journal.commit(journal.add(a_run(5)))
        for newer, older in ((4, None), (5, 3), (6, 5), (7, 3), (8, None), (9, 6), (6, 5)):
            journal.add(a_run(newer, older=older))

        waiting = journal.uncommitted("show1", "/a")

        # The full list of 4 began after the commit: a cluster that was set up anew counts anew.
        assert sorted(run.newer or 0 for run in waiting) == [4, 6, 7, 8]
        assert next(run.id for run in waiting if run.newer == 6) == 8, "the last list of it"


def test_two_processes_write_at_once(path: str) -> None:
    script = (
        "import sys; from qumulo_changelist.cycle.journal import Journal\n"
        "from qumulo_changelist.cycle.runs import Run, RunState\n"
        "with Journal(sys.argv[1]) as journal:\n"
        "    for n in range(1, 26):\n"
        "        run = journal.add(Run(project=sys.argv[2], source='/a', newer=n,"
        " state=RunState.BEGUN))\n"
        "        journal.commit(run)\n"
    )
    writers = [subprocess.Popen([sys.executable, "-c", script, path, name]) for name in "ab"]
    assert [writer.wait(60) for writer in writers] == [0, 0]

    with Journal(path) as journal:
        for name in "ab":
            assert len(journal.runs(name)) == 25
            assert journal.committed(name, "/a") == Committed(25)


def test_the_file_is_this_users_alone(path: str) -> None:
    with Journal(path):
        assert os.stat(path).st_mode & 0o777 == 0o600
        assert os.stat(os.path.dirname(path)).st_mode & 0o777 == 0o700


@pytest.mark.parametrize("content", [b"x" * 5000, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_file_that_is_no_database_is_left_as_it_is(path: str, content: bytes) -> None:
    Path(path).parent.mkdir()
    Path(path).write_bytes(content)

    with pytest.raises(StateFileError, match="cannot be used"):
        Journal(path)
    assert Path(path).read_bytes() == content


@pytest.mark.parametrize(
    "damage",
    ["state = 'comitted'", "state = x'00'", "project = 5", "list = 'text'", "newer = 'two'"],
)
def test_a_damaged_row_is_an_error_and_not_a_different_commit(path: str, damage: str) -> None:
    with Journal(path) as journal:
        journal.add(a_run())
    with contextlib.closing(sqlite3.connect(path)) as file, file:
        file.execute(f"UPDATE runs SET {damage}")

    with Journal(path) as journal, pytest.raises(StateFileError):
        journal.runs()


def test_any_damage_to_the_file_is_an_error_or_changes_nothing(path: str) -> None:
    with Journal(path) as journal:
        journal.commit(journal.add(a_run()))
    whole = Path(path).read_bytes()
    for position in range(0, len(whole), 97):
        Path(path).write_bytes(whole[:position])
        with contextlib.suppress(ChangelistError), Journal(path) as journal:
            assert journal.committed("show1", "/a") in (None, Committed(2, 2, ""))


def test_a_file_of_a_newer_version_is_refused_and_left_as_it_is(path: str) -> None:
    with Journal(path):
        pass
    with contextlib.closing(sqlite3.connect(path)) as file:
        file.execute("PRAGMA user_version = 99")

    with pytest.raises(StateFileError, match="a newer version of this program"):
        Journal(path)


def test_a_table_of_a_different_make_is_an_error(path: str) -> None:
    Path(path).parent.mkdir()
    with contextlib.closing(sqlite3.connect(path)) as file, file:
        file.execute("CREATE TABLE runs (id INTEGER)")

    with pytest.raises(StateFileError), Journal(path) as journal:
        journal.add(a_run())


def test_a_folder_in_place_of_the_file_and_a_name_that_none_can_have_are_errors(
    tmp_path: Path,
) -> None:
    for impossible in (tmp_path, tmp_path / "file" / "x", tmp_path / ("a" * 300)):
        (tmp_path / "file").write_text("")
        with pytest.raises(StateFileError, match="cannot be used"):
            Journal(str(impossible))


def test_a_file_that_somebody_else_holds_is_waited_for(path: str) -> None:
    with Journal(path) as journal:
        run = journal.add(a_run())
        blocker = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        blocker.execute("BEGIN EXCLUSIVE")
        release = threading.Timer(0.2, lambda: blocker.execute("ROLLBACK"))
        release.start()
        assert journal.update(run, error="late").error == "late"
        release.join()
        blocker.close()


@pytest.fixture
def tiny(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own with very little room."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", "size=32k", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(mounting, capture_output=True).returncode:
        pytest.skip("a file system can be mounted by root alone")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_what_has_no_room_is_an_error_and_leaves_what_was_there(tiny: Path) -> None:
    path = str(tiny / "state.sqlite")
    with Journal(path) as journal:
        first = journal.commit(journal.add(a_run(2)))
        run = journal.add(a_run(4))
        with contextlib.suppress(OSError), open(tiny / "filler", "wb", buffering=0) as filler:
            while True:
                filler.write(b"x" * 512)
        with pytest.raises(StateFileError, match="full"):
            journal.update(run, error="x" * 20_000)
    (tiny / "filler").unlink()

    with Journal(path) as journal:
        assert journal.committed("show1", "/a") == Committed(2, 2, "")
        assert journal.run(run.id) == run
        assert journal.run(first.id).state is RunState.COMMITTED


def test_the_last_list_of_a_path_is_found_however_the_path_is_written(tmp_path: Path) -> None:
    state = str(tmp_path / "state.sqlite")
    with Journal(state) as journal:
        journal.add(Run(project="a", source="/p/a", state=RunState.LISTED, list="/list"))

    for path in ("/p/a", "/p//a/x", "/p/./a/", "//p/a/x/"):
        assert last_list_of(path, state).list == "/list"
    for wrong in ("/p/ab", "p/a/x", "/p/a/../a/x"):
        with pytest.raises(UsageError):
            last_list_of(wrong, state)


def test_a_path_of_a_mount_is_known_on_the_cluster_if_one_source_alone_is_mounted_there() -> None:
    one, two, root = (
        Project(name=name, sources=(Source(path=path, guid=name, mapped_path=mapped),))
        for name, path, mapped in (
            ("one", "/p/one", "/mnt/one/"), ("two", "/p/two", "/mnt"), ("root", "/", "/mnt/one")
        )
    )  # fmt: skip

    assert place_on_cluster("/mnt/one/a/b", [one]) == "/p/one/a/b"
    assert place_on_cluster("/mnt/one", [one]) == "/p/one"
    assert place_on_cluster("/mnt/one/a", [root]) == "/a"
    for unclear in ("/mnt/one2", "/mn", "/p/one"):
        assert place_on_cluster(unclear, [one]) == ""
    assert place_on_cluster("/mnt/one/a", [one, two]) == ""


def test_a_list_continues_only_what_is_of_the_same_directory_for_the_same_archive() -> None:
    with Journal(IN_MEMORY) as journal:
        journal.commit(journal.add(replace(a_run(5), source_id="7", archive="g/1")))
        for newer, source_id, archive in (
            (6, "7", "g/1"), (7, "8", "g/1"), (8, "7", "h/1"), (9, "", ""), (6, "7", "h/1")
        ):  # fmt: skip
            journal.add(replace(a_run(newer, older=5), source_id=source_id, archive=archive))

        waiting = [(run.newer, run.archive) for run in journal.uncommitted("show1", "/a")]

        assert sorted(waiting) == [(6, "g/1"), (9, "")]


def test_a_file_of_an_earlier_version_gains_room_for_the_class_of_an_error(path: str) -> None:
    with Journal(path) as journal:
        journal.add(a_run(state=RunState.FAILED))
    with contextlib.closing(sqlite3.connect(path)) as file:
        file.execute("ALTER TABLE runs DROP COLUMN error_class")
        file.commit()

    with Journal(path) as journal:
        (earlier,) = journal.runs()
        assert earlier.error_class == ""
        journal.update(earlier, error_class="MistakeError")

    with Journal(path) as journal:
        assert journal.run(earlier.id).error_class == "MistakeError"


def test_what_a_list_contains_is_remembered_and_a_file_of_an_earlier_version_gains_room_for_it(
    path: str,
) -> None:
    contents = RunContents(created=3, created_bytes=700, deleted=2)
    with Journal(path) as journal:
        journal.add(a_run())
    with contextlib.closing(sqlite3.connect(path)) as file:
        file.execute("ALTER TABLE runs DROP COLUMN contents")
        file.commit()

    with Journal(path) as journal:
        (earlier,) = journal.runs()
        assert earlier.contents is None
        journal.update(earlier, contents=contents)

    with Journal(path) as journal:
        assert journal.run(earlier.id).contents == contents


@pytest.mark.parametrize(
    ("committed", "last_error", "max_age", "expected"),
    [
        (3, "", None, "ok"),
        (3, "", 100, "ok"),
        (3, "", 99, "late"),
        (3, "it failed", 99, "failed"),
        (None, "it failed", None, "failed"),
        (None, "", 99, "open"),
    ],
)
def test_what_is_wrong_with_a_source_is_said_in_one_word(
    committed: int | None, last_error: str, max_age: float | None, expected: str
) -> None:
    taken = 5 * 10**9 if committed else 0
    status = SourceStatus("show1", "/p", committed, taken, taken, [], last_error)

    assert status.state(max_age, 105 * 10**9) == expected
