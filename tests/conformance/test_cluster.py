"""Every way to a cluster returns the same answers: REST, and the vendor's ``qq``."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest

from qumulo_changelist.cluster.interface import Cluster
from qumulo_changelist.cluster.qq.client import QqCluster
from qumulo_changelist.cluster.qq.process import QqProcess
from qumulo_changelist.cluster.qq.session import QqSession
from qumulo_changelist.cluster.rest.client import RestCluster
from qumulo_changelist.config.settings import Secret, Settings
from qumulo_changelist.errors import (
    AbsentError,
    NotFoundError,
    RefusedError,
    SnapshotMissingError,
    StatusError,
    UnreadableError,
    UnsupportedError,
)
from qumulo_changelist.events import ignore
from qumulo_changelist.model import CREATE, DELETE, MODIFY, Caller, Change, Kind
from qumulo_emulator.running import ThreadedEmulator, serve_in_thread
from tests.qq import QQ

Way = Callable[[Settings, Path], AbstractContextManager[Cluster]]


@contextmanager
def rest(settings: Settings, _folder: Path) -> Iterator[Cluster]:
    with RestCluster(settings, ignore) as cluster:
        yield cluster


@contextmanager
def qq(settings: Settings, folder: Path) -> Iterator[Cluster]:
    program = str(QQ["qq of today"] / "qq")
    session = QqSession(
        settings.host, settings.port, settings.username, folder=str(folder / "sessions")
    )
    process = QqProcess(settings.host, settings.port, ignore, program)
    yield QqCluster(process, session, settings.username, settings.password)


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ThreadedEmulator]:
    with serve_in_thread(tmp_path_factory.mktemp("cluster"), page_limit=3) as running:
        yield running


def settings_for(emulator: ThreadedEmulator) -> Settings:
    return Settings(
        hosts=("127.0.0.1",),
        port=emulator.port,
        username=emulator.username,
        password=Secret(emulator.password),
        fingerprint=emulator.certificate_sha256,
    )


@pytest.fixture(scope="module")
def sessions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for the session of qq, so that it logs in only once."""
    return tmp_path_factory.mktemp("state")


@pytest.fixture(params=[rest, qq], ids=["rest", "qq"])
def cluster(request, emulator, sessions) -> Iterator[Cluster]:
    """Each way to the cluster in turn."""
    way: Way = request.param
    with way(settings_for(emulator), sessions) as reached:
        yield reached
    emulator.clear_faults()


@pytest.fixture
def project(emulator, request) -> Path:
    """A directory of the cluster for each test, as a path of this machine."""
    number = sum(1 for _ in os.scandir(emulator.root))
    path = Path(emulator.root, f"project{number}")
    path.mkdir()
    return path


def on_cluster(project: Path, name: str = "") -> str:
    return f"/{project.name}{name}"


def changes(cluster: Cluster, older: int, newer: int) -> set[Change]:
    pages = list(cluster.changes(older, newer))
    assert all(isinstance(page, list) for page in pages)
    found = [change for page in pages for change in page]
    assert len(found) == len(set(found))
    return set(found)


def snapshot_of(emulator: ThreadedEmulator, path: str, name: str = "s") -> int:
    """Take a snapshot directly, since ``qq`` is slow."""
    _, directory = emulator.request("GET", f"/v1/files/{quote(path, safe='')}/info/attributes")
    wanted = {"name_suffix": name, "expiration": "", "source_file_id": directory["id"]}
    _, snapshot = emulator.request("POST", "/v3/snapshots/", wanted)
    return int(snapshot["id"])


# Snapshots


def test_a_new_snapshot_has_its_name_in_dot_snapshot(cluster, project):
    taken = cluster.create_snapshot("Grüße 100% 'x' 🎬", on_cluster(project))

    assert taken.name in (f"{taken.id}_Grüße 100% 'x' 🎬", "Grüße 100% 'x' 🎬")
    assert os.listdir(project / ".snapshot") == [f"{taken.id}_Grüße 100% 'x' 🎬"]


