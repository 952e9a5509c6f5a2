"""Over REST: certificates, logins, failures that pass and failures that stay."""

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from qumulo_emulator.running import Emulator, serve_in_thread
from tests.end_to_end.conftest import site_on
from tests.end_to_end.failures import NO_LIST, check_failed, keep_earlier_list
from tests.end_to_end.lists import deleted, file, normalized, scan_list
from tests.end_to_end.processes import (
    emulator_password_variable,
    shown_by_processes,
    wait_until,
)
from tests.end_to_end.site import CommandResult, Site
from tests.qq import QQ

DIFF = "*changes-since*"
DIRECTORY = "*/entries/*"

# This number of created folders is many slices, which is enough work for several processes.
MANY = 45
SLICES = "--slice-size=2"
IN_WORKERS = ("--metadata=rest", "--workers=2", "--spill-after=3", SLICES)


class Project(NamedTuple):
    """A project that is reached over REST alone, with two snapshots."""

    cluster: Emulator
    site: Site
    older: int
    newer: int

    def use_rest(self, **changes: str | None) -> None:
        self.site.configure(QumuloTransport="rest", **changes)

    def generate(self, *options: str) -> CommandResult:
        return self.site.generate(self.older, self.newer, "--deletes", *options)

    def scan_list(self, *options: str) -> bytes:
        return self.site.scan_list(self.older, self.newer, "--deletes", *options)

    def expected(self) -> bytes:
        mount = self.site.mount
        reels = [file(mount, f"/reel{number:02}/a.mov") for number in range(MANY, 0, -1)]
        gone = [deleted("/gone/b.mov"), deleted("/gone/a.mov"), deleted("/gone", "F_DIR")]
        return scan_list([*reels, file(mount, "/new.mov"), *gone])

    def requests(self) -> list[str]:
        return [f"{one['method']} {one['path']}" for one in self.cluster.requests()]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    root = tmp_path_factory.mktemp("cluster")
    with serve_in_thread(root, page_limit=3) as cluster:
        site = site_on(cluster, tmp_path_factory.mktemp("site"))
        for name in ("gone/a.mov", "gone/b.mov"):
            write(site, name)
        older = site.snapshot()
        for name in ("new.mov", *[f"reel{number:02}/a.mov" for number in range(1, MANY + 1)]):
            write(site, name)
        shutil.rmtree(site.mount / "gone")
        yield Project(cluster, site, older, site.snapshot())


def write(site: Site, name: str) -> None:
    (site.mount / name).parent.mkdir(exist_ok=True)
    (site.mount / name).write_text("x")


@pytest.fixture
def project(shared: Project, tmp_path: Path) -> Iterator[Project]:
    """The project, with an earlier list and without qq."""
    site = site_on(shared.cluster, tmp_path)
    site.qq = tmp_path / "no qq here"
    keep_earlier_list(site)
    project = shared._replace(site=site)
    project.use_rest()
    yield project
    shared.cluster.clear_faults()
    shared.cluster.settings(latency_ms=0)


def create_snapshot(project: Project) -> CommandResult:
    return project.site.run("qumulo_create_snap.py", "-p", "show", "-s", "/gone")


# Without qq


@pytest.mark.parametrize("metadata", ["mount", "snapshot", "rest"])
def test_a_list_needs_no_qq(project: Project, metadata: str) -> None:
    assert normalized(project.scan_list(f"--metadata={metadata}")) == project.expected()


def test_a_snapshot_needs_no_qq(project: Project) -> None:
    (project.site.mount / "other").mkdir(exist_ok=True)
    done = project.site.run("qumulo_create_snap.py", "-p", "show", "-s", "/other")
    assert (done.code, done.messages) == (0, "")
    (name,) = (project.site.mount / "other" / ".snapshot").iterdir()
    assert name.name.startswith(f"{int(done.output)}_show-1")


def test_the_option_overrides_the_configuration(project: Project) -> None:
    project.use_rest()
    check_failed(project.site, project.generate("--transport=qq"), 127, "PATH")
    project.site.configure(QumuloTransport="qq")
    assert project.generate("--transport=rest").code == 0


def test_no_session_is_stored(project: Project) -> None:
    before = {path.name for path in project.site.folder.iterdir()}
    project.scan_list("--metadata=rest")
    state = project.site.folder / "state"
    assert {path.name for path in project.site.folder.iterdir()} - {state.name} == before
    assert [path for path in state.rglob("*") if not path.is_dir()] == [], "nor a page of the diff"
    assert not list(project.site.folder.rglob("sessions"))


# The certificate


@pytest.mark.parametrize("run", [create_snapshot, Project.generate])
def test_an_unknown_certificate_is_refused_until_its_fingerprint_is_configured(
    project: Project, run: Callable[[Project], CommandResult]
) -> None:
    fingerprint = project.cluster.certificate_sha256
    project.use_rest(QumuloCertificateFingerprint=None)
    before = project.requests()
    check_failed(project.site, run(project), 69, fingerprint, "QumuloCertificateFingerprint")
    assert project.requests() == before
    project.use_rest(QumuloCertificateFingerprint="00" * 32)
    check_failed(project.site, run(project), 69, fingerprint, "00" * 32)
    assert project.requests() == before


