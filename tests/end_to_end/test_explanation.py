"""Why a path is on a list, or why not: real lists, snapshots and diffs."""

import os
import shutil
from typing import Any

import pytest

from qumulo_changelist import Explanation, errors, explain_path
from qumulo_emulator.running import Emulator
from tests.end_to_end.files import write_files
from tests.end_to_end.site import Site
from tests.end_to_end.test_verification import Published, publish


@pytest.fixture
def published(cluster: Emulator, site: Site) -> Published:
    """A list of a project where something of every kind happened."""
    mapped_path = str(site.mount)
    return publish(site, *make_project(site), deletes=True, moves=True, mapped_path=mapped_path)


def make_project(site: Site) -> tuple[int, int]:
    mount = site.mount
    write_files(mount, "moved", size=7)
    write_files(mount, "gone", "old/deep/1", "grown", "replaced", "kept/1", "was a file")
    write_files(mount, "swapped/stays", "swapped/goes")
    older = site.snapshot()
    (mount / "moved").rename(mount / "here")
    (mount / "gone").unlink()
    shutil.rmtree(mount / "old")
    write_files(mount, "grown", size=33)
    write_files(mount, "other", size=3)
    (mount / "other").replace(mount / "replaced")
    (mount / "was a file").unlink()
    (mount / "was a file").symlink_to("grown")
    # Meanwhile a new directory, or its inode number could be that of the old one.
    write_files(mount, "swapped new/stays", "new/1", "new/deep/2", "kept/2", "new\x01", size=1000)
    shutil.rmtree(mount / "swapped")
    (mount / "swapped new").rename(mount / "swapped")
    os.mkfifo(mount / "new" / "pipe")
    return older, site.snapshot()


def explain(published: Published, path: str) -> Explanation:
    return explain_path(path, str(published.path), published.settings)


REASONS = {
    "/kept/2": ("created", "2", True),
    "/grown": ("modified", "2", True),
    "/replaced": ("replaced", "6", True),
    "/new/1": ("below a created directory", "3", True),
    "/new/deep/2": ("below a created directory", "3", True),
    "/new/deep": ("created directory", "3", False),
    "/new": ("created directory", "3", False),
    "/new/pipe": ("not a regular file", "7", False),
    "/kept": ("modified directory", "4", True),
    "/kept/1": ("unchanged", "", False),
    "/gone": ("deleted", "5", True),
    "/old": ("deleted", "5", True),
    "/old/deep": ("directory below a deleted one", "5", False),
    "/old/deep/1": ("below a deleted directory", "5", True),
    "/swapped/stays": ("below a created directory", "3", True),
    "/swapped/goes": ("below a deleted directory", "5", True),
    "/was a file": ("replaced by something else", "6", True),
    "/here": ("moved here", "", True),
    "/moved": ("moved away", "", False),
    "/new\x01": ("name", "", True),
    "/nowhere": ("absent", "", False),
    "/": ("base path", "4", False),
}


def test_every_reason_is_found(published: Published) -> None:
    base = published.site.source

    for name, expected in REASONS.items():
        found = explain(published, base + name)

        verdict = found.verdict
        assert (verdict.reason, verdict.rule, found.is_listed) == expected, name
        assert found.name == name.rstrip("/")
        assert found.path == (base + name).rstrip("/")
        assert (found.list_path, found.receipt_path) == (
            *(str(published.path), str(published.receipt_path)),
        )
        assert len(found.sentences) >= 2
        assert not any("_" in text.replace(str(base), "") for text in found.sentences)


def test_an_explanation_in_sentences(published: Published) -> None:
    source, older, newer = published.site.source, published.older, published.newer

    found = explain(published, "/old/deep/1")

    assert found.older
    assert found.older.size == 10
    *words, last = found.sentences
    assert [text.partition(", modified ")[0] for text in words] == [
        "The list has it as a deleted file.",
        "A directory above it was deleted, and every regular file that was below that is listed "
        "(rule 5).",
        f"Snapshot {older} has {source}/old/deep/1: a file of 10 bytes",
        f"Snapshot {newer} does not have {source}/old/deep/1.",
    ]
    assert last == "The diff says: /old/ was deleted."
    assert f", file id {found.older.id}." in words[2]
    moved = explain(published, "here").sentences
    assert moved[:3] == [
        "The list has it as a file.",
        "It was only moved, and the list was made with moves.",
        "Its old name is /moved.",
    ]


@pytest.mark.parametrize("path", ["/kept/2", "kept/2", "//kept/./2", "/kept/2/"])
def test_a_name_below_the_base_path_is_enough(published: Published, path: str) -> None:
    found = explain(published, path)

    assert (found.name, found.verdict.reason) == ("/kept/2", "created")


