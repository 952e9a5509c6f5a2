"""A full list: every regular file that one snapshot has below the base path, as created."""

import json
import multiprocessing
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal, NamedTuple, cast

import pytest

from qumulo_changelist import (
    ChangelistRequest,
    ChangelistResult,
    Event,
    Transport,
    errors,
    events,
    generate_changelist,
    read_receipt,
    read_settings,
)
from qumulo_changelist.checks.deletion_limit import DeletionLimit
from qumulo_changelist.config.settings import Settings
from qumulo_emulator.running import Emulator, serve_in_thread
from tests.end_to_end.conftest import site_on
from tests.end_to_end.files import write_files
from tests.end_to_end.lists import file, normalized, scan_list
from tests.end_to_end.site import GUID, Site
from tests.end_to_end.test_every_way import change_project, make_project
from tests.oracle import (
    NO_RESTRICTIONS,
    Tree,
    capture,
    expected_full_list,
    restrictions_to_utf8,
)


def settings_of(site: Site, transport: str = "rest") -> Settings:
    return read_settings(str(site.configuration), cast("Transport", transport))


def full_list(
    site: Site,
    snapshot: int,
    *,
    base: str | None = None,
    transport: str = "rest",
    listener: Callable[[Event], object] = events.ignore,
    **options: Any,
) -> ChangelistResult:
    """Write a full list with some options; without a mount, if nothing else is requested."""
    base = base or site.source
    metadata: Literal["mount", "snapshot", "rest"] = options.pop("metadata", "rest")
    mapped = None if metadata == "rest" else str(site.mounted(base))
    request = ChangelistRequest(
        project="show",
        older=None,
        newer=snapshot,
        base_path=base,
        metadata=metadata,
        **{"guid": GUID, "mapped_path": mapped, **options},
    )
    return generate_changelist(request, settings_of(site, transport), listener)


class Project(NamedTuple):
    """A project with names of all kinds, and a snapshot of it."""

    site: Site
    snapshot: int
    tree: Tree

    def expected(self, metadata: str, base: str = "/") -> bytes:
        """What the oracle works out, for a way that reads on a mount, or over REST."""
        readable = restrictions_to_utf8(self.tree) if metadata == "rest" else NO_RESTRICTIONS
        return normalized(
            expected_full_list(self.tree, source="/", base=base, run_time=0, restrictions=readable)
        )


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    with serve_in_thread(tmp_path_factory.mktemp("cluster"), page_limit=100) as running:
        site = site_on(running, tmp_path_factory.mktemp("site"))
        make_project(site.mount)
        change_project(site.mount)
        snapshot = site.snapshot()
        yield Project(site, snapshot, capture(str(site.mount)))


