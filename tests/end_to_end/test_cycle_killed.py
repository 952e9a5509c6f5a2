"""``run`` killed with SIGKILL at each of its steps: the next one archives all that is missing."""

from pathlib import Path

import pytest

from qumulo_changelist.cycle.journal import Journal
from tests.end_to_end.archive import Mirror, files_below
from tests.end_to_end.files import write_files
from tests.end_to_end.forked import ForkServer
from tests.end_to_end.site import GUID, CommandResult, Site

MORE_THAN_ALL_STEPS = 400


class Archiver:
    """A site whose archiver copies each list that it is given; the mirror applies the copies."""

    def __init__(self, site: Site, forks: ForkServer) -> None:
        site.configure(QumuloTransport="rest")
        self.site, self._forks = site, forks
        self.inbox = site.folder / "inbox"
        self.inbox.mkdir()
        self.mirror = Mirror()
        self.state = site.folder / "state.sqlite"

    def run(self, keep: int, kill_at: int = 0) -> CommandResult:
        options = ["--project", "killed", "--source", self.site.source, "--guid", GUID, "--deletes"]
        options += ["--keep", str(keep), "--workers", "1", "--state", str(self.state)]
        command = ["cp", "{list}", f"{self.inbox}/{{newer}}.xml"]
        arguments = ["run", *options, "--", *command]
        return self._forks.run(arguments, self.site.variables(), self.site.folder, kill_at)

    def archive(self) -> list[int]:
        """Apply the lists that were handed over; return their snapshots."""
        lists = sorted(self.inbox.iterdir(), key=lambda path: int(path.stem))
        for path in lists:
            self.mirror.apply(path.read_text(encoding="utf-8"))
            path.unlink()
        return [int(path.stem) for path in lists]

    @property
    def committed(self) -> int | None:
        with Journal(str(self.state)) as journal:
            committed = journal.committed("killed", self.site.source)
        return committed.id if committed else None

    def snapshots(self) -> list[str]:
        """The names of the source's snapshots."""
        assert self.site.cluster
        _, answer = self.site.cluster.request("GET", "/v4/snapshots/status/")
        return [
            one["name"]
            for one in answer["entries"]
            if one["source_file_path"].rstrip("/") == self.site.source
        ]


@pytest.mark.parametrize("keep", [1, 2])
def test_whenever_a_run_is_killed_the_next_one_archives_all_that_is_missing(
    site: Site, forks: ForkServer, keep: int
) -> None:
    assert site.cluster
    site.cluster.settings(page_limit=1000)
    archiver = Archiver(site, forks)
    write_files(site.mount, "same", "changes", "folder/f0")
    assert archiver.run(keep).code == 0
    # The cases are shared, so that all of them take half the time.
    for step in range(keep, MORE_THAN_ALL_STEPS, 2):
        Path(site.mount, "changes").write_bytes(b"x" * step)
        write_files(site.mount, f"folder/f{step}")
        Path(site.mount, "folder").joinpath(f"f{step - 2 if step > 2 else 0}").unlink()
        archived = [*archiver.archive(), archiver.committed]

        killed = archiver.run(keep, kill_at=step)

        assert killed.code in (-9, 0), killed.messages
        archived += archiver.archive()
        assert archiver.committed in archived, "committed is what was archived"
        write_files(site.mount, "changed again", size=step)
        done = archiver.run(keep)
        assert done.code == 0, (step, done.messages)
        assert "FULL LIST" not in done.messages
        assert archiver.archive() == [archiver.committed]
        assert archiver.mirror.files == files_below(site.mount), step
        names = archiver.snapshots()
        assert len(names) == 2 * keep, (step, names)
        assert sum("-committed-" in name for name in names) == keep
        if killed.code == 0:
            break
    assert step > 20
    assert step < MORE_THAN_ALL_STEPS - 2