@pytest.mark.parametrize("path", ["/", "/{0}/a b%20c", "/{0}/--option", "/{0}/ü#?&"])
def test_a_snapshot_can_be_taken_of_any_directory(cluster, emulator, project, path):
    source = path.format(project.name)
    Path(project.parent, source[1:]).mkdir(exist_ok=True)

    taken = cluster.create_snapshot("a", source)

    _, status = emulator.request("GET", f"/v3/snapshots/status/{taken.id}")
    assert status["source_file_path"].rstrip("/") == source.rstrip("/")


def test_no_snapshot_is_taken_of_a_missing_directory(cluster, project):
    with pytest.raises(NotFoundError, match="Error 404"):
        cluster.create_snapshot("a", on_cluster(project, "/nowhere"))


def test_a_snapshot_expires_when_it_should(cluster, emulator, project):
    expires = time.time_ns() + 3600 * 10**9

    taken = cluster.create_snapshot("short", on_cluster(project), expires)

    _, status = emulator.request("GET", f"/v3/snapshots/status/{taken.id}")
    assert 0 <= taken.expires - expires < 10**9
    assert status["expiration"].endswith("Z")
    assert cluster.snapshots(taken.id)[taken.id].expires == taken.expires


def test_all_snapshots_are_listed_with_their_status(cluster, emulator, project):
    first = snapshot_of(emulator, on_cluster(project), "first")
    second = snapshot_of(emulator, on_cluster(project), "second")

    listed = cluster.all_snapshots()

    labels = {snapshot.id: snapshot.label for snapshot in listed}
    assert labels[first] == "first"
    assert labels[second] == "second"
    assert len(labels) == len(listed)
    assert cluster.snapshots(first)[first] in listed


def test_a_snapshot_is_deleted_once(cluster, emulator, project):
    taken = snapshot_of(emulator, on_cluster(project))

    cluster.delete_snapshot(taken)

    assert emulator.request("GET", f"/v3/snapshots/{taken}")[0] == 404
    with pytest.raises(SnapshotMissingError, match="404"):
        cluster.delete_snapshot(taken)


def test_a_snapshot_that_cannot_be_deleted_is_refused(cluster, emulator, project):
    taken = snapshot_of(emulator, on_cluster(project))
    emulator.fault(method="DELETE", status=403, error_class="http_forbidden_error")

    with pytest.raises(RefusedError, match="403"):
        cluster.delete_snapshot(taken)


def test_a_locked_snapshot_of_a_policy_is_known_and_cannot_be_deleted(cluster, emulator, project):
    source = emulator.request(
        "GET", f"/v1/files/{quote(on_cluster(project), safe='')}/info/attributes"
    )[1]
    policy = {
        "policy_name": f"hourly {project.name} {type(cluster).__name__}",
        "schedule": {"expiration_time_to_live": "2days"},
        "source_file_id": source["id"],
        "lock_key_ref": "key",
    }
    emulator.request("POST", "/v3/snapshots/policies/", policy)
    taken = emulator.run_policy(policy["policy_name"])["id"]

    (found,) = (snapshot for snapshot in cluster.all_snapshots() if snapshot.id == taken)

    assert (found.policy, found.by_policy, found.is_locked) == (policy["policy_name"], True, True)
    assert (found.source, found.is_going) == (on_cluster(project), False)
    assert found.expires > found.taken
    with pytest.raises(StatusError, match="409") as caught:
        cluster.delete_snapshot(taken)
    assert not isinstance(caught.value, NotFoundError)


def test_a_snapshot_that_is_being_deleted_is_listed_as_such(cluster, emulator, project):
    taken = snapshot_of(emulator, on_cluster(project))
    emulator.settings(deletions_last=True)
    cluster.delete_snapshot(taken)
    emulator.settings(deletions_last=False)

    (found,) = (snapshot for snapshot in cluster.all_snapshots() if snapshot.id == taken)

    assert found.is_going
    with pytest.raises(SnapshotMissingError):
        cluster.delete_snapshot(taken)


