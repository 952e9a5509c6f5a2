"""What the real clients show of the emulator: `qq` of two generations, and the public SDK.

The way from login to diff is in `test_clients`; here is what each generation does in its own way,
and how they tell of errors.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from qumulo.lib.auth import Credentials
from qumulo.lib.request import RequestError
from qumulo.rest_client import RestClient

from qumulo_emulator.running import Emulator, serve_in_process
from tests.emulator.trees import lay_out
from tests.emulator.wire import got

EARLIER = Path(__file__).resolve().parents[2] / ".qq" / "5.1.0.1" / "bin" / "qq"
QQ = {"today": Path(sys.executable).with_name("qq"), "5.1": EARLIER}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with serve_in_process(tmp_path_factory.mktemp("root"), page_limit=3) as running:
        yield running


@pytest.fixture
def place(cluster: Emulator) -> Path:
    """A directory at the root of the cluster, the test's own."""
    where = Path(tempfile.mkdtemp(dir=cluster.root))
    return lay_out(where, {"a.mov": 5, "reel": {"b.mov": 7, "c.mov": 1}})


class Runner:
    """One generation's `qq`, with a file of its own for the token."""

    def __init__(self, program: Path, cluster: Emulator, store: Path) -> None:
        self.cluster = cluster
        self.store = store
        self._command = [
            *(str(program), "--host", cluster.host, "--port", str(cluster.port)),
            *("--credentials-store", str(store)),
        ]

    def __call__(self, *arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self._command, *arguments],
            input=f"{typed}\n",
            capture_output=True,
            text=True,
            start_new_session=True,
        )

    def told(self, *arguments: str) -> list[Any]:
        """What a command that succeeds prints: JSON, one value after another."""
        done = self(*arguments)
        assert done.returncode == 0, done.stderr
        text, found = done.stdout.strip(), []
        while text:
            value, end = json.JSONDecoder().raw_decode(text)
            found.append(value)
            text = text[end:].lstrip()
        return found


@pytest.fixture
def runners(cluster: Emulator, tmp_path: Path) -> dict[str, Runner]:
    """Both generations, logged in with the password over standard input."""
    made = {name: Runner(program, cluster, tmp_path / name) for name, program in QQ.items()}
    for runner in made.values():
        done = runner("login", "-u", cluster.username, typed=cluster.password)
        assert done.returncode == 0, done.stderr
    return made


def test_a_token_from_a_login_is_in_the_file_and_is_good(runners: dict[str, Runner]) -> None:
    for runner in runners.values():
        kept = json.loads(runner.store.read_text())
        assert kept["version"] == 1
        path = "/v1/session/who-am-i"
        assert runner.cluster.request_as(kept["bearer_token"], "GET", path)[0] == 200
        done = runner("who_am_i")
        assert done.returncode == 0
        assert "admin" in done.stdout


@pytest.mark.parametrize("program", QQ.values(), ids=list(QQ))
def test_a_wrong_password_is_an_error_401_and_leaves_no_token(
    cluster: Emulator, tmp_path: Path, program: Path
) -> None:
    runner = Runner(program, cluster, tmp_path / "store")
    done = runner("login", "-u", cluster.username, typed="wrong")
    assert done.returncode == 1
    assert "Error 401: auth_bad_credentials_error: " in done.stdout + done.stderr
    assert not runner.store.exists()


def test_errors_are_told_with_status_class_and_description(
    runners: dict[str, Runner], place: Path
) -> None:
    for runner in runners.values():
        for arguments, told in (
            (("fs_file_get_attr", "--path", "/none"), "Error 404: fs_no_such_entry_error: "),
            (
                ("fs_create_file", "--path", f"/{place.name}", "--name", "a.mov"),
                "Error 409: fs_entry_exists_error: ",
            ),
            (("fs_delete", "--path", f"/{place.name}"), "Error 409: fs_directory_not_empty_error"),
            (("snapshot_delete_snapshot", "--id", "99999"), "snapshot_not_found"),
            (("smb_get_settings",), "Error 501: emulator_not_supported_error: "),
        ):
            done = runner(*arguments)
            assert done.returncode == 1
            # Earlier generations tell of errors on standard output.
            assert told in done.stdout + done.stderr


