"""``run``, ``commit`` and ``adopt``: the whole cycle, as an administrator and archiver see it."""

import contextlib
import itertools
import json
import os
import shlex
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from qumulo_emulator.running import Emulator
from tests.end_to_end.archive import Mirror, files_below
from tests.end_to_end.conftest import site_on
from tests.end_to_end.files import write_files
from tests.end_to_end.forked import ForkServer
from tests.end_to_end.lists import deleted, file, folder, normalized, scan_list
from tests.end_to_end.processes import wait_until
from tests.end_to_end.site import GUID, CommandResult, Site, make_policy

_numbers = itertools.count()


class Office:
    """A machine whose administrator runs the cycle of one project, over REST."""

    def __init__(self, site: Site, forks: ForkServer) -> None:
        site.configure(QumuloTransport="rest")
        self.site, self.forks = site, forks
        self.name = f"show{next(_numbers)}"
        self.state = "state1"
        self.mirror = Mirror()
        self.archive = ["cp", "{list}", "archived.xml"]
        assert site.cluster
        self.cluster: Emulator = site.cluster
        self.cluster.settings(page_limit=1000)

    @property
    def project(self) -> list[str]:
        described = ["--project", self.name, "--source", self.site.source, "--guid", GUID]
        return [*described, "--index", "1"]

    def type(self, *arguments: str, code: int = 0) -> CommandResult:
        environment = self.site.variables() | {
            "QUMULO_CHANGELIST_STATE": str(self.site.folder / self.state),
        }
        done = self.forks.run(list(arguments), environment, self.site.folder)
        assert done.code == code, done.messages
        assert "Traceback" not in done.messages
        return done

    def run(self, *options: str, code: int = 0) -> CommandResult:
        return self.type("run", *self.project, "--deletes", *options, code=code)

    def archived(self, *options: str) -> CommandResult:
        """Run, and let the archive have the list."""
        done = self.run(*options, "--", *self.archive)
        self.mirror.apply((self.site.folder / "archived.xml").read_text(encoding="utf-8"))
        return done

    def ask(self, *arguments: str, code: int = 0) -> Any:
        """What a command prints with --json, which has to be one object."""
        return json.loads(self.type(*arguments, "--json", code=code).output)

    def run_as_json(self, *options: str, code: int = 0) -> Any:
        (project,) = self.ask("run", *self.project, *options, code=code)["projects"]
        (source,) = project["sources"]
        return source

    def lock(self, number: int) -> None:
        """Lock a snapshot until it expires."""
        expires = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 10**6))
        uri = f"/v3/snapshots/{number}"
        self.cluster.request("PATCH", uri, {"expiration": expires})
        status, answer = self.cluster.request("POST", f"{uri}/lock", {"lock_key_ref": "key1"})
        assert status == 200, answer

    def commit(self, *options: str, code: int = 0) -> CommandResult:
        return self.type("commit", self.name, *options, code=code)

    def snapshots(self) -> dict[int, str]:
        """The names of the snapshots of the source, without the ids in front, by their ids."""
        _, answer = self.cluster.request("GET", "/v4/snapshots/status/")
        return {
            one["id"]: one["name"].removeprefix(f"{one['id']}_")
            for one in answer["entries"]
            if one["source_file_path"].rstrip("/") == self.site.source.rstrip("/")
        }

    def taken(self) -> list[int]:
        """The snapshots that runs took and that are left."""
        return [number for number, name in self.snapshots().items() if name.endswith("-run")]

    @property
    def content(self) -> bytes:
        return normalized(self.site.list_path.read_bytes())


@pytest.fixture
def office(site: Site, forks: ForkServer) -> Office:
    write_files(site.mount, "a", "b", "folder/c")
    return Office(site, forks)


# Lists