def test_an_address_that_the_cluster_does_not_have_is_no_missing_snapshot(cluster, emulator):
    emulator.fault(method="DELETE", status=404, error_class="http_not_found_error", times=2)

    with pytest.raises(UnsupportedError):
        cluster.delete_snapshot(7)


# The user, and the cluster itself


def test_the_caller_is_known_with_all_privileges(cluster, emulator):
    _, sent = emulator.request("GET", "/v1/session/who-am-i")

    caller = cluster.caller()

    assert caller == Caller(emulator.username, frozenset(sent["privileges"]), sent["id"])


def test_the_privileges_that_the_caller_lacks_are_known(cluster, emulator):
    everything = cluster.caller().privileges
    emulator.settings(missing_privileges=["PRIVILEGE_SNAPSHOT_READ"])
    try:
        left = cluster.caller().privileges
        with pytest.raises(RefusedError, match="PRIVILEGE_SNAPSHOT_READ"):
            cluster.all_snapshots()
    finally:
        emulator.settings(missing_privileges=[])

    assert everything - left == {"PRIVILEGE_SNAPSHOT_READ"}


def test_the_version_of_the_core_is_known(cluster, emulator):
    _, sent = emulator.request("GET", "/v1/version")

    assert cluster.core_version() == sent["revision_id"]


# The diff


def test_without_changes_the_diff_is_empty(cluster, emulator, project):
    first = snapshot_of(emulator, on_cluster(project))
    second = snapshot_of(emulator, on_cluster(project))

    assert changes(cluster, first, second) == set()


def test_the_diff_has_everything_that_was_created_modified_or_deleted(cluster, emulator, project):
    for name in ("kept", "gone", "written"):
        (project / name).write_text(name)
    (project / "old").mkdir()
    first = snapshot_of(emulator, on_cluster(project))
    (project / "gone").unlink()
    (project / "old").rmdir()
    (project / "written").write_text("more than that")
    (project / "new").mkdir()
    for number in range(7):
        (project / f"new{number}").touch()
    second = snapshot_of(emulator, on_cluster(project))

    assert changes(cluster, first, second) == {
        Change(MODIFY, on_cluster(project, "/")),
        Change(DELETE, on_cluster(project, "/gone")),
        Change(DELETE, on_cluster(project, "/old/")),
        Change(MODIFY, on_cluster(project, "/written")),
        Change(CREATE, on_cluster(project, "/new/")),
        *(Change(CREATE, on_cluster(project, f"/new{number}")) for number in range(7)),
    }


NAMES = [
    *(
        "plain",
        "with blank",
        " ",
        ".hidden",
        "..two",
        "...",
        "a\nb",
        "tab\t",
        'quote"',
        "back\\slash",
    ),
    *("ü", "e\u0301", "🎬", "\u2028", "\x85", "%2F", "a&b<c>", "\x7f", "\x01", "{}", "],", "a,b"),
    *("\udcff", "\udc80é", "x" * 255),
]


@pytest.mark.parametrize("escape", [True, False])
def test_the_diff_has_names_of_all_kinds(cluster, emulator, project, escape):
    first = snapshot_of(emulator, on_cluster(project))
    names = [name for name in NAMES if escape or not set(name) & set("\udcff\udc80")]
    for name in names:
        Path(os.fsdecode(os.fsencode(project) + b"/" + os.fsencode(name))).touch()
    second = snapshot_of(emulator, on_cluster(project))
    emulator.settings(escape=escape)
    try:
        found = changes(cluster, first, second)
    finally:
        emulator.settings(escape=True)

    assert found == {
        Change(MODIFY, on_cluster(project, "/")),
        *(Change(CREATE, on_cluster(project, f"/{name}")) for name in names),
    }


