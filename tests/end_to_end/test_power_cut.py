"""The power is cut at any moment of a run: its writes are replayed, and some of them are lost."""

import functools
import hashlib
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from qumulo_changelist.cycle.journal import Journal
from qumulo_changelist.cycle.other_lists import OtherList
from qumulo_changelist.cycle.runs import RunState
from qumulo_changelist.errors import StateFileError
from tests.disk.power_cut import Disk, Tree
from tests.disk.shim import Call, read_log, watch
from tests.end_to_end.files import write_files
from tests.end_to_end.forked import ForkServer
from tests.end_to_end.site import GUID, Site

LISTS = ("1-files.csv", "1-files.rsync", "1-files.rsync-deleted")
FOLDER = f"all/work/sdna-scan-files/{GUID}"
SEED = random.SystemRandom().randrange(10**6)


class RecordedRun(NamedTuple):
    """A run, and what it did to the disk."""

    before: Tree
    """All files, by their paths below the folder of the site."""
    calls: list[Call]
    after: Tree


class Recording(NamedTuple):
    root: Path
    runs: list[RecordedRun]


def files_of(folder: Path) -> Tree:
    below = folder / "all"
    visible = below.rglob("[!.]*")
    found = [path for path in visible if path.is_file() and path.suffix != ".lock"]
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


@pytest.fixture
def recording(memory_site: Site, watched: ForkServer, tmp_path: Path) -> Recording:
    """Two runs: the first one makes all folders, and the second one replaces its lists."""
    site, folder, log = memory_site, memory_site.folder, tmp_path / "log"
    site.configure(QumuloTransport="rest", FastScanWorkFolder=str(folder / "all" / "work"))
    (folder / "all").mkdir()
    options = ["--project", "cut", "--source", site.source, "--guid", GUID, "--workers=1"]
    options += ["--format=csv", "--format=rsync", "--deletes", "--commit"]
    options += ["--state", str(folder / "all" / "state" / "state.sqlite")]
    runs = []
    for name in ("a", "b"):
        write_files(site.mount, name)
        before = files_of(folder)
        environment = site.variables() | watch(folder / "all", log=log)
        done = watched.run(["run", *options], environment, folder)
        assert done.code == 0, done.messages
        runs.append(RecordedRun(before, read_log(log), files_of(folder)))
        log.unlink()
    return Recording(folder, runs)


@functools.cache
def journalled(path: Path, state: bytes, undo: bytes | None) -> list[OtherList]:
    """The lists that a journal knows as made last, when it is opened after a power cut."""
    path.unlink(missing_ok=True)
    path.write_bytes(state)
    if undo is not None:
        path.with_name(f"{path.name}-journal").write_bytes(undo)
    with Journal(str(path)) as journal:
        made = [one for one in journal.runs() if one.state in (RunState.LISTED, RunState.COMMITTED)]
    return [OtherList(one.list, one.receipt, one.sha256) for one in made[:1]] + [
        other for one in made[:1] for other in one.others
    ]


def check(tree: Tree, run: RecordedRun, journal: Path) -> None:
    """Each list is whole, a receipt is of its list, and the journal knows no list that is lost."""
    for name in LISTS:
        path, receipt = f"{FOLDER}/{name}", tree.get(f"{FOLDER}/{name}.json")
        assert tree.get(path) in (None, run.before.get(path), run.after[path]), name
        if path in run.before and name != LISTS[-1]:
            assert path in tree, name
        if receipt is not None and path not in tree:
            # Both are removed, so it can be said what list was there.
            assert receipt == run.before.get(f"{path}.json"), name
        elif receipt is not None:
            assert json.loads(receipt)["list"]["sha256"] == sha256(tree[path]), name
    state = tree.get("all/state/state.sqlite")
    if state is not None:
        known = journalled(journal, state, tree.get("all/state/state.sqlite-journal"))
        places = [f"{FOLDER}/{Path(made.path).name}" for made in known]
        # Else it knows the lists of the earlier run, which this one may be replacing.
        if known and known[0].sha256 == sha256(run.after[places[0]]):
            for made, place in zip(known, places, strict=True):
                assert place in tree, f"the journal knows {made.path}, which is lost"
                assert sha256(tree[place]) == made.sha256, made.path


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def replay(
    recording: Recording, journal: Path, is_kept: Callable[[Call], bool] = lambda _: True
) -> int:
    """Cut the power after each call; return the number of different trees that were checked."""
    chosen, checked = random.Random(SEED), 0
    for run in recording.runs:
        disk, seen = Disk(recording.root, run.before | {"all/.folder": b""}), set()
        for call in run.calls:
            if is_kept(call):
                disk.apply(call)
            for tree in disk.trees(chosen):
                key = frozenset(tree.items())
                if key not in seen:
                    seen.add(key)
                    check(tree, run, journal)
        checked += len(seen)
        for tree in disk.trees(chosen):
            assert tree == run.after, "nothing of a run that has ended can be lost"
    return checked


def test_whenever_the_power_is_cut_lists_are_whole_and_none_is_lost_that_the_journal_knows(
    recording: Recording, tmp_path: Path
) -> None:
    journal = tmp_path / "state.sqlite"

    checked = replay(recording, journal)

    assert checked > 100, (checked, SEED)
    # The same, if all but one thing is synchronized: so the replay does notice it.
    for missing in (f"/{GUID}", "/work", "/state", "/.1-files.csv.", "/.1-files.csv.json."):
        with pytest.raises((AssertionError, StateFileError, ValueError)):
            replay(recording, journal, functools.partial(is_kept, missing))


def is_kept(missing: str, call: Call) -> bool:
    is_missing = missing in call.path if missing[-1] == "." else call.path.endswith(missing)
    return call.name != "fsync" or not is_missing