def test_a_fingerprint_may_be_written_as_other_tools_print_it(project: Project) -> None:
    digits = project.cluster.certificate_sha256.upper()
    pairs = [digits[at : at + 2] for at in range(0, len(digits), 2)]
    project.use_rest(QumuloCertificateFingerprint=":".join(pairs))
    assert project.generate().code == 0


def test_a_certificate_in_the_configured_file_is_trusted(project: Project) -> None:
    project.use_rest(QumuloCertificateFingerprint=None, QumuloCAFile=project.cluster.certificate)
    assert project.generate("--metadata=rest").code == 0


def test_every_run_without_verification_warns_once(project: Project) -> None:
    project.use_rest(QumuloCertificateFingerprint=None, QumuloVerifyTLS="false")
    runs = [project.generate("--metadata=rest"), create_snapshot(project)]
    project.site.qq = QQ["qq of today"]
    runs.append(project.generate("--transport=qq", "--metadata=rest"))
    assert [done.messages.count("QumuloVerifyTLS=false") for done in runs] == [1, 1, 1]


# Logins


def test_an_access_token_needs_no_login(project: Project) -> None:
    _, token = project.cluster.request(
        "POST", "/v1/auth/access-tokens/", {"user": {"name": "admin"}}
    )
    before = len(project.requests())
    project.use_rest(
        QumuloUsername=None, QumuloPassword=None, QumuloAccessToken=token["bearer_token"]
    )
    done = project.generate("--metadata=rest", "--verbose")
    assert done.code == 0
    assert token["bearer_token"] not in done.messages
    assert "POST /v1/session/login" not in project.requests()[before:]


def test_a_refused_access_token_is_reported(project: Project) -> None:
    project.use_rest(QumuloAccessToken="access-v1:not-this-one")
    done = project.generate("--verbose")
    check_failed(project.site, done, 77, "Error 401", "QumuloAccessToken")
    assert "not-this-one" not in done.messages


def test_a_wrong_password_is_reported_and_tried_once(project: Project) -> None:
    project.use_rest(QumuloPassword="not this one")
    before = project.requests().count("POST /v1/session/login")
    done = project.generate("--verbose", "--metadata=rest")
    check_failed(project.site, done, 77, "Error 401", "QumuloUsername and QumuloPassword")
    assert "not this one" not in done.messages
    assert project.requests().count("POST /v1/session/login") == before + 1


def test_a_missing_privilege_for_diffs_is_reported(project: Project) -> None:
    project.cluster.fault(method="GET", path=DIFF, status=403)
    check_failed(
        project.site, project.generate(), 77, "Error 403", "PRIVILEGE_SNAPSHOT_DIFFERENCE_READ"
    )


def test_a_missing_privilege_to_read_files_is_reported(project: Project) -> None:
    project.cluster.fault(method="GET", path=DIRECTORY, status=403)
    check_failed(
        project.site,
        project.generate(*IN_WORKERS),
        77,
        "Error 403",
        "FILE_READ_ACCESS",
    )


# Failures that pass


@pytest.mark.parametrize("path", [DIFF, DIRECTORY])
@pytest.mark.parametrize(
    "failure",
    [
        {"status": 401},
        {"status": 503, "retry_after": 1},
        {"action": "close"},
        {"action": "truncate"},
    ],
    ids=str,
)
def test_a_failure_that_passes_changes_nothing(
    project: Project, path: str, failure: dict[str, object]
) -> None:
    project.cluster.fault(method="GET", path=path, skip=1, times=1, **failure)
    done = project.generate("--metadata=rest", "--workers=1", "--verbose")
    assert done.code == 0, done.messages
    assert normalized(project.site.list_path.read_bytes()) == project.expected()
    assert ("again in" in done.messages) == (failure != {"status": 401})


def test_a_session_that_ends_in_the_middle_is_renewed(project: Project) -> None:
    project.cluster.fault(method="GET", path=DIFF, action="stall", skip=2, times=1)
    arguments = project.site.arguments(project.older, project.newer, "--deletes")
    with subprocess.Popen(
        project.site.command("qumulo_generate_changelist.py", *arguments),
        env=project.site.variables(),
        stdout=subprocess.PIPE,
    ) as running:
        wait_until(lambda: sum("changes-since" in one for one in project.requests()) >= 2)
        assert running.poll() is None
        project.cluster.expire_sessions()
        project.cluster.clear_faults()
        assert running.wait(60) == 0
    assert normalized(project.site.list_path.read_bytes()) == project.expected()


