"""Workers of other machines: what travels to them, what they find there, and what they check.

The other machine is a process of this one: what differs is its environment and its folder.
"""

import contextlib
import json
import shutil
import socket
import socketserver
import threading
from collections.abc import Iterator
from pathlib import Path
from pickle import UnpicklingError
from typing import NamedTuple

import pytest
import trustme
from msgspec.structs import replace

from qumulo_changelist import ChangelistRequest, generate_changelist, read_settings
from qumulo_changelist.cli.messages import hint_for
from qumulo_changelist.errors import (
    ChangelistError,
    CredentialsError,
    LoginError,
    NoSessionError,
    SessionEndedError,
    WorkerError,
    WrongMountError,
)
from qumulo_changelist.events import ignore
from qumulo_changelist.operations.doctor.checks import Check, CheckStatus
from qumulo_changelist.operations.doctor.diagnosis import DoctorRequest, diagnose
from qumulo_changelist.projects.project import ListOptions, Project, Source
from qumulo_changelist.runners.dask import DaskRunner
from qumulo_changelist.runners.dask_connection import DaskConnection
from qumulo_changelist.runners.dask_worker import PickledTask, versions
from qumulo_changelist.runners.scheduler import Scheduler
from qumulo_emulator.running import Emulator
from tests.end_to_end.conftest import site_on
from tests.end_to_end.files import write_files
from tests.end_to_end.site import GUID, Site
from tests.parts.dask_cluster import Nursery


class Machine(NamedTuple):
    """A machine with a worker, as far as a test changes it."""

    started: Nursery
    folder: Path
    """The folder of the worker."""
    configuration: Path
    """The archiver's configuration there, if there is one."""
    certificates: Path


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    folder = tmp_path_factory.mktemp("worker")
    configuration = folder / "own.conf"
    for name, content in certificates().items():
        (folder / name).write_bytes(content)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("QUMULO_CHANGELIST_CONFIG", str(configuration))
        with contextlib.closing(Nursery(folder)) as started:
            yield Machine(started, folder, configuration, folder)


def certificates() -> dict[str, bytes]:
    authority = trustme.CA(key_type=trustme.KeyType.ECDSA)
    leaf = authority.issue_cert("worker", key_type=trustme.KeyType.ECDSA)
    return {
        "ca.pem": authority.cert_pem.bytes(),
        "own.pem": leaf.private_key_and_cert_chain_pem.bytes(),
    }


@pytest.fixture(scope="module")
def unverified(machine: Machine) -> str:
    """The address of a scheduler with a worker, without TLS."""
    return start(machine)


@pytest.fixture(scope="module")
def verified(machine: Machine) -> Scheduler:
    """A scheduler with a worker, over TLS."""
    ca, own = str(machine.certificates / "ca.pem"), str(machine.certificates / "own.pem")
    tls = ("--protocol", "tls", "--tls-ca-file", ca, "--tls-cert", own, "--tls-key", own)
    return Scheduler(start(machine, *tls), ca, own, sends_session=True)


def start(machine: Machine, *options: str) -> str:
    _, file = machine.started.start_scheduler(*options)
    machine.started.start_worker(file, *options)
    address = json.loads(Path(file).read_text())["address"]
    assert isinstance(address, str)
    return address


@pytest.fixture
def far(cluster: Emulator, machine: Machine, tmp_path: Path) -> Site:
    """A project whose lists workers make; they have the same way to the cluster as this machine."""
    source = f"/far-{tmp_path.name}"
    Path(str(cluster.root), source[1:]).mkdir()
    site = site_on(cluster, tmp_path, source)
    site.configure(QumuloTransport="rest")
    machine.configuration.write_bytes(site.configuration.read_bytes())
    return site


class Pair(NamedTuple):
    """Two snapshots, between which files were created, and a directory was deleted."""

    older: int
    newer: int


def change(site: Site) -> Pair:
    write_files(site.mount, "gone/d.mov")
    older = site.snapshot()
    shutil.rmtree(site.mount / "gone")
    write_files(site.mount, "a.mov", "reel1/b.mov", "reel1/c.mov")
    return Pair(older, site.snapshot())


def make_list(site: Site, pair: Pair, scheduler: Scheduler | None, **changed: object) -> bytes:
    """Return the list of a pair, made by workers or by this process."""
    request = ChangelistRequest(
        project="far",
        guid=GUID,
        base_path=site.source,
        older=pair.older,
        newer=pair.newer,
        metadata="rest",
        deletes=True,
        scheduler=scheduler,
        slice_size=1,
        formats=("ndjson",),
    )
    settings = read_settings(str(site.configuration))
    result = generate_changelist(replace(request, **changed), settings)
    return Path(result.path).read_bytes()


# What travels


class Recorder(socketserver.ThreadingTCPServer):
    """Passes on all bytes between programs and a server, and keeps them."""

    daemon_threads = False

    def __init__(self, address: str) -> None:
        super().__init__(("127.0.0.1", 0), _Passing)
        host, port = address.removeprefix("tcp://").rsplit(":", 1)
        self.passed_to = host, int(port)
        self.address = f"tcp://127.0.0.1:{self.server_address[1]}"
        self.seen = bytearray()


