"""Verifying lists that were published: real ones, and the same ones damaged."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from qumulo_changelist import (
    ChangelistRequest,
    Verification,
    errors,
    generate_changelist,
    read_settings,
    verify_list,
)
from qumulo_changelist.config.settings import Settings
from qumulo_emulator.running import Emulator
from tests.end_to_end.files import write_files
from tests.end_to_end.site import GUID, Site


class Published(NamedTuple):
    """A list that was published, and the share that it is of."""

    site: Site
    older: int | None
    newer: int
    path: Path
    receipt_path: Path

    @property
    def settings(self) -> Settings:
        return read_settings(str(self.site.configuration), "rest")

    def edit_receipt(self, **changed: Any) -> None:
        content = json.loads(self.receipt_path.read_bytes())
        for name, value in changed.items():
            if isinstance(value, dict):
                content[name].update(value)
            else:
                content[name] = value
        self.receipt_path.write_text(json.dumps(content))


def make_project(site: Site) -> tuple[int, int]:
    """Take two snapshots of a project with changes of every kind between them; return their ids."""
    mount = site.mount
    write_files(mount, "moved", size=7)
    write_files(mount, "gone", "old/1", "old/2", "grown", "replaced", "kept/1", "becomes a link")
    older = site.snapshot()
    (mount / "moved").rename(mount / "here")
    (mount / "gone").unlink()
    (mount / "becomes a link").unlink()
    (mount / "becomes a link").symlink_to("here")
    shutil.rmtree(mount / "old")
    write_files(mount, "grown", size=33)
    write_files(mount, "other", size=3)
    (mount / "other").replace(mount / "replaced")
    write_files(mount, "new/1", "new/2", "kept/2", "new\x01", size=1000)
    return older, site.snapshot()


def publish(site: Site, older: int | None, newer: int, **options: Any) -> Published:
    request = ChangelistRequest(
        project="show",
        older=older,
        newer=newer,
        base_path=site.source,
        **{"guid": GUID, "metadata": "rest", **options},
    )
    result = generate_changelist(request, read_settings(str(site.configuration), "rest"))
    return Published(site, older, newer, Path(result.path), Path(result.receipt_path))


@pytest.fixture
def published(cluster: Emulator, site: Site) -> Published:
    return publish(site, *make_project(site), deletes=True)


def outcomes(found: Verification) -> dict[str, str]:
    """What does not agree, or could not be compared."""
    return {one.what: one.outcome for one in found.findings if one.outcome != "ok"}


def detail(found: Verification, what: str) -> str:
    return next(one.detail for one in found.findings if one.what == what)


@pytest.mark.parametrize(
    "options",
    [
        {"deletes": True},
        {"deletes": True, "moves": True, "formats": ("ndjson",)},
        {"moves": True, "verify": True},
        {"verify": True, "formats": ("ndjson",)},
    ],
    ids=repr,
)
def test_a_list_as_it_was_published_is_whole(
    cluster: Emulator, site: Site, options: dict[str, Any]
) -> None:
    published = publish(site, *make_project(site), **options)

    found = verify_list(str(published.path), published.settings)

    assert outcomes(found) == {}
    assert found.is_whole
    assert [one.what for one in found.findings] == [
        *("receipt", "size", "sha256", "list", "totals", "counts"),
        *("older_snapshot", "newer_snapshot", "files"),
    ]
    assert found.receipt
    assert found.receipt_path == str(published.receipt_path)
    # One was deleted, two with their folder, one became a link, and four are new.
    assert found.receipt.net_files == 0
    assert "the cluster counts 8 before and 8 files now" in detail(found, "files")


def test_a_full_list_is_whole_and_has_no_older_snapshot(cluster: Emulator, site: Site) -> None:
    published = publish(site, None, make_project(site)[1])

    found = verify_list(str(published.path), published.settings)

    assert found.is_whole
    assert "older_snapshot" not in [one.what for one in found.findings]
    assert detail(found, "files").endswith("and the list changes it by +8")


def test_without_a_cluster_only_the_files_are_compared(published: Published) -> None:
    found = verify_list(str(published.path))

    assert found.is_whole
    assert len(found.findings) == 6


def edit_size(content: bytes) -> bytes:
    return content.replace(b'name="/new/2" size="1000"', b'name="/new/2" size="1001"')


def edit_totals(content: bytes) -> bytes:
    return content.replace(b'delete_count="5"', b'delete_count="4"')


def drop_line(content: bytes) -> bytes:
    return re.sub(rb' *<delete-file name="/gone".*\n', b"", content)


def edit_name(content: bytes) -> bytes:
    return content.replace(b'"/new/2"', b'"/new/3"')


DAMAGES: dict[Callable[[bytes], bytes], set[str]] = {
    edit_size: {"sha256", "totals", "counts"},
    edit_totals: {"sha256", "totals"},
    drop_line: {"size", "sha256", "totals", "counts"},
    edit_name: {"sha256"},
    lambda content: content[:-4]: {"size", "sha256", "list"},
    lambda content: b"": {"size", "sha256", "list"},
}


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_a_damaged_list_differs_from_its_receipt(
    published: Published, damage: Callable[[bytes], bytes]
) -> None:
    before = published.path.read_bytes()
    published.path.write_bytes(damage(before))
    assert damage(before) != before

    found = verify_list(str(published.path), published.settings)

    assert outcomes(found) == dict.fromkeys(DAMAGES[damage], "differs")
    assert not found.is_whole


@pytest.mark.parametrize("what", ["receipt", "list"])
def test_a_missing_file_is_a_finding(published: Published, what: str) -> None:
    (published.receipt_path if what == "receipt" else published.path).unlink()

    found = verify_list(str(published.path))

    assert outcomes(found) == {what: "unknown"}
    assert "cannot be read: No such file" in detail(found, what)
    assert (found.receipt is None) == (what == "receipt")


def test_without_a_list_and_a_receipt_there_is_nothing_to_compare(tmp_path: Path) -> None:
    with pytest.raises(errors.UsageError, match="there is no list"):
        verify_list(str(tmp_path / "none"))


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"files": {"created": {"count": 4, "bytes": 1}}}, "counts"),
        ({"unreadable": {"count": 0}}, "counts"),
        ({"list": {"sha256": "00"}}, "sha256"),
        ({"net_files": 3}, "files"),
        ({"base_path": "/elsewhere"}, "files"),
    ],
    ids=repr,
)
def test_a_receipt_that_was_changed_differs(
    published: Published, changed: dict[str, Any], what: str
) -> None:
    published.edit_receipt(**changed)

    assert outcomes(verify_list(str(published.path), published.settings)) == {what: "differs"}


def test_an_unknown_format_is_not_read(published: Published) -> None:
    published.edit_receipt(format="stone")

    found = verify_list(str(published.path), published.settings)

    assert outcomes(found) == {"list": "unknown"}


def test_snapshots_that_are_gone_can_no_longer_be_counted(published: Published) -> None:
    cluster = published.site.cluster
    assert cluster
    cluster.request("DELETE", f"/v2/snapshots/{published.older}")

    found = verify_list(str(published.path), published.settings)

    assert outcomes(found) == {"older_snapshot": "unknown", "files": "unknown"}
    assert detail(found, "older_snapshot") == (
        f"the cluster no longer has snapshot {published.older}"
    )


@pytest.mark.parametrize(
    "facts", [{"taken": "2001-02-03T04:05:06Z"}, {"name": "other"}], ids=["taken", "name"]
)
def test_a_snapshot_of_the_same_id_on_a_different_cluster_is_a_different_one(
    published: Published, facts: dict[str, str]
) -> None:
    published.edit_receipt(newer_snapshot=facts)

    found = verify_list(str(published.path), published.settings)

    assert outcomes(found) == {"newer_snapshot": "differs", "files": "unknown"}
    assert "it is a different one" in detail(found, "newer_snapshot")


def test_without_deletions_the_number_of_files_proves_nothing_unless_it_was_proved_then(
    cluster: Emulator, site: Site
) -> None:
    snapshots = make_project(site)
    published = publish(site, *snapshots)
    assert outcomes(verify_list(str(published.path), published.settings)) == {"files": "unknown"}

    published = publish(site, *snapshots, verify=True)
    published.edit_receipt(net_files=None)
    assert verify_list(str(published.path), published.settings).is_whole
    published.edit_receipt(proof={"files_in_newer_snapshot": 9})
    assert outcomes(verify_list(str(published.path), published.settings)) == {"files": "differs"}


def test_a_cluster_that_cannot_be_asked_is_an_error(published: Published) -> None:
    published.site.configure(QumuloPassword="wrong")

    with pytest.raises(errors.LoginError):
        verify_list(str(published.path), published.settings)
