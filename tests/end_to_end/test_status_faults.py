"""Faults while the status of both snapshots is read, which shows that they are of one directory."""

import json
import os
from collections.abc import Callable
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
SNAPSHOT_READ = "PRIVILEGE_SNAPSHOT_READ"
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


Case = Callable[[Emulator, Site], tuple[int, int]]


def both_replaced(cluster: Emulator, site: Site) -> tuple[int, int]:
    """A different directory of the same name, and no look at either; as the cluster allows."""
    pair = swap(cluster, site, "diff")
    for path in ("*/info/attributes", "*/entries/*"):
        cluster.fault(method="GET", path=path, status=403, error_class="fs_access_denied_error")
    return pair


def both_unspeakable(cluster: Emulator, site: Site) -> tuple[int, int]:
    """The same of a name that is not UTF-8, which no request can carry."""
    name, root = os.fsdecode(b"sh\xff"), site.mounted("/")
    write_files(root, f"{name}/a.mov", f"{name}/gone.mov", "other/new.mov", "other/b.mov")
    older = take_by_id(cluster, "sh\udcff")
    (root / name).rename(root / "away")
    (root / "other").rename(root / name)
    site.source = f"/{name}"
    cluster.settings(different_sources="diff")
    return older, take_by_id(cluster, "sh\udcff")


def one_of_the_root(cluster: Emulator, site: Site) -> tuple[int, int]:
    """One snapshot of the base path, and one of all, which has the same directory there."""
    root = site.mounted("/")
    write_files(root, "show/gone.mov", "show/kept.mov")
    site.source = "/show"
    older = site.snapshot()
    write_files(root, "show/new.mov")
    (root / "show/gone.mov").unlink()
    site.source = "/"
    newer = site.snapshot()
    site.source = "/show"
    cluster.settings(different_sources="empty")
    return older, newer


def two_below_the_base(cluster: Emulator, site: Site) -> tuple[int, int]:
    """Two directories side by side, and a base path above both."""
    write_files(site.mounted("/"), "a/x/kept.mov", "a/y/other.mov")
    site.source = "/a/x"
    older = site.snapshot()
    site.source = "/a/y"
    newer = site.snapshot()
    site.source = "/a"
    cluster.settings(different_sources="diff", uncovered="live")
    return older, newer


def take_by_id(cluster: Emulator, name: str) -> int:
    """Take a snapshot of a directory of the root that no request can name."""
    _, listed = cluster.request("GET", "/v1/files/%2F/entries/?limit=1000")
    (number,) = (file["id"] for file in listed["files"] if file["name"] == name)
    body = {"name_suffix": "s", "expiration": "", "source_file_id": number}
    return int(cluster.request("POST", "/v3/snapshots/", body)[1]["id"])


CASES: list[Case] = [both_replaced, both_unspeakable, one_of_the_root, two_below_the_base]


@pytest.mark.parametrize("arrange", CASES)
def test_77_for_a_user_who_may_not_read_a_status_whatever_the_diff_says(
    own_cluster: Emulator, own_site: Site, arrange: Case
) -> None:
    older, newer = arrange(own_cluster, own_site)
    own_cluster.settings(missing_privileges=[SNAPSHOT_READ])

    done = own_site.generate(older, newer, "--transport=rest", "--deletes", "--metadata=rest")

    assert (done.code, done.output) == (77, ""), done.messages
    assert SNAPSHOT_READ in done.messages
    assert not own_site.list_path.exists()


def test_so_it_is_through_qq_and_with_a_mount(own_cluster: Emulator, own_site: Site) -> None:
    older, newer = swap(own_cluster, own_site, "diff")
    own_cluster.settings(missing_privileges=[SNAPSHOT_READ])

    for code, done in (
        (1, own_site.generate(older, newer, "--transport=qq", "--deletes")),  # that of qq
        (77, own_site.generate(older, newer, "--transport=rest", "--deletes")),
    ):
        assert (done.code, done.output) == (code, ""), done.messages
        assert SNAPSHOT_READ in done.messages
        assert not own_site.list_path.exists()


def test_66_if_the_cluster_does_not_have_the_call_for_a_status(
    own_cluster: Emulator, own_site: Site
) -> None:
    older, newer = swap(own_cluster, own_site, "diff")
    own_cluster.fault(method="GET", path=STATUS, status=404, error_class="http_not_found_error")

    done = own_site.generate(older, newer, "--transport=rest", "--deletes", "--metadata=rest")

    assert (done.code, done.output) == (66, ""), done.messages
    assert not own_site.list_path.exists()


@pytest.mark.parametrize(("status", "code"), [(503, 69), (403, 77)])
def test_a_run_that_cannot_ask_whether_its_snapshots_are_still_there_makes_no_list(
    own_cluster: Emulator, own_site: Site, status: int, code: int
) -> None:
    write_files(own_site.mounted("/"), "show/kept.mov")
    own_site.source = "/show"
    older = own_site.snapshot()
    write_files(own_site.mount, "new.mov")
    newer = own_site.snapshot()
    own_cluster.fault(method="GET", path=STATUS, status=status, skip=2)  # both are known at first

    done = own_site.generate(
        older, newer, "--transport=rest", "--deletes", "--metadata=rest", "--retry-for=0"
    )

    assert (done.code, done.output) == (code, ""), done.messages
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