def test_the_first_list_is_full_and_says_so_and_the_second_has_what_changed(
    office: Office,
) -> None:
    mount = office.site.mount
    first = office.run("--", *office.archive)

    assert "FULL LIST of everything, not only of changes: nothing was committed" in first.messages
    assert first.output == f"{office.site.list_path}\n"
    names = ["/folder/c", "/b", "/a"]
    assert office.content == normalized(scan_list(file(mount, name) for name in names))

    write_files(mount, "folder/new")
    (mount / "b").unlink()
    second = office.run("--", *office.archive)

    assert "FULL LIST" not in second.messages
    (one,) = [number for number in office.taken() if f"since snapshot {number}" in second.messages]
    assert one == min(office.taken())
    lines = [file(mount, "/folder/new"), folder(mount, "/folder"), deleted("/b")]
    assert office.content == normalized(scan_list(lines))


def test_a_failed_archive_loses_nothing(office: Office) -> None:
    def status(*options: str, code: int) -> str:
        lines = office.type("status", *options, code=code).output.splitlines()
        return next(line for line in lines if f"  {office.name}  " in line).split()[0]

    office.run()
    assert status(code=1) == "OPEN"
    base = office.run_as_json("--commit")["newer"]
    assert status("--max-age", "1d", code=0) == "ok"
    write_files(office.site.mount, "new")

    failed = office.run("--", "sh", "-c", "exit 9", code=3)
    assert "exit code 9" in failed.messages
    assert "Nothing was committed" in failed.messages
    assert status(code=1) == "FAILED"
    write_files(office.site.mount, "newer")
    again = office.run_as_json()
    assert (again["older"], again["committed"], again["files"]) == (base, False, 2)


def test_a_command_that_cannot_be_right_ends_a_run_before_a_snapshot_is_taken(
    office: Office,
) -> None:
    seen = len(office.cluster.requests())
    for options in ([], ["--dry-run"]):
        refused = office.run(*options, "--", "true", "{list_rsync}", code=2)
        assert "not given {list_rsync}: there are {list}, {receipt}, {list_xml}" in refused.messages
        missing = office.run(*options, "--", "start-archive.sh", "{list}", code=3)
        assert "start-archive.sh is not found" in missing.messages
        assert "looked for on the PATH" in missing.messages
        assert "written ./start-archive.sh" in missing.messages
    assert len(office.cluster.requests()) == seen

    office.run("--format", "rsync", "--", "cp", "{list_rsync}", "{list_rsync_deleted}", ".")


def test_a_list_is_committed_later_and_of_two_lists_one_has_to_be_named(office: Office) -> None:
    first = office.run_as_json()["newer"]
    office.commit()
    write_files(office.site.mount, "new")
    second, third = (office.run_as_json() for _ in range(2))
    assert (second["older"], third["older"]) == (first, first)

    refused = office.commit(code=2)
    assert "2 lists" in refused.messages
    assert f"commit {office.name} --snapshot {third['newer']}" in refused.messages
    office.commit("--snapshot", "999999", code=2)
    office.commit("--snapshot", str(third["newer"]))
    office.commit(code=2)
    office.commit("--snapshot", str(second["newer"]), code=2)

    assert office.run_as_json()["older"] == third["newer"]


def test_a_list_that_was_replaced_is_not_committed_unless_it_is_named(office: Office) -> None:
    base = office.run_as_json("--commit")["newer"]
    waiting = office.run_as_json()["newer"]
    write_files(office.site.mount, "later")
    office.site.generate(base, office.site.snapshot(), "--metadata=rest")

    refused = office.commit(code=2)

    assert "is no longer the list of snapshot" in refused.messages
    office.commit("--snapshot", str(waiting))


def test_no_full_list_is_made_if_none_is_wanted(office: Office) -> None:
    before = office.snapshots()
    refused = office.run("--no-full", code=7)

    assert "only a full list could be made: nothing was committed yet" in refused.messages
    assert "Run without --no-full" in refused.messages
    assert office.snapshots() == before
    office.run("--no-full", "--dry-run", code=7)
    office.run("--commit")
    office.run("--no-full", "--commit")