# transport, metadata, workers, and the limits on what is worked on at a time.
WAYS: dict[str, tuple[str, str, int, dict[str, Any]]] = {
    "rest": ("rest", "rest", 1, {}),
    "rest, 2 processes": ("rest", "rest", 2, {"page_size": 2, "slice_size": 8}),
    "mount": ("rest", "mount", 1, {"slice_size": 1, "spill_after": 1}),
    "snapshot, 2 processes": ("rest", "snapshot", 2, {"slice_size": 9}),
    "qq, mount, 2 processes": ("qq", "mount", 2, {"slice_size": 1}),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_regular_file_is_listed_in_every_way(
    project: Project, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in project.site.variables().items():
        monkeypatch.setenv(name, value)
    transport, metadata, workers, limits = WAYS[way]
    processes = set()

    def listener(event: Event) -> None:
        if isinstance(event, events.EntryLeftOut):
            processes.add(len(multiprocessing.active_children()))

    result = full_list(
        project.site,
        project.snapshot,
        transport=transport,
        metadata=metadata,
        workers=workers,
        listener=listener,
        **limits,
    )

    assert normalized(Path(result.path).read_bytes()) == project.expected(metadata)
    assert result.path == str(project.site.list_path)
    totals = result.totals
    assert totals.created == totals.files > 180
    assert (totals.left_out, totals.directories, totals.deleted_files) == (5, 0, 0)
    # The one creation is many slices, so that the processes share the work.
    assert processes == {workers if workers > 1 else 0}


def test_a_full_list_as_ndjson_names_every_file_as_created(project: Project) -> None:
    result = full_list(project.site, project.snapshot, formats=("ndjson",), metadata="mount")

    *lines, last = map(json.loads, Path(result.path).read_bytes().splitlines())
    files = {path.decode("utf-8", "replace") for path, node in project.tree.nodes.items()
             if node.kind == "file"}  # fmt: skip
    assert {line["path"] for line in lines} == {f"/{path}" for path in files}
    assert {(line["kind"], line["change"]) for line in lines} == {("file", "created")}
    assert last["totals"]["created"] == len(lines)


def test_a_full_list_of_a_folder_is_that_part_of_the_snapshot(project: Project) -> None:
    result = full_list(project.site, project.snapshot, base="/replaced", metadata="mount")

    assert normalized(Path(result.path).read_bytes()) == project.expected("mount", "/replaced")


def test_the_clusters_own_count_proves_a_full_list_and_its_receipt_has_no_older_snapshot(
    cluster: Emulator, site: Site
) -> None:
    write_files(site.mount, "reel1/a.mov", "reel1/deep/b.mov", "c.mov")
    os.symlink("c.mov", site.mount / "link")
    snapshot = site.snapshot()
    received: list[Event] = []

    result = full_list(
        site,
        snapshot,
        verify=True,
        deletes=True,
        moves=True,
        max_deletes=DeletionLimit.parse("0"),
        listener=received.append,
    )

    names = ("/reel1/deep/b.mov", "/reel1/a.mov", "/c.mov")
    expected = scan_list([file(site.mount, name) for name in names])
    assert normalized(Path(result.path).read_bytes()) == expected
    assert result.proof == (0, 3)
    receipt = read_receipt(result.receipt_path)
    assert receipt == result.receipt
    assert (receipt.receipt_version, receipt.older_snapshot) == ("1.3", None)
    assert json.loads(Path(result.receipt_path).read_bytes())["older_snapshot"] is None
    assert receipt.newer_snapshot.id == snapshot
    assert receipt.newer_snapshot.taken
    # They mean nothing on a full list.
    assert (receipt.deletes, receipt.moves) == (False, False)
    assert events.FullListChosen(site.source, snapshot) in received
    assert not any(isinstance(event, events.ChangesCollected) for event in received)


def test_a_full_list_that_does_not_agree_with_the_clusters_count_is_not_published(
    cluster: Emulator, site: Site
) -> None:
    write_files(site.mount, "reel1/a.mov", "reel1/b.mov")
    snapshot = site.snapshot()
    (site.mount / "reel1/a.mov").unlink()

    with pytest.raises(errors.ProofError) as caught:
        full_list(site, snapshot, verify=True, metadata="mount")

    assert str(caught.value) == (
        f"the list does not add up: 0 files below {site.source} to begin with, +1 created, would "
        f"be 1 in snapshot {snapshot}, which has 2: 1 too few"
    )
    assert not site.list_path.exists()


def test_a_base_path_above_the_snapshots_directory_lists_that_directory_alone(
    cluster: Emulator, site: Site
) -> None:
    write_files(site.mount, "show/a.mov", "beside/b.mov")
    whole = site.source
    site.source = f"{whole}/show"

    result = full_list(site, site.snapshot(), base=whole, verify=True)

    expected = scan_list([file(site.root, f"{whole}/show/a.mov", "/show/a.mov")])
    assert normalized(Path(result.path).read_bytes()) == expected
    assert result.proof == (0, 1)


@pytest.mark.parametrize("source_path", ["known", "empty"])
@pytest.mark.parametrize("base", ["/nowhere", "/a.mov", "/.."], ids=str)
def test_a_base_path_that_the_snapshot_does_not_have_as_a_directory_is_refused(
    cluster: Emulator, site: Site, base: str, source_path: str
) -> None:
    write_files(site.mount, "a.mov")
    beside = f"{site.source} beside"
    snapshot = site.snapshot()
    cluster.settings(source_path=source_path)

    try:
        with pytest.raises(errors.BasePathError) as caught:
            full_list(site, snapshot, base=beside if base == "/.." else site.source + base)
    finally:
        cluster.settings(source_path="known")

    assert caught.value.exit_code == 2
    assert f"snapshot {snapshot} " in str(caught.value)
    assert not site.list_path.exists()


def test_a_snapshot_that_the_cluster_does_not_have_is_missing(
    cluster: Emulator, site: Site
) -> None:
    with pytest.raises(errors.SnapshotMissingError, match="has no snapshot 4711"):
        full_list(site, 4711)


def test_a_mapped_path_that_is_not_the_base_path_is_refused(cluster: Emulator, site: Site) -> None:
    write_files(site.mount, "show/a.mov", "other/b.mov")
    snapshot = site.snapshot()

    with pytest.raises(errors.WrongMountError):
        full_list(
            site,
            snapshot,
            base=f"{site.source}/show",
            metadata="mount",
            mapped_path=str(site.mount / "other"),
        )


# Where a list is written


def test_a_list_can_be_written_to_any_file_with_its_receipt_beside_it(
    cluster: Emulator, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_files(site.mount, "a.mov")
    older = site.snapshot()
    write_files(site.mount, "b.mov")
    newer = site.snapshot()
    monkeypatch.chdir(tmp_path)
    request = ChangelistRequest(
        project="show",
        older=older,
        newer=newer,
        base_path=site.source,
        metadata="rest",
        output="lists é/today.xml",
    )

    result = generate_changelist(request, settings_of(site))

    assert result.path == str(tmp_path / "lists é" / "today.xml")
    assert result.receipt_path == str(tmp_path / "lists é" / "today.json")
    assert normalized(Path(result.path).read_bytes()) == scan_list([file(site.mount, "/b.mov")])
    assert read_receipt(result.receipt_path).list_file.path == result.path
    assert sorted(os.listdir(tmp_path / "lists é")) == ["today.json", "today.xml"]
    assert not site.list_path.parent.exists()


def test_a_directory_is_not_replaced_by_a_list(
    cluster: Emulator, site: Site, tmp_path: Path
) -> None:
    (tmp_path / "lists").mkdir()

    with pytest.raises(errors.OutputError, match="it is a directory"):
        full_list(site, site.snapshot(), output=str(tmp_path / "lists"))