@pytest.mark.parametrize("settings", [{"empty_pages": True}, {"last_page_next": None}])
def test_the_end_of_the_pages_is_known(cluster, emulator, project, settings):
    first = snapshot_of(emulator, on_cluster(project))
    for number in range(5):
        (project / f"{number}").touch()
    second = snapshot_of(emulator, on_cluster(project))
    emulator.settings(**settings)
    try:
        found = changes(cluster, first, second)
    finally:
        emulator.settings(empty_pages=False, last_page_next="")

    assert len(found) == 6


def test_a_missing_snapshot_has_an_error_of_its_own(cluster, emulator, project):
    taken = snapshot_of(emulator, on_cluster(project))

    with pytest.raises(SnapshotMissingError, match=r"Error 404.*snapshot"):
        changes(cluster, taken, taken + 1000)


def test_snapshots_that_cannot_be_compared_are_refused(cluster, emulator, project):
    first = snapshot_of(emulator, on_cluster(project))
    second = snapshot_of(emulator, on_cluster(project))

    with pytest.raises(StatusError, match="Error 400"):
        changes(cluster, second, first)


# Sessions


def test_a_session_that_ended_is_renewed(cluster, emulator, project):
    first = snapshot_of(emulator, on_cluster(project))
    emulator.expire_sessions()
    second = cluster.create_snapshot("b", on_cluster(project))
    emulator.expire_sessions()

    assert changes(cluster, first, second.id) == set()


def test_a_session_that_ends_between_two_pages_loses_nothing(cluster, emulator, project):
    first = snapshot_of(emulator, on_cluster(project))
    for number in range(5):
        (project / f"{number}").touch()
    second = snapshot_of(emulator, on_cluster(project))
    emulator.fault(path="*changes-since*", status=401, skip=1, times=1)

    pages = list(cluster.changes(first, second))

    assert len({change for page in pages for change in page}) == 6


# What is known of snapshots


def test_snapshots_have_a_directory_and_a_time(cluster, emulator, project):
    (project / "a b").mkdir()
    name = "Grüße 100% 'x' 🎬"
    before = time.time_ns()
    first = snapshot_of(emulator, on_cluster(project), name)
    second = snapshot_of(emulator, on_cluster(project, "/a b"))
    whole = snapshot_of(emulator, "/")
    after = time.time_ns()

    found = cluster.snapshots(whole, first, second, whole + 1000)

    assert {number: one.source for number, one in found.items()} == {
        first: on_cluster(project),
        second: on_cluster(project, "/a b"),
        whole: "/",
    }
    assert all(one.id == number for number, one in found.items())
    assert found[first].name in (name, f"{first}_{name}")
    # A cluster's clock may be less exact than a nanosecond.
    assert before - 10**9 <= found[first].taken <= found[second].taken <= after


def test_missing_snapshots_are_not_returned(cluster, emulator, project):
    taken = snapshot_of(emulator, on_cluster(project))

    assert cluster.snapshots(taken + 1000) == {}


def test_over_rest_version_2_of_snapshots_is_enough(emulator, tmp_path, project):
    emulator.settings(v3_snapshots=False)
    try:
        with rest(settings_for(emulator), tmp_path) as cluster:
            first = cluster.create_snapshot("a", on_cluster(project))
            (project / "new").touch()
            second = cluster.create_snapshot("b", on_cluster(project))

            assert Change(CREATE, on_cluster(project, "/new")) in changes(
                cluster, first.id, second.id
            )
            (found,) = cluster.snapshots(second.id).values()
    finally:
        emulator.settings(v3_snapshots=True)
    assert (found.id, found.name, found.source) == (second.id, "b", on_cluster(project))


@pytest.mark.parametrize("source_path", ["empty", "missing"])
def test_over_rest_the_directory_of_a_snapshot_may_be_unknown(
    emulator, tmp_path, project, source_path
):
    taken = snapshot_of(emulator, on_cluster(project))
    emulator.settings(source_path=source_path)
    try:
        with rest(settings_for(emulator), tmp_path) as cluster:
            found = cluster.snapshots(taken)[taken]
    finally:
        emulator.settings(source_path="known")
    _, directory = emulator.request("GET", f"/v1/files/%2F{project.name}/info/attributes")
    assert (found.source, found.source_id) == ("", directory["id"])


