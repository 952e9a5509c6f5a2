"""Faults while the status of both snapshots is read, which shows that they are of one directory."""

import json
from typing import Any

import pytest

from qumulo_changelist.cluster.rest.client import RestCluster
from qumulo_changelist.errors import ReplyError
from qumulo_emulator.running import Emulator
from tests.end_to_end.files import write_files
from tests.end_to_end.lists import normalized
from tests.end_to_end.site import Site
from tests.parts.canned import serve

STATUS = "*/snapshots/status/*"
FAULTS: dict[str, dict[str, Any]] = {
    "503": {"status": 503},
    "closed": {"action": "close"},
    "truncated": {"action": "truncate"},
    "garbled": {"action": "garbage"},
}


def swap(cluster: Emulator, site: Site, answer: str) -> tuple[int, int]:
    """Let a different directory have the name of the source; return a snapshot of each."""
    root = site.mounted("/")
    write_files(root, "show/a.mov", "show/gone.mov", "other/new.mov", "other/b.mov")
    site.source = "/show"
    older = site.snapshot()
    (root / "show").rename(root / "away")
    (root / "other").rename(root / "show")
    cluster.settings(different_sources=answer)
    return older, site.snapshot()


@pytest.mark.parametrize("transport", ["rest", "qq"])
def test_a_cluster_that_keeps_failing_to_describe_the_snapshots_ends_the_run(
    own_cluster: Emulator, own_site: Site, transport: str
) -> None:
    older, newer = swap(own_cluster, own_site, "diff")
    options = (f"--transport={transport}", "--deletes", "--metadata=rest", "--retry-for=0")
    for fault in FAULTS.values():
        own_cluster.fault(method="GET", path=STATUS, **fault)
        done = own_site.generate(older, newer, *options)
        own_cluster.clear_faults()

        assert done.code in {1, 65, 69, 76}, done.messages
        assert not own_site.list_path.exists()


@pytest.mark.parametrize("answer", ["diff", "empty"])
def test_65_if_a_user_who_may_not_read_a_status_compares_two_directories(
    own_cluster: Emulator, own_site: Site, answer: str
) -> None:
    older, newer = swap(own_cluster, own_site, answer)
    own_cluster.fault(method="GET", path=STATUS, status=403)

    done = own_site.generate(older, newer, "--transport=rest", "--deletes", "--metadata=rest")

    assert (done.code, done.output) == (65, "")
    assert "only the ids of the snapshots are known" in done.messages
    assert "these are different directories" in done.messages
    assert not own_site.list_path.exists()


def test_an_answer_about_another_snapshot_is_none_about_this_one() -> None:
    with serve() as canned, RestCluster(canned.settings(), print) as cluster:
        canned.gives((200, json.dumps({"id": 8}).encode()))
        with pytest.raises(ReplyError, match="status/7: the answer is about snapshot 8"):
            cluster.snapshots(7)


def test_a_renamed_source_is_listed_the_same_after_faults_that_pass(
    own_cluster: Emulator, own_site: Site
) -> None:
    root = own_site.mounted("/")
    write_files(root, "old/show/gone.mov", "old/show/kept.mov")
    own_site.source = "/old/show"
    older = own_site.snapshot()
    (root / "old").rename(root / "new")
    own_site.source = "/new/show"
    (root / "new/show/gone.mov").unlink()
    write_files(root, "new/show/new.mov")
    newer = own_site.snapshot()
    options = ("--transport=rest", "--deletes", "--metadata=rest")
    undisturbed = normalized(own_site.scan_list(older, newer, *options))
    assert undisturbed.count(b"gone.mov") == undisturbed.count(b"new.mov") == 1

    own_cluster.fault(method="GET", path=STATUS, status=503, times=2)
    assert normalized(own_site.scan_list(older, newer, *options)) == undisturbed
