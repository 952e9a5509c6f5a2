"""The receipt beside a list, the proof of a list, and the limit on deletions."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest

from qumulo_changelist.version import __version__
from qumulo_emulator.running import Emulator, serve_in_thread
from tests.end_to_end.conftest import site_on
from tests.end_to_end.failures import EARLIER, NO_LIST, check_failed, keep_earlier_list
from tests.end_to_end.files import write_files
from tests.end_to_end.site import Site

WAYS = [
    ("--transport=rest", "--metadata=mount", "--workers=1"),
    ("--transport=rest", "--metadata=rest", "--slice-size=2", "--workers=2"),
]
every_way = pytest.mark.parametrize("way", WAYS, ids=[" ".join(way[:2]) for way in WAYS])
QQ = ("--transport=qq", "--metadata=mount", "--workers=1")
REST = ("--transport=rest", "--metadata=rest", "--workers=1")


def receipt(site: Site) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(site.list_path.with_suffix(".json").read_bytes())
    return content


@pytest.fixture
def project(cluster: Emulator, site: Site) -> tuple[Site, int, int]:
    """A project with changes of every kind, and its two snapshots."""
    mount = site.mount
    write_files(mount, "moved", size=7)
    write_files(mount, "gone", "old/1", "old/2", "old/deep/3", size=100)
    write_files(mount, "grown", "replaced", "became a link")
    (mount / "link").symlink_to("grown")
    older = site.snapshot()
    (mount / "moved").rename(mount / "here")
    (mount / "gone").unlink()
    for name in ("1", "2", "deep/3"):
        (mount / "old" / name).unlink()
    (mount / "old/deep").rmdir()
    (mount / "old").rmdir()
    write_files(mount, "grown", size=33)
    write_files(mount, "other", size=3)
    (mount / "other").replace(mount / "replaced")
    (mount / "became a link").unlink()
    (mount / "became a link").symlink_to("grown")
    write_files(mount, "new/1", "new/2", "new\x01", size=1000)
    os.mkfifo(mount / "pipe")
    return site, older, site.snapshot()


@every_way
def test_a_receipt_describes_its_list_and_what_it_contains(
    project: tuple[Site, int, int], way: tuple[str, ...]
) -> None:
    site, older, newer = project

    written = site.scan_list(older, newer, "--deletes", "--moves", "--verify", *way, code=1)

    content = receipt(site)
    assert content["list"] == {
        "path": str(site.list_path),
        "size": len(written),
        "sha256": hashlib.sha256(written).hexdigest(),
    }
    assert [content[f"{which}_snapshot"]["id"] for which in ("older", "newer")] == [older, newer]
    assert content["newer_snapshot"]["name"].endswith("s")
    moments = [
        content["older_snapshot"]["taken"],
        content["newer_snapshot"]["taken"],
        content["started"],
        content["ended"],
    ]
    assert moments == sorted(moments)
    assert (content["source"], content["base_path"]) == (site.source, site.source)
    assert content["mapped_path"] == (str(site.mount) if "mount" in way[1] else None)
    assert (f"--transport={content['transport']}", f"--metadata={content['metadata']}") == way[:2]
    assert (content["version"], content["project"]) == (__version__, "show")
    assert content["files"] == {
        "created": {"count": 3, "bytes": 2003},
        "modified": {"count": 1, "bytes": 33},
        "moved": {"count": 1, "bytes": 7},
        "deleted": {"count": 5, "bytes": 410},
    }
    assert content["directories"] == {"modified": {"count": 0}, "deleted": {"count": 1}}
    assert content["left_out"]["count"] == 2
    assert sorted(content["left_out"]["first"]) == ["/became a link", "/pipe"]
    assert "links" in content["left_out"]["why"]
    assert content["unreadable"]["count"] == 1
    assert content["unreadable"]["first"][0]["name"] == "/new\x01"
    assert content["proof"] == {
        "held": True,
        "files_in_older_snapshot": 8,
        "files_in_newer_snapshot": 6,
    }


def test_every_list_has_a_receipt_even_without_a_proof(project: tuple[Site, int, int]) -> None:
    site, older, newer = project

    site.scan_list(older, newer, *REST, code=1)

    assert receipt(site)["proof"] is None
    assert receipt(site)["files"]["deleted"] == {"count": 0, "bytes": 0}
    assert sorted(os.listdir(site.list_path.parent)) == ["1-files.json", "1-files.xml"]


def test_a_receipt_names_the_first_hundred_entries_that_cannot_be_read(
    cluster: Emulator, site: Site
) -> None:
    older = site.snapshot()
    write_files(site.mount, *(f"{number:03}" for number in range(130)))
    newer = site.snapshot()
    for number in range(130):
        (site.mount / f"{number:03}").unlink()

    site.scan_list(older, newer, "--transport=rest", "--slice-size=50", code=1)

    content = receipt(site)["unreadable"]
    assert (content["count"], len(content["first"])) == (130, 100)
    assert content["first"][0] == {"name": "/129", "reason": "it is gone since the snapshot"}


def test_a_list_whose_receipt_cannot_be_written_is_not_published(
    project: tuple[Site, int, int],
) -> None:
    site, older, newer = project
    path = site.list_path.with_suffix(".json")
    path.mkdir(parents=True)
    keep_earlier_list(site)

    check_failed(site, site.generate(older, newer, *REST), 4, f"{path} cannot be written")


# The proof


def test_a_list_that_disagrees_with_the_clusters_counts_is_not_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cluster").mkdir()
    with serve_in_thread(tmp_path / "cluster") as cluster:
        site = site_on(cluster, tmp_path)
        write_files(site.mount, "show/1")
        older = site.snapshot()
        write_files(site.mount, "2")
        newer = site.snapshot()
        keep_earlier_list(site)
        # The diff is empty although the snapshots differ.
        monkeypatch.setattr(cluster.cluster, "diff", lambda newer, older: [])

        done = site.generate(older, newer, "--verify", *REST)

    assert (done.code, done.output) == (5, "")
    assert (
        f"the list does not add up: 1 file below / in snapshot {older}, none changed, "
        f"would be 1 in snapshot {newer}, which has 2: 1 too few"
    ) in done.messages
    assert NO_LIST in done.messages
    assert site.list_path.read_bytes() == EARLIER
    assert os.listdir(site.list_path.parent) == ["1-files.xml"]


def test_a_proof_fails_if_the_live_share_changed_and_the_hint_is_to_read_a_snapshot(
    cluster: Emulator, site: Site
) -> None:
    older = site.snapshot()
    write_files(site.mount, "new/1", "new/2")
    newer = site.snapshot()
    (site.mount / "new/1").unlink()

    failed = site.generate(older, newer, "--verify", "--transport=rest")
    held = site.generate(older, newer, "--verify", *REST)

    assert failed.code == 5
    assert "+1 created" in failed.messages
    assert "--metadata snapshot or rest" in failed.messages
    assert held.code == 0


@pytest.mark.parametrize(
    ("base", "code"),
    [("", 0), ("/new", 0), ("/old", 0), ("/..", 0), ("/beside", 2), ("/wrong", 2)],
    ids=str,
)
def test_a_proof_is_possible_for_every_base_path_that_exists(
    cluster: Emulator, site: Site, base: str, code: int
) -> None:
    write_files(site.mount, "show/old/1", "show/old/2", "beside/3", "show/kept")
    whole = site.source
    site.source = f"{whole}/show"
    older = site.snapshot()
    (site.mount / "old").rename(site.mount / "new")
    newer = site.snapshot()
    places = {"/beside": f"{whole}/beside", "/..": whole}

    done = site.generate(
        older, newer, "--verify", "--deletes", *REST, base=places.get(base, site.source + base)
    )

    assert done.code == code, done.messages
    assert ("neither" if code else "proved") in done.messages


# The limit on deletions


@pytest.mark.parametrize(
    ("limit", "code"), [("4", 6), ("5", 0), ("62%", 6), ("62.5%", 0), ("0", 6)]
)
def test_a_list_that_deletes_more_than_the_limit_is_not_published(
    project: tuple[Site, int, int], limit: str, code: int
) -> None:
    site, older, newer = project
    (site.mount / "new\x01").unlink()
    keep_earlier_list(site)

    done = site.generate(older, newer, "--deletes", "--moves", *REST, f"--max-deletes={limit}")

    if code == 0:
        assert done.code == 1
        assert site.list_path.read_bytes() != EARLIER
        return
    assert (done.code, done.output) == (6, "")
    assert site.list_path.read_bytes() == EARLIER
    assert f"more than the limit of {limit} allows" in done.messages
    assert "files (410 bytes) and 1 directory would be deleted" in done.messages
    assert "most of them are in /old (3)" in done.messages
    assert "use a greater --max-deletes" in done.messages
    assert ("5 of 8 files" in done.messages) == limit.endswith("%")


def test_without_deletes_no_limit_is_exceeded(project: tuple[Site, int, int]) -> None:
    site, older, newer = project

    assert site.generate(older, newer, *REST, "--max-deletes=0").code == 1
