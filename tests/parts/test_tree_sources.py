"""How trees are reached: values that travel to other processes and open the trees there."""

import os
import pickle
import tempfile
from collections.abc import Iterator
from contextlib import nullcontext
from multiprocessing.reduction import ForkingPickler
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec.structs import replace

from qumulo_changelist.cluster.rest.client import RestCluster
from qumulo_changelist.config.settings import Secret, Settings
from qumulo_changelist.config.worker import WorkerSettings
from qumulo_changelist.errors import (
    MappedPathError,
    MountChangedError,
    WorkersNeedRestError,
    WrongMountError,
)
from qumulo_changelist.events import Listener, ignore
from qumulo_changelist.model import Attributes, Kind
from qumulo_changelist.secret import let_processes_share
from qumulo_changelist.snapshot_paths import SnapshotPaths, snapshot_paths
from qumulo_changelist.trees.interface import TreeSource, WorkerPlace
from qumulo_changelist.trees.qq import QqTree
from qumulo_changelist.trees.sources import (
    IdentifiedSource,
    MountLimits,
    MountSource,
    QqSource,
    RestSource,
    without_secrets,
)
from qumulo_emulator.running import serve_in_thread
from tests.parts.canned import Reply, file, serve
from tests.parts.fake_snapshot import BASE, SNAPSHOT, FakeSnapshot
from tests.parts.shares import count_open_descriptors
from tests.parts.tree_reading import describe, kinds, walk, walked_names

SETTINGS = Settings(("10.0.0.1", "10.0.0.2"), 8000, "archiver", Secret("correct-horse"))
PATHS = snapshot_paths("/proj", "/proj/new", "/proj/old")
REST = RestSource(SETTINGS, 7, PATHS, 4, page_size=100)
QQ = QqSource(SETTINGS, 7, PATHS, processes_at_once=9)
MOUNT = MountSource("/mnt/\udcff", since=1_700_000_000_123_456_789)


@pytest.mark.parametrize("source", [MOUNT, REST, QQ, IdentifiedSource(MOUNT, QQ)])
def test_a_source_is_the_same_in_another_process_of_this_machine(source):
    let_processes_share()

    copy = ForkingPickler.loads(ForkingPickler.dumps(source))

    assert type(copy) is type(source)
    # Its representation shows every field but the password.
    assert repr(copy) == repr(source)
    settings = getattr(copy, "settings", SETTINGS)
    assert settings.password.reveal() == "correct-horse"


# Several workers


def opened_limits(
    monkeypatch: pytest.MonkeyPatch, source: RestSource
) -> tuple[tuple[str, ...], int, int]:
    """Return the hosts, the requests to a node and those to all, with which a source is opened."""
    seen: list[Any] = []

    def open_rest(settings: Settings, _listener: Listener, **options: int) -> nullcontext[Any]:
        seen.extend((settings.hosts, options["requests_at_once"]))
        return nullcontext(SimpleNamespace(files=None))

    monkeypatch.setattr("qumulo_changelist.cluster.connect.open_rest", open_rest)
    monkeypatch.setattr(
        "qumulo_changelist.trees.rest.RestTree",
        lambda _files, _snapshot, _paths, at_once, **_options: seen.append(at_once),
    )
    with source.open(ignore):
        return seen[0], seen[1], seen[2]


@pytest.mark.parametrize(
    ("nodes", "workers", "to_a_node", "to_all"),
    [(1, 1, 128, 128), (4, 1, 128, 128), (1, 8, 16, 16), (4, 8, 16, 64), (4, 2, 64, 128),
     (3, 256, 1, 3)],
)  # fmt: skip
def test_workers_together_send_no_node_more_requests_at_once_than_it_takes(
    monkeypatch: pytest.MonkeyPatch, nodes: int, workers: int, to_a_node: int, to_all: int
) -> None:
    hosts = tuple(f"10.0.0.{number}" for number in range(nodes))
    source = RestSource(replace(SETTINGS, hosts=hosts), 7, PATHS, 128)

    for number in range(workers):
        first, *rest = opened_limits(monkeypatch, source.at(WorkerPlace(number, workers)))
        assert first[0] == hosts[number % nodes]
        assert sorted(first) == sorted(hosts)
        assert rest == [to_a_node, to_all]


