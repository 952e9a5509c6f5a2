"""Lists with ``--format ndjson``: the same entries as in XML, one JSON object a line."""

import hashlib
import json
import os
import re
import xml.etree.ElementTree as ElementTree
from typing import Any, NamedTuple

import pytest

from tests.end_to_end.files import write_files
from tests.end_to_end.site import Site

REST = ("--transport=rest", "--metadata=rest", "--workers=2", "--slice-size=2")
QQ = ("--transport=qq", "--metadata=mount")
EVERYTHING = ("--deletes", "--moves", "--verify", "--max-deletes=100%")


def names_in(xml_list: bytes) -> list[tuple[bytes, ...]]:
    """Return the elements of a list with their names; the time of the run is in others."""
    return re.findall(rb'<([a-z-]+) name="(.*?)"', xml_list)


class Project(NamedTuple):
    """A project with changes of every kind, and its two snapshots."""

    site: Site
    older: int
    newer: int

    def entries(self, *options: str) -> list[dict[str, Any]]:
        """Generate a list that must be complete; return its lines."""
        done = self.site.generate(self.older, self.newer, "--format=ndjson", *options)
        path = self.site.list_path.with_suffix(".ndjson")
        assert (done.code, done.output) == (0, f"{path}\n"), done.messages
        content = path.read_bytes()
        receipt = json.loads(path.with_suffix(".ndjson.json").read_bytes())
        assert receipt["format"] == "ndjson"
        assert receipt["list"] == {
            "path": str(path),
            "size": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
        }
        assert receipt["unreadable"]["count"] == 0
        assert sorted(os.listdir(path.parent)) == [path.name, f"{path.name}.json"]
        return [json.loads(line) for line in content.splitlines()]


@pytest.fixture
def project(site: Site) -> Project:
    write_files(site.mount, "gone/a", "grows", "old name\x01", "same")
    older = site.snapshot()
    (site.mount / "gone" / "a").unlink()
    (site.mount / "gone").rmdir()
    (site.mount / "old name\x01").rename(site.mount / "new\nname")
    write_files(site.mount, "grows", "created\x07", size=20)
    return Project(site, older, site.snapshot())


@pytest.mark.parametrize("way", [REST, QQ], ids=["rest", "qq"])
def test_a_list_contains_every_kind_of_change_and_every_name(
    project: Project, way: tuple[str, ...]
) -> None:
    mount = project.site.mount

    def existing(change: str, name: str, size: int, **more: str) -> dict[str, Any]:
        status = (mount / name).stat()
        entry: dict[str, Any] = {"path": f"/{name}", "kind": "file", "change": change}
        entry |= {"size": size, "mtime": int(status.st_mtime)}
        return entry | {"owner": status.st_uid, "group": status.st_gid} | more

    *entries, totals = project.entries(*way, *EVERYTHING)

    for entry in entries:
        entry.pop("atime", None)
    assert entries == [
        existing("moved", "new\nname", 10, moved_from="/old name\x01"),
        existing("modified", "grows", 20),
        {"path": "/gone/a", "kind": "file", "change": "deleted"},
        {"path": "/gone", "kind": "directory", "change": "deleted"},
        existing("created", "created\x07", 20),
    ]
    assert totals == {
        "totals": {
            "created": 1,
            "modified": 1,
            "moved": 1,
            "deleted": 1,
            "modified_directories": 0,
            "deleted_directories": 1,
            "unreadable": 0,
            "size": 50,
        }
    }


def test_a_name_that_is_not_utf_8_is_also_written_exactly(site: Site) -> None:
    older = site.snapshot()
    with open(os.fsencode(site.mount) + b"/\xff.mov", "wb"):
        pass
    (entry, _) = Project(site, older, site.snapshot()).entries("--transport=rest")
    assert (entry["path"], entry["path_bytes"]) == ("/\ufffd.mov", "L/8ubW92")


def test_lists_of_both_formats_have_the_same_entries_and_lie_side_by_side(site: Site) -> None:
    older = site.snapshot()
    write_files(site.mount, "a", "reel/b", "reel/deep/c")
    newer = site.snapshot()
    *entries, _ = Project(site, older, newer).entries("--transport=rest", "--deletes")
    root = ElementTree.fromstring(site.scan_list(older, newer, "--transport=rest", "--deletes"))
    assert [entry["path"] for entry in entries] == [element.get("name") for element in root]
    names = ["1-files.json", "1-files.ndjson", "1-files.ndjson.json", "1-files.xml"]
    assert sorted(os.listdir(site.list_path.parent)) == names


def test_one_run_writes_several_lists_and_each_has_what_it_can_hold(project: Project) -> None:
    """XML cannot hold the name with U+0007, and the old name with U+0001."""
    site, xml = project.site, project.site.list_path
    both = ("--format=ndjson", "--format=xml", *REST, "--deletes", "--moves")

    done = site.generate(project.older, project.newer, *both)

    ndjson = xml.with_suffix(".ndjson")
    assert (done.code, done.output) == (1, f"{ndjson}\n{xml}\n"), done.messages
    lists = {ndjson: ndjson.read_bytes(), xml: xml.read_bytes()}
    for path, receipt_path, unreadable in (
        (ndjson, ndjson.with_suffix(".ndjson.json"), 0),
        (xml, xml.with_suffix(".json"), 2),
    ):
        receipt = json.loads(receipt_path.read_bytes())
        assert receipt["format"] == path.suffix[1:]
        assert receipt["list"]["sha256"] == hashlib.sha256(lists[path]).hexdigest()
        assert receipt["unreadable"]["count"] == unreadable
    # A move that one list cannot express is a move in none.
    changes = {
        line["path"]: line["change"] for line in map(json.loads, lists[ndjson].splitlines()[:-1])
    }
    assert changes["/new\nname"] == "created"
    assert changes["/old name\x01"] == "deleted"
    alone = site.scan_list(project.older, project.newer, *REST, "--deletes", "--moves", code=1)
    assert names_in(alone) == names_in(lists[xml])


def test_the_limit_on_deletions_holds_for_every_list_whatever_their_order(project: Project) -> None:
    """XML cannot hold the name with U+0001, so fewer files are deleted there."""
    both = ["--format=xml", "--format=ndjson"]
    for formats in (both, both[::-1]):
        done = project.site.generate(
            project.older, project.newer, *formats, *REST, "--deletes", "--max-deletes=1"
        )
        assert (done.code, done.output) == (6, "")
        assert "2 files" in done.messages


def test_the_summary_counts_what_one_of_the_lists_lacks(project: Project) -> None:
    both = ("--format=ndjson", "--format=xml")

    done = project.site.generate(project.older, project.newer, *both, *REST, "--deletes")

    assert done.code == 1
    assert "not readable or not nameable: 2" in done.messages