# Counts


def write(project: Path, *names: str) -> None:
    for name in names:
        path = os.fsencode(project) + b"/" + os.fsencode(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb"):
            pass


def test_only_regular_files_are_counted_at_any_depth(cluster, emulator, project):
    write(project, "a", "d/b", "d/e/c", "d/e/f/g/h", *(f"other/{number}" for number in range(25)))
    (project / "d" / "link").symlink_to("b")
    (project / "d" / "dangling").symlink_to("nowhere")
    os.mkfifo(project / "d" / "pipe")
    (project / "d" / "empty").mkdir()
    taken = snapshot_of(emulator, on_cluster(project))

    assert cluster.count_files_below(on_cluster(project), taken) == 29
    assert cluster.count_files_below(on_cluster(project, "/d/"), taken) == 3
    assert cluster.count_files_below(on_cluster(project, "/d/empty"), taken) == 0


def test_the_files_of_the_snapshot_are_counted(cluster, emulator, project):
    write(project, "d/a", "d/b", "gone/c")
    first = snapshot_of(emulator, on_cluster(project))
    (project / "d" / "a").unlink()
    write(project, "d/x", "d/y", "new/z")
    shutil.rmtree(project / "gone")
    second = snapshot_of(emulator, on_cluster(project))
    write(project, "d/late")

    assert cluster.count_files_below(on_cluster(project, "/d"), first) == 2
    assert cluster.count_files_below(on_cluster(project, "/d"), second) == 3
    assert cluster.count_files_below(on_cluster(project, "/gone"), first) == 1
    assert cluster.count_files_below(on_cluster(project, "/gone"), second) == 0
    assert cluster.count_files_below(on_cluster(project, "/never/at/all"), second) == 0


def test_nothing_is_counted_outside_of_a_snapshot(cluster, emulator, project):
    write(project, "in/a", "out/b")
    taken = snapshot_of(emulator, on_cluster(project, "/in"))

    with pytest.raises(SnapshotMissingError, match=r"Error 404.*snapshot"):
        cluster.count_files_below(on_cluster(project, "/in"), taken + 1000)
    # Clusters are reported to answer this for any path that a snapshot does not have.
    assert cluster.count_files_below(on_cluster(project, "/out"), taken) == 0


def test_a_file_has_no_files_below_it_and_a_refusal_is_an_error(cluster, emulator, project):
    write(project, "a")
    taken = snapshot_of(emulator, on_cluster(project))
    assert cluster.count_files_below(on_cluster(project, "/a"), taken) == 0

    emulator.fault(path="*aggregates*", status=403, times=1)
    with pytest.raises((RefusedError, UnreadableError)):
        cluster.count_files_below(on_cluster(project), taken)


def is_unicode(name: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in name)


def test_a_directory_with_any_name_is_counted(cluster, emulator, project):
    names = ["--option", "'", "a#b?c", "%", *filter(is_unicode, NAMES)]
    # All in one path, since each command of qq is slow.
    path = "/".join(names)
    write(project, f"{path}/file", "other/file")
    taken = snapshot_of(emulator, on_cluster(project))

    assert cluster.count_files_below(on_cluster(project, f"/{path}"), taken) == 1


def test_no_cluster_can_be_asked_for_a_name_that_is_not_unicode(cluster, emulator, project):
    names = ["\udcff", "a\udc80é"]
    write(project, *(f"{name}/a" for name in names))
    taken = snapshot_of(emulator, on_cluster(project))

    for name in names:
        with pytest.raises(UnreadableError, match="not Unicode"):
            cluster.count_files_below(on_cluster(project, f"/{name}"), taken)
    assert cluster.count_files_below(on_cluster(project), taken) == 2


# Trees

LEVELS = 1010
"""More than one run of qq can walk: it calls itself for each level, 1,000 times at most."""


@pytest.mark.parametrize("cluster", [qq], indirect=True, ids=["qq"])
def test_a_tree_of_a_thousand_levels_is_walked(cluster, emulator, project):
    deep = project / "gone" / "/".join("d" * LEVELS)
    subprocess.run(["mkdir", "-p", deep], check=True)
    (deep / "file").write_text("x")
    (project / "gone" / "file").write_text("x")
    snapshot = snapshot_of(emulator, on_cluster(project))
    # Nor can Python's own rmtree remove it.
    subprocess.run(["rm", "-r", project / "gone"], check=True)

    found = cluster.walk(on_cluster(project, "/gone"), snapshot)

    top = on_cluster(project, "/gone/")
    files = {path for path, known in found.items() if known.kind is Kind.FILE}
    assert files == {f"{top}file", top + "d/" * LEVELS + "file"}
    assert found.keys() - files == {top + "d/" * level for level in range(1, LEVELS + 1)}
    subprocess.run(["rm", "-r", project], check=True)


# Single entries


def test_an_entry_is_inspected_in_a_snapshot_and_in_the_live_tree(cluster, emulator, project):
    write(project, "d/a")
    (project / "link").symlink_to("d")
    os.utime(project / "d" / "a", ns=(1, 1_700_000_000_123_456_789))
    taken = snapshot_of(emulator, on_cluster(project))
    (project / "d" / "a").write_text("longer")
    path = on_cluster(project, "/d/a")

    then = cluster.inspect_entry(path, taken)
    now = cluster.inspect_entry(path, None)

    assert (then.kind, then.size, then.path) == (Kind.FILE, 0, path)
    assert then.mtime == 1_700_000_000_123_456_789
    assert (now.kind, now.size, now.id) == (Kind.FILE, 6, then.id)
    assert cluster.inspect_entry(then.id, taken) == then
    assert cluster.inspect_entry(on_cluster(project, "/link"), taken).kind is Kind.OTHER


def test_an_inspected_entry_may_be_absent(cluster, emulator, project):
    write(project, "in/a", "out/b")
    taken = snapshot_of(emulator, on_cluster(project, "/in"))
    write(project, "in/late")

    with pytest.raises(AbsentError):
        cluster.inspect_entry(on_cluster(project, "/in/late"), taken)
    with pytest.raises(AbsentError):
        cluster.first_entries(on_cluster(project, "/in/a"), taken, 10)
    # An entry that the snapshot does not cover is unreadable, which ends no run.
    with pytest.raises(UnreadableError):
        cluster.inspect_entry(on_cluster(project, "/out"), taken)
    with pytest.raises(UnreadableError, match="not Unicode"):
        cluster.inspect_entry(on_cluster(project, "/\udcff"), taken)
    with pytest.raises(UnreadableError, match="not Unicode"):
        cluster.first_entries(on_cluster(project, "/\udcff"), taken, 10)


def test_the_first_entries_are_no_more_than_needed(cluster, emulator, project):
    write(project, "d/below/x", *(f"d/{number}" for number in range(7)))
    (project / "d" / "link").symlink_to("0")
    taken = snapshot_of(emulator, on_cluster(project))
    shutil.rmtree(project / "d" / "below")
    directory = on_cluster(project, "/d")

    # The cluster sends three entries a page.
    every = cluster.first_entries(directory, taken, 100)
    some = cluster.first_entries(directory, taken, 4)
    now = cluster.first_entries(f"{directory}/", None, 100)

    names = {*map(str, range(7)), "link"}
    assert {name: seen.kind for name, seen in every.items()} == {
        **dict.fromkeys(map(str, range(7)), Kind.FILE),
        "below": Kind.DIRECTORY,
        "link": Kind.OTHER,
    }
    assert set(now) == names
    assert 4 <= len(some) <= 6
    assert some.items() <= every.items()
    assert every["0"].id == now["0"].id


def test_the_first_entries_have_names_of_all_kinds(cluster, emulator, project):
    write(project, *NAMES)
    taken = snapshot_of(emulator, on_cluster(project))

    assert set(cluster.first_entries(on_cluster(project), taken, 100)) == set(NAMES)