# Snapshots


def test_only_older_snapshots_of_the_project_go_and_only_after_a_commit(office: Office) -> None:
    foreign = office.site.snapshot()
    known = office.site.run("qumulo_create_snap.py", "-p", office.name, "-s", office.site.source)
    locked = office.run_as_json("--commit")["newer"]
    office.lock(locked)
    other = Office(office.site, office.forks)
    others = other.run_as_json("--commit")["newer"]
    numbers = [office.run_as_json("--commit")["newer"] for _ in range(3)]
    waiting = [office.run_as_json()["newer"] for _ in range(2)]
    assert set(waiting) <= set(office.taken())

    done = office.archived("--keep", "2")

    newest = max(office.taken())
    mine = [number for number in office.taken() if office.name in office.snapshots()[number]]
    assert mine == [locked, numbers[-1], newest]
    assert f"snapshot {locked} (" in done.messages
    assert "stays: it is locked" in done.messages
    assert {foreign, int(known.output), others} <= office.snapshots().keys()
    markers = [name for name in office.snapshots().values() if f"{office.name}-" in name]
    assert sum("-committed-" in name for name in markers) == 2
    other.run("--no-full", "--commit")


def test_a_base_that_is_gone_leads_to_a_full_list_and_one_that_expires_is_said_first(
    office: Office,
) -> None:
    first = office.run_as_json("--commit", "--expire", "2h")["newer"]

    soon = office.run("--commit", "--expire", "30days")
    lines = soon.messages.splitlines()
    (said,) = [at for at, line in enumerate(lines) if "expires in" in line]
    assert f"snapshot {first}, from which changes are listed" in lines[said]
    assert all("files" not in line for line in lines[:said])

    assert "expires in" not in office.run("--commit").messages
    past = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 10))
    office.cluster.request("PATCH", f"/v3/snapshots/{max(office.taken())}", {"expiration": past})
    full = office.run("--commit")
    assert "no longer has the snapshot that was committed last" in full.messages
    assert "FULL LIST" in full.messages
    assert "FULL LIST" not in office.run("--commit").messages


def test_a_policys_newest_snapshot_is_listed_and_none_is_taken(office: Office) -> None:
    policy = f"nightly {office.name}"
    make_policy(office.cluster, office.site.source, policy)
    missing = office.run("--policy", policy, code=66)
    assert f"no snapshot by the policy {policy}" in missing.messages
    first = office.cluster.run_policy(policy)["id"]
    assert office.run_as_json("--policy", policy, "--commit")["newer"] == first

    nothing = office.run("--policy", policy, "--commit")
    assert "nothing to list" in nothing.messages
    assert nothing.output == ""

    write_files(office.site.mount, "new")
    second = office.cluster.run_policy(policy)["id"]
    for _ in range(2):
        again = office.run_as_json("--policy", policy)
        assert (again["older"], again["newer"], again["files"]) == (first, second, 1)
    office.commit("--keep", "1")
    assert office.taken() == []
    assert {first, second} <= office.snapshots().keys()


# Machines


def test_machines_that_adopt_list_exactly_what_is_new(office: Office) -> None:
    last = office.run_as_json("--commit")["newer"]
    for number, state in enumerate(["state2", "state1", "state2"]):
        office.state = state
        adopted = office.ask("adopt", *office.project[:-2], "--index", "1")["adopted"]
        assert [one["snapshot"] for one in adopted] == [last]
        write_files(office.site.mount, f"new{number}")
        done = office.run_as_json("--commit", "--keep", "1")
        assert (done["older"], done["files"]) == (last, 1)
        last = done["newer"]
        assert office.taken() == [last]


