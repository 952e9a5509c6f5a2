"""`qumulo-changelist doctor`: what a newcomer meets, each once, and what to type next."""

import json
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from qumulo_changelist.cli.check_words import check_as_json
from qumulo_changelist.operations.doctor import trial
from qumulo_changelist.operations.doctor.checks import CheckStatus
from qumulo_changelist.operations.doctor.diagnosis import DoctorRequest, diagnose
from qumulo_changelist.projects.project import ListOptions, Project, Source
from qumulo_emulator.running import Emulator
from tests.end_to_end.site import CommandResult, Site, make_policy
from tests.quick import quick_command

PROGRAM = str(Path(sys.executable).parent / "qumulo-changelist")
HOUR = 3600


@pytest.fixture(autouse=True)
def _usual_cluster(cluster: Emulator) -> Iterator[None]:
    yield
    cluster.settings(missing_privileges=[], clock_shift=0, v3_snapshots=True)


@pytest.fixture
def site(site: Site, monkeypatch: pytest.MonkeyPatch) -> Site:
    """A project over REST, with a file in it."""
    monkeypatch.setenv("XDG_STATE_HOME", str(site.folder / "state"))
    site.configure(QumuloTransport="rest")
    (site.mount / "a.mov").write_bytes(b"12345")
    return site


def doctor(site: Site, *arguments: str) -> CommandResult:
    done = subprocess.run(
        [quick_command("qumulo-changelist"), "doctor", *arguments],
        capture_output=True,
        text=True,
        env=site.variables(),
        cwd=site.folder,
        timeout=120,
    )
    return CommandResult(done.returncode, done.stdout, done.stderr)


def examine(
    site: Site, source: str = "", mapped_path: Path | None = None, code: int = 0
) -> list[dict[str, str]]:
    """Check a source on its mount without the command, which is quicker; return its JSON."""
    place = Source(path=source or site.source, guid="g", mapped_path=str(mapped_path or site.mount))
    request = DoctorRequest(
        projects=(Project(name="changelist", sources=(place,)),),
        config=str(site.configuration),
        state=str(site.folder / "state.sqlite"),
    )
    diagnosis = diagnose(request)
    assert diagnosis.exit_code == code, diagnosis.checks
    return [check_as_json(check) for check in diagnosis.checks]


def named(checks: list[dict[str, str]], status: str) -> list[str]:
    return [check["name"] for check in checks if check["status"] == status]


def only(checks: list[dict[str, str]], name: str) -> dict[str, str]:
    (check,) = [check for check in checks if check["name"] == name]
    return check


def snapshots_of(site: Site) -> list[dict[str, Any]]:
    """Return the snapshots of a site's source, and of what is below it."""
    assert site.cluster
    _, answer = site.cluster.request("GET", "/v3/snapshots/status/")
    below = f"{site.source.rstrip('/')}/"
    return [one for one in answer["entries"] if f"{one['source_file_path']}/".startswith(below)]


def labels(site: Site) -> list[str]:
    """Return their names, without their ids."""
    return [one["name"].partition("_")[2] for one in snapshots_of(site)]


def take(cluster: Emulator, path: str, label: str) -> None:
    _, directory = cluster.request("GET", f"/v1/files/{path.replace('/', '%2F')}/info/attributes")
    wanted = {"name_suffix": label, "expiration": "", "source_file_id": directory["id"]}
    cluster.request("POST", "/v3/snapshots/", wanted)


def closed_port() -> str:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return str(bound.getsockname()[1])


# What passes


def test_each_line_says_what_was_checked_and_no_snapshot_remains(own_site: Site) -> None:
    own_site.configure(QumuloTransport="rest")
    (own_site.mount / "a.mov").write_bytes(b"12345")

    done = doctor(own_site, "--source", "/", "--mapped-path", str(own_site.mount))

    lines = done.output.splitlines()
    assert done.code == 0, done.output
    assert {line.split()[0] for line in lines} == {"ok"}
    assert f"ok       127.0.0.1 takes connections: at port {own_site.port}" in lines
    assert "ok       the privilege PRIVILEGE_SNAPSHOT_READ: the user admin has it" in lines
    for what in (f"the mapped path {own_site.mount}", f".snapshot below {own_site.mount}"):
        assert f"ok       {what}: names, sizes and times are the same" in lines
    assert labels(own_site) == []