@pytest.mark.parametrize(("workers", "expected"), [(1, 200), (8, 25), (256, 1)])
def test_workers_share_the_lookups_on_a_mount(
    monkeypatch: pytest.MonkeyPatch, workers: int, expected: int
) -> None:
    opened: list[int] = []

    def open_mount(*_arguments: object, max_lookups: int, timeout: float) -> nullcontext[None]:
        opened.append(max_lookups)
        return nullcontext()

    monkeypatch.setattr("qumulo_changelist.trees.mounted.MountedTree", open_mount)
    source = MountSource("/mnt", limits=MountLimits(200))

    for one in (source, IdentifiedSource(source, source)):
        with one.at(WorkerPlace(1, workers)).open(ignore):
            assert set(opened) == {expected}


# What travels to other machines


@pytest.mark.parametrize("source", [REST, IdentifiedSource(REST, REST)])
def test_what_travels_to_other_machines_has_no_secret(source: TreeSource) -> None:
    travelling = without_secrets(source, lambda: WorkerSettings.of(SETTINGS))

    with pytest.raises(TypeError, match="must not leave this machine"):
        pickle.dumps(source)
    assert b"correct-horse" not in pickle.dumps(travelling)


def test_a_mount_travels_with_what_this_machine_sees_there(tmp_path: Path) -> None:
    (tmp_path / "share").mkdir()
    source = MountSource(str(tmp_path / "share"))
    travelling = without_secrets(source, lambda: WorkerSettings.of(SETTINGS))

    with travelling.open(ignore) as tree:
        assert walked_names(tree) == []
    (tmp_path / "share").rename(tmp_path / "before")
    (tmp_path / "share").mkdir()
    with pytest.raises(WrongMountError), travelling.open(ignore):
        pass
    with pytest.raises(MappedPathError, match="is not a directory that can be read"):
        without_secrets(MountSource(f"{tmp_path}/none"), lambda: WorkerSettings.of(SETTINGS))


def test_qq_does_not_travel() -> None:
    with pytest.raises(WorkersNeedRestError):
        without_secrets(IdentifiedSource(REST, QQ), lambda: WorkerSettings.of(SETTINGS))


# A mount


def test_a_mounted_source_opens_its_directory(tmp_path):
    (tmp_path / "file").touch()

    with MountSource(str(tmp_path)).open(ignore) as tree:
        assert walked_names(tree) == ["/file"]
        assert tree.changed_since == 0
    with MountSource(str(tmp_path), since=1).open(ignore) as tree:
        assert walked_names(tree) == ["/file"]
        assert tree.changed_since == 2


def test_a_mounted_source_without_its_directory_cannot_be_opened(tmp_path):
    with pytest.raises(MappedPathError), MountSource(f"{tmp_path}/none").open(ignore):
        pass


def test_a_mount_that_has_to_be_what_it_was_is_not_opened_as_another_one(tmp_path):
    """A process that opens it while it is not mounted would see an empty directory."""
    share = tmp_path / "share"
    share.mkdir()
    before = count_open_descriptors()
    with MountSource(str(share)).open_mount() as held:
        source = pickle.loads(pickle.dumps(MountSource(str(share), root=held.root)))
        share.rename(tmp_path / "elsewhere")
        share.mkdir()
        with pytest.raises(MountChangedError), source.at(WorkerPlace(1, 2)).open(ignore):
            pass
        share.rmdir()
        with pytest.raises(MountChangedError, match="could be read"), source.open(ignore):
            pass
        (tmp_path / "elsewhere").rename(share)
        with source.open(ignore) as tree:
            assert walked_names(tree) == []

    assert count_open_descriptors() == before
    travelling = without_secrets(source, lambda: WorkerSettings.of(SETTINGS))
    assert isinstance(travelling, MountSource)
    assert travelling.root is None  # on other machines, the numbers of its device mean nothing


def test_an_identified_source_closes_both_its_trees(tmp_path):
    before = count_open_descriptors()
    mount, missing = MountSource(str(tmp_path)), MountSource(f"{tmp_path}/none")

    with IdentifiedSource(mount, mount).open(ignore) as tree:
        assert walked_names(tree) == []
        assert count_open_descriptors() == before + 2
    for source in (IdentifiedSource(mount, missing), IdentifiedSource(missing, mount)):
        with pytest.raises(MappedPathError), source.open(ignore):
            pass

    assert count_open_descriptors() == before


# REST