def test_without_adopting_the_older_commit_wins_and_it_is_said(office: Office) -> None:
    first = office.run_as_json("--commit", "--keep", "3")["newer"]
    office.state = "state2"
    full = office.run("--commit", "--keep", "3")
    assert "FULL LIST" in full.messages
    assert f"a different machine committed snapshot {first}" in full.messages
    second = max(office.taken())
    office.state = "state1"

    third = office.run("--commit", "--keep", "3")

    assert f"{first} as committed, and the cluster shows {second}; the older" in third.messages
    assert f"`qumulo-changelist adopt {office.name}`" in third.messages
    assert f"since snapshot {first}" in third.messages


def test_nothing_can_be_adopted_that_nobody_committed(office: Office) -> None:
    office.run()
    refused = office.type("adopt", *office.project, code=2)
    assert f"the cluster shows no commit of the project {office.name}" in refused.messages


def test_two_projects_run_at_once_and_one_project_runs_once_at_a_time(
    office: Office, tmp_path_factory: pytest.TempPathFactory
) -> None:
    os.mkfifo(office.site.folder / "gate")
    with ForkServer() as forks:
        first = Office(
            site_on(office.cluster, tmp_path_factory.mktemp("first"), office.site.source), forks
        )
        first.name = office.name
        state = str(office.site.folder / "state1")
        waits = ["sh", "-c", f"echo $PPID > holder; cat {office.site.folder}/gate"]
        running = threading.Thread(target=first.run, args=("--state", state, "--", *waits))
        running.start()
        holder = first.site.folder / "holder"
        wait_until(lambda: holder.exists() and holder.read_text())

        busy = office.run(code=75)
        assert f"by process {holder.read_text().strip()} since 20" in busy.messages
        assert "--wait" in busy.messages
        office.commit(code=75)
        office.type("adopt", *office.project, code=75)
        office.run("--dry-run")
        other = Office(office.site, office.forks)
        assert other.run_as_json("--commit")["committed"]

        opening = threading.Timer(0.3, (office.site.folder / "gate").write_text, ["go"])
        opening.start()
        waited = office.run("--wait", "1m", "--commit")
        running.join()
        opening.join()
    assert waited.messages.count("waiting: the project") == 1
    assert "FULL LIST" not in waited.messages


# What only looks


def test_a_dry_run_changes_nothing(office: Office) -> None:
    office.run("--commit")
    write_files(office.site.mount, "new")
    office.run()
    state = Path(office.site.folder, "state1")
    before = (office.snapshots(), state.read_bytes(), os.listdir(office.site.folder))
    seen = len(office.cluster.requests())

    done = office.run("--dry-run")
    plan = office.run_as_json("--dry-run", "--keep", "1")

    sent = office.cluster.requests()[seen:]
    assert sent
    assert {one["method"] for one in sent if one["path"] != "/v1/session/login"} == {"GET"}
    assert (office.snapshots(), state.read_bytes(), os.listdir(office.site.folder)) == before
    assert "would take a snapshot, and list what changed since snapshot" in done.output
    assert plan["older"] == min(office.taken())
    real = office.run_as_json("--commit", "--keep", "1")
    assert real["removed_snapshots"] == plan["removable_snapshots"]
    assert len(plan["removable_snapshots"]) == 3

    office.state = "missing/state"
    office.run("--dry-run")
    assert not Path(office.site.folder, "missing").exists()


# Several projects


def test_one_failing_project_does_not_stop_the_others(office: Office) -> None:
    site = office.site
    write_files(site.mount, "one/x", "two/y")
    projects = site.folder / "projects.toml"
    sources = {"one": f"{site.source}/one", "lost": f"{site.source}/none", "two": site.source}
    projects.write_text(
        "".join(
            f'[projects.{office.name}{name}]\npath = "{path}"\nguid = "{name}"\n'
            for name, path in sources.items()
        )
    )
    options = ["run", "--all", "--projects", str(projects), "--commit"]

    answer = office.ask(*options, code=66)

    found = {one["project"].removeprefix(office.name): one for one in answer["projects"]}
    assert list(found) == list(sources)
    assert [found[name]["sources"][0]["committed"] for name in sources] == [True, False, True]
    assert found["lost"]["sources"][0]["error"]["exit_code"] == 66
    again = office.type(*options, code=66)
    assert f"{office.name}lost: {site.source}/none: " in again.messages
    assert len(again.output.splitlines()) == 2
    assert again.messages.count("FULL LIST") == 0