def test_without_a_project_the_cluster_alone_is_checked(site: Site, cluster: Emulator) -> None:
    before = len(cluster.requests())

    done = doctor(site, "--json")

    names = [check["name"] for check in json.loads(done.output)["checks"]]
    assert done.code == 0
    keys = {"name", "about", "title", "status", "detail", "hint"}
    assert all(check.keys() == keys for check in json.loads(done.output)["checks"])
    assert {"login", "privilege", "version", "clock", "qq", "work-folder"} <= {*names}
    assert not {"source", "snapshots", "mapped-path"} & {*names}
    asked = cluster.requests()[before:]
    assert {entry["method"] for entry in asked if "login" not in entry["path"]} == {"GET"}


def test_through_qq_everything_is_checked_likewise(site: Site, cluster: Emulator) -> None:
    site.configure()

    done = doctor(site, "--source", site.source, "--mapped-path", str(site.mount), "--json")

    assert done.code == 0
    checks = json.loads(done.output)["checks"]

    assert {check["status"] for check in checks} == {"ok"}
    assert "qq 7" in only(checks, "qq")["detail"]
    sessions = site.folder / "state" / "qumulo-changelist" / "sessions"
    assert stat.S_IMODE(sessions.stat().st_mode) == 0o700
    assert labels(site) == []


def test_the_projects_of_a_cluster_are_checked_together(site: Site) -> None:
    (site.mount / "sub").mkdir()
    projects = site.folder / "projects.toml"
    projects.write_text(
        f'[projects.a]\npath = "{site.source}"\nguid = "a"\npolicy = "Nightly"\n'
        f'[projects.b]\npath = "{site.source}/sub"\nguid = "b"\n'
    )

    done = doctor(site, "--all", "--projects", str(projects), "--json")

    checks = json.loads(done.output)["checks"]
    about = [check["about"] for check in checks if check["name"] in ("privilege", "source")]
    assert done.code == 0
    assert len([check for check in checks if check["name"] == "login"]) == 1
    assert about[-2:] == [site.source, f"{site.source}/sub"]


# What fails, in the order in which newcomers meet it