def test_a_session_that_ends_in_the_middle_is_renewed_by_each_worker(project: Project) -> None:
    project.cluster.fault(method="GET", path="*reel*/entries/*", action="stall", skip=4)
    arguments = project.site.arguments(project.older, project.newer, "--deletes", *IN_WORKERS)
    begun = len(project.requests())
    with subprocess.Popen(
        project.site.command("qumulo_generate_changelist.py", *arguments),
        env=project.site.variables(),
        stdout=subprocess.PIPE,
    ) as running:
        wait_until(lambda: sum("reel" in one for one in project.requests()[begun:]) >= 4)
        assert running.poll() is None
        ended = len(project.requests())
        project.cluster.expire_sessions()
        project.cluster.clear_faults()
        assert running.wait(60) == 0
    assert normalized(project.site.list_path.read_bytes()) == project.expected()
    # Both workers, for one tree or for both; and this test.
    assert 2 + 1 <= project.requests()[ended:].count("POST /v1/session/login") <= 2 * 2 + 1


def test_a_node_that_does_not_answer_is_left_out_and_reported(project: Project) -> None:
    project.use_rest(QumuloClusterIP="127.0.0.2, 127.0.0.1")
    done = project.generate("--metadata=rest", "--workers=1")
    assert done.code == 0
    assert "127.0.0.2 does not answer, and is left out" in done.messages
    assert normalized(project.site.list_path.read_bytes()) == project.expected()


# Failures that stay


def test_a_cluster_that_does_not_answer_is_reported(project: Project) -> None:
    project.use_rest(QumuloClusterPort="1")
    done = project.generate("--retry-for=1s")
    announced = "the cluster does not answer: Connection refused; trying again for 1 second\n"
    check_failed(project.site, done, 69, announced, "times in 1 second", "QumuloClusterIP")


def test_a_cluster_that_asks_to_wait_for_an_hour_is_not_waited_for(project: Project) -> None:
    project.cluster.fault(method="GET", path=DIFF, status=503, retry_after=3600)
    check_failed(project.site, project.generate(), 69, "Error 503", "try again later")


@pytest.mark.parametrize("path", [DIFF, DIRECTORY])
def test_an_answer_that_is_not_json_ends_the_run(project: Project, path: str) -> None:
    project.cluster.fault(method="GET", path=path, action="garbage", skip=1)
    done = project.generate("--metadata=rest")
    check_failed(project.site, done, 76, "is not JSON", NO_LIST)


def test_an_unknown_snapshot_is_reported(project: Project) -> None:
    done = project.site.generate(project.older, 10**30)
    check_failed(
        project.site, done, 66, f"has no snapshot {10**30}", "expire by themselves", NO_LIST
    )


def test_an_unknown_source_path_is_reported(project: Project) -> None:
    done = create_snapshot(project)
    check_failed(project.site, done, 66, "Error 404", "path exists on the cluster")
    assert "list" not in done.messages


# Lists that need the mount


@pytest.mark.parametrize("metadata", ["mount", "snapshot"])
def test_2_if_the_mapped_path_is_needed_and_missing(project: Project, metadata: str) -> None:
    arguments = project.site.arguments(project.older, project.newer, f"--metadata={metadata}")
    at = arguments.index("-m")
    done = project.site.run("qumulo_generate_changelist.py", *arguments[:at], *arguments[at + 2 :])
    check_failed(project.site, done, 2, "the mapped path is needed", "-m", "--metadata rest")


def test_2_if_the_mount_does_not_show_the_snapshot(project: Project) -> None:
    done = project.site.generate(
        project.older, project.newer, "--metadata=snapshot", base="/reel01"
    )
    check_failed(
        project.site, done, 2, f"snapshot {project.newer}", "Core 5.2.4", "--metadata rest"
    )


# Secrets


def test_no_process_shows_a_secret(project: Project) -> None:
    _, token = project.cluster.request(
        "POST", "/v1/auth/access-tokens/", {"user": {"name": "admin"}}
    )
    password = project.site.password.encode()
    for secret in (password, token["bearer_token"].encode()):
        if secret != password:
            project.use_rest(QumuloAccessToken=secret.decode())
        options = ("--deletes", "--metadata=rest", "--workers=2", SLICES, "--verbose")
        arguments = project.site.arguments(project.older, project.newer, *options)
        project.cluster.settings(latency_ms=5)
        times_workers_were_seen = 0
        with subprocess.Popen(
            project.site.command("qumulo_generate_changelist.py", *arguments),
            env=project.site.variables(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as running:
            while running.poll() is None:
                shown = shown_by_processes().replace(emulator_password_variable(password), b"")
                assert secret not in shown
                times_workers_were_seen += b"spawn_main" in shown
                time.sleep(0.01)
            output, messages = running.communicate()
        assert running.returncode == 0, messages
        assert times_workers_were_seen > 5
        assert secret not in output + messages
    files = [path for path in project.site.folder.rglob("*") if path.is_file()]
    assert [path for path in files if password in path.read_bytes()] == [project.site.configuration]
