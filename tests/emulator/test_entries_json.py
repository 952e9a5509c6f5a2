"""An entry is described alike wherever it is asked for, and in valid JSON whatever its name is."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from qumulo_emulator.api.attributes import attributes_json, entries_json
from qumulo_emulator.local.cluster import LocalCluster
from qumulo_emulator.running import ThreadedEmulator
from tests.emulator.trees import lay_out
from tests.emulator.wire import attributes, create_snapshot, file_url, get

HARD_NAMES = (b"%s {x} \\ \" '", b"\x01\n\x7f", b"\xff\x80", b"\xe2\x80\xa8", b"<script>", b"2")


def make_hard_tree(folder: Path) -> None:
    """Make entries of every type that needs no privilege, with names that are hard to write."""
    lay_out(folder, {"a": 5000, "link": "a", "d": {"b": 1}})
    os.link(folder / "a", folder / "also a")
    os.mkfifo(folder / "pipe")
    for number, name in enumerate(HARD_NAMES):
        (folder / os.fsdecode(name)).write_bytes(b"x" * number)
    os.utime(folder / "a", ns=(-1, 1_700_000_000_120_000_000))
    os.utime(folder / "also a", ns=(0, 253_402_300_800_000_000_000))


@pytest.mark.parametrize("escape", [True, False])
@pytest.mark.parametrize("in_snapshot", [True, False])
def test_a_listing_says_of_an_entry_what_a_request_for_it_alone_says(
    emulator: ThreadedEmulator, folder: Path, in_snapshot: bool, escape: bool
) -> None:
    make_hard_tree(folder)
    path = f"/{folder.name}"
    query = f"?snapshot={create_snapshot(emulator, 'v3', path)['id']}" if in_snapshot else ""
    emulator.settings(escape=escape, page_limit=100)
    listed = get(emulator, file_url(path, f"/entries/{query}"))["files"]
    assert len(listed) == 5 + len(HARD_NAMES)
    for entry in listed:
        name = entry["name"]
        alone = attributes(emulator, f"{path}/{name}", query)
        if entry["type"] in ("FS_FILE_TYPE_DIRECTORY", "FS_FILE_TYPE_SYMLINK"):
            # To describe these, the emulator reads them: the entries, or the target.
            entry["access_time"] = alone["access_time"]
        assert alone == {**entry, "lock": None}
        if entry["type"] == "FS_FILE_TYPE_FILE" and entry["num_links"] == 1:
            assert get(emulator, f"/v1/files/{entry['id']}/info/attributes{query}") == alone
        assert entry["path"] == f"{path}/{name}" + ("/" if "DIRECTORY" in entry["type"] else "")


@pytest.mark.parametrize("escape", [True, False])
def test_what_is_written_is_compact_json_with_the_escapes_of_the_setting(
    tmp_path: Path, escape: bool
) -> None:
    make_hard_tree(lay_out(tmp_path / "root", {}))
    cluster = LocalCluster(str(tmp_path / "root"), username="a", password="b")
    try:
        entries = cluster.files.describe((), cluster.files.names(()))
        top = cluster.files.entry(())
    finally:
        cluster.close()
    texts = entries_json((), entries, escape=escape)
    assert texts == [attributes_json(entry, escape=escape) for entry in entries]
    for text in (*texts, attributes_json(top, escape=escape)):
        value = json.loads(text)
        assert text == json.dumps(value, ensure_ascii=escape, separators=(",", ":"))
    assert {json.loads(text)["name"] for text in texts} == set(cluster_names(tmp_path / "root"))


def cluster_names(root: Path) -> list[str]:
    return [name.decode("utf-8", "surrogateescape") for name in os.listdir(os.fsencode(root))]
