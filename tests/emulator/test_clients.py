"""The clients that exist: the real `qq` of two generations, the public SDK; and the process."""

from __future__ import annotations

import contextlib
import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from qumulo.rest_client import RestClient

from qumulo_emulator.running import Emulator, serve_in_process
from tests.emulator.trees import lay_out

REPOSITORY = Path(__file__).resolve().parents[2]
QQ = {
    "today": Path(sys.executable).parent / "qq",
    "5.1": REPOSITORY / ".qq" / "5.1.0.1" / "bin" / "qq",
}


class Qq:
    """One user's `qq`, logged in."""

    def __init__(self, program: Path, emulator: Emulator, folder: Path) -> None:
        self._command = [
            str(program),
            *("--host", emulator.host, "--port", str(emulator.port)),
            *("--credentials-store", str(folder / "credentials")),
        ]
        self.run("login", "-u", emulator.username, typed=emulator.password)

    def run(self, *arguments: str, typed: str = "", code: int = 0) -> str:
        done = subprocess.run(
            [*self._command, *arguments],
            input=typed + "\n",
            capture_output=True,
            text=True,
            start_new_session=True,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + (done.stderr if code else "")

    def json(self, *arguments: str) -> list[dict[str, Any]]:
        """The JSON objects that a command prints, one after another."""
        text, decoder, found = self.run(*arguments).strip(), json.JSONDecoder(), []
        while text:
            value, end = decoder.raw_decode(text)
            found.append(value)
            text = text[end:].lstrip()
        return found


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with serve_in_process(tmp_path_factory.mktemp("root"), page_limit=3) as running:
        yield running


@pytest.fixture(params=QQ)
def qq(request: pytest.FixtureRequest, emulator: Emulator, tmp_path: Path) -> Qq:
    return Qq(QQ[request.param], emulator, tmp_path)


@pytest.fixture
def folder(request: pytest.FixtureRequest, emulator: Emulator) -> Path:
    """A directory of the test's own on the cluster, with some files."""
    path = Path(emulator.root, hashlib.sha256(request.node.name.encode()).hexdigest()[:8])
    return lay_out(path, {"a.mov": 5, "reel": {"b.mov": 7, "c.mov": 1, "d.mov": 1, "é\n": 1}})


def test_qq_goes_all_the_way_from_login_to_diff(qq: Qq, folder: Path) -> None:
    assert "admin" in qq.run("who_am_i")
    path = f"/{folder.name}"
    (older,) = qq.json("snapshot_create_snapshot", "--name", "before", "--path", path)
    lay_out(folder, {"x": 1, "y": 1, "z": 1})
    (newer,) = qq.json("snapshot_create_snapshot", "--path", path)
    (listed,) = qq.json("snapshot_list_statuses")
    names = {entry["id"]: entry["name"] for entry in listed["entries"]}
    assert "before" in names[older["id"]]
    ids = ("--older-snapshot", str(older["id"]), "--newer-snapshot", str(newer["id"]))
    printed = qq.json("snapshot_diff", *ids, "--page-size", "2")
    entries = [(entry["op"], entry["path"]) for page in printed for entry in page["entries"]]
    assert entries == [("MODIFY", f"{path}/"), *(("CREATE", f"{path}/{name}") for name in "xyz")]
    qq.run("snapshot_delete_snapshot", "--id", str(older["id"]))
    assert "Error 404" in qq.run("snapshot_get_status", "--id", str(older["id"]), code=1)


def test_qq_reads_trees_now_and_then(qq: Qq, folder: Path) -> None:
    path = f"/{folder.name}"
    (snapshot,) = qq.json("snapshot_create_snapshot", "--path", path)
    (folder / "reel/b.mov").unlink()
    then = ("--snapshot", str(snapshot["id"]))
    names = ["b.mov", "c.mov", "d.mov", "é\n"]
    for options, expected in ((then, names), ((), names[1:])):
        pages = qq.json("fs_read_dir", "--path", f"{path}/reel", *options)
        assert [entry["name"] for page in pages for entry in page["files"]] == expected
        (tree,) = qq.json("fs_walk_tree", "--path", path, *options)
        paths = {node["path"].removeprefix(path) for node in tree["tree_nodes"]}
        assert paths == {"/", "/a.mov", "/reel/", *(f"/reel/{name}" for name in expected)}
    assert qq.json("fs_file_get_attr", "--path", f"{path}/a.mov")[0]["size"] == "5"


def test_qq_changes_files(qq: Qq, folder: Path) -> None:
    path = f"/{folder.name}"
    qq.run("fs_create_dir", "--path", path, "--name", "made")
    qq.run("fs_create_file", "--path", f"{path}/made", "--name", "new")
    qq.run("fs_rename", "--source", f"{path}/made/new", "--path", path, "--name", "moved")
    assert (folder / "moved").is_file()
    qq.run("fs_delete", "--path", f"{path}/moved")
    assert not (folder / "moved").exists()
    assert "Error 404" in qq.run("fs_delete", "--path", f"{path}/moved", code=1)


def test_qq_looks_at_the_cluster(qq: Qq) -> None:
    assert [node["id"] for node in qq.json("nodes_list")[0]] == [1]
    assert "qumulo" in json.dumps(qq.json("version")).lower()


def test_the_public_sdk_works(emulator: Emulator, folder: Path) -> None:
    client = RestClient(emulator.host, emulator.port)
    with contextlib.closing(client.conninfo):
        client.login(emulator.username, emulator.password)
        use(client, folder)


def use(client: RestClient, folder: Path) -> None:
    path = f"/{folder.name}"
    older = client.snapshot.create_snapshot(name="sdk", path=path)
    (folder / "a.mov").write_text("longer than before")
    newer = client.snapshot.create_snapshot(path=path)
    pages = client.snapshot.get_all_snapshot_tree_diff(newer["id"], older["id"])
    assert [page["entries"] for page in pages] == [[{"op": "MODIFY", "path": f"{path}/a.mov"}]]
    found = client.fs.read_entire_directory(path=f"{path}/reel", snapshot=older["id"])
    assert sum(len(page["files"]) for page in found) == 4
    assert client.fs.get_file_attr(path=f"{path}/a.mov", snapshot=older["id"])["size"] == "5"
