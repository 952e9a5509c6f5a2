"""Filters of real lists: what they let pass, what is never asked for, and that the proof holds."""

import json
import os
import shutil
from typing import Any

import pytest

from qumulo_changelist import (
    ChangelistRequest,
    ChangelistResult,
    Filters,
    errors,
    explain_path,
    generate_changelist,
    read_settings,
    verify_list,
)
from qumulo_emulator.running import Emulator
from tests.end_to_end.files import write_files
from tests.end_to_end.site import GUID, Site

HUGE = 10_000


@pytest.fixture
def snapshots(cluster: Emulator, site: Site) -> tuple[int, int]:
    """Two snapshots of a project, between which files came into filters and went out of them."""
    mount = site.mount
    write_files(mount, "grew", "replaced by a small one", "replaced by a folder", "in/stays")
    write_files(mount, "shrank", "went/big", "moved", "cache/old", "folder.tmp/old", size=HUGE)
    write_files(
        mount, "removed.tmp", "cache/went", "went/.DS_Store", "went/cache/1", "went/cache/2"
    )
    older = site.snapshot()
    write_files(mount, "grew", "new/big", "new/deep/big", "new/cache/1", "cache/new", size=HUGE)
    write_files(mount, "shrank", "new/small", "new/.DS_Store", "new/a.tmp", "cache/a/b", "keep.tmp")
    write_files(mount, "big.tmp", size=HUGE)
    shutil.rmtree(mount / "went")
    shutil.rmtree(mount / "folder.tmp")
    (mount / "removed.tmp").unlink()
    (mount / "cache/went").unlink()
    write_files(mount, "another", size=3)
    (mount / "another").replace(mount / "replaced by a small one")
    (mount / "replaced by a folder").unlink()
    write_files(mount, "replaced by a folder/cache/1", size=HUGE)
    (mount / "moved").rename(mount / "in" / "moved")
    return older, site.snapshot()


FILTERS = Filters(exclude=("@litter", "*.tmp", "!keep.tmp", "cache/"), min_size=10_000)
LISTED = [
    ("/replaced by a folder", "deleted"),
    ("/new/deep/big", "created"),
    ("/new/big", "created"),
    ("/in/moved", "moved"),
    ("/in", "modified"),
    ("/grew", "modified"),
    ("/went/big", "deleted"),
    ("/went", "deleted"),
]


def list_of(
    site: Site, older: int | None, newer: int, filters: Filters, **options: Any
) -> ChangelistResult:
    request = ChangelistRequest(
        project="show",
        guid=GUID,
        base_path=site.source,
        older=older,
        newer=newer,
        formats=("ndjson",),
        filters=filters,
        **{"metadata": "rest", **options},
    )
    return generate_changelist(request, read_settings(str(site.configuration), "rest"))


