"""The receipt of a list: everything about it as JSON, written and read back."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec.structs import replace

from qumulo_changelist.checks.proof import Proof
from qumulo_changelist.errors import InvalidReceiptError
from qumulo_changelist.filters.filters import Filters
from qumulo_changelist.filters.tally import FilterCount
from qumulo_changelist.model import Snapshot, Totals
from qumulo_changelist.names import to_text
from qumulo_changelist.operations.lists.receipt import (
    DirectoryCounts,
    FileCounts,
    LeftOut,
    ListFacts,
    ProofFacts,
    Receipt,
    SnapshotFacts,
    UnreadableEntries,
    UnreadableEntry,
    decode,
    encode,
    format_time,
    read_receipt,
)

TOTALS = Totals(
    files=60,
    size=6000,
    created=10,
    created_size=1000,
    moved=20,
    moved_size=2000,
    replaced=3,
    directories=4,
    deleted_files=5,
    deleted_size=500,
    deleted_directories=6,
    gone_files=7,
    unreadable=8,
    unreadable_created=1,
    unreadable_deleted=2,
    left_out=9,
    without_numeric_ids=11,
    changed_since=12,
)


def make_receipt(**changed: Any) -> Receipt:
    receipt = Receipt(
        project="Show 1",
        version="2.0",
        run="20231114T221500Z-0a1b2c3d",
        list_file=ListFacts("/work/1-files.xml", 4711, "0f" * 32),
        older_snapshot=SnapshotFacts.of(
            Snapshot(3, "3_before", 1_700_000_000_000_000_000, "/proj")
        ),
        newer_snapshot=SnapshotFacts.of(Snapshot(7, "7_after", 1_700_000_060_500_000_000, "/proj")),
        source="/proj",
        base_path="/proj/show1",
        mapped_path="/mnt/show1",
        transport="rest",
        metadata="mount",
        deletes=True,
        moves=False,
        started="2023-11-14T22:15:00.000000001Z",
        ended="2023-11-14T22:15:03.12Z",
        files=FileCounts.of(TOTALS),
        directories=DirectoryCounts.of(TOTALS),
        left_out=LeftOut(9, first=["/link"], changes_outside_the_base_path=2),
        unreadable=UnreadableEntries(
            8,
            [UnreadableEntry("/locked", "permission denied"), UnreadableEntry("/a/b", "I/O error")],
        ),
        without_numeric_owner=11,
        changed_on_the_live_share=12,
        net_files=5,
        filters=Filters(exclude=("*.tmp",), min_size=10, only=("created",)),
        filtered={"exclude": FilterCount(3, 700, 1)},
        proof=ProofFacts.of(Proof(100, 105)),
    )
    return replace(receipt, **changed)


FIRST_LAYOUT = {
    "project": "Show 1",
    "version": "2.0",
    "list": {"path": "/work/1-files.xml", "size": 4711, "sha256": "0f" * 32},
    "older_snapshot": {"id": 3, "name": "3_before", "taken": "2023-11-14T22:13:20Z"},
    "newer_snapshot": {"id": 7, "name": "7_after", "taken": "2023-11-14T22:14:20.5Z"},
    "source": "/proj",
    "base_path": "/proj/show1",
    "mapped_path": "/mnt/show1",
    "transport": "rest",
    "metadata": "mount",
    "deletes": True,
    "moves": False,
    "started": "2023-11-14T22:15:00.000000001Z",
    "ended": "2023-11-14T22:15:03.12Z",
    "files": {
        "created": {"count": 10, "bytes": 1000},
        "modified": {"count": 30, "bytes": 3000},
        "moved": {"count": 20, "bytes": 2000},
        "deleted": {"count": 5, "bytes": 500},
    },
    "directories": {"modified": {"count": 4}, "deleted": {"count": 6}},
    "left_out": {
        "count": 9,
        "why": "symbolic links, pipes, sockets and devices are not listed",
        "first": ["/link"],
        "changes_outside_the_base_path": 2,
    },
    "unreadable": {
        "count": 8,
        "first": [
            {"name": "/locked", "reason": "permission denied"},
            {"name": "/a/b", "reason": "I/O error"},
        ],
    },
    "without_numeric_owner": 11,
    "changed_on_the_live_share": 12,
    "proof": {"held": True, "files_in_older_snapshot": 100, "files_in_newer_snapshot": 105},
}
"""A receipt as it was written before receipts had a version."""


def read_json(receipt: Receipt) -> dict[str, Any]:
    """Return what any reader of JSON gets of a receipt."""
    found: dict[str, Any] = json.loads(encode(receipt))
    return found


def decode_json(values: object) -> Receipt:
    return decode(json.dumps(values).encode(), "/work/1-files.json")


# What it contains


def test_a_receipt_contains_everything_about_a_list():
    found = read_json(make_receipt())

    assert found == {
        "receipt_version": "1.3",
        "run": "20231114T221500Z-0a1b2c3d",
        "format": "xml",
        "net_files": 5,
        "filters": {
            "include": [],
            "exclude": ["*.tmp"],
            "min_size": 10,
            "max_size": None,
            "newer_than": None,
            "older_than": None,
            "only": ["created"],
        },
        "filtered": {"exclude": {"files": 3, "bytes": 700, "directories": 1}},
        **FIRST_LAYOUT,
    }
    assert [name for name in found if name in FIRST_LAYOUT] == list(FIRST_LAYOUT)


def test_it_names_the_format_of_the_list():
    assert read_json(make_receipt(format="ndjson"))["format"] == "ndjson"


def test_what_is_unknown_or_was_not_wanted_is_null():
    found = read_json(
        make_receipt(
            older_snapshot=SnapshotFacts.of(Snapshot(3)),
            source=None,
            mapped_path=None,
            started=None,
            proof=None,
        )
    )

    assert found["older_snapshot"] == {"id": 3, "name": None, "taken": None}
    assert [found[name] for name in ("source", "mapped_path", "started", "proof")] == [None] * 4


def test_a_full_list_has_no_older_snapshot():
    full = make_receipt(older_snapshot=None)

    assert read_json(full)["older_snapshot"] is None
    assert decode(encode(full), "") == full


def test_a_proof_of_no_files_is_a_proof():
    assert read_json(make_receipt(proof=ProofFacts.of(Proof(0, 0))))["proof"] == {
        "held": True,
        "files_in_older_snapshot": 0,
        "files_in_newer_snapshot": 0,
    }


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (1, "1970-01-01T00:00:00.000000001Z"),
        (-1, "1969-12-31T23:59:59.999999999Z"),
        (999_999_999, "1970-01-01T00:00:00.999999999Z"),
        (10_000_000_000, "1970-01-01T00:00:10Z"),
        (1_709_164_800_100_000_000, "2024-02-29T00:00:00.1Z"),
        (-62_135_596_800_000_000_000, "0001-01-01T00:00:00Z"),
        (253_402_300_799_999_999_999, "9999-12-31T23:59:59.999999999Z"),
        (253_402_300_800_000_000_000, None),
        (10**30, None),
    ],
)
def test_times_are_in_utc_and_exact_to_the_nanosecond(nanoseconds, text):
    assert format_time(nanoseconds) == text


def test_people_can_read_it():
    content = encode(make_receipt(project="Grüße 🎬"))

    assert '\n  "project": "Grüße 🎬",\n'.encode() in content
    assert content.endswith(b"}\n")


# Read back


NAMES = st.text(
    st.characters(exclude_categories=["Cs"]) | st.sampled_from('\0\n"\\\u2028😀')
) | st.binary(max_size=4).map(to_text)


@given(st.lists(NAMES))
@example(["/\udcff", '/\\udcff"', "/\\\udcff", "/\0\x1f\x7f", "/\udcf0\udc9f"])
def test_a_receipt_is_read_back_as_it_was_whatever_its_names_contain(names):
    receipt = make_receipt(
        project="".join(names),
        list_file=ListFacts(f"/{''.join(names)}/1-files.xml", 1, ""),
        left_out=LeftOut(len(names), first=names),
        unreadable=UnreadableEntries(len(names), [UnreadableEntry(name, name) for name in names]),
    )

    content = encode(receipt)

    assert decode(content, "") == receipt
    assert encode(decode(content, "")) == content
    assert json.loads(content)["left_out"]["first"] == names


def test_every_field_is_read_back(tmp_path):
    bare = make_receipt(source=None, mapped_path=None, started=None, ended=None, proof=None)
    for receipt in (make_receipt(), bare, make_receipt(format="ndjson", receipt_version="1.7")):
        Path(tmp_path, "1-files.json").write_bytes(encode(receipt))
        assert read_receipt(tmp_path / "1-files.json") == receipt


@pytest.mark.parametrize("make_path", [os.fsdecode, Path], ids=["text", "path"])
def test_a_receipt_can_lie_in_a_folder_whose_name_is_not_utf_8(tmp_path, make_path):
    folder = os.fsencode(tmp_path) + b"/\xff"
    os.mkdir(folder)
    with open(folder + b"/1-files.json", "wb") as file:
        file.write(encode(make_receipt()))

    assert read_receipt(make_path(os.fsdecode(folder + b"/1-files.json"))) == make_receipt()


def test_a_receipt_of_before_receipts_had_a_version_is_read():
    assert decode_json(FIRST_LAYOUT) == make_receipt(
        receipt_version="1.0", run=None, net_files=None, filters=Filters(), filtered={}
    )


def test_fields_of_a_newer_minor_version_are_ignored():
    newer = FIRST_LAYOUT | {
        "receipt_version": "1.9",
        "format": "ndjson",
        "colour": "blue",
        "list": {"path": "/x", "size": 1, "sha256": "ab", "pages": 3},
    }

    found = decode_json(newer)

    assert (found.receipt_version, found.format) == ("1.9", "ndjson")
    assert found.list_file == ListFacts("/x", 1, "ab")


@pytest.mark.parametrize("version", ["2.0", "2", "10.0", "2.x"])
def test_a_newer_major_version_is_refused_whatever_its_fields(version):
    for values in (FIRST_LAYOUT, {}):
        with pytest.raises(InvalidReceiptError) as caught:
            decode_json(values | {"receipt_version": version})
        assert str(caught.value) == (
            f"the receipt /work/1-files.json has version {version}: a newer version of this "
            "program made it"
        )
        assert caught.value.exit_code == 65


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff", b"[" * 100_000, b"[]", b"null", b"1", b'"receipt"', b"<files/>"],
    ids=lambda content: repr(content[:9]),
)
def test_anything_but_a_json_object_is_no_receipt(content):
    with pytest.raises(InvalidReceiptError, match=r"^/work/1-files\.json is not a receipt: "):
        decode(content, "/work/1-files.json")


REQUIRED = set(FIRST_LAYOUT) - {
    *("source", "mapped_path", "started", "ended", "proof"),
    *("without_numeric_owner", "changed_on_the_live_share"),
}


@pytest.mark.parametrize("name", sorted(REQUIRED))
def test_without_a_field_that_decides_what_is_listed_it_is_no_receipt(name):
    values = {key: value for key, value in FIRST_LAYOUT.items() if key != name}

    with pytest.raises(InvalidReceiptError, match=name):
        decode_json(values)


@pytest.mark.parametrize(
    "changed",
    [
        {"receipt_version": 1},
        {"receipt_version": None},
        {"receipt_version": "new"},
        {"project": 1},
        {"list": None},
        {"list": {"path": "/x", "size": "1", "sha256": ""}},
        {"deletes": "yes"},
        {"files": {}},
        {"older_snapshot": {"id": "3"}},
        {"unreadable": {"count": 1, "first": ["/a"]}},
    ],
    ids=json.dumps,
)
def test_a_field_of_a_different_type_makes_it_no_receipt(changed):
    with pytest.raises(InvalidReceiptError, match="is not a receipt"):
        decode_json(FIRST_LAYOUT | changed)


def test_a_malformed_receipt_is_named(tmp_path):
    (tmp_path / "1-files.json").write_text("{}")

    with pytest.raises(InvalidReceiptError, match=rf"^{tmp_path}/1-files\.json is not a receipt"):
        read_receipt(tmp_path / "1-files.json")


def test_a_missing_receipt_is_named(tmp_path):
    with pytest.raises(InvalidReceiptError, match=r"1-files\.json cannot be read: No such file"):
        read_receipt(tmp_path / "1-files.json")