def test_a_path_elsewhere_is_outside_of_the_base_path(published: Published) -> None:
    found = explain(published, "/elsewhere/a.mov")

    assert found.verdict.reason == "outside"
    assert found.sentences == [
        "The list does not have it.",
        f"It is not below the base path {published.site.source}, and nothing below that has such "
        "a name (rule 1).",
    ]
    absent = explain(published, "elsewhere/a.mov")
    assert absent.verdict.reason == "absent"
    assert absent.sentences[1] == (
        "Neither snapshot has it: if it ever existed, it came after snapshot "
        f"{absent.newer.snapshot}, or came and went in between."
    )
    mounted = explain(published, f"{published.site.mount}/kept/2")
    assert mounted.sentences[1].endswith(
        f"It is below the mapped path: on the cluster, it is {published.site.source}/kept/2."
    )
    with pytest.raises(errors.ClusterPathError):
        explain(published, "../a.mov")


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({}, "deletions not wanted"),
        ({"deletes": True, "formats": ("ndjson",)}, "deleted"),
        ({"older": None}, "absent"),
    ],
    ids=repr,
)
def test_the_receipt_says_how_the_list_was_made(
    cluster: Emulator, site: Site, options: dict[str, Any], reason: str
) -> None:
    older, newer = make_project(site)
    published = publish(site, **{"older": older, "newer": newer, **options})

    found = explain_path(f"{site.source}/gone", str(published.receipt_path), published.settings)

    assert found.verdict.reason == reason
    assert found.list_path == str(published.path)
    full = explain(published, "kept/1").verdict.reason
    assert full == ("full list" if "older" in options else "unchanged")


@pytest.mark.parametrize("form", ["xml", "ndjson"])
def test_what_could_not_be_read_is_explained_with_the_reason(
    cluster: Emulator, site: Site, form: str
) -> None:
    older = site.snapshot()
    write_files(site.mount, "new/locked/1")
    os.mkdir(os.fsencode(site.mount) + b"/new/\xff")
    write_files(site.mount, "new/\udcff/1")
    published = publish(site, older, site.snapshot(), formats=(form,))

    unreadable, below = (explain(published, f"new/{name}") for name in ("\udcff", "\udcff/1"))

    assert unreadable.verdict.reason == ("unreadable" if form == "ndjson" else "name")
    assert unreadable.verdict.expected == "unreadable"
    assert "not Unicode" in unreadable.unreadable_reason
    assert below.verdict.reason == "below an unreadable directory"
    assert below.unreadable_above == "/new/\udcff"
    assert below.unreadable_reason == unreadable.unreadable_reason
    assert explain(published, "new/locked/1").verdict.reason == "below a created directory"


def test_without_its_snapshots_only_the_list_can_speak(published: Published) -> None:
    cluster = published.site.cluster
    assert cluster
    cluster.request("DELETE", f"/v2/snapshots/{published.older}")

    found = explain(published, "gone")

    assert (found.verdict.reason, found.is_listed) == ("unknown", True)
    missing = f"the cluster no longer has snapshot {published.older}"
    assert found.sentences == [
        "The list has it as a deleted file.",
        "It can no longer be known why.",
        f"It is unknown whether snapshot {published.older} has it: {missing}.",
        f"Snapshot {published.newer} does not have {published.site.source}/gone.",
        f"The diff of the snapshots cannot be read: {missing}.",
    ]


def test_a_list_that_was_changed_contradicts_the_rules_and_a_damaged_one_says_nothing(
    published: Published,
) -> None:
    content = published.path.read_bytes()
    published.path.write_bytes(content.replace(b'name="/kept/2"', b'name="/kept/3"'))

    assert explain(published, "kept/2").sentences[:2] == [
        "The list does not have it.",
        "That is not what the rules lead to: it should be there as a file (rule 2).",
    ]
    assert explain(published, "kept/3").verdict.reason == "contradiction"

    published.path.write_bytes(content[:-9])
    found = explain(published, "kept/2")
    assert (found.facts.listed, found.verdict.reason) == ("unknown", "created")
    assert found.sentences[0].startswith("The list cannot be read: line ")


def test_a_list_without_a_receipt_cannot_be_explained(published: Published) -> None:
    published.receipt_path.unlink()

    with pytest.raises(errors.InvalidReceiptError):
        explain(published, "kept/2")


def test_a_directory_that_was_renamed_with_its_snapshots_is_found_in_both(
    cluster: Emulator, site: Site
) -> None:
    whole = site.source
    write_files(site.mount, "show/a.mov", "show/b.mov")
    site.source = f"{whole}/show"
    older = site.snapshot()
    site.mount.rename(site.mounted(f"{whole}/renamed"))
    site.source = f"{whole}/renamed"
    (site.mount / "a.mov").unlink()
    published = publish(site, older, site.snapshot(), deletes=True)

    found = explain(published, "a.mov")

    assert found.verdict.reason == "deleted"
    assert found.older
    assert (found.older.path, found.older.sight) == (f"{whole}/show/a.mov", "file")
    assert found.newer.path == f"{whole}/renamed/a.mov"