class _Passing(socketserver.BaseRequestHandler):
    server: Recorder

    def handle(self) -> None:
        with socket.create_connection(self.server.passed_to) as server:
            back = threading.Thread(target=self._pass_on, args=(server, self.request))
            back.start()
            self._pass_on(self.request, server)
            back.join()

    def _pass_on(self, origin: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := origin.recv(1 << 16):
                self.server.seen += data
                target.sendall(data)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def recorder(address: str) -> Iterator[Recorder]:
    with Recorder(address) as made:
        thread = threading.Thread(target=made.serve_forever, args=(0.01,))
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def test_neither_password_nor_token_passes_through_the_scheduler_or_is_in_a_log(
    far: Site, machine: Machine, unverified: str
) -> None:
    token = far.cluster.login() if far.cluster else ""
    here = {"QumuloUsername": "admin", "QumuloTransport": "rest"}
    pair = change(far)
    expected = make_list(far, pair, None)
    seen = b""
    for secrets in ({"QumuloAccessToken": token, "QumuloPassword": None}, {}):
        far.configure(**here, **secrets)
        with recorder(unverified) as between:
            assert make_list(far, pair, Scheduler(between.address)) == expected
        seen += between.seen

    # What travels is readable: it would be seen.
    assert far.source.encode() in seen
    assert str(far.fingerprint).encode() in seen
    logged = b"".join(path.read_bytes() for path in machine.folder.rglob("log*"))
    for secret in (far.password, token):
        assert secret
        assert secret.encode() not in seen + logged


def test_dask_writes_no_slice_to_a_log_with_which_a_worker_failed(
    machine: Machine, unverified: str
) -> None:
    with contextlib.closing(DaskConnection(Scheduler(unverified))) as connection:
        task = PickledTask(b"a session of the run")
        attempt = connection.submit(versions(), task)
        with pytest.raises(UnpicklingError):
            attempt.result.result(60)

    logged = b"".join(path.read_bytes() for path in machine.folder.rglob("log*"))
    assert b"Compute Failed" in logged
    assert b"a session of the run" not in logged
    # Older versions of Dask show what a function was given.
    assert "session" not in f"{task} {task!r} {(task,)}"


# What a worker lacks


def refusal(site: Site, scheduler: Scheduler, **changed: object) -> ChangelistError:
    """Return the error of a worker that ends a run; its text and its hint name the worker."""
    with pytest.raises(ChangelistError) as caught:
        make_list(site, change(site), scheduler, **changed)
    error = caught.value
    assert error.worker.startswith(scheduler.address[:16])
    assert str(error).startswith(f"worker {error.worker}: ")
    assert f"On the worker {error.worker}: " in hint_for(error, makes_list=True)
    return error


def test_a_worker_that_has_no_credentials_for_the_cluster_ends_the_run(
    far: Site, machine: Machine, unverified: str
) -> None:
    content = machine.configuration.read_text()
    machine.configuration.write_text(content.replace(f"Port={far.port}", "Port=1"))

    error = refusal(far, Scheduler(unverified))

    assert isinstance(error, CredentialsError)
    assert "own.conf is for a different cluster: 127.0.0.1, port 1, not" in str(error)


def test_a_worker_with_a_wrong_password_ends_the_run(
    far: Site, machine: Machine, unverified: str
) -> None:
    content = machine.configuration.read_text()
    machine.configuration.write_text(content.replace(far.password, "wrong"))

    error = refusal(far, Scheduler(unverified))

    assert isinstance(error, LoginError)
    assert "QumuloPassword" in hint_for(error, makes_list=True)


@pytest.mark.skipif(not Path("/proc/self/cwd").exists(), reason="it needs Linux's /proc")
def test_a_worker_that_sees_a_different_directory_ends_the_run(
    far: Site, machine: Machine, unverified: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The path of the mount leads each process to what is in its own folder."""
    here, there = far.folder / "share", machine.folder / "share"
    here.symlink_to(far.mount)
    monkeypatch.chdir(far.folder)
    mounted = {"metadata": "mount", "mapped_path": "/proc/self/cwd/share", "deletes": False}
    scheduler = Scheduler(unverified)

    for make in (lambda: None, there.mkdir):
        make()
        error = refusal(far, scheduler, **mounted)
        assert "/proc/self/cwd/share is not" in str(error)
    assert isinstance(error, WrongMountError)
    there.rmdir()
    there.symlink_to(far.mount)
    pair = change(far)
    assert make_list(far, pair, scheduler, **mounted) == make_list(far, pair, None, **mounted)


# A session


def test_a_worker_without_credentials_can_get_a_session(
    far: Site, machine: Machine, verified: Scheduler
) -> None:
    machine.configuration.unlink()
    pair = change(far)

    assert make_list(far, pair, verified) == make_list(far, pair, None)


def test_a_session_that_ends_is_renewed_by_a_worker_or_for_it(
    cluster: Emulator, far: Site, unverified: str, verified: Scheduler
) -> None:
    pair = change(far)
    expected = make_list(far, pair, None)
    for ended, scheduler in enumerate((Scheduler(unverified), verified), start=1):
        cluster.fault(method="GET", path=f"*{far.source[1:]}*reel1*", status=401, times=1)
        assert make_list(far, pair, scheduler) == expected
        asked = [one for one in cluster.requests() if f"{far.source}/reel1" in one["path"]]
        assert [one["status"] for one in asked].count(401) == ended


def test_a_session_that_is_refused_each_time_ends_the_run(
    cluster: Emulator, far: Site, verified: Scheduler
) -> None:
    cluster.fault(method="GET", path="*gone*", status=401, times=100)

    error = refusal(far, verified)

    assert isinstance(error, SessionEndedError)
    assert "--send-session" in hint_for(error, makes_list=True)


def test_a_session_is_sent_over_tls_alone_and_an_access_token_never(
    far: Site, unverified: str, verified: Scheduler
) -> None:
    with pytest.raises(NoSessionError, match="a session is sent over TLS alone"):
        make_list(far, Pair(1, 2), Scheduler(unverified, sends_session=True))
    far.configure(QumuloAccessToken="access-v1:mine", QumuloPassword=None, QumuloTransport="rest")
    with pytest.raises(NoSessionError, match="an access token is never sent"):
        make_list(far, Pair(1, 2), verified)


def test_no_session_is_sent_through_a_scheduler_that_also_has_unverified_workers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its scheduler listens with and without TLS."""

    class Connection:
        is_closed = False

        def __init__(self, _scheduler: Scheduler) -> None:
            pass

        def threads(self) -> dict[str, int]:
            return {"tls://10.0.0.7:4001": 1, "tcp://10.0.0.8:4001": 1}

        def check_versions(self) -> None:
            pass

        def end_job(self, _job_id: str, _slow: object) -> None:
            pass

        def close(self) -> None:
            Connection.is_closed = True

    monkeypatch.setattr("qumulo_changelist.runners.dask.DaskConnection", Connection)

    with pytest.raises(NoSessionError, match=r"the worker tcp://10\.0\.0\.8:4001 does not use it"):
        DaskRunner(Scheduler("tls://10.0.0.7:8786", sends_session=True), ignore)
    assert Connection.is_closed
    DaskRunner(Scheduler("tls://10.0.0.7:8786"), ignore)


# The doctor


def examine(site: Site, scheduler: Scheduler) -> dict[str, tuple[CheckStatus, str]]:
    """Return what the doctor finds of a scheduler and its workers."""
    found = {one.name: (one.status, one.detail) for one in checks_of(site, scheduler)}
    return {name: found[name] for name in ("scheduler", "workers")}


def checks_of(site: Site, scheduler: Scheduler) -> list[Check]:
    project = Project(
        name="far",
        sources=(Source(path=site.source, guid=GUID, mapped_path=str(site.mount)),),
        options=ListOptions(deletes=True, scheduler=scheduler),
    )
    request = DoctorRequest(projects=(project,), config=str(site.configuration))
    return list(diagnose(request).checks)


def test_the_doctor_asks_workers_for_what_a_run_needs_of_them(
    far: Site, machine: Machine, unverified: str, verified: Scheduler
) -> None:
    write_files(far.mount, "a.mov")
    fine = {
        "scheduler": (CheckStatus.OK, "1 worker, 1 part at a time, without TLS"),
        "workers": (
            CheckStatus.OK,
            "as admin on the cluster, with the same mounts as this machine",
        ),
    }
    assert examine(far, Scheduler(unverified)) == fine
    machine.configuration.unlink()
    status, detail = examine(far, Scheduler(unverified))["workers"]
    assert status is CheckStatus.FAILED
    assert detail.startswith("worker tcp://127.0.0.1:")
    assert "own.conf cannot be read" in detail
    assert examine(far, verified) == {
        "scheduler": (CheckStatus.OK, "1 worker, 1 part at a time, verified over TLS"),
        "workers": (CheckStatus.OK, "with the same mounts as this machine"),
    }


def test_the_doctor_names_each_worker_that_does_not_answer_and_shows_what_the_others_see(
    far: Site, unverified: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = {f"tls://10.0.0.{number}:4001": "admin" for number in (7, 8, 9)}
    silent = {one: WorkerError("it does not answer") for one in list(answers)[1:]}
    monkeypatch.setattr(DaskConnection, "ask_workers", lambda *_: answers | silent)

    checks = checks_of(far, Scheduler(unverified))

    found = [(one.status, one.detail) for one in checks if one.name == "workers"]
    assert found == [
        (CheckStatus.OK, "1 of 3: as admin on the cluster, with the same mounts as this machine"),
        (CheckStatus.FAILED, "worker tls://10.0.0.8:4001: it does not answer"),
        (CheckStatus.FAILED, "worker tls://10.0.0.9:4001: it does not answer"),
    ]
