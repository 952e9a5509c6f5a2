"""Reading and changing files through the API, with any name that a disk can hold."""

from __future__ import annotations

import json
import os
import socket
import ssl
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from qumulo_emulator.clock import format_time
from qumulo_emulator.running import ThreadedEmulator
from tests.emulator.trees import lay_out
from tests.emulator.wire import attributes, create_snapshot, file_url, get, pages, refusal

NAMES = {
    "two  blanks ": b"two  blanks ",
    " ": b" ",
    "\"'`&<>": b"\"'`&<>",
    "new\nline\ttab\r": b"new\nline\ttab\r",
    "\x01\x7f": b"\x01\x7f",
    "🎬": b"\xf0\x9f\x8e\xac",
    "composed \u00e9": b"composed \xc3\xa9",
    "combined e\u0301": b"combined e\xcc\x81",
    "\u2028\ufeff": b"\xe2\x80\xa8\xef\xbb\xbf",
    "n" * 255: b"n" * 255,
    "é" * 127: b"\xc3\xa9" * 127,
    "-rf": b"-rf",
    "...": b"...",
    ".hidden": b".hidden",
    "%2F": b"%2F",
    "%": b"%",
    "?a=b&c#d;e+f": b"?a=b&c#d;e+f",
    "back\\slash": b"back\\slash",
    "*?[a]": b"*?[a]",
    "2": b"2",
    "\udcff\udc80": b"\xff\x80",
    "latin-1 \udce9": b"latin-1 \xe9",
    "\udced\udca0\udc80": b"\xed\xa0\x80",
}


def send_data(
    emulator: ThreadedEmulator, method: str, url: str, body: bytes | None = None
) -> bytes:
    """Send and receive a file's bytes, which are not JSON."""
    request = urllib.request.Request(
        emulator.url + url,
        data=body,
        method=method,
        headers={
            "Authorization": f"Bearer {emulator.login()}",
            "Content-Type": "application/octet-stream",
        },
    )
    context = ssl.create_default_context(cafile=emulator.certificate)
    with urllib.request.urlopen(request, context=context) as answer:
        received: bytes = answer.read()
    return received


def create(emulator: ThreadedEmulator, folder: Path, action: str, name: str, old: str = "") -> Any:
    body = {"action": action, "name": name} | ({"old_path": old} if old else {})
    return emulator.request("POST", file_url(f"/{folder.name}", "/entries/"), body)


# Attributes


def test_ids_sizes_modes_owners_and_times_are_strings_and_counts_are_numbers(
    emulator: ThreadedEmulator, folder: Path
) -> None:
    lay_out(folder, {"a": 5, "d": {"b": 1, "c": {}}})
    for name in ("a", "d"):
        found = attributes(emulator, f"/{folder.name}/{name}")
        texts = ("id", "file_number", "mode", "owner", "group", "size", "blocks")
        times = ("access_time", "modification_time", "change_time", "creation_time")
        assert {type(found[field]) for field in (*texts, *times)} == {str}
        assert {type(found[field]) for field in ("num_links", "child_count")} == {int}
        assert found["id"] == found["file_number"]
    assert type(attributes(emulator, f"/{folder.name}/a")["data_revision"]) is str


def test_attributes_are_those_on_disk(emulator: ThreadedEmulator, folder: Path) -> None:
    lay_out(folder, {"a": 5})
    os.link(folder / "a", folder / "also")
    (folder / "a").chmod(0o4640)
    found, disk = attributes(emulator, f"/{folder.name}/a"), (folder / "a").stat()
    assert found["path"] == f"/{folder.name}/a"
    assert (found["name"], found["size"], found["num_links"]) == ("a", "5", 2)
    assert (found["mode"], found["child_count"]) == ("4640", 0)
    assert found["owner"] == str(12_884_901_888 + disk.st_uid)
    assert found["owner_details"] == {"id_type": "NFS_UID", "id_value": str(disk.st_uid)}
    assert found["group"] == str(17_179_869_184 + disk.st_gid)
    assert found["group_details"] == {"id_type": "NFS_GID", "id_value": str(disk.st_gid)}