def test_a_diff_comes_a_page_at_a_time_from_5_1_and_whole_from_today(
    runners: dict[str, Runner], place: Path
) -> None:
    path = f"/{place.name}"
    (older,) = runners["today"].told("snapshot_create_snapshot", "--name", "s", "--path", path)
    lay_out(place, dict.fromkeys("wxyz", 1))
    (newer,) = runners["5.1"].told("snapshot_create_snapshot", "--name", "s", "--path", path)
    assert older["name"] == f"{older['id']}_s"
    assert (newer["name"], newer["directory_name"]) == ("s", f"{newer['id']}_s")
    ids = ("--older-snapshot", str(older["id"]), "--newer-snapshot", str(newer["id"]))
    expected = [
        {"op": "MODIFY", "path": f"{path}/"},
        *({"op": "CREATE", "path": f"{path}/{name}"} for name in "wxyz"),
    ]
    assert runners["today"].told("snapshot_diff", *ids, "--page-size", "2") == [
        {"entries": expected}
    ]
    printed = runners["5.1"].told("snapshot_diff", *ids, "--page-size", "2")
    assert [page["entries"] for page in printed] == [expected[:2], expected[2:4], expected[4:]]
    assert printed[-1]["paging"] == {"next": ""}


def test_snapshots_are_listed_as_each_generation_does(
    runners: dict[str, Runner], place: Path
) -> None:
    (made,) = runners["today"].told("snapshot_create_snapshot", "--path", f"/{place.name}")
    # Only the earlier generation has this command.
    (listed,) = runners["5.1"].told("snapshot_list_snapshots")
    assert made["id"] in [entry["id"] for entry in listed["entries"]]
    for runner in runners.values():
        (statuses,) = runner.told("snapshot_list_statuses")
        (status,) = [entry for entry in statuses["entries"] if entry["id"] == made["id"]]
        assert status["source_file_path"] == f"/{place.name}/"


@pytest.fixture
def client(cluster: Emulator) -> Iterator[RestClient]:
    """The public SDK, logged in."""
    client = RestClient(cluster.host, cluster.port)
    with contextlib.closing(client.conninfo):
        client.login(cluster.username, cluster.password)
        yield client


def test_the_sdk_changes_files(client: RestClient, cluster: Emulator, place: Path) -> None:
    path = f"/{place.name}"
    made = client.fs.create_directory(name="made", dir_path=path)
    assert made["path"] == f"{path}/made/"
    client.fs.create_file(name="é 🎬\n", dir_path=f"{path}/made")
    client.fs.rename(name="moved", source=f"{path}/made/é 🎬\n", dir_path=path)
    assert (place / "moved").is_file()
    client.fs.delete(f"{path}/moved")
    client.fs.delete(f"{path}/made")
    assert sorted(entry.name for entry in place.iterdir()) == ["a.mov", "reel"]
    assert client.version.version()["revision_id"].startswith("Qumulo Core ")
    assert [node["id"] for node in client.cluster.list_nodes()] == [1]
    assert client.auth.who_am_i()["name"] == cluster.username


def test_the_sdk_reads_trees_as_they_are_and_as_they_were(client: RestClient, place: Path) -> None:
    path = f"/{place.name}"
    older = client.snapshot.create_snapshot(path=path)["id"]
    (place / "reel/b.mov").unlink()
    newer = client.snapshot.create_snapshot(path=path)["id"]
    names = {}
    for snapshot in (None, older):
        walked = client.fs.tree_walk_preorder(path=path, snapshot=snapshot)
        names[snapshot] = sorted(entry["path"].removeprefix(path) for entry in walked)
    assert names[None] == ["/", "/a.mov", "/reel/", "/reel/c.mov"]
    assert names[older] == ["/", "/a.mov", "/reel/", "/reel/b.mov", "/reel/c.mov"]
    changes = list(client.snapshot.get_all_snapshot_tree_diff(newer, older, limit=1))
    assert [entry for page in changes for entry in page["entries"]] == [
        {"op": "MODIFY", "path": f"{path}/reel/"},
        {"op": "DELETE", "path": f"{path}/reel/b.mov"},
    ]


def test_the_sdk_tells_the_class_of_an_error(client: RestClient) -> None:
    with pytest.raises(RequestError) as refused:
        client.fs.get_file_attr(path="/none")
    assert refused.value.status_code == 404
    assert refused.value.error_class == "fs_no_such_entry_error"


def test_the_sdk_can_use_an_access_token(client: RestClient, cluster: Emulator) -> None:
    me = got(cluster, "/v1/session/who-am-i")["id"]
    body = {"user": {"auth_id": me}}
    _, made = cluster.request("POST", "/v1/auth/access-tokens/", body)
    cluster.expire_sessions()
    with pytest.raises(RequestError, match="401"):
        client.auth.who_am_i()
    client.credentials = Credentials.from_login_response(made)
    assert client.auth.who_am_i()["name"] == cluster.username