FAR = 910_692_730_085
"""The last second that Windows can write, in the year 30828."""
YEAR_0 = -62_167_219_201
"""A second before the year 0."""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder on a file system that keeps such times."""
    with tempfile.TemporaryDirectory(dir="/dev/shm" if os.path.isdir("/dev/shm") else None) as path:
        os.utime(path, (FAR, FAR))
        if os.stat(path).st_mtime != FAR:
            pytest.skip("no file system here keeps a time beyond the year 9999")
        yield Path(path)


def test_a_mount_and_the_cluster_show_the_same_attributes_in_any_year(folder):
    times = {"/sub/usual": 7, "/far": FAR, "/ancient": YEAR_0}
    (folder / "proj" / "sub").mkdir(parents=True)
    for name, time in times.items():
        path = Path(f"{folder}/proj{name}")
        path.write_bytes(b"x" * 10)
        os.utime(path, (time, time))
    mount = MountSource(f"{folder}/proj")
    with serve_in_thread(folder) as emulator:
        settings = Settings(
            ("127.0.0.1",),
            emulator.port,
            emulator.username,
            Secret(emulator.password),
            fingerprint=emulator.certificate_sha256,
        )
        with RestCluster(settings, ignore) as cluster:
            snapshot = cluster.create_snapshot("newer", "/proj")
        rest = RestSource(settings, snapshot.id, snapshot_paths("/proj"), 4)

        trees = []
        for source in (mount, rest, IdentifiedSource(mount, rest)):
            with source.open(ignore) as tree:
                trees.append(dict(walk(tree)))

    on_mount, over_rest, identified = trees
    assert list(on_mount) == list(over_rest) == ["/sub/usual", "/sub/", "/far", "/ancient"]
    for name, time in times.items():
        shown, known = on_mount[name], over_rest[name]
        assert isinstance(shown, Attributes)
        assert isinstance(known, Attributes)
        assert (shown.size, shown.mtime, shown.atime) == (10, time, time)
        assert replace(shown, id=known.id, revision=known.revision) == known == identified[name]
        assert known.id


DIRECTORY = {"type": "FS_FILE_TYPE_DIRECTORY"}
MALFORMED = [
    file(name="good.mov"),
    file(name="kindless", type=None),
    file(name="late.mov", access_time=7),
    file(name="link", type="FS_FILE_TYPE_SYMLINK", size=None),
    file(name="ownerless", owner="me", owner_details=None),
    file(name="sub", **DIRECTORY, modification_time="never"),
]


def answer_malformed(_method: str, uri: str) -> Reply:
    files = MALFORMED if uri.startswith("/v1/files/%2Fproj/") else []
    return 200, {"files": files, "child_count": len(files), "paging": {"next": ""}}


def test_a_malformed_entry_does_not_affect_its_neighbours():
    names = ["/sub/", "/ownerless", "/link", "/late.mov", "/kindless", "/good.mov"]
    with serve() as server:
        server.answer = answer_malformed
        with RestSource(server.settings(), 7, snapshot_paths("/proj"), 4).open(ignore) as tree:
            described = dict(zip(names, describe(tree, *names), strict=True))
            found = dict(walk(tree))

    assert found == described
    assert kinds([described["/good.mov"]]) == [Kind.FILE]
    known = [getattr(described[name], "known", None) for name in names[:-1]]
    assert [one and one.kind for one in known] == [
        Kind.DIRECTORY, Kind.FILE, Kind.OTHER, Kind.FILE, None
    ]  # fmt: skip


# Through qq


@pytest.mark.parametrize(
    ("workers", "processes_at_once", "expected"),
    [(1, 8, 8), (4, 8, 2), (4, 11, 2), (4, 3, 1), (1, 1, 1)],
)
def test_workers_share_the_qq_processes(monkeypatch, workers, processes_at_once, expected):
    snapshot = FakeSnapshot()
    snapshot.put("/a", "/d/b")
    opened: list[object] = []

    def open_qq(settings: Settings, listener: Listener) -> FakeSnapshot:
        opened.extend((settings, listener))
        return snapshot

    def open_tree(cluster: FakeSnapshot, number: int, paths: SnapshotPaths, at_once: int) -> QqTree:
        opened.append(at_once)
        return QqTree(cluster, number, paths, at_once)

    monkeypatch.setattr("qumulo_changelist.cluster.connect.open_qq", open_qq)
    monkeypatch.setattr("qumulo_changelist.trees.qq.QqTree", open_tree)
    source = QqSource(SETTINGS, SNAPSHOT, snapshot_paths(BASE), processes_at_once)

    with source.at(WorkerPlace(0, workers)).open(ignore) as tree:
        assert walked_names(tree) == ["/d/b", "/d/", "/a"]
    assert opened == [SETTINGS, ignore, expected]
    assert snapshot.closed.is_set()