def test_a_mode_has_four_octal_digits(emulator: ThreadedEmulator, folder: Path) -> None:
    lay_out(folder, {"a": 5})
    (folder / "a").chmod(0o7)
    assert attributes(emulator, f"/{folder.name}/a")["mode"] == "0007"


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (1_700_000_000_000_000_000, "2023-11-14T22:13:20Z"),
        (1_700_000_000_120_000_000, "2023-11-14T22:13:20.12Z"),
        (1_700_000_000_000_000_001, "2023-11-14T22:13:20.000000001Z"),
        (1_700_000_000_123_456_789, "2023-11-14T22:13:20.123456789Z"),
        (0, "1970-01-01T00:00:00Z"),
        (-1, "1969-12-31T23:59:59.999999999Z"),
        (4_102_444_800_500_000_000, "2100-01-01T00:00:00.5Z"),
    ],
)
def test_times_are_utc_without_trailing_zeros(
    emulator: ThreadedEmulator, folder: Path, moment: int, text: str
) -> None:
    lay_out(folder, {"a": 5})
    os.utime(folder / "a", ns=(0, moment))
    assert os.stat(folder / "a").st_mtime_ns == moment
    assert attributes(emulator, f"/{folder.name}/a")["modification_time"] == text
    query = f"?snapshot={create_snapshot(emulator, 'v3', f'/{folder.name}')['id']}"
    assert attributes(emulator, f"/{folder.name}/a", query)["modification_time"] == text


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (910_692_730_085_477_580_700, "+30828-09-14T02:48:05.4775807Z"),
        (253_402_300_800_000_000_000, "+10000-01-01T00:00:00Z"),
        (253_402_300_799_999_999_999, "9999-12-31T23:59:59.999999999Z"),
        (-62_135_596_800_000_000_000, "0001-01-01T00:00:00Z"),
        (-62_167_219_200_000_000_000, "0000-01-01T00:00:00Z"),
        (-62_167_219_200_000_000_001, "-00001-12-31T23:59:59.999999999Z"),
    ],
)
def test_a_year_of_five_digits_has_a_sign(moment: int, text: str) -> None:
    assert format_time(moment) == text


def test_every_type_has_its_name(emulator: ThreadedEmulator, folder: Path) -> None:
    lay_out(folder, {"FILE": 1, "DIRECTORY": {}, "SYMLINK": "nowhere"})
    os.mkfifo(folder / "UNIX_PIPE")
    with socket.socket(socket.AF_UNIX) as unix:
        before = os.open(".", os.O_RDONLY)
        os.chdir(folder)  # the address of a socket is at most 107 bytes long
        unix.bind("UNIX_SOCKET")
        os.fchdir(before)
        os.close(before)
    query = f"?snapshot={create_snapshot(emulator, 'v3', f'/{folder.name}')['id']}"
    for name in ("FILE", "DIRECTORY", "SYMLINK", "UNIX_PIPE", "UNIX_SOCKET"):
        for suffix in ("", query):
            found = attributes(emulator, f"/{folder.name}/{name}", suffix)
            assert found["type"] == f"FS_FILE_TYPE_{name}"


def test_only_the_path_of_a_directory_ends_in_a_slash(
    emulator: ThreadedEmulator, folder: Path
) -> None:
    lay_out(folder, {"d": {"a": 1, "b": 1}})
    path = f"/{folder.name}/d"
    assert attributes(emulator, "/")["path"] == "/"
    assert attributes(emulator, f"{path}/")["path"] == f"{path}/"
    listed = get(emulator, file_url(path, "/entries/"))
    assert (listed["path"], listed["child_count"]) == (f"{path}/", 2)
    assert listed["id"] == attributes(emulator, path)["id"]
    assert [entry["path"] for entry in listed["files"]] == [f"{path}/a", f"{path}/b"]
    assert attributes(emulator, path)["child_count"] == 2


def test_an_entry_has_the_same_attributes_alone_and_in_a_listing(
    emulator: ThreadedEmulator, folder: Path
) -> None:
    lay_out(folder, {"a": 1, "d": {}, "l": "a"})
    for listed in get(emulator, file_url(f"/{folder.name}", "/entries/"))["files"]:
        alone = attributes(emulator, listed["path"])
        assert alone.pop("lock") is None
        # Listing a directory changes its access time.
        assert listed | {"access_time": ""} == alone | {"access_time": ""}


def test_the_data_revision_changes_when_the_data_does(
    emulator: ThreadedEmulator, folder: Path
) -> None:
    lay_out(folder, {"a": 5})
    path = f"/{folder.name}/a"
    before = attributes(emulator, path)["data_revision"]
    (folder / "a").chmod(0o600)
    assert attributes(emulator, path)["data_revision"] == before
    send_data(emulator, "PUT", file_url(path, "/data"), b"other data")
    assert attributes(emulator, path)["data_revision"] != before


