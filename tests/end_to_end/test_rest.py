"""A cluster asked directly: whom it is taken for, who asks, and what a run makes of trouble."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from qumulo_emulator.running import Emulator, serve_in_process
from tests.end_to_end.conftest import QQ, site_on
from tests.end_to_end.lists import deleted, file, scan_list, settled
from tests.end_to_end.refusals import check_refused, keep_earlier_list
from tests.end_to_end.site import Finished, Site
from tests.end_to_end.test_secrets import emulator_password_variable, seen_of_processes

DIFF = "*changes-since*"
DIRECTORY = "*/entries/*"

# So many created folders are worth several processes.
MANY = 45
# Changes on disk are not looked into before processes are started.
IN_WORKERS = ("--metadata=rest", "--workers=2", "--spill-after=3")


class ChangedPaths(NamedTuple):
    """A project that is reached over REST alone, with two snapshots."""

    cluster: Emulator
    site: Site
    older: int
    newer: int

    def over_rest(self, **changes: str | None) -> None:
        self.site.configure(QumuloTransport="rest", **changes)

    def generate(self, *options: str) -> Finished:
        return self.site.generate(self.older, self.newer, "--deletes", *options)

    def scan_list(self, *options: str) -> bytes:
        return self.site.scan_list(self.older, self.newer, "--deletes", *options)

    def expected(self) -> bytes:
        mount = self.site.mount
        reels = [file(mount, f"/reel{number:02}/a.mov") for number in range(MANY, 0, -1)]
        gone = [deleted("/gone/b.mov"), deleted("/gone/a.mov"), deleted("/gone", "F_DIR")]
        return scan_list([*reels, file(mount, "/new.mov"), *gone])

    def asked(self) -> list[str]:
        return [f"{one['method']} {one['path']}" for one in self.cluster.requests()]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChangedPaths]:
    root = tmp_path_factory.mktemp("cluster")
    with serve_in_process(root, page_limit=3) as cluster:
        site = site_on(cluster, tmp_path_factory.mktemp("site"))
        for name in ("gone/a.mov", "gone/b.mov"):
            write(site, name)
        older = site.snapshot_by_api(cluster)
        for name in ("new.mov", *[f"reel{number:02}/a.mov" for number in range(1, MANY + 1)]):
            write(site, name)
        shutil.rmtree(site.mount / "gone")
        yield ChangedPaths(cluster, site, older, site.snapshot_by_api(cluster))


def write(site: Site, name: str) -> None:
    (site.mount / name).parent.mkdir(exist_ok=True)
    (site.mount / name).write_text("x")


@pytest.fixture
def changed(made: ChangedPaths, tmp_path: Path) -> Iterator[ChangedPaths]:
    """The project, with files of its own for the test, an earlier list, and no qq."""
    site = site_on(made.cluster, tmp_path)
    site.qq = tmp_path / "no qq here"
    keep_earlier_list(site)
    one = made._replace(site=site)
    one.over_rest()
    yield one
    made.cluster.clear_faults()
    made.cluster.settings(latency_ms=0)


def create_snapshot(changed: ChangedPaths) -> Finished:
    return changed.site.run("qumulo_create_snap.py", "-p", "show", "-s", "/gone")


# Both commands, without qq


@pytest.mark.parametrize("metadata", ["mount", "snapshot", "rest"])
def test_a_list_needs_no_qq(changed: ChangedPaths, metadata: str) -> None:
    assert settled(changed.scan_list(f"--metadata={metadata}")) == changed.expected()


def test_a_snapshot_needs_no_qq(changed: ChangedPaths) -> None:
    (changed.site.mount / "other").mkdir(exist_ok=True)
    done = changed.site.run("qumulo_create_snap.py", "-p", "show", "-s", "/other")
    assert (done.code, done.messages) == (0, "")
    (name,) = (changed.site.mount / "other" / ".snapshot").iterdir()
    assert name.name.startswith(f"{int(done.output)}_show-1")


def test_the_option_counts_more_than_the_configuration(changed: ChangedPaths) -> None:
    changed.over_rest()
    check_refused(changed.site, changed.generate("--transport=qq"), 127, "PATH")
    changed.site.configure(QumuloTransport="qq")
    assert changed.generate("--transport=rest").code == 0


def test_a_session_is_kept_nowhere(changed: ChangedPaths) -> None:
    before = {path.name for path in changed.site.folder.iterdir()}
    changed.scan_list("--metadata=rest")
    assert {path.name for path in changed.site.folder.iterdir()} == before
    assert not list(changed.site.folder.rglob("sessions"))


# The certificate


@pytest.mark.parametrize("run", [create_snapshot, ChangedPaths.generate])
def test_an_unknown_certificate_is_refused_until_its_fingerprint_is_configured(
    changed: ChangedPaths, run
) -> None:
    fingerprint = changed.cluster.certificate_sha256
    changed.over_rest(QumuloCertificateFingerprint=None)
    before = changed.asked()
    check_refused(changed.site, run(changed), 69, fingerprint, "QumuloCertificateFingerprint")
    assert changed.asked() == before
    changed.over_rest(QumuloCertificateFingerprint="00" * 32)
    check_refused(changed.site, run(changed), 69, fingerprint, "00" * 32)
    assert changed.asked() == before


def test_a_fingerprint_may_be_written_as_other_tools_print_it(changed: ChangedPaths) -> None:
    digits = changed.cluster.certificate_sha256.upper()
    pairs = [digits[at : at + 2] for at in range(0, len(digits), 2)]
    changed.over_rest(QumuloCertificateFingerprint=":".join(pairs))
    assert changed.generate().code == 0


def test_a_certificate_in_the_configured_file_is_trusted(changed: ChangedPaths) -> None:
    changed.over_rest(QumuloCertificateFingerprint=None, QumuloCAFile=changed.cluster.certificate)
    assert changed.generate("--metadata=rest").code == 0


def test_without_verification_every_run_says_so_once(changed: ChangedPaths) -> None:
    changed.over_rest(QumuloCertificateFingerprint=None, QumuloVerifyTLS="false")
    runs = [changed.generate(), changed.generate("--metadata=rest"), create_snapshot(changed)]
    changed.site.qq = QQ["qq of today"]
    runs.append(changed.generate("--transport=qq", "--metadata=rest"))
    assert [done.messages.count("QumuloVerifyTLS=false") for done in runs] == [1, 1, 1, 1]


# Who asks


def test_an_access_token_needs_no_login(changed: ChangedPaths) -> None:
    _, token = changed.cluster.request(
        "POST", "/v1/auth/access-tokens/", {"user": {"name": "admin"}}
    )
    before = len(changed.asked())
    changed.over_rest(
        QumuloUsername=None, QumuloPassword=None, QumuloAccessToken=token["bearer_token"]
    )
    done = changed.generate("--metadata=rest", "--verbose")
    assert done.code == 0
    assert token["bearer_token"] not in done.messages
    assert "POST /v1/session/login" not in changed.asked()[before:]


def test_an_access_token_that_is_not_taken_is_told(changed: ChangedPaths) -> None:
    changed.over_rest(QumuloAccessToken="access-v1:not-this-one")
    done = changed.generate("--verbose")
    check_refused(changed.site, done, 77, "Error 401", "QumuloAccessToken")
    assert "not-this-one" not in done.messages


def test_a_wrong_password_is_told_and_tried_once(changed: ChangedPaths) -> None:
    changed.over_rest(QumuloPassword="not this one")
    before = changed.asked().count("POST /v1/session/login")
    done = changed.generate("--verbose", "--metadata=rest")
    check_refused(changed.site, done, 77, "Error 401", "QumuloUsername and QumuloPassword")
    assert "not this one" not in done.messages
    assert changed.asked().count("POST /v1/session/login") == before + 1


def test_a_missing_privilege_is_told(changed: ChangedPaths) -> None:
    changed.cluster.fault(method="GET", path=DIFF, status=403)
    check_refused(
        changed.site, changed.generate(), 77, "Error 403", "PRIVILEGE_SNAPSHOT_DIFFERENCE_READ"
    )


def test_a_missing_privilege_to_read_files_is_told(changed: ChangedPaths) -> None:
    changed.cluster.fault(method="GET", path=DIRECTORY, status=403)
    check_refused(
        changed.site,
        changed.generate(*IN_WORKERS),
        77,
        "Error 403",
        "FILE_READ_ACCESS",
    )


# Trouble that passes


@pytest.mark.parametrize("path", [DIFF, DIRECTORY])
@pytest.mark.parametrize(
    "trouble",
    [
        {"status": 401},
        {"status": 503, "retry_after": 1},
        {"action": "close"},
        {"action": "truncate"},
    ],
    ids=str,
)
def test_trouble_in_the_middle_that_passes_changes_nothing(
    changed: ChangedPaths, path: str, trouble: dict[str, object]
) -> None:
    changed.cluster.fault(method="GET", path=path, skip=1, times=1, **trouble)
    done = changed.generate("--metadata=rest", "--workers=1", "--verbose")
    assert done.code == 0, done.messages
    assert settled(changed.site.list_path.read_bytes()) == changed.expected()
    assert ("again in" in done.messages) == (trouble != {"status": 401})


def test_all_sessions_that_end_in_the_middle_are_renewed(changed: ChangedPaths) -> None:
    changed.cluster.fault(method="GET", path=DIFF, action="stall", skip=2, times=1)
    arguments = changed.site.arguments(changed.older, changed.newer, "--deletes")
    with subprocess.Popen(
        changed.site.command("qumulo_generate_changelist.py", *arguments),
        env=changed.site.variables(),
        stdout=subprocess.PIPE,
    ) as running:
        while sum("changes-since" in one for one in changed.asked()) < 2:
            assert running.poll() is None
        changed.cluster.expire_sessions()
        changed.cluster.clear_faults()
        assert running.wait(60) == 0
    assert settled(changed.site.list_path.read_bytes()) == changed.expected()


def test_a_node_that_does_not_answer_is_left_out_and_told(changed: ChangedPaths) -> None:
    changed.over_rest(QumuloClusterIP="127.0.0.2, 127.0.0.1")
    done = changed.generate("--metadata=rest", "--workers=1")
    assert done.code == 0
    assert "127.0.0.2 does not answer, and is left out" in done.messages
    assert settled(changed.site.list_path.read_bytes()) == changed.expected()


# Trouble that does not


def test_a_cluster_that_nobody_answers_for_is_told(changed: ChangedPaths) -> None:
    changed.over_rest(QumuloClusterPort="1")
    check_refused(changed.site, changed.generate(), 69, "Connection refused", "QumuloClusterIP")


def test_a_cluster_that_asks_for_long_patience_is_left_alone(changed: ChangedPaths) -> None:
    changed.cluster.fault(method="GET", path=DIFF, status=503, retry_after=3600)
    check_refused(changed.site, changed.generate(), 69, "Error 503", "try again later")


@pytest.mark.parametrize("path", [DIFF, DIRECTORY])
def test_what_is_no_json_ends_the_run(changed: ChangedPaths, path: str) -> None:
    changed.cluster.fault(method="GET", path=path, action="garbage", skip=1)
    done = changed.generate("--metadata=rest")
    check_refused(changed.site, done, 76, "is not JSON", "No list was written")


def test_an_unknown_snapshot_is_told(changed: ChangedPaths) -> None:
    done = changed.site.generate(changed.older, 10**30)
    check_refused(changed.site, done, 66, "Error 404", "expire by themselves")


def test_an_unknown_source_path_is_told(changed: ChangedPaths) -> None:
    done = create_snapshot(changed)
    check_refused(changed.site, done, 66, "Error 404", "path exists on the cluster")


# Where a list needs the mount


@pytest.mark.parametrize("metadata", ["mount", "snapshot"])
def test_2_where_the_mapped_path_is_needed_and_missing(
    changed: ChangedPaths, metadata: str
) -> None:
    arguments = changed.site.arguments(changed.older, changed.newer, f"--metadata={metadata}")
    at = arguments.index("-m")
    done = changed.site.run("qumulo_generate_changelist.py", *arguments[:at], *arguments[at + 2 :])
    check_refused(changed.site, done, 2, f"--metadata {metadata} needs the mapped path", "-m")


def test_2_where_the_mount_does_not_show_the_snapshot(changed: ChangedPaths) -> None:
    done = changed.site.generate(
        changed.older, changed.newer, "--metadata=snapshot", base="/reel01"
    )
    check_refused(
        changed.site, done, 2, f"snapshot {changed.newer}", "Core 5.2.4", "--metadata rest"
    )


# Secrets


def test_no_secret_is_seen_while_several_processes_ask(changed: ChangedPaths) -> None:
    _, token = changed.cluster.request(
        "POST", "/v1/auth/access-tokens/", {"user": {"name": "admin"}}
    )
    password = changed.site.password.encode()
    for secret in (password, token["bearer_token"].encode()):
        if secret != password:
            changed.over_rest(QumuloAccessToken=secret.decode())
        options = ("--deletes", "--metadata=rest", "--workers=2", "--verbose")
        arguments = changed.site.arguments(changed.older, changed.newer, *options)
        changed.cluster.settings(latency_ms=5)
        looks_at_workers = 0
        with subprocess.Popen(
            changed.site.command("qumulo_generate_changelist.py", *arguments),
            env=changed.site.variables(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as running:
            while running.poll() is None:
                seen = seen_of_processes().replace(emulator_password_variable(password), b"")
                assert secret not in seen
                looks_at_workers += b"spawn_main" in seen
            output, messages = running.communicate()
        assert running.returncode == 0, messages
        assert looks_at_workers > 5
        assert secret not in output + messages
    files = [path for path in changed.site.folder.rglob("*") if path.is_file()]
    assert [path for path in files if password in path.read_bytes()] == [changed.site.configuration]
