"""A list from a cluster that sends some entries malformed: the others are listed as usual."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest

from qumulo_changelist import ChangelistRequest, generate_changelist
from tests.parts.canned import Canned, Reply, file, serve

OLDER, NEWER = 1, 2
DIRECTORY = {"type": "FS_FILE_TYPE_DIRECTORY"}
NO_OWNER = {"owner": "me", "owner_details": None}

DIFF = [
    ("MODIFY", "/proj/far.mov"),
    ("MODIFY", "/proj/odd.mov"),
    ("MODIFY", "/proj/timeless/"),
    ("CREATE", "/proj/new/"),
    ("DELETE", "/proj/gone.mov"),
    ("DELETE", "/proj/old/"),
]
ENTRIES = {
    (NEWER, "/proj"): [
        file(
            name="far.mov",
            modification_time="+30828-09-14T02:48:05.477580700Z",
            access_time="-0001-12-31T23:59:59.5Z",
        ),
        file(name="odd.mov", **NO_OWNER),
        file(name="timeless", **DIRECTORY, modification_time="never"),
        file(name="new", **DIRECTORY),
    ],
    (NEWER, "/proj/new"): [
        file(name="good.mov", id="9", data_revision="5"),
        file(name="kindless", type=None),
        file(name="late.mov", access_time=7),
        file(name="link", type="FS_FILE_TYPE_SYMLINK", size=None),
        file(name="sub", **DIRECTORY, modification_time="never"),
    ],
    (NEWER, "/proj/new/sub"): [file(name="inside.mov")],
    (OLDER, "/proj"): [file(name="gone.mov", **NO_OWNER), file(name="old", **DIRECTORY)],
    (OLDER, "/proj/old"): [
        file(name="a.mov", id="9", data_revision="5", modification_time="never", **NO_OWNER)
    ],
}


def answer(_method: str, uri: str) -> Reply:
    if "changes-since" in uri:
        entries = [{"op": op, "path": path} for op, path in DIFF]
        return 200, {"entries": entries, "paging": {"next": ""}}
    if status := re.fullmatch(r"/v3/snapshots/status/(\d)", uri):
        return 200, {"id": int(status[1]), "source_file_id": "2", "source_file_path": "/proj/"}
    match = re.fullmatch(r"/v1/files/([^/]+)/(entries/|info/attributes)\?.*snapshot=(\d)", uri)
    if not match:
        return 404, {"error_class": "http_not_found_error"}
    path, snapshot = unquote(match[1]), int(match[3])
    if match[2] == "entries/":
        files = ENTRIES[snapshot, path]
        return 200, {"files": files, "child_count": len(files), "paging": {"next": ""}}
    parent, _, name = path.rpartition("/")
    return 200, next(entry for entry in ENTRIES[snapshot, parent] if entry["name"] == name)


@pytest.fixture
def server() -> Iterator[Canned]:
    with serve() as running:
        running.answer = answer
        yield running


def make_list(server: Canned, folder: Path, *, moves: bool = False) -> list[str]:
    """Return the entries of a list, without their index; the list is not complete."""
    request = ChangelistRequest(
        project="show",
        guid="guid",
        source_index="1",
        base_path="/proj",
        older=OLDER,
        newer=NEWER,
        metadata="rest",
        deletes=True,
        moves=moves,
    )
    settings = server.settings(work_folder=str(folder), transport="rest")
    result = generate_changelist(request, settings)
    assert not result.is_complete
    text = Path(result.path).read_text()
    return re.findall(r'^    (<.*) index="1"/>$', text, re.MULTILINE)


def without_attributes(lines: list[str]) -> list[str]:
    attributes = r' (size|mode|[am]time|owner|group)="[^"]*"|  type='
    return [re.sub(attributes, "", line) for line in lines]


def test_a_malformed_entry_does_not_affect_the_others(server, tmp_path):
    lines = make_list(server, tmp_path)

    assert without_attributes(lines) == [
        '<bad-dir name="/timeless""F_DIR"',
        '<delete-file name="/old/a.mov""F_REG"',
        '<delete-file name="/old""F_DIR"',
        '<bad-dir name="/odd.mov""F_REG"',
        '<file name="/new/sub/inside.mov""F_REG"',
        '<bad-dir name="/new/late.mov""F_REG"',
        '<bad-dir name="/new/kindless""F_REG"',
        '<file name="/new/good.mov""F_REG"',
        '<delete-file name="/gone.mov""F_REG"',
        '<file name="/far.mov""F_REG"',
    ]
    (far,) = [line for line in lines if '"/far.mov"' in line]
    assert 'mtime="910692730085" atime="-62167219201"' in far


def test_a_moved_file_is_recognized_if_other_fields_are_malformed(server, tmp_path):
    lines = make_list(server, tmp_path, moves=True)

    assert '<file name="/new/good.mov" from="/old/a.mov""F_REG"' in without_attributes(lines)
    assert not [line for line in lines if "/old/a.mov" in line and "delete-file" in line]
