"""Lists of names, each read by its real tool, with the commands that the documentation shows."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from qumulo_changelist import explain_path, read_settings, verify_list
from qumulo_emulator.running import Emulator
from tests.end_to_end.conftest import site_on
from tests.end_to_end.site import CommandResult, Site
from tests.quick import REPOSITORY

PAGE = REPOSITORY / "docs" / "formats-names.md"
REST = ("--transport=rest",)
TOOLS = ["rsync", "rclone", "tar", "null", "restic", "borg"]
DELETING = ["--format=rsync", "--format=rclone", "--format=null"]

NAMES = [
    *(b"plain.mov", b".hidden", b"...", b"-", b"-rf", b"--delete", b"--", b"# comment", b"#"),
    *(b"; comment", b";", b"@list", b"!bang", b"+ plus", b"- minus", b" ", b" first", b"last "),
    *(b"\n", b"\nfirst", b"new\nline", b"last\n", b"\ttab\t", b"carriage\rreturn", b"last\r"),
    *(b'"double"', b"'single'", b"back\\slash", b"\\", b"last\\", b"\\n", b"\\#012", b"\\101"),
    *(b"*", b"[a]", b"?", b"{a,b}", b"$HOME", b"`x`", b"$(x)", b"~", b"~root", b"a|b", b"a&b"),
    *(b"host:name", b":", b"C:name", b"pp:x", b"re:x", b"%41", b"\x01", b"\x1b[1m", b"\x7f"),
    *(b"\xff", b"no \xe9 utf-8", b"\xed\xa0\x80", "é".encode(), "e\u0301".encode(), b"a."),
    *(
        "\u240a \u2421 \u2400 \uff0f \uff0e".encode(),
        "\uff0e\uff0e".encode(),
        "\ufeffmark".encode(),
        "\u00a0".encode(),
    ),
    *("\u2028".encode(), "\ufffd".encode(), "\u0085".encode(), b"n" * 255, "é".encode() * 127),
]
MARK = "rclone's \u201b mark".encode()
FOLDERS = [b"-r", b"# folder", b" ", b"new\nline", b"back\\slash", b"[a]*?", b"...", b"~", b"d\t"]

Tree = dict[bytes, bytes]
"""The content of each regular file, by its name below a folder."""


def read_tree(folder: Path) -> Tree:
    root = os.fsencode(folder)
    found = {}
    for above, below, names in os.walk(root):
        below[:] = set(below) - {b".snapshot"}
        for name in names:
            path = os.path.join(above, name)
            with open(path, "rb") as file:
                found[os.path.relpath(path, root)] = file.read()
    return found


def write_tree(folder: Path, tree: Tree) -> None:
    for name, content in tree.items():
        path = os.path.join(os.fsencode(folder), name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content)


def files(*folders: bytes, content: bytes) -> Tree:
    return {folder + b"/" + name: content for folder in folders for name in [*NAMES, MARK]}


# The second of two frames of the same size and time got the number of the first one.
FRAME = b"frames/1"


def shoot(folder: Path, *names: bytes) -> None:
    """Give frames the same time."""
    for name in names:
        os.utime(os.path.join(os.fsencode(folder), name), (1_700_000_000, 1_700_000_000))


# What the tools cannot take, as the documentation says.
REFUSED = {"rclone": "\u201b".encode(), "borg": b"\r"}


def is_refused(tool: str, name: bytes) -> bool:
    return tool in REFUSED and REFUSED[tool] in name


class Lists(NamedTuple):
    """The lists for a folder with every kind of change, and what they have to be of."""

    site: Site
    older: Tree
    changed: Tree
    deleted: set[bytes]
    done: CommandResult
    """How the run without deletions ended."""

    @property
    def folder(self) -> Path:
        return self.site.list_path.parent

    def receipt(self, name: str) -> dict[str, Any]:
        content: dict[str, Any] = json.loads((self.folder / f"1-files.{name}.json").read_bytes())
        return content

    def changed_for(self, tool: str) -> Tree:
        return {
            name: content for name, content in self.changed.items() if not is_refused(tool, name)
        }


@pytest.fixture(scope="module")
def lists(cluster: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Lists:
    place = tmp_path_factory.mktemp("tools")
    # A worker may get tests of this file in several turns.
    site = site_on(cluster, place, f"/{place.name}")
    site.mount.mkdir()
    same = files(b"same", content=b"same")
    edited, gone = files(b"edited", content=b"old"), files(b"whole/deep", b"gone", content=b"old")
    for folder in FOLDERS:
        same[folder + b"/same"] = edited[folder + b"/edited"] = gone[folder + b"/gone"] = folder
    same[b"gone/same"] = b"same"
    gone |= dict.fromkeys((b"was a folder/deep/1", b"was a folder/2", b"# whole/1"), b"old")
    edited[FRAME], gone[b"frames/2"] = b"AAAA", b"BBBB"
    older = same | edited | gone
    write_tree(site.mount, older)
    shoot(site.mount, FRAME, b"frames/2")
    before = site.snapshot()
    for name in gone:
        os.unlink(os.path.join(os.fsencode(site.mount), name))
    for left in ("whole/deep", "whole", "was a folder/deep", "was a folder", "# whole"):
        (site.mount / left).rmdir()
    changed = dict.fromkeys(edited, b"edited") | files(b"new", b" new", content=b"new")
    changed |= {b"was a folder": b"file", FRAME: b"BBBB"}
    write_tree(site.mount, changed)
    shoot(site.mount, FRAME)
    (site.mount / "same").chmod(0o750)
    after = site.snapshot()
    done = site.generate(before, after, *REST, *(f"--format={name}" for name in TOOLS))
    for format_name in ("rsync", "rclone", "null"):
        # Whoever deletes by the list must not find one of an earlier run.
        path = site.list_path.parent / f"1-files.{format_name}-deleted"
        assert path.read_bytes() == b""
    with_deletions = site.generate(before, after, *REST, "--deletes", "--slice-size=2", *DELETING)
    assert (done.code, with_deletions.code) == (1, 1), done.messages + with_deletions.messages
    return Lists(site, older, changed, set(gone), done)


class Desk(NamedTuple):
    """Where the documented commands are typed, and what they find there."""

    folder: Path
    site: Site

    @property
    def mirror(self) -> Path:
        return self.folder / "mirror" / "show"

    def type(self, command: str, lists: Path, show: Path | None = None) -> int:
        """Type a command in the folder of the lists; return its exit code.

        Args:
            command: as the documentation shows it.
            lists: the folder of the lists.
            show: what the command reads; the live share by default.
        """
        tool = command.rpartition("show && ")[2].split()[0]
        if not shutil.which(tool):
            pytest.skip(f"{tool} is not installed (see tests/system-packages.txt)")
        for place, real in (
            ("/mnt/show", show or self.site.mount),
            ("/mirror/show", self.mirror),
            ("/dev/nst0", self.folder / "tape"),
            ("/backup/show", self.folder / "backup"),
        ):
            command = command.replace(place, str(real))
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "LC_ALL": "C.UTF-8",
            "RCLONE_CONFIG_CLOUD_TYPE": "alias",
            "RCLONE_CONFIG_CLOUD_REMOTE": str(self.folder / "mirror"),
            "RESTIC_REPOSITORY": str(self.folder / "backup"),
            "RESTIC_PASSWORD": "secret",
            "BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK": "yes",
        }
        done = subprocess.run(
            ["sh", "-c", command], env=environment, cwd=lists, stderr=subprocess.PIPE, timeout=60
        )
        if b"invalid file mode 00" in done.stderr:
            pytest.skip("this rsync cannot do --delete-missing-args, see docs/formats-names.md")
        sys.stderr.buffer.write(done.stderr)
        return done.returncode


@pytest.fixture
def desk(lists: Lists, tmp_path: Path) -> Desk:
    desk = Desk(tmp_path, lists.site)
    desk.mirror.mkdir(parents=True)
    return desk


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    """A folder of lists in which nothing has changed."""
    folder = tmp_path / "empty"
    folder.mkdir()
    for name in TOOLS:
        for written in (name, f"{name}-deleted"):
            (folder / f"1-files.{written}").touch()
    return folder


def commands(tool: str) -> tuple[list[str], str]:
    """Return how to delete, and how to copy, as the documentation shows it."""
    section = re.search(
        rf"^## {tool}\n(.*?)(?=^## |\Z)", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    assert section
    (block,) = re.findall(r"^```sh\n(.*?)^```", section[1], re.MULTILINE | re.DOTALL)
    lines = block.splitlines()
    (copy,) = (line for line in lines if "-deleted" not in line)
    return [line for line in lines if "-deleted" in line], copy


# What a tool needs before, and how its copy is opened in the mirror; by default nothing.
PREPARE = {"restic": "restic init -q", "borg": "borg init -e none /backup/show"}
OPEN = {
    "tar": "tar -xf /dev/nst0 -C /mirror/show",
    "restic": "restic restore -q latest --target /mirror/show",
    "borg": "cd /mirror/show && borg extract /backup/show::now",
}


@pytest.mark.parametrize("tool", TOOLS)
def test_a_tool_copies_what_changed_and_nothing_else(
    lists: Lists, desk: Desk, empty: Path, tool: str
) -> None:
    _, copy = commands(tool)
    copy = copy.replace("{now}", "now")
    if tool in PREPARE:
        assert desk.type(PREPARE[tool], empty) == 0

    # Nothing has changed: nothing is copied, and restic says so.
    assert desk.type(copy.replace("::now", "::empty"), empty) == (1 if tool == "restic" else 0)
    assert read_tree(desk.mirror) == {}

    write_tree(desk.mirror, {FRAME: b"AAAA"})
    shoot(desk.mirror, FRAME)
    assert desk.type(copy, lists.folder) == 0
    if tool in OPEN:
        assert desk.type(OPEN[tool], lists.folder) == 0
    assert read_tree(desk.mirror) == lists.changed_for(tool)


@pytest.mark.parametrize("tool", ["rclone", "null"])
def test_a_tool_deletes_what_was_deleted_and_nothing_else(
    lists: Lists, desk: Desk, empty: Path, tool: str
) -> None:
    (delete,), _ = commands(tool)
    write_tree(desk.mirror, lists.older)

    assert desk.type(delete, empty) == 0
    assert read_tree(desk.mirror) == lists.older

    assert desk.type(delete, lists.folder) == 0
    left = {
        name: content
        for name, content in lists.older.items()
        if name not in lists.deleted or is_refused(tool, name)
    }
    assert read_tree(desk.mirror) == left


def test_a_mirror_that_rsync_keeps_is_like_the_folder(
    lists: Lists, desk: Desk, empty: Path
) -> None:
    (delete,), copy = commands("rsync")
    write_tree(desk.mirror, lists.older)
    write_tree(desk.mirror, {b"whole/of the mirror alone": b"", b"gone/of the mirror alone": b""})

    assert desk.type(delete, empty) == 0
    assert read_tree(desk.mirror).keys() > lists.older.keys()

    assert [desk.type(command, lists.folder) for command in (delete, copy)] == [0, 0]
    kept = {b"gone/of the mirror alone": b""}
    assert read_tree(desk.mirror) == read_tree(lists.site.mount) | kept
    assert folders(desk.mirror) == folders(lists.site.mount)

    # The snapshot has the same, so there is nothing left to do.
    snapshots = (lists.site.mount / ".snapshot").iterdir()
    newer = max(snapshots, key=lambda path: int(path.name.partition("_")[0]))
    changes = desk.folder / "changes"
    again = [
        f"{command.replace(' --ignore-times', '')} --itemize-changes >> {changes}"
        for command in (delete, copy)
    ]
    assert [desk.type(command, lists.folder, newer) for command in again] == [0, 0]
    assert changes.read_bytes() == b""


def folders(folder: Path) -> dict[bytes, tuple[int, int]]:
    """Return the permissions and times of the folders below one."""
    names = {os.path.dirname(name) for name in read_tree(folder)} - {b""}
    statuses = {name: os.stat(os.path.join(os.fsencode(folder), name)) for name in names}
    return {name: (status.st_mode, status.st_mtime_ns) for name, status in statuses.items()}


def test_a_name_that_a_tool_cannot_take_is_said_and_counted(lists: Lists) -> None:
    for tool in TOOLS:
        refused = [name for name in lists.changed if is_refused(tool, name)]
        assert lists.receipt(tool)["unreadable"]["count"] == len(refused)
        for name in refused:
            assert repr(os.fsdecode(b"/" + name)) in lists.done.messages
    assert lists.receipt("null-deleted")["unreadable"]["count"] == 0
    assert lists.receipt("rclone-deleted")["unreadable"]["count"] == 2
    assert "that rclone cannot take" in lists.done.messages


@pytest.mark.parametrize(
    ("tool", "name", "reason"),
    [
        ("rsync", "edited/-rf", "modified"),
        ("rsync", "gone/-rf", "not in the format"),
        ("tar", "same", "not in the format"),
        ("borg", "new/last\r", "not in the format"),
        ("rsync-deleted", "whole/deep/-rf", "covered by a deleted directory"),
        ("rsync-deleted", "was a folder/2", "covered by a deleted directory"),
    ],
)
def test_it_is_explained_what_a_list_of_names_does_not_have(
    lists: Lists, tool: str, name: str, reason: str
) -> None:
    path = lists.folder / f"1-files.{tool}"
    settings = read_settings(str(lists.site.configuration), "rest")

    found = explain_path(f"{lists.site.source}/{name}", str(path), settings)

    assert found.verdict.reason == reason


def test_a_list_of_names_agrees_with_its_receipt(lists: Lists) -> None:
    paths = [path for path in lists.folder.iterdir() if path.suffix != ".json"]

    assert len(paths) == len(TOOLS) + 3
    for path in paths:
        assert verify_list(str(path)).is_whole
