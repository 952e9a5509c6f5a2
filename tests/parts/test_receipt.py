"""The receipt: all that a list is and how it came about, as JSON."""

import json
import os

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qumulo_changelist.model import Snapshot, Totals
from qumulo_changelist.names import to_text
from qumulo_changelist.operations.receipt import Receipt, text
from qumulo_changelist.output.interface import PublishedList

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


def a_receipt(folder: object, **changed: object) -> Receipt:
    """Return a receipt for a list in a folder."""
    return Receipt(
        project="Show 1",
        version="2.0",
        older=Snapshot(3, "3_before", 1_700_000_000_000_000_000, "/proj"),
        newer=Snapshot(7, "7_after", 1_700_000_060_500_000_000, "/proj"),
        base_path="/proj/show1",
        mapped_path="/mnt/show1",
        transport="rest",
        metadata="mount",
        deletes=True,
        moves=False,
        started=1_700_000_100_000_000_001,
        ended=1_700_000_103_120_000_000,
        totals=TOTALS,
        unreadable=[("/locked", "permission denied"), ("/a/b", "I/O error")],
        left_out=["/link"],
        elsewhere=2,
        proof=(100, 105),
        published=PublishedList(os.path.join(str(folder), "1-files.xml"), 4711, "0f" * 32),
    )._replace(**changed)


def written(told: Receipt) -> dict:
    """Return what a receipt tells, as any reader of JSON gets it."""
    return json.loads(text(told))


# What it tells


def test_a_receipt_tells_all_there_is_to_a_list(tmp_path):
    assert written(a_receipt(tmp_path)) == {
        "project": "Show 1",
        "version": "2.0",
        "list": {"path": f"{tmp_path}/1-files.xml", "size": 4711, "sha256": "0f" * 32},
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


def test_what_nobody_knows_or_wanted_is_null(tmp_path):
    told = written(
        a_receipt(
            tmp_path, older=Snapshot(3, ""), newer=Snapshot(7, ""), mapped_path=None, proof=None
        )
    )

    assert told["older_snapshot"] == {"id": 3, "name": None, "taken": None}
    assert told["newer_snapshot"] == {"id": 7, "name": None, "taken": None}
    assert (told["source"], told["mapped_path"], told["proof"]) == (None, None, None)


def test_no_files_in_both_snapshots_are_a_proof_too(tmp_path):
    assert written(a_receipt(tmp_path, proof=(0, 0)))["proof"] == {
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
    ],
)
def test_times_are_utc_to_the_nanosecond(tmp_path, nanoseconds, text):
    assert written(a_receipt(tmp_path, started=nanoseconds))["started"] == text


# Names


@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from('\0\n"\\\u2028😀'))
        | st.binary(max_size=4).map(to_text)
    )
)
@example(["/\udcff", '/\\udcff"', "/\\\udcff", "/\0\x1f\x7f", "/\udcf0\udc9f"])
def test_any_names_come_back_from_any_reader_of_json(tmp_path_factory, names):
    told = a_receipt(
        tmp_path_factory.getbasetemp(),
        project="".join(names),
        unreadable=[(name, name) for name in names],
        left_out=names,
    )

    found = written(told)

    assert found["project"] == told.project
    assert found["left_out"]["first"] == names
    assert found["unreadable"]["first"] == [{"name": name, "reason": name} for name in names]


def test_what_people_can_read_is_written_as_it_is(tmp_path):
    data = text(a_receipt(tmp_path, project="Grüße 🎬"))

    assert '"project": "Grüße 🎬"'.encode() in data
    assert data.endswith(b"}\n")


def test_a_list_in_a_folder_that_is_not_utf_8_has_a_receipt(tmp_path):
    folder = os.fsdecode(os.fsencode(tmp_path) + b"/\xff")

    assert written(a_receipt(folder))["list"]["path"] == f"{tmp_path}/\udcff/1-files.xml"