@pytest.mark.parametrize(
    "name", ["2024_show", "a b", "ünï", "show-1700000000-run", "%2F", "'\"`$("]
)
def test_any_name_of_a_project_is_found_again_on_the_cluster(office: Office, name: str) -> None:
    office.name = name
    numbers = [office.run_as_json("--commit", "--keep", "1")["newer"] for _ in range(2)]

    assert office.taken() == [numbers[-1]]
    office.state = "state2"
    (adopted,) = office.ask("adopt", *office.project)["adopted"]
    assert adopted["snapshot"] == numbers[-1]


# Everything that goes wrong


@pytest.mark.parametrize(
    ("action", "skip"), [("truncate", 0), ("truncate", 1), ("close", 0)], ids=str
)
def test_a_connection_that_breaks_while_a_snapshot_is_taken_changes_nothing(
    office: Office, action: str, skip: int
) -> None:
    """The first snapshot is that of the run, the second one the marker of the commit."""
    office.archived()
    write_files(office.site.mount, "new")
    (office.site.mount / "a").unlink()
    office.cluster.fault(method="POST", path="/v3/snapshots/", action=action, skip=skip, times=1)

    done = office.archived()

    assert "asking the cluster for the snapshot " in done.messages
    assert "FULL LIST" not in done.messages
    assert office.mirror.files == files_below(office.site.mount)
    assert len(office.taken()) == 2
    assert sum("-committed-" in name for name in office.snapshots().values()) == 2


@pytest.mark.parametrize("skip", [0, 1])
def test_a_snapshot_of_which_nobody_knows_whether_it_was_taken_loses_and_leaves_nothing(
    office: Office, skip: int
) -> None:
    """Since the cluster cannot be asked, either; likewise."""
    office.archived()
    write_files(office.site.mount, "new")
    (office.site.mount / "a").unlink()
    office.cluster.fault(
        method="POST", path="/v3/snapshots/", action="truncate", skip=skip, times=1
    )
    office.cluster.fault(method="GET", path="/v?/snapshots/status/", status=403, skip=1 + skip)
    unclear = office.run("--", *office.archive, code=69)
    assert "and it cannot be asked: " in unclear.messages
    office.cluster.clear_faults()
    if skip:
        office.mirror.apply((office.site.folder / "archived.xml").read_text(encoding="utf-8"))
    write_files(office.site.mount, "newer")

    done = office.archived()

    assert "FULL LIST" not in done.messages
    assert office.mirror.files == files_below(office.site.mount)
    assert len(office.taken()) == 2
    assert sum("-committed-" in name for name in office.snapshots().values()) == 2


def test_a_snapshot_that_cannot_be_removed_stays_until_the_next_commit(office: Office) -> None:
    first = office.run_as_json("--commit")["newer"]
    office.cluster.fault(method="DELETE", path="/v3/snapshots/*", status=403)
    done = office.run("--commit", "--keep", "1")
    assert f"snapshot {first} (" in done.messages
    assert "stays: " in done.messages
    office.cluster.clear_faults()

    office.run("--commit", "--keep", "1")

    assert len(office.taken()) == 1


