"""Commands killed with SIGKILL before any call that writes to a disk, and in the middle of a write.

`make test` takes one call of each kind and a few at random; `make kill` takes every one.
"""

import hashlib
import json
import os
import random
import time
from collections.abc import Callable
from pathlib import Path

from qumulo_changelist.cycle.journal import Journal
from qumulo_changelist.operations.lists.verification import verify_list
from tests.disk.shim import read_log, watch
from tests.end_to_end.files import write_files
from tests.end_to_end.forked import ForkServer
from tests.end_to_end.site import GUID, CommandResult, Site

AT_RANDOM = 6
SEED = random.SystemRandom().randrange(10**6)
FORMATS = ("--format=csv", "--format=rsync", "--deletes")
LISTS = ("1-files.csv", "1-files.rsync", "1-files.rsync-deleted")
RECEIPTS = tuple(f"{name}.json" for name in LISTS)


def chosen_steps(log: Path) -> list[int]:
    """The steps at which a command is killed, by the log of one that was not."""
    calls = read_log(log)
    every = range(1, calls[-1].step + 1)
    if os.environ.get("KILL_AT_EACH_WRITE"):
        print(f"{len(calls)} calls, killed at {len(every)} steps")
        return list(every)
    chosen = random.Random(SEED)
    names = sorted({call.name for call in calls})
    of_each = [chosen.choice([call.step for call in calls if call.name == one]) for one in names]
    return sorted({*of_each, *chosen.sample(every, AT_RANDOM)})


def age(*folders: Path) -> None:
    """Let what a killed command left be older than a command takes to lock what it makes."""
    long_ago = time.time() - 1000
    for folder in folders:
        for path in folder.iterdir():
            os.utime(path, (long_ago, long_ago), follow_symlinks=False)


class Place:
    """Where the lists of a site are."""

    def __init__(self, site: Site) -> None:
        self.folder = site.list_path.parent

    def content(self) -> dict[str, bytes]:
        """Return all files of the folder; what is set aside is in folders."""
        return {path.name: path.read_bytes() for path in self.folder.iterdir() if path.is_file()}

    def put(self, content: dict[str, bytes]) -> None:
        for path in self.folder.iterdir():
            path.unlink()
        for name, content_of_one in content.items():
            (self.folder / name).write_bytes(content_of_one)


def check_whole(found: dict[str, bytes], old: dict[str, bytes], new: dict[str, bytes]) -> None:
    """Each list is the old or the new one, and a receipt is of the list beside it."""
    for name in LISTS:
        if name in found:
            assert found[name] in (old[name], new[name]), name
        if receipt := found.get(f"{name}.json"):
            recorded = json.loads(receipt)["list"]["sha256"]
            assert hashlib.sha256(found[name]).hexdigest() == recorded, name
    assert LISTS[0] in found
    assert LISTS[1] in found
    if any(found[name] == new[name] != old[name] for name in LISTS[:2]):
        assert found.get(LISTS[2]) != old[LISTS[2]], "what is there could be deleted by it"


def test_wherever_a_list_is_killed_it_is_the_old_or_the_new_one_and_the_next_run_tidies_up(
    memory_site: Site, watched: ForkServer, tmp_path: Path
) -> None:
    site = memory_site
    site.configure(QumuloTransport="rest")
    write_files(site.mount, "a", "gone/b")
    snapshots = [site.snapshot()]
    for name in ("gone/b", "a"):
        write_files(site.mount, f"new/{name}")
        Path(site.mount, name).unlink()
        snapshots.append(site.snapshot())
    place = Place(site)

    def run(older: int, newer: int, **watching: object) -> CommandResult:
        options = ("--transport=rest", "--metadata=rest", "--spill-after=1", "--workers=1")
        arguments = site.arguments(older, newer, *options, *FORMATS)
        environment = site.variables() | watch(site.folder / "work", **watching)  # type: ignore[arg-type]
        return watched.run(arguments, environment, site.folder)

    assert run(*snapshots[:2]).code == 0
    old = place.content()
    log = tmp_path / "log"
    assert run(*snapshots[1:], log=log).code == 0
    new = place.content()
    assert {*old} == {*new} == {*LISTS, *RECEIPTS}
    assert all(old[name] != new[name] for name in LISTS)

    without_receipt, steps = 0, chosen_steps(log)
    for step in steps:
        place.put(old)
        assert run(*snapshots[1:], kill_at=step).code == -9, (step, SEED)
        found = place.content()
        check_whole(found, old, new)
        verification = verify_list(str(place.folder / LISTS[0]))
        assert verification.is_whole == (RECEIPTS[0] in found), "a missing receipt is noticed"
        age(place.folder)
        without_receipt += not {*RECEIPTS} <= {*found}

        assert run(*snapshots[1:]).code == 0, (step, SEED)
        assert os.listdir(site.folder / "work") == ["sdna-scan-files"], (step, SEED)
        found = place.content()
        check_whole(found, old=new, new=new)
        assert {*os.listdir(place.folder)} == {*new}, (step, SEED)
    assert without_receipt < len(steps)


def test_wherever_a_cycle_is_killed_nothing_is_lost_and_the_next_run_tidies_up(
    memory_site: Site, watched: ForkServer, tmp_path: Path
) -> None:
    site = memory_site
    site.configure(QumuloTransport="rest")
    folder, place = site.folder, Place(site)
    state, pieces, metrics = folder / "st" / "state.sqlite", folder / "pieces", folder / "metrics"
    for made in (pieces, metrics):
        made.mkdir()
    options = ["--project", "killed", "--source", site.source, "--guid", GUID, *FORMATS]
    options += ["--state", str(state), "--pieces", str(pieces), "--commit"]
    options += ["--metrics-file", str(metrics / "m.prom"), "--metadata=rest", "--workers=1"]

    def run(**watching: object) -> CommandResult:
        folders = (folder / "work", state.parent, pieces, metrics)
        environment = site.variables() | watch(*folders, **watching)  # type: ignore[arg-type]
        return watched.run(["run", *options], environment, folder)

    def change(step: int) -> Callable[[], bool]:
        """Make a file; return what says whether it is on the list."""
        write_files(site.mount, f"folder{step}/file")
        return lambda: f"/folder{step}/file," in (place.folder / LISTS[0]).read_text()

    log = tmp_path / "log"
    for step in (-2, -1):
        is_listed = change(step)
        log.unlink(missing_ok=True)
        assert run(log=log).code == 0
    for step in chosen_steps(log):
        is_listed = change(step)
        killed = run(kill_at=step)
        assert killed.code in (-9, 0), (step, SEED, killed.messages)
        with Journal(str(state)) as journal:
            last = journal.runs()[0]
        if last.state == "committed" and is_listed():
            found = (place.folder / LISTS[0]).read_bytes()
            assert hashlib.sha256(found).hexdigest() == last.sha256, (step, SEED)
            change(step + 10**6)
        age(place.folder, pieces, metrics)
        done = run()
        assert done.code == 0, (step, SEED, done.messages)
        assert "FULL LIST" not in done.messages
        assert is_listed() or last.state == "committed", (step, SEED)
        assert {*place.content()} == {*LISTS, *RECEIPTS}, (step, SEED)
        # Pieces stay that a later run could use; but nothing half made, or half removed.
        assert all((one / "set.json").exists() for one in pieces.iterdir()), (step, SEED)
        assert not [*pieces.glob(".*")], (step, SEED)
        assert os.listdir(metrics) == ["m.prom"], (step, SEED)
        assert len(os.listdir(state.parent)) == 2, (step, SEED, os.listdir(state.parent))
