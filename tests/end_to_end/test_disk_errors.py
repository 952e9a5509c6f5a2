"""Disks that are full or broken, at each stage of a run: a clear end, and the earlier list."""

import errno
import hashlib
import json
import os
from pathlib import Path

import pytest

from tests.disk.shim import watch
from tests.end_to_end.failures import NO_LIST
from tests.end_to_end.files import write_files
from tests.end_to_end.forked import ForkServer
from tests.end_to_end.site import GUID, CommandResult, Site

FULL, QUOTA, BROKEN, READ_ONLY = errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS
LISTS = ("1-files.csv", "1-files.rsync", "1-files.rsync-deleted")
FOLDER = f"/{GUID}$"

# The call that fails, of which file, why, and the number of such calls that succeed before it.
BEFORE_PUBLICATION = [
    ("write", "/.changes-", FULL, 0),
    ("write", "/.changes-", BROKEN, 0),
    ("write", "/#", QUOTA, 0),
    ("open", "/.1-files.csv.", READ_ONLY, 0),
    ("write", "/.1-files.csv.", FULL, 0),
    ("fsync", "/.1-files.csv.", BROKEN, 0),
    ("close", "/.1-files.csv.", BROKEN, 0),
    ("write", "/.1-files.rsync-deleted.", QUOTA, 0),
    ("fsync", "/.1-files.rsync.json.", BROKEN, 0),
    ("unlink", "/1-files.csv.json$", READ_ONLY, 0),
    ("fsync", FOLDER, BROKEN, 0),
    ("rename", "/1-files.csv$", BROKEN, 0),
]
AFTER_THE_FIRST_LIST = [
    ("rename", "/1-files.rsync$", BROKEN, 0),
    ("fsync", FOLDER, BROKEN, 1),
    ("rename", "/1-files.csv.json$", READ_ONLY, 0),
    ("fsync", FOLDER, BROKEN, 2),
]
NOT_OF_THE_LIST = [
    (("write", "/state.sqlite-journal", FULL, 0), 73, "state.sqlite cannot be used"),
    (("fsync", "/state.sqlite-journal", BROKEN, 0), 73, "state.sqlite cannot be used"),
    (("fsync", "/state.sqlite$", BROKEN, 2), 73, "state.sqlite cannot be used"),
    (("write", "/state.sqlite-journal", QUOTA, 20), 73, "state.sqlite cannot be used"),
    (("mkdir", "/.qumulo-pieces-", READ_ONLY, 0), 4, "folder for pieces"),
    (("write", ".piece.", FULL, 0), 4, "there is no room in the folder for pieces"),
    (("fsync", ".piece.", BROKEN, 0), 4, "the kept piece"),
    (("fsync", "/.m.prom.", BROKEN, 0), 0, "m.prom cannot be written: Input/output error"),
    (("write", "/.page.html.", FULL, 0), 0, "page.html cannot be written: No space left on device"),
]


@pytest.fixture
def office(memory_site: Site) -> Site:
    memory_site.configure(QumuloTransport="rest")
    write_files(memory_site.mount, "a", "b")
    return memory_site


def content(site: Site) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in site.list_path.parent.iterdir()}


def check_receipts(found: dict[str, bytes]) -> None:
    for name in LISTS:
        if receipt := found.get(f"{name}.json"):
            recorded = json.loads(receipt)["list"]["sha256"]
            assert recorded == hashlib.sha256(found[name]).hexdigest(), name


def test_whatever_of_a_list_cannot_be_written_the_run_ends_with_4_and_a_clear_state(
    office: Site, watched: ForkServer
) -> None:
    snapshots = [office.snapshot()]
    for name in ("a", "b"):
        Path(office.mount, name).unlink()
        write_files(office.mount, f"new/{name}")
        snapshots.append(office.snapshot())

    def run(of: list[int], failing: tuple[str, str, int, int] | None) -> CommandResult:
        options = ("--metadata=rest", "--spill-after=1", "--workers=1", "--deletes")
        formats = ("--format=csv", "--format=rsync")
        arguments = office.arguments(of[0], of[1], *options, *formats)
        environment = office.variables() | watch(office.folder / "work", fail=failing)
        return watched.run(arguments, environment, office.folder)

    assert run(snapshots[:2], None).code == 0
    old = content(office)
    for failing in BEFORE_PUBLICATION:
        done = run(snapshots[1:], failing)
        assert (done.code, done.output) == (4, ""), (failing, done)
        assert os.strerror(failing[2]) in done.messages or "disk" in done.messages, done.messages
        assert str(office.list_path.parent) in done.messages, (failing, done.messages)
        assert NO_LIST in done.messages
        assert "Traceback" not in done.messages
        found = content(office)
        assert {**old, **found} == old, failing
        assert {*LISTS[:2]} <= {*found}, failing

    for failing in AFTER_THE_FIRST_LIST:
        done = run(snapshots[1:], failing)
        assert (done.code, done.output) == (4, ""), (failing, done)
        assert f"{LISTS[0]} is a new list, but " in done.messages
        assert os.strerror(failing[2]) in done.messages
        assert NO_LIST not in done.messages
        found = content(office)
        assert found[LISTS[0]] != old[LISTS[0]]
        check_receipts(found)
        assert not [name for name in found if name[0] == "."], failing


def test_what_is_not_of_the_list_ends_a_cycle_or_is_reported_and_nothing_is_lost(
    office: Site, watched: ForkServer
) -> None:
    folder = office.folder
    pieces, metrics, state = folder / "pieces", folder / "metrics", folder / "state"
    for made in (pieces, metrics, state):
        made.mkdir()
    options = ["--project", "full", "--source", office.source, "--guid", GUID, "--format=csv"]
    options += ["--state", str(state / "state.sqlite"), "--pieces", str(pieces), "--commit"]
    options += ["--metrics-file", str(metrics / "m.prom"), "--metadata=rest", "--workers=1"]

    def run(failing: tuple[str, str, int, int] | None) -> CommandResult:
        environment = office.variables() | watch(
            folder / "work", pieces, metrics, state, fail=failing
        )
        # A page takes as long to be made as all the rest.
        is_of_page = failing and "page" in failing[1]
        report = ["--report", str(metrics / "page.html")] if is_of_page else []
        return watched.run(["run", *options, *report], environment, folder)

    assert run(None).code == 0
    for number, (failing, code, message) in enumerate(NOT_OF_THE_LIST):
        write_files(office.mount, f"new{number}/file")
        done = run(failing)
        assert done.code == code, (failing, done.messages)
        assert message in done.messages, (failing, done.messages)
        assert "Traceback" not in done.messages
        if code:
            after = run(None)
            assert after.code == 0, (failing, after.messages)
            assert "FULL LIST" not in after.messages
        assert f"/new{number}/file," in content(office)[LISTS[0]].decode(), failing