def entries_of(result: ChangelistResult) -> list[tuple[str, str]]:
    with open(result.path, encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    return [(line["path"], line["change"]) for line in lines if "path" in line]


WAYS = (("rest", 1, True), ("rest", 2, False), ("mount", 1, False), ("mount", 2, True))


def test_a_list_has_what_passes_in_whatever_way_it_is_made(
    site: Site, snapshots: tuple[int, int], cluster: Emulator
) -> None:
    for metadata, workers, verify in WAYS:
        result = list_of(
            site,
            *snapshots,
            FILTERS,
            deletes=True,
            moves=True,
            verify=verify,
            metadata=metadata,
            mapped_path=None if metadata == "rest" else str(site.mount),
            workers=workers,
        )

        assert sorted(entries_of(result)) == sorted(LISTED)
        counts = {
            name: (each.files, each.directories) for name, each in result.receipt.filtered.items()
        }
        assert counts == {"exclude": (5, 5), "min-size": (4, 0)}
    asked = [request["path"] for request in cluster.requests() if "/entries" in request["path"]]
    assert [path for path in asked if "new" in path]
    assert not [path for path in asked if "cache" in path or "folder.tmp" in path]


def test_a_proved_list_with_filters_agrees_with_the_cluster_afterwards_too(
    site: Site, snapshots: tuple[int, int]
) -> None:
    settings = read_settings(str(site.configuration), "rest")
    proved = list_of(site, *snapshots, FILTERS, deletes=True, verify=True)

    assert proved.receipt.filters == FILTERS
    assert proved.receipt.net_files == 17 - 14
    assert verify_list(proved.path, settings).is_whole
    found = list_of(site, *snapshots, Filters(include=("*.tmp",)), deletes=True)
    assert found.receipt.net_files is None
    assert {name for name, _ in entries_of(found)} == {
        *("/removed.tmp", "/keep.tmp", "/big.tmp", "/new/a.tmp", "/folder.tmp", "/folder.tmp/old"),
    }


def test_only_some_kinds_of_changes_are_listed_after_moves_were_paired(
    site: Site, snapshots: tuple[int, int]
) -> None:
    filters = Filters(only=("moved", "deleted"), exclude=("cache/", "went/"))

    result = list_of(site, *snapshots, filters, deletes=True, moves=True, verify=True)

    assert sorted(entries_of(result)) == [
        ("/folder.tmp", "deleted"),
        ("/folder.tmp/old", "deleted"),
        ("/in/moved", "moved"),
        ("/removed.tmp", "deleted"),
        ("/replaced by a folder", "deleted"),
    ]


def test_a_full_list_has_what_passes(site: Site, snapshots: tuple[int, int]) -> None:
    os.utime(site.mount / "in/stays", (0, 0))
    newer = site.snapshot()

    old = list_of(site, None, newer, Filters(older_than="7days"), verify=True)
    assert entries_of(old) == [("/in/stays", "created")]

    large = list_of(site, None, newer, Filters(min_size=HUGE, exclude=("/new/**", "!/new/big")))
    assert {name for name, _ in entries_of(large)} == {
        *("/replaced by a folder/cache/1", "/new/big", "/in/moved", "/grew", "/cache/old"),
        *("/cache/new", "/big.tmp"),
    }


def test_nothing_is_proved_if_too_many_directories_are_excluded(
    site: Site, snapshots: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qumulo_changelist.checks.proof.MAX_DIRECTORIES", 2)

    with pytest.raises(errors.TooManyExcludedError, match="more than 2 excluded directories"):
        list_of(site, *snapshots, FILTERS, deletes=True, verify=True)


EXPLAINED = {
    "/new/a.tmp": ("filtered", "exclude", "The pattern *.tmp excludes /new/a.tmp."),
    "/new/cache/1": ("filtered", "exclude", "The pattern cache/ excludes /new/cache/."),
    "/went/.DS_Store": (
        *("filtered", "exclude", "The pattern .DS_Store of @litter excludes /went/.DS_Store."),
    ),
    "/keep.tmp": ("filtered", "min-size", "The limit is --min-size 10000 bytes."),
    "/grew": ("modified", "", None),
    "/went/big": ("below a deleted directory", "", None),
    "/replaced by a small one": ("filtered", "min-size", "The limit is --min-size 10000 bytes."),
}


def test_an_explanation_names_the_filter(site: Site, snapshots: tuple[int, int]) -> None:
    made = list_of(site, *snapshots, FILTERS, deletes=True, moves=True)

    for name, (reason, by, sentence) in EXPLAINED.items():
        found = explain_path(name, made.path, read_settings(str(site.configuration), "rest"))

        assert (found.verdict.reason, found.verdict.filtered_by) == (reason, by), name
        assert sentence is None or sentence in found.sentences


def test_the_command_takes_filters_and_reports_what_they_left_out(
    site: Site, snapshots: tuple[int, int]
) -> None:
    lines = site.folder / "filters"
    lines.write_bytes(b"# archived elsewhere\r\n*.tmp\r\n!big.tmp\r\n\r\ncache/\r\n")

    done = site.generate(
        *snapshots,
        *("--metadata=rest", "--transport=rest", f"--filter-file={lines}", "--exclude=went"),
        *("--max-size=9KB", "--only=created,modified"),
    )

    assert done.code == 0, done.messages
    listed = site.list_path.read_text(encoding="utf-8")
    assert 'name="/shrank"' in listed
    assert not [name for name in ("tmp", "cache", "went", "/grew") if f"{name}" in listed]
    assert (
        "left out by filters: --exclude 2 files (10 bytes) and 3 directories, --max-size"
        in done.messages
    )


def test_a_malformed_pattern_is_refused_with_its_line(site: Site) -> None:
    lines = site.folder / "filters"
    lines.write_bytes(b"*.tmp\n\n[abc\n")

    done = site.generate(1, 2, "--metadata=rest", f"--filter-file={lines}")

    assert done.code == 2
    assert f"{lines}, line 3: '[abc': its [ is never closed" in done.messages