# Changes


def test_a_file_can_be_created_written_read_renamed_and_deleted(
    emulator: ThreadedEmulator, folder: Path
) -> None:
    lay_out(folder, {"d": {}})
    status, made = create(emulator, folder, "CREATE_FILE", "new")
    assert (status, made["size"], made["type"]) == (200, "0", "FS_FILE_TYPE_FILE")
    url = file_url(made["path"], "/data")
    written = json.loads(send_data(emulator, "PUT", url, b"\x00\xffsome data"))
    assert (written["id"], written["size"]) == (made["id"], "11")
    assert (folder / "new").read_bytes() == b"\x00\xffsome data"
    assert send_data(emulator, "GET", url) == b"\x00\xffsome data"
    assert send_data(emulator, "GET", f"{url}?offset=2&length=4") == b"some"
    assert send_data(emulator, "GET", f"{url}?offset={10**30}") == b""
    send_data(emulator, "PATCH", f"{url}?offset=7", b"text!")
    assert (folder / "new").read_bytes() == b"\x00\xffsome text!"
    body = {"action": "RENAME", "name": "moved", "old_path": made["path"]}
    target = file_url(f"/{folder.name}/d", "/entries/")
    status, moved = emulator.request("POST", target, body)
    assert (status, moved["id"], moved["path"]) == (200, made["id"], f"/{folder.name}/d/moved")
    assert emulator.request("DELETE", file_url(moved["path"])) == (200, None)
    assert os.listdir(folder / "d") == []


def test_a_write_beyond_the_maximum_file_size_is_refused(
    emulator: ThreadedEmulator, folder: Path
) -> None:
    lay_out(folder, {"a": 5})
    for offset in (2**63 - 1, 10**30):
        url = file_url(f"/{folder.name}/a", f"/data?offset={offset}")
        assert refusal(emulator.request("PATCH", url, "x"))[0] == 400
    assert (folder / "a").read_bytes() == b"xxxxx"


def test_directories_and_links_can_be_created(emulator: ThreadedEmulator, folder: Path) -> None:
    lay_out(folder, {"a": 5})
    assert create(emulator, folder, "CREATE_DIRECTORY", "d")[1]["path"] == f"/{folder.name}/d/"
    create(emulator, folder, "CREATE_SYMLINK", "soft", "../any where")
    status, hard = create(emulator, folder, "CREATE_LINK", "hard", f"/{folder.name}/a")
    assert (status, hard["num_links"]) == (200, 2)
    assert os.readlink(folder / "soft") == "../any where"
    assert (folder / "hard").samefile(folder / "a")
    assert send_data(emulator, "GET", file_url(f"/{folder.name}/soft", "/data")) == b"../any where"


def test_a_rename_replaces_an_entry_only_with_clobber(
    emulator: ThreadedEmulator, folder: Path
) -> None:
    lay_out(folder, {"a": 1, "b": 2})
    body = {"action": "RENAME", "name": "b", "old_path": f"/{folder.name}/a"}
    url = file_url(f"/{folder.name}", "/entries/")
    assert refusal(emulator.request("POST", url, body))[0] == 409
    status, renamed = emulator.request("POST", url, {**body, "clobber": True})
    assert (status, renamed["size"]) == (200, "1")
    assert os.listdir(folder) == ["b"]


def test_attributes_can_be_set(emulator: ThreadedEmulator, folder: Path) -> None:
    lay_out(folder, {"a": 5})
    path = f"/{folder.name}/a"
    body = {"mode": "0600", "size": "3", "modification_time": "2023-11-14T22:13:20.12Z"}
    status, changed = emulator.request("PATCH", file_url(path, "/info/attributes"), body)
    assert status == 200
    assert {name: changed[name] for name in body} == body
    disk = (folder / "a").stat()
    assert (disk.st_mode & 0o7777, disk.st_size) == (0o600, 3)
    assert disk.st_mtime_ns == 1_700_000_000_120_000_000