@pytest.fixture
def tiny(office: Office) -> Iterator[Path]:
    """A folder for the state, on a file system of its own with very little room."""
    folder = office.site.folder / "tiny"
    folder.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", "size=36k", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(mounting, capture_output=True).returncode:
        pytest.skip("a file system can be mounted by root alone")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_or_read_only_state_folder_ends_a_run_before_anything_is_taken(
    office: Office, tiny: Path
) -> None:
    office.state = "tiny/state"
    office.archived()
    before = office.snapshots()
    filler = tiny / "filler"
    with contextlib.suppress(OSError), filler.open("wb", buffering=0) as filling:
        while True:
            filling.write(b"x" * 512)
    full = office.run("--", *office.archive, code=73)
    assert "cannot be used: database or disk is full" in full.messages
    filler.unlink()
    subprocess.run(["mount", "-o", "remount,ro", str(tiny)], check=True)
    office.run("--", *office.archive, code=73)
    subprocess.run(["mount", "-o", "remount,rw", str(tiny)], check=True)
    assert office.snapshots() == before

    write_files(office.site.mount, "new")
    assert "FULL LIST" not in office.archived().messages
    assert office.mirror.files == files_below(office.site.mount)


def test_a_damaged_state_file_is_said_and_can_be_adopted_anew(office: Office) -> None:
    newest = office.run_as_json("--commit")["newer"]
    state = Path(office.site.folder, "state1")
    state.write_bytes(b"x" * 4096)
    before = office.snapshots()

    damaged = office.run(code=73)

    assert "`qumulo-changelist adopt` restores what was committed" in damaged.messages
    assert office.snapshots() == before
    state.unlink()
    office.type("adopt", *office.project)
    assert office.run_as_json()["older"] == newest


def test_an_error_is_one_object_too(office: Office) -> None:
    answer = office.ask("commit", office.name, code=2)

    assert answer["error"]["class"] == "UnknownProjectError"
    assert answer["error"]["exit_code"] == 2


def test_a_list_that_is_replaced_while_the_command_runs_is_not_committed(office: Office) -> None:
    """The archive would have the other one, and what is only on this one would be lost."""
    base = office.run_as_json("--commit")["newer"]
    write_files(office.site.mount, "wanted")
    other = [
        *office.site.command("qumulo_generate_changelist.py"),
        "-p",
        "x",
        "-g",
        GUID,
        "-i",
        "1",
    ]
    other += ["-b", office.site.source, "--metadata=rest"]
    other += ["--prevsnapshotid", str(base), "--newsnapshotid", str(base + 1)]

    refused = office.run("--", "sh", "-c", f"{shlex.join(other)} && cp {{list}} archived", code=2)

    assert "a different list has replaced it" in refused.messages
    assert office.run_as_json()["older"] == base


# Other clusters


def test_a_cluster_with_version_2_of_snapshots_has_the_same_cycle(office: Office) -> None:
    office.cluster.settings(v3_snapshots=False)
    first = office.run_as_json("--commit", "--keep", "1")["newer"]
    second = office.run_as_json("--commit", "--keep", "1")
    assert second["older"] == first
    office.cluster.settings(v3_snapshots=True)

    assert office.taken() == [second["newer"]]


def test_a_whole_cluster_is_a_source_like_any_other(own_site: Site, forks: ForkServer) -> None:
    write_files(own_site.mount, "a", "folder/b")
    office = Office(own_site, forks)
    office.archived("--keep", "1")
    write_files(own_site.mount, "folder/c")
    done = office.archived("--keep", "1")

    assert "FULL LIST" not in done.messages
    assert office.mirror.files.keys() == {"/a", "/folder/b", "/folder/c"}
    assert len(office.snapshots()) == 2


def test_the_cycle_goes_through_qq(office: Office) -> None:
    first = office.run_as_json("--commit", "--keep", "1")["newer"]
    office.site.configure(QumuloTransport="qq")
    write_files(office.site.mount, "new")

    second = office.run_as_json("--keep", "1", "--commit")

    assert (second["older"], second["files"]) == (first, 1)
    assert second["removed_snapshots"][0] == first
    assert office.taken() == [second["newer"]]
    assert len(office.snapshots()) == 2