@pytest.mark.parametrize(
    ("changed", "failed", "code", "hint"),
    [
        ({"QumuloPassword": None}, "configuration", 23, "Add what is missing"),
        ({"QumuloClusterIP": "no-such-host.invalid"}, "host-name", 69, "QumuloClusterIP"),
        ({"QumuloClusterPort": "closed"}, "port", 69, "QumuloClusterPort"),
        ({"QumuloCertificateFingerprint": "0" * 64}, "certificate", 69, "was changed"),
        ({"QumuloCertificateFingerprint": None}, "certificate", 69, "add this line"),
        ({"QumuloPassword": "wrong-secret"}, "login", 77, "QumuloPassword"),
        ({"FastScanWorkFolder": "below a file"}, "work-folder", 4, "FastScanWorkFolder"),
        ({"QumuloTransport": "qq", "QumuloQqPath": "/no/qq"}, "qq", 127, "pip install qumulo-api"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_configuration_that_does_not_work_fails_once_with_what_to_type(
    site: Site, changed: dict[str, str | None], failed: str, code: int, hint: str
) -> None:
    given = {"closed": closed_port(), "below a file": str(site.configuration / "work")}
    values = {key: given.get(value or "", value) for key, value in changed.items()}
    site.configure(**{"QumuloTransport": "rest"} | values)

    checks = examine(site, code=code)

    assert named(checks, "failed") == [failed]
    assert hint in only(checks, failed)["hint"]
    if failed != "work-folder":
        assert only(checks, "source")["status"] == "skipped"
    if changed == {"QumuloCertificateFingerprint": None}:
        line = f"QumuloCertificateFingerprint={site.fingerprint}"
        assert line in only(checks, "certificate")["hint"]


@pytest.mark.parametrize(
    ("privilege", "skipped"),
    [
        ("SNAPSHOT_READ", ["snapshots", "diff", "mapped-path", "mapped-snapshot", "removal"]),
        ("SNAPSHOT_DIFFERENCE_READ", ["diff"]),
    ],
)
def test_a_missing_privilege_is_named_and_what_needs_it_is_skipped(
    site: Site, cluster: Emulator, privilege: str, skipped: list[str]
) -> None:
    cluster.settings(missing_privileges=[f"PRIVILEGE_{privilege}"])

    checks = examine(site, code=77)

    (failed,) = [check for check in checks if check["status"] == "failed"]
    assert (failed["name"], failed["about"]) == ("privilege", f"PRIVILEGE_{privilege}")
    assert f"PRIVILEGE_{privilege}" in failed["hint"]
    assert named(checks, "skipped") == skipped


def test_a_missing_source_and_a_wrong_mount_fail(site: Site, cluster: Emulator) -> None:
    missing = examine(site, f"{site.source}/none", code=66)
    wrong = examine(site, mapped_path=site.folder, code=2)
    nothing = examine(site, mapped_path=site.folder / "none", code=2)

    assert named(missing, "failed") == ["source"]
    assert named(wrong, "failed") == named(nothing, "failed") == ["mapped-path"]
    assert "/a.mov is a file of 5 bytes" in only(wrong, "mapped-path")["detail"]
    assert "mapped path" in only(wrong, "mapped-path")["hint"]
    assert only(wrong, "removal")["status"] == "ok"
    assert labels(site) == []


def test_a_snapshot_that_cannot_be_deleted_is_reported(site: Site, cluster: Emulator) -> None:
    cluster.fault(method="DELETE", path="/v3/snapshots/*", status=403, times=1)

    checks = examine(site, code=77)

    assert named(checks, "failed") == ["removal"]


def test_a_project_that_cannot_be_run_fails_before_the_cluster_is_asked(
    site: Site, cluster: Emulator
) -> None:
    wrong = Project(
        name="wrong",
        sources=(Source(path="/missing", guid="g"),),
        options=ListOptions(formats=("bogus",)),
    )

    diagnosis = diagnose(DoctorRequest(projects=(wrong,), config=str(site.configuration)))

    first = check_as_json(diagnosis.checks[0])
    assert diagnosis.exit_code == 2
    assert [one.name for one in diagnosis.checks if one.status is CheckStatus.FAILED] == ["project"]
    assert first["title"] == "the project wrong"
    assert "'bogus' is not a format" in first["detail"]
    assert "projects.toml" in first["hint"]


# What only warns


def test_a_policy_without_a_snapshot_and_a_secret_that_others_can_read_warn(
    site: Site, cluster: Emulator
) -> None:
    policy = f"hourly {site.source[1:]}"
    file = site.folder / "projects.toml"
    file.write_text(
        f'[projects.show]\npath = "{site.source}"\nguid = "g"\npolicy = "{policy}"\n'
        f'config = "{site.configuration}"\nnotify_url = "http://127.0.0.1:1/s3cret"\n'
    )

    site.configuration.chmod(0o644)

    def examined() -> dict[str, dict[str, str]]:
        done = doctor(site, "show", "--projects", str(file), "--json")
        assert done.code == 0, done.output
        assert "has a secret" not in done.messages  # the check says it
        assert "s3cret" not in done.output + done.messages
        return {check["name"]: check for check in json.loads(done.output)["checks"]}

    before = examined()
    assert before["policy"]["status"] == before["projects-file"]["status"] == "warning"
    assert before["configuration"]["status"] == "warning"
    for name in ("configuration", "projects-file"):
        assert "every user of this machine can read it (mode 0644)" in before[name]["detail"]
        assert "chmod 600" in before[name]["hint"]
    assert "no snapshot" in before["policy"]["detail"]

    file.chmod(0o600)
    site.configuration.chmod(0o600)
    make_policy(cluster, site.source, policy)
    cluster.run_policy(policy)
    after = examined()
    for name in ("policy", "projects-file", "configuration"):
        assert after[name]["status"] == "ok"


def test_one_node_of_two_is_enough(site: Site) -> None:
    site.configure(QumuloTransport="rest", QumuloClusterIP="127.0.0.1,127.0.0.2")

    checks = examine(site)

    (warned,) = [
        check for check in checks if (check["name"], check["status"]) == ("port", "warning")
    ]
    assert warned["about"] == "127.0.0.2"


@pytest.mark.parametrize("with_project", [True, False], ids=["a snapshot's time", "the Date"])
def test_a_clock_that_is_off_warns_and_says_why_it_matters(
    site: Site, cluster: Emulator, *, with_project: bool
) -> None:
    cluster.settings(clock_shift=2 * HOUR)

    checks = examine(site) if with_project else json.loads(doctor(site, "--json").output)["checks"]

    clock = only(checks, "clock")
    assert clock["status"] == "warning"
    assert "ahead of that of this machine" in clock["detail"]
    assert "expire" in clock["detail"]
    assert "NTP" in clock["hint"]


def test_an_old_core_and_a_token_that_ends_warn(site: Site, cluster: Emulator) -> None:
    _, me = cluster.request("GET", "/v1/session/who-am-i")
    soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 24 * HOUR))
    wanted = {"user": {"auth_id": me["id"]}, "expiration_time": soon}
    _, token = cluster.request("POST", "/v1/auth/access-tokens/", wanted)
    cluster.settings(v3_snapshots=False)
    site.configure(
        QumuloTransport="rest",
        QumuloUsername=None,
        QumuloPassword=None,
        QumuloAccessToken=token["bearer_token"],
    )

    checks = examine(site)

    assert f"token {token['id']}, ends on {soon[:10]}" in only(checks, "access-token")["detail"]
    assert "snapshots in version 2" in only(checks, "version")["detail"]
    assert named(checks, "warning") == ["access-token", "version"]
    assert token["bearer_token"] not in json.dumps(checks)


def test_a_mount_without_snapshots_warns(site: Site) -> None:
    """A copy looks like the source until snapshots are wanted."""
    copy = shutil.copytree(site.mount, site.folder / "copy")

    checks = examine(site, mapped_path=copy)

    assert only(checks, "mapped-path")["status"] == "ok"
    assert only(checks, "mapped-snapshot")["status"] == "warning"
    assert ".snapshot" in only(checks, "mapped-snapshot")["hint"]


def test_an_empty_directory_cannot_be_compared(site: Site) -> None:
    (site.mount / "a.mov").unlink()

    mapped = only(examine(site), "mapped-path")

    assert mapped["status"] == "warning"
    assert "nothing, and the snapshot has nothing there either" in mapped["detail"]


# What must never happen


def test_no_output_has_a_secret(site: Site, cluster: Emulator) -> None:
    right = doctor(site, "--source", site.source, "--verbose")
    site.configure(QumuloTransport="rest", QumuloPassword="wrong-secret")
    wrong = doctor(site, "--source", site.source, "--verbose")

    assert (right.code, wrong.code) == (0, 77)
    for done, secret in ((right, cluster.password), (wrong, "wrong-secret")):
        assert secret not in done.output + done.messages
        assert "session-v1" not in done.output + done.messages


def test_snapshots_are_deleted_also_after_an_interruption(own_site: Site) -> None:
    own_site.configure(QumuloTransport="rest")
    cluster = own_site.cluster
    assert cluster
    cluster.fault(path="*/changes-since/*", action="stall")
    process = subprocess.Popen(
        [PROGRAM, "doctor", "--source", "/", "-q"], env=own_site.variables(), cwd=own_site.folder
    )
    with process:
        while len(labels(own_site)) < 2:
            assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        code = process.wait(30)

    assert code == 128 + signal.SIGTERM
    assert labels(own_site) == []


def test_a_snapshot_is_deleted_although_the_answer_to_its_creation_was_lost(
    site: Site, cluster: Emulator
) -> None:
    cluster.fault(method="POST", path="/v3/snapshots/", action="truncate", times=1)

    checks = examine(site, code=69)

    assert named(checks, "failed") == ["snapshots"]
    assert labels(site) == []


def test_only_what_a_killed_check_left_of_this_source_is_deleted(
    site: Site, cluster: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    (site.mount / "sub").mkdir()
    left = f"changelist-{int(time.time())}-doctor"
    others = [f"{left}s", f"other-{left}", left.replace("doctor", "run"), left]
    for label in (left, *others[:-1]):
        take(cluster, site.source, label)
    take(cluster, f"{site.source}/sub", left)
    examine(site)
    assert sorted(labels(site)) == sorted([left, *others])  # it may be at work still
    monkeypatch.setattr(trial, "_LEFT_AFTER", 0)
    checks = examine(site)

    detail = only(checks, "snapshots")["detail"]
    assert "1 that an earlier check had left are deleted" in detail
    assert sorted(labels(site)) == sorted(others)


def test_a_wrong_command_line_ends_with_2(site: Site) -> None:
    done = doctor(site, "--mapped-path", "/mnt")
    both = doctor(site, "show", "--source", "/a")

    assert (done.code, both.code) == (2, 2)
    assert "--mapped-path need --source" in done.messages