def test_changes_by_other_programs_are_visible_at_once(
    emulator: ThreadedEmulator, folder: Path
) -> None:
    url = file_url(f"/{folder.name}", "/entries/")
    for count in range(3):
        found = get(emulator, url)
        assert [entry["name"] for entry in found["files"]] == [
            str(number) for number in range(count)
        ]
        (folder / str(count)).write_bytes(b"x" * count)
    assert [entry["size"] for entry in get(emulator, url)["files"]] == ["0", "1", "2"]


# Whole trees, and ids


def test_aggregates_count_the_live_tree_and_the_tree_of_a_snapshot(
    emulator: ThreadedEmulator, folder: Path
) -> None:
    lay_out(folder, {"a": 1, "d": {"b": 1, "e": {}, "l": "b"}})
    os.mkfifo(folder / "pipe")
    query = f"?snapshot={create_snapshot(emulator, 'v3', f'/{folder.name}')['id']}"
    (folder / "d/b").unlink()
    lay_out(folder / "d", {"f": {}})

    def counts(suffix: str) -> list[str]:
        found = get(emulator, file_url(f"/{folder.name}", f"/aggregates/{suffix}"))
        kinds = ("files", "directories", "symlinks", "other_objects")
        return [found[f"total_{kind}"] for kind in kinds]

    assert counts("") == ["1", "4", "1", "1"]
    assert counts(query) == ["2", "3", "1", "1"]


def test_ids_resolve_to_paths_in_the_live_tree_and_in_a_snapshot(
    emulator: ThreadedEmulator, folder: Path
) -> None:
    lay_out(folder, {"d": {"a": 1}})
    number = attributes(emulator, f"/{folder.name}/d/a")["id"]
    query = f"?snapshot={create_snapshot(emulator, 'v3', f'/{folder.name}')['id']}"
    (folder / "d").rename(folder / "e")
    for suffix, path in (("", f"/{folder.name}/e/a"), (query, f"/{folder.name}/d/a")):
        status, reply = emulator.request("POST", f"/v1/files/resolve{suffix}", [number])
        assert (status, reply) == (200, [{"id": number, "path": path}])
    assert attributes(emulator, number)["path"] == f"/{folder.name}/e/a"
    assert emulator.request("POST", "/v1/files/resolve", ["2"]) == (200, [{"id": "2", "path": "/"}])
    for missing in ("99999", "9" * 5000):
        answer = emulator.request("POST", f"/v1/files/resolve{query}", [missing])
        assert refusal(answer) == (404, "fs_no_such_entry_error")


# Names


@pytest.mark.parametrize("name", NAMES, ids=ascii)
@pytest.mark.parametrize("escape", [True, False])
def test_any_name_is_listed_and_can_be_requested(
    emulator: ThreadedEmulator, folder: Path, name: str, escape: bool
) -> None:
    emulator.settings(escape=escape)
    raw = os.fsencode(folder) + b"/" + NAMES[name]
    os.close(os.open(raw, os.O_CREAT))
    path = f"/{folder.name}/{name}"
    query = f"?snapshot={create_snapshot(emulator, 'v3', f'/{folder.name}')['id']}"
    for suffix in ("", query):
        (listed,) = get(emulator, file_url(f"/{folder.name}", f"/entries/{suffix}"))["files"]
        assert (listed["name"], listed["path"]) == (name, path)
        asked = attributes(emulator, path, suffix)
        assert (asked["name"], asked["id"]) == (name, listed["id"])
    assert emulator.request("POST", "/v1/files/resolve", [listed["id"]])[1][0]["path"] == path
    assert emulator.request("DELETE", file_url(path))[0] == 200
    assert not os.path.lexists(raw)


def test_any_name_can_be_created_through_the_api(emulator: ThreadedEmulator, folder: Path) -> None:
    for name in NAMES:
        status, made = create(emulator, folder, "CREATE_FILE", name)
        assert (status, made["name"]) == (200, name)
    assert set(os.listdir(os.fsencode(folder))) == set(NAMES.values())
    url = file_url(f"/{folder.name}", "/entries/?limit=2")
    listed = [entry["name"] for page in pages(emulator, url) for entry in page["files"]]
    assert listed == sorted(NAMES, key=NAMES.__getitem__)


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/", "a\0", "n" * 256, "é" * 128])
def test_an_invalid_name_is_refused(emulator: ThreadedEmulator, folder: Path, name: str) -> None:
    for action in ("CREATE_FILE", "CREATE_DIRECTORY"):
        assert refusal(create(emulator, folder, action, name)) == (400, "fs_invalid_name_error")
    assert os.listdir(folder) == []
