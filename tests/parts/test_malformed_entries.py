"""A list from a cluster that sends malformed entries: each of them concerns itself alone."""

import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest

from qumulo_changelist.cli import generate_changelist
from qumulo_changelist.config.settings import Secret, Settings
from qumulo_emulator.running import serve_in_thread
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
HELD = {
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
    asked = re.fullmatch(r"/v1/files/([^/]+)/(entries/|info/attributes)\?.*snapshot=(\d)", uri)
    if not asked:
        return 404, {"error_class": "http_not_found_error"}
    path, snapshot = unquote(asked[1]), int(asked[3])
    if asked[2] == "entries/":
        files = HELD[snapshot, path]
        return 200, {"files": files, "child_count": len(files), "paging": {"next": ""}}
    above, _, name = path.rpartition("/")
    return 200, next(one for one in HELD[snapshot, above] if one["name"] == name)


@pytest.fixture
def canned() -> Iterator[Canned]:
    with serve() as running:
        running.answer = answer
        yield running


def listed(settings: Settings, folder: Path, *options: str) -> tuple[int, list[str]]:
    """Return the exit code of a run, and the lines of its list without their index."""
    configuration = folder / "archiver.conf"
    configuration.write_text(
        f"[General]\nQumuloClusterIP={settings.host}\nQumuloClusterPort={settings.port}\n"
        f"QumuloUsername={settings.username}\nQumuloPassword={settings.password.reveal()}\n"
        f"QumuloCertificateFingerprint={settings.fingerprint}\nFastScanWorkFolder={folder}\n"
    )
    arguments = [
        *("-p", "show", "-b", "/proj", "-g", "guid", "-i", "1", "--workers=1", "--transport=rest"),
        *(f"--config={configuration}", f"--prevsnapshotid={OLDER}", f"--newsnapshotid={NEWER}"),
    ]
    code = generate_changelist._main([*arguments, *options])
    text = (folder / "sdna-scan-files" / "guid" / "1-files.xml").read_text()
    return code, re.findall(r'^    (<.*) index="1"/>$', text, re.MULTILINE)


def abbreviated(lines: list[str]) -> list[str]:
    return [re.sub(r' (size|mode|[am]time|owner|group)="[^"]*"|  type=', "", one) for one in lines]


def test_a_malformed_entry_concerns_itself_alone(canned, tmp_path):
    code, lines = listed(canned.settings(), tmp_path, "--deletes", "--metadata=rest")

    assert code == 1
    assert abbreviated(lines) == [
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


def test_a_moved_file_is_recognized_although_it_was_malformed(canned, tmp_path):
    options = ("--deletes", "--moves", "--metadata=rest")

    code, lines = listed(canned.settings(), tmp_path, *options)

    assert code == 1
    assert '<file name="/new/good.mov" from="/old/a.mov""F_REG"' in abbreviated(lines)
    assert not [line for line in lines if "/old/a.mov" in line and "delete-file" in line]


FAR = 910_692_730_085
"""The last second that Windows can write: in the year 30828."""


@pytest.fixture
def far_times() -> Iterator[Path]:
    """A folder on a file system that can keep such a time."""
    with tempfile.TemporaryDirectory(dir="/dev/shm" if os.path.isdir("/dev/shm") else None) as path:
        os.utime(path, (FAR, FAR))
        if os.stat(path).st_mtime != FAR:
            pytest.skip("no file system here keeps a time after the year 9999")
        yield Path(path)


def test_a_mount_and_the_cluster_show_the_same_time_in_any_year(far_times, tmp_path):
    shown = far_times / "proj"
    shown.mkdir()
    with serve_in_thread(far_times) as emulator:
        settings = Canned(emulator.port, emulator.certificate_sha256).settings(
            username=emulator.username, password=Secret(emulator.password)
        )
        take, where = (
            emulator.cluster.snapshots.take,
            emulator.cluster.files.locate("/proj"),
        )
        take(where, "older", None)
        for name, moment in {"far": FAR, "ancient": -62_167_219_201, "usual": 7}.items():
            (shown / name).touch()
            os.utime(shown / name, (moment, moment))
        take(where, "newer", None)

        over_rest = listed(settings, tmp_path, "--metadata=rest")
        on_mount = listed(settings, tmp_path, "-m", str(shown))

    assert over_rest == on_mount
    assert over_rest[0] == 0
    for time in (FAR, -62_167_219_201, 7):
        assert f'mtime="{time}" atime="{time}"' in "".join(over_rest[1])
