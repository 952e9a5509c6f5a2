"""The vendor's own clients against the emulator: `qq` of two generations, and the public SDK.

The current `qq` runs on the same SDK, so what the SDK's tests show is not repeated with it.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from qumulo.lib.auth import Credentials
from qumulo.lib.request import RequestError
from qumulo.rest import snapshot as snapshots
from qumulo.rest_client import RestClient

from qumulo_emulator.running import Emulator, serve_in_thread
from tests.emulator.trees import lay_out
from tests.emulator.wire import create_snapshot, get
from tests.qq import QQ

GENERATIONS = {"current": "qq of today", "5.1": "qq before 6.2.2"}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with serve_in_thread(tmp_path_factory.mktemp("root"), page_limit=3) as running:
        yield running


@pytest.fixture
def folder(cluster: Emulator) -> Path:
    """A directory at the root of the cluster, for this test only."""
    path = Path(tempfile.mkdtemp(dir=cluster.root))
    return lay_out(path, {"a.mov": 5, "reel": {"b.mov": 7, "c.mov": 1, "d.mov": 1, "é\n": 1}})


class Qq:
    """One generation's `qq`, with its own file for the token."""

    def __init__(self, folder: Path, cluster: Emulator, store: Path) -> None:
        self.cluster = cluster
        self.store = store
        self._command = [
            *(str(folder / "qq"), "--host", cluster.host, "--port", str(cluster.port)),
            *("--credentials-store", str(store)),
        ]

    def run(self, *arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command with a line of input."""
        return subprocess.run(
            [*self._command, *arguments],
            input=f"{typed}\n",
            capture_output=True,
            text=True,
            start_new_session=True,
        )

    def output(self, *arguments: str, typed: str = "") -> str:
        """Return the output of a command that must succeed."""
        done = self.run(*arguments, typed=typed)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def json(self, *arguments: str) -> list[Any]:
        """Return the JSON values that a command prints, one after another."""
        text, found = self.output(*arguments).strip(), []
        while text:
            value, end = json.JSONDecoder().raw_decode(text)
            found.append(value)
            text = text[end:].lstrip()
        return found

    def error(self, *arguments: str, typed: str = "") -> str:
        """Return everything that a failing command prints."""
        done = self.run(*arguments, typed=typed)
        assert done.returncode == 1
        # Earlier generations print errors on standard output.
        return done.stdout + done.stderr


@pytest.fixture(scope="module")
def generations(cluster: Emulator, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Qq]:
    """Both generations, logged in with the password on standard input."""
    stores = tmp_path_factory.mktemp("stores")
    made = {name: Qq(QQ[qq], cluster, stores / name) for name, qq in GENERATIONS.items()}
    for qq in made.values():
        qq.output("login", "-u", cluster.username, typed=cluster.password)
    return made


@pytest.fixture(params=GENERATIONS)
def qq(request: pytest.FixtureRequest, generations: dict[str, Qq]) -> Qq:
    """Each generation in turn, logged in."""
    return generations[request.param]


# qq


def test_a_login_leaves_a_valid_token_in_the_file(qq: Qq) -> None:
    kept = json.loads(qq.store.read_text())
    assert kept["version"] == 1
    path = "/v1/session/who-am-i"
    assert qq.cluster.request_as(kept["bearer_token"], "GET", path)[0] == 200
    assert "admin" in qq.output("who_am_i")


@pytest.mark.parametrize("generation", GENERATIONS.values(), ids=list(GENERATIONS))
def test_a_wrong_password_is_an_error_401_and_leaves_no_token(
    cluster: Emulator, tmp_path: Path, generation: str
) -> None:
    qq = Qq(QQ[generation], cluster, tmp_path / "store")
    printed = qq.error("login", "-u", cluster.username, typed="wrong")
    assert "Error 401: auth_bad_credentials_error: " in printed
    assert not qq.store.exists()


def test_qq_prints_errors_with_status_class_and_description(qq: Qq, folder: Path) -> None:
    printed = qq.error("fs_delete", "--path", f"/{folder.name}")
    assert "Error 409: fs_directory_not_empty_error: " in printed
    assert "Error 501: emulator_not_supported_error: " in qq.error("smb_get_settings")


def test_qq_5_1_prints_a_diff_page_by_page_and_the_current_qq_prints_it_whole(
    generations: dict[str, Qq], folder: Path
) -> None:
    path, current, older_qq = f"/{folder.name}", generations["current"], generations["5.1"]
    (older,) = current.json("snapshot_create_snapshot", "--name", "s", "--path", path)
    lay_out(folder, dict.fromkeys("wxyz", 1))
    (newer,) = older_qq.json("snapshot_create_snapshot", "--name", "s", "--path", path)
    assert older["name"] == f"{older['id']}_s"
    assert (newer["name"], newer["directory_name"]) == ("s", f"{newer['id']}_s")
    ids = ("--older-snapshot", str(older["id"]), "--newer-snapshot", str(newer["id"]))
    expected = [
        {"op": "MODIFY", "path": f"{path}/"},
        *({"op": "CREATE", "path": f"{path}/{name}"} for name in "wxyz"),
    ]
    assert current.json("snapshot_diff", *ids, "--page-size", "2") == [{"entries": expected}]
    printed = older_qq.json("snapshot_diff", *ids, "--page-size", "2")
    assert [page["entries"] for page in printed] == [expected[:2], expected[2:4], expected[4:]]
    assert printed[-1]["paging"] == {"next": ""}


def test_both_generations_list_snapshots_and_delete_them(
    generations: dict[str, Qq], folder: Path
) -> None:
    path, older_qq = f"/{folder.name}", generations["5.1"]
    made = {qq: create_snapshot(qq.cluster, "v3", path)["id"] for qq in generations.values()}
    # Only the earlier generation has this command.
    (listed,) = older_qq.json("snapshot_list_snapshots")
    assert set(made.values()) <= {entry["id"] for entry in listed["entries"]}
    for qq, number in made.items():
        (statuses,) = qq.json("snapshot_list_statuses")
        (status,) = [entry for entry in statuses["entries"] if entry["id"] == number]
        assert status["source_file_path"] == f"{path}/"
        qq.output("snapshot_delete_snapshot", "--id", str(number))
    assert "Error 404" in older_qq.error("snapshot_get_status", "--id", str(made[older_qq]))


def test_a_snapshot_of_the_sdk_s_policy_that_qq_locked_is_deleted_by_neither_generation(
    generations: dict[str, Qq], client: RestClient, cluster: Emulator, folder: Path
) -> None:
    source = get(cluster, f"/v1/files/%2F{folder.name}/info/attributes")["id"]
    schedule = {"creation_schedule": None, "expiration_time_to_live": "2days"}
    made = snapshots.create_policy(
        client.conninfo, None, folder.name, schedule, directory_id=source
    ).data
    taken = cluster.run_policy(folder.name)["id"]
    generations["current"].output(
        "snapshot_lock_snapshot", "--id", str(taken), "--lock-key", "key", "--force"
    )

    assert made in snapshots.list_policies(client.conninfo, None).data["entries"]
    assert snapshots.get_policy(client.conninfo, None, made["id"]).data == made
    (locked,) = generations["current"].json("snapshot_list_statuses", "--only-locked")
    assert [entry["id"] for entry in locked["entries"]] == [taken]
    for qq in generations.values():
        printed = qq.error("snapshot_delete_snapshot", "--id", str(taken))
        assert "Error 409: api_snapshots_snapshot_locked_error: " in printed


def test_qq_reads_the_live_tree_and_the_tree_of_a_snapshot(qq: Qq, folder: Path) -> None:
    path = f"/{folder.name}"
    number = create_snapshot(qq.cluster, "v3", path)["id"]
    (folder / "reel/b.mov").unlink()
    in_snapshot = ("--snapshot", str(number))
    names = ["b.mov", "c.mov", "d.mov", "é\n"]
    for options, expected in ((in_snapshot, names), ((), names[1:])):
        pages = qq.json("fs_read_dir", "--path", f"{path}/reel", *options)
        assert [entry["name"] for page in pages for entry in page["files"]] == expected
        (tree,) = qq.json("fs_walk_tree", "--path", path, *options)
        paths = {node["path"].removeprefix(path) for node in tree["tree_nodes"]}
        assert paths == {"/", "/a.mov", "/reel/", *(f"/reel/{name}" for name in expected)}


def test_qq_5_1_creates_renames_and_deletes_files(generations: dict[str, Qq], folder: Path) -> None:
    path, qq = f"/{folder.name}", generations["5.1"]
    qq.output("fs_create_dir", "--path", path, "--name", "made")
    qq.output("fs_create_file", "--path", f"{path}/made", "--name", "new")
    qq.output("fs_rename", "--source", f"{path}/made/new", "--path", path, "--name", "moved")
    assert (folder / "moved").is_file()
    qq.output("fs_delete", "--path", f"{path}/moved")
    assert not (folder / "moved").exists()
    assert "Error 404" in qq.error("fs_delete", "--path", f"{path}/moved")


def test_qq_5_1_shows_the_node_and_the_version(generations: dict[str, Qq]) -> None:
    qq = generations["5.1"]
    assert [node["id"] for node in qq.json("nodes_list")[0]] == [1]
    assert "qumulo" in json.dumps(qq.json("version")).lower()


# The SDK


@pytest.fixture
def client(cluster: Emulator) -> Iterator[RestClient]:
    """The public SDK, logged in."""
    client = RestClient(cluster.host, cluster.port)
    with contextlib.closing(client.conninfo):
        client.login(cluster.username, cluster.password)
        yield client


def test_the_sdk_creates_renames_and_deletes_files(
    client: RestClient, cluster: Emulator, folder: Path
) -> None:
    path = f"/{folder.name}"
    made = client.fs.create_directory(name="made", dir_path=path)
    assert made["path"] == f"{path}/made/"
    client.fs.create_file(name="é 🎬\n", dir_path=f"{path}/made")
    client.fs.rename(name="moved", source=f"{path}/made/é 🎬\n", dir_path=path)
    assert (folder / "moved").is_file()
    client.fs.delete(f"{path}/moved")
    client.fs.delete(f"{path}/made")
    assert sorted(entry.name for entry in folder.iterdir()) == ["a.mov", "reel"]
    assert client.version.version()["revision_id"].startswith("Qumulo Core ")
    assert [node["id"] for node in client.cluster.list_nodes()] == [1]
    assert client.auth.who_am_i()["name"] == cluster.username


def test_the_sdk_reads_the_live_tree_the_tree_of_a_snapshot_and_the_diff(
    client: RestClient, folder: Path
) -> None:
    path = f"/{folder.name}"
    older = client.snapshot.create_snapshot(name="sdk", path=path)["id"]
    (folder / "reel/b.mov").unlink()
    (folder / "a.mov").write_text("longer than before")
    newer = client.snapshot.create_snapshot(path=path)["id"]
    names = {}
    for snapshot in (None, older):
        walked = client.fs.tree_walk_preorder(path=path, snapshot=snapshot)
        names[snapshot] = {entry["path"].removeprefix(path) for entry in walked}
    live = {"/", "/a.mov", "/reel/", "/reel/c.mov", "/reel/d.mov", "/reel/é\n"}
    assert names[None] == live
    assert names[older] == live | {"/reel/b.mov"}
    found = client.fs.read_entire_directory(path=f"{path}/reel", snapshot=older)
    assert sum(len(page["files"]) for page in found) == 4
    assert client.fs.get_file_attr(path=f"{path}/a.mov", snapshot=older)["size"] == "5"
    changes = list(client.snapshot.get_all_snapshot_tree_diff(newer, older, limit=1))
    assert [entry for page in changes for entry in page["entries"]] == [
        {"op": "MODIFY", "path": f"{path}/a.mov"},
        {"op": "MODIFY", "path": f"{path}/reel/"},
        {"op": "DELETE", "path": f"{path}/reel/b.mov"},
    ]


def test_the_sdk_gets_the_status_and_class_of_an_error(client: RestClient) -> None:
    with pytest.raises(RequestError) as refused:
        client.fs.get_file_attr(path="/none")
    assert refused.value.status_code == 404
    assert refused.value.error_class == "fs_no_such_entry_error"


def test_the_sdk_can_use_an_access_token(client: RestClient, cluster: Emulator) -> None:
    user = get(cluster, "/v1/session/who-am-i")["id"]
    _, made = cluster.request("POST", "/v1/auth/access-tokens/", {"user": {"auth_id": user}})
    me = client.auth.who_am_i()["name"]
    # The session's token is dropped rather than ended, since `qq` shares this server.
    client.credentials = Credentials("session-v1:ended")
    with pytest.raises(RequestError, match="401"):
        client.auth.who_am_i()
    client.credentials = Credentials.from_login_response(made)
    assert client.auth.who_am_i()["name"] == me
