"""A synthetic cluster as a process: its command line, its tree on disk, and the real `qq`."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from qumulo_emulator.clock import parse_time
from qumulo_emulator.running import Emulator, serve_in_process, serve_in_thread
from qumulo_emulator.synthetic.shapes import Shape
from tests.emulator.process import rest_of_output, serving
from tests.emulator.wire import file_url, get, pages

SIZE = 800
SOURCE = "/synthetic"


@pytest.fixture(scope="module")
def mount(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("around") / "mount"


@pytest.fixture(scope="module")
def emulator(mount: Path) -> Iterator[Emulator]:
    with serve_in_process(synthetic=SIZE, materialize=mount, materialize_snapshots=True) as running:
        yield running


def test_it_prints_the_facts_about_the_synthetic_tree() -> None:
    with serving("--synthetic", "1200", "--shape", "created") as (process, facts):
        assert facts.keys() == {
            *("host", "port", "username", "certificate_sha256"),
            *("source", "older", "newer", "files"),
        }
        assert (facts["source"], facts["older"], facts["newer"]) == ("/synthetic", 1, 2)
        assert facts["files"] == 1200
        process.terminate()
        assert rest_of_output(process) == (b"", b"", 0)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((), "either ROOT or --synthetic"),
        (("{}", "--synthetic", "5"), "either ROOT or --synthetic"),
        (("--synthetic", "0"), "not '0'"),
        (("--synthetic", "many"), "not 'many'"),
        (("--synthetic", "5", "--shape", "round"), "invalid choice: 'round'"),
        (("--synthetic", "5", "--state", "{}/state"), "--state needs ROOT"),
        (("--synthetic", "5", "--snapshots-everywhere"), "--snapshots-everywhere needs ROOT"),
        (("{}", "--shape", "mixed"), "need --synthetic"),
        (("{}", "--materialize", "{}/new"), "need --synthetic"),
        (("--synthetic", "5", "--materialize-snapshots"), "needs --materialize"),
    ],
)
def test_options_that_exclude_each_other_are_a_wrong_command_line(
    tmp_path: Path,
    refused_start: Callable[..., tuple[str, str, int]],
    arguments: tuple[str, ...],
    expected: str,
) -> None:
    output, messages, code = refused_start(*(argument.format(tmp_path) for argument in arguments))
    assert (output, code) == ("", 2)
    assert expected in messages
    assert os.listdir(tmp_path) == []


def test_nothing_is_written_to_a_directory_that_is_not_empty(
    tmp_path: Path, refused_start: Callable[..., tuple[str, str, int]]
) -> None:
    (tmp_path / "there").touch()
    options = ("--synthetic", "5", "--port", "0", "--materialize", str(tmp_path))
    output, messages, code = refused_start(*options)
    assert (output, code) == ("", 1)
    assert "not empty" in messages
    assert os.listdir(tmp_path) == ["there"]


def served_entries(emulator: Emulator, query: str) -> dict[str, dict[str, Any]]:
    """Return all entries of a snapshot, by the path below the source."""
    found = {"": get(emulator, file_url(SOURCE, f"/info/attributes?{query}"))}
    pending = [SOURCE]
    while pending:
        for page in pages(emulator, file_url(pending.pop(), f"/entries/?{query}")):
            for entry in page["files"]:
                found[entry["path"].removeprefix(f"{SOURCE}/").rstrip("/")] = entry
                if entry["type"] == "FS_FILE_TYPE_DIRECTORY":
                    pending.append(entry["path"])
    return found


def entries_on_disk(top: Path) -> dict[str, os.stat_result]:
    """Return all entries on disk except for `.snapshot`, by the path below the top."""
    # Listing a directory changes its access time, so lstat comes first.
    found = {"": os.lstat(top)}
    pending = [""]
    while pending:
        folder = pending.pop()
        names = [name for name in os.listdir(top / folder) if name != ".snapshot"]
        for name in names:
            path = f"{folder}/{name}".lstrip("/")
            found[path] = os.lstat(top / path)
            if stat.S_ISDIR(found[path].st_mode):
                pending.append(path)
    return found


@pytest.mark.parametrize(
    ("where", "query"),
    [(".", "limit=900"), (".snapshot/1_older", "snapshot=1"), (".snapshot/2_newer", "snapshot=2")],
)
def test_the_tree_on_disk_is_the_tree_that_is_served(
    emulator: Emulator, mount: Path, where: str, query: str
) -> None:
    expected, seen = served_entries(emulator, query), entries_on_disk(mount / where)
    assert seen.keys() == expected.keys()
    for path, entry in expected.items():
        found = seen[path]
        is_directory = entry["type"] == "FS_FILE_TYPE_DIRECTORY"
        assert stat.S_ISDIR(found.st_mode) == is_directory, path
        assert stat.S_ISREG(found.st_mode) != is_directory, path
        assert found.st_mtime_ns == parse_time(entry["modification_time"]), path
        assert found.st_atime_ns == parse_time(entry["access_time"]), path
        assert f"{stat.S_IMODE(found.st_mode):04o}" == entry["mode"], path
        assert str(found.st_uid) == entry["owner_details"]["id_value"], path
        assert str(found.st_gid) == entry["group_details"]["id_value"], path
        if not is_directory:
            assert str(found.st_size) == entry["size"] == "0", path


@pytest.mark.parametrize("shape", ["sparse", "created"])
def test_snapshots_are_written_only_on_request(tmp_path: Path, shape: Shape) -> None:
    with serve_in_thread(synthetic=2, shape=shape, materialize=tmp_path / "new") as emulator:
        assert served_entries(emulator, "").keys() == entries_on_disk(tmp_path / "new").keys()
    assert not (tmp_path / "new/.snapshot").exists()


class Qq:
    """The vendor's command, with its own file for the token."""

    def __init__(self, emulator: Emulator, store: Path) -> None:
        self._command = [
            *(str(Path(sys.executable).with_name("qq")), "--host", emulator.host),
            *("--port", str(emulator.port), "--credentials-store", str(store)),
        ]

    def __call__(self, *arguments: str, typed: str = "") -> str:
        return subprocess.run(
            [*self._command, *arguments],
            input=f"{typed}\n",
            capture_output=True,
            text=True,
            start_new_session=True,
            check=True,
        ).stdout


def test_qq_reads_a_synthetic_tree(emulator: Emulator, tmp_path: Path) -> None:
    qq = Qq(emulator, tmp_path / "token")
    qq("login", "-u", emulator.username, typed=emulator.password)
    diff = json.loads(qq("snapshot_diff", "--older-snapshot", "1", "--newer-snapshot", "2"))
    assert len(diff["entries"]) == SIZE
    url = "/v2/snapshots/2/changes-since/1?limit=100"
    assert diff["entries"] == [entry for page in pages(emulator, url) for entry in page["entries"]]
    reel = f"{SOURCE}/show0000/reel0000"
    listing = json.loads(qq("fs_read_dir", "--path", reel, "--snapshot", "1"))
    expected = get(emulator, file_url(reel, "/entries/?snapshot=1"))
    assert listing["files"] == expected["files"]
    attributes = json.loads(qq("fs_file_get_attr", "--path", f"{reel}"))
    assert attributes["id"] == expected["id"]
