"""From JSON to typed values: what is accepted, and what is refused."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from qumulo_changelist.cluster.accounts import read_access_token, read_caller
from qumulo_changelist.cluster.changes import are_absolute, is_absolute, read_change
from qumulo_changelist.cluster.counts import read_counts
from qumulo_changelist.cluster.interface import DirectoryCounts
from qumulo_changelist.cluster.snapshots import read_snapshot, read_total_files
from qumulo_changelist.cluster.wire import Reader, read_value, to_shape
from qumulo_changelist.errors import ReplyError
from qumulo_changelist.model import Caller, Change, Snapshot
from tests.parts.json_values import json_values

# Shapes


class Shape(Struct):
    number: int
    text: str = ""


def test_unknown_fields_are_ignored():
    assert Reader(Shape).read(b'{"number": 7, "more": [1]}', "GET /x") == Shape(7)


def test_a_text_may_have_lone_surrogates():
    assert Reader(Shape).read(rb'{"number": 7, "text": "\udcff"}', "GET /x") == Shape(7, "\udcff")


@pytest.mark.parametrize("data", [b"", b"{", b"<html>", b"\xff", b"[" * 100_000, b"[]", b"{}"])
def test_any_other_answer_is_refused_with_the_request(data):
    with pytest.raises(ReplyError, match=r"^GET /x: the answer is not"):
        Reader(Shape).read(data, "GET /x")


@pytest.mark.parametrize("more", [{"text": ["x"]}, {"\ud800": 1}])
def test_a_malformed_field_is_as_if_it_were_missing(more):
    assert to_shape({"number": 7, **more}, Shape, "GET /x") == Shape(7)


def test_a_name_that_is_not_unicode_is_not_a_keyword():
    with pytest.raises(ReplyError, match=r"^GET /x: the answer is not as documented"):
        Reader(list[Change]).read(rb'[{"op": "\ud800", "path": "/a"}]', "GET /x")


@pytest.mark.parametrize("value", [{"text": "x"}, {"number": "7"}, {"number": 7.0}, [], None, 7])
def test_a_required_field_must_be_well_formed(value):
    with pytest.raises(ReplyError, match=r"^GET /x: the answer is not as documented"):
        to_shape(value, Shape, "GET /x")


def test_an_error_does_not_show_values():
    secret = {"number": "secret", "text": "secret"}
    for read in (
        lambda: Reader(Shape).read(json.dumps(secret).encode(), "GET /x"),
        lambda: Reader(Shape).read(b'{"number": "secret', "GET /x"),
        lambda: to_shape(secret, Shape, "GET /x"),
    ):
        with pytest.raises(ReplyError) as caught:
            read()
        assert "secret" not in f"{caught.value!r} {caught.value.__cause__!r}"


@pytest.mark.parametrize("data", [b"", b"{", b'"\xff"', b"[" * 100_000])
def test_a_value_must_be_json(data):
    with pytest.raises(ReplyError, match=r"^GET /x: the answer is not"):
        read_value(data, "GET /x")


# Changes


@pytest.mark.parametrize("op", ["CREATE", "MODIFY", "DELETE"])
@pytest.mark.parametrize("path", ["/", "/a", "/a/", "/a/.b", "/a/..b", "/...", "/a b\n\udcff"])
def test_a_change_is_an_operation_and_a_path(op, path):
    assert read_change({"op": op, "path": path, "more": [1]}) == Change(op, path)


@pytest.mark.parametrize(
    "entry",
    [
        None,
        [],
        "CREATE /a",
        7,
        {},
        {"op": "CREATE"},
        {"path": "/a"},
        {"op": "create", "path": "/a"},
        {"op": "RENAME", "path": "/a"},
        {"op": None, "path": "/a"},
        {"op": ["CREATE"], "path": "/a"},
        {"op": {}, "path": "/a"},
        {"op": 1, "path": "/a"},
        {"op": "\ud800", "path": "/a"},
        {"op": "CREATE", "path": "/a", "\ud800": 1},
        {"op": "CREATE", "path": None},
        {"op": "CREATE", "path": ["/a"]},
        *(
            {"op": "CREATE", "path": path}
            for path in (
                *("", "a", "//", "//a", "/a//b", "/a//", "/.", "/..", "/../"),
                *("/a/../../etc/passwd", "/a/./b", "/a/.."),
            )
        ),
    ],
)
def test_a_malformed_change_is_refused(entry):
    with pytest.raises(ReplyError, match="not a change"):
        read_change(entry)


def test_only_the_beginning_of_a_long_entry_is_shown():
    with pytest.raises(ReplyError) as caught:
        read_change({"op": "x" * 100_000})
    assert len(str(caught.value)) < 300


@given(op=json_values | st.just("CREATE"), path=json_values | st.just("/a"), whole=json_values)
def test_any_value_is_a_change_or_is_refused(op, path, whole):
    for entry in ({"op": op, "path": path}, whole):
        try:
            found = read_change(entry)
        except ReplyError:
            continue
        assert isinstance(entry, dict)
        assert found == Change(entry["op"], entry["path"])


components = st.text(st.sampled_from("./a"), max_size=7)


@given(components)
def test_an_absolute_path_has_no_dots_and_no_empty_components(text):
    names = text[1:].split("/")
    if names[-1] == "":
        names.pop()

    expected = text.startswith("/") and not {"", ".", ".."} & set(names)

    assert is_absolute(text) == expected


@given(st.lists(components | st.sampled_from(["/a", "/b/", "/.c", "/d\0", "\0", "\0/"])))
def test_paths_are_absolute_if_each_of_them_is(paths):
    assert are_absolute(paths) == all(map(is_absolute, paths))


# Snapshots


@pytest.mark.parametrize(
    ("sent", "snapshot"),
    [
        ({"id": 7, "name": "7_a", "source_file_id": "2"}, Snapshot(7, "7_a", source_id="2")),
        ({"id": 7, "source_file_id": str(2**65)}, Snapshot(7, "", source_id=str(2**65))),
        ({"id": 7, "source_file_id": ""}, Snapshot(7, "")),
        ({"id": 7, "source_file_id": "x"}, Snapshot(7, "")),
        ({"id": 7, "source_file_id": 2}, Snapshot(7, "")),
        ({"id": 0, "name": ""}, Snapshot(0, "")),
        ({"id": 7, "name": None}, Snapshot(7, "")),
        ({"id": 7}, Snapshot(7, "")),
        ({"id": 10**30, "name": "a"}, Snapshot(10**30, "a")),
    ],
)
def test_a_snapshot_is_an_id_and_a_name(sent, snapshot):
    assert read_snapshot(sent, "GET /s") == snapshot
    assert read_snapshot(read_value(json.dumps(sent).encode(), "GET /s"), "GET /s") == snapshot


@pytest.mark.parametrize(
    "sent", [None, [], 7, "7", {}, {"id": "7"}, {"id": None}, {"id": 7.0}, {"id": True}]
)
def test_a_snapshot_without_an_id_is_refused(sent):
    with pytest.raises(ReplyError, match=r"^GET /s: the answer is not as documented"):
        read_snapshot(sent, "GET /s")


@pytest.mark.parametrize(
    ("sent", "taken", "source"),
    [
        ({}, 0, ""),
        ({"timestamp": "1970-01-01T00:00:01.5Z", "source_file_path": "/"}, 1_500_000_000, "/"),
        ({"timestamp": "", "source_file_path": ""}, 0, ""),
        ({"timestamp": "never", "source_file_path": "proj"}, 0, ""),
        ({"timestamp": None, "source_file_path": None}, 0, ""),
        ({"timestamp": 7, "source_file_path": ["/a"]}, 0, ""),
        ({"source_file_path": "/a/../b"}, 0, ""),
        ({"source_file_path": "/a b/c/"}, 0, "/a b/c"),
        ({"source_file_path": "/a"}, 0, "/a"),
        ({"source_file_path": "/\udcff/"}, 0, "/\udcff"),
    ],
)
def test_the_time_and_the_directory_of_a_snapshot_may_be_unknown(sent, taken, source):
    snapshot = read_snapshot({"id": 7, "name": "a", **sent}, "GET /s")

    assert snapshot == Snapshot(7, "a", taken, source)


@pytest.mark.parametrize(
    ("sent", "expires"),
    [
        ({}, 0),
        ({"expiration": ""}, 0),
        ({"expiration": None}, 0),
        ({"expiration": "1970-01-01T00:00:01.000000001Z"}, 1_000_000_001),
        ({"expiration": "never"}, 0),
        ({"expiration": 7}, 0),
    ],
)
def test_a_snapshot_may_expire(sent, expires):
    assert read_snapshot({"id": 7, **sent}, "GET /s") == Snapshot(7, expires=expires)


@pytest.mark.parametrize(
    ("sent", "policy", "by_policy"),
    [
        ({"policy_id": None, "policy_name": None, "created_by_policy": False}, "", False),
        ({"policy_id": "", "policy_name": ""}, "", False),
        ({"policy_id": 3, "policy_name": "hourly"}, "hourly", True),
        ({"policy_id": 3}, "", True),
        ({"policy_name": "hourly"}, "hourly", True),
        ({"policy_id": 3, "policy_name": ["hourly"]}, "", True),
        ({"created_by_policy": True}, "", True),
        ({"created_by_policy": "maybe"}, "", True),
    ],
)
def test_a_policy_may_have_taken_a_snapshot(sent, policy, by_policy):
    snapshot = read_snapshot({"id": 7, **sent}, "GET /s")

    assert snapshot == Snapshot(7, policy=policy, by_policy=by_policy)


@pytest.mark.parametrize("sent", ["key", "", 0, False, {}, ["key"]])
def test_a_snapshot_counts_as_locked_whatever_is_written_for_its_lock(sent):
    for malformed in ({}, {"name": 7}):
        assert read_snapshot({"id": 7, "lock_key": sent, **malformed}, "GET /s").is_locked
    assert not read_snapshot({"id": 7, "lock_key": None}, "GET /s").is_locked
    assert not read_snapshot({"id": 7}, "GET /s").is_locked


@pytest.mark.parametrize(
    ("sent", "is_going"),
    [(None, False), (False, False), (True, True), ("true", True), (1, True)],
)
def test_a_snapshot_may_be_about_to_go(sent, is_going):
    assert read_snapshot({"id": 7, "in_delete": sent}, "GET /s").is_going is is_going


@pytest.mark.parametrize("name", ["show1-17", "7_show1-17"])
def test_the_label_of_a_snapshot_is_the_same_in_every_version_of_the_api(name):
    assert Snapshot(7, name).label == "show1-17"


# The user


def test_a_caller_is_a_name_and_privileges():
    sent = {"id": "500", "name": "admin", "privileges": ["PRIVILEGE_A", "B"], "uid": None}

    caller = read_caller(sent, "GET /w")

    assert caller == Caller("admin", frozenset({"PRIVILEGE_A", "B"}), "500")
    assert read_caller({"name": "a", "privileges": []}, "GET /w") == Caller("a", frozenset())


@pytest.mark.parametrize(
    "sent", [{"name": "a"}, {"privileges": []}, {"name": "a", "privileges": ["A", 7]}, [], None]
)
def test_privileges_are_never_guessed(sent):
    with pytest.raises(ReplyError, match=r"^GET /w: "):
        read_caller(sent, "GET /w")


@pytest.mark.parametrize(
    "sent",
    [{"id": "7"}, *({"id": "7", "bearer_token": token} for token in ("", "a\n", "ü", 7))],
)
def test_a_token_that_cannot_be_used_is_refused_and_never_shown(sent):
    with pytest.raises(ReplyError, match=r"^GET /t: ") as caught:
        read_access_token(sent, "GET /t")
    assert "ü" not in str(caught.value)


# Counts


@pytest.mark.parametrize(("sent", "number"), [("0", 0), (str(2**64), 2**64)])
def test_totals_state_the_number_of_files(sent, number):
    assert read_total_files({"total_files": sent, "total_directories": "9"}, "GET /t") == number


@pytest.mark.parametrize(
    "sent",
    [
        *(None, [], "7", {}),
        *({"total_files": text} for text in ("", "x", "-1", "1.0", "٣", "9" * 5000)),
        *({"total_files": value} for value in (None, 7, True)),
    ],
)
def test_totals_without_a_number_of_files_are_refused(sent):
    with pytest.raises(ReplyError, match=r"^GET /t: "):
        read_total_files(sent, "GET /t")


# The counts of a directory


def test_counts_are_of_everything_in_a_directory_and_at_and_below_its_largest_entries() -> None:
    answer = {
        "path": "/d/",
        "total_files": "12",
        "total_directories": "3",
        "total_symlinks": "2",
        "total_other_objects": "1",
        "files": [
            {
                "name": "sub",
                "type": "FS_FILE_TYPE_DIRECTORY",
                "num_files": "10",
                "num_directories": "2",
                "num_symlinks": "1",
                "num_other_objects": "0",
            },
            {"name": "f", "type": "FS_FILE_TYPE_FILE", "num_files": "1", "num_directories": "0"},
            {"name": "odd", "type": "FS_FILE_TYPE_FILE", "num_files": "-9"},
            {"name": "", "type": "FS_FILE_TYPE_FILE", "num_files": "9"},
        ],
    }

    counts = read_counts(json.dumps(answer).encode(), "GET /t", is_named=True)

    assert counts == DirectoryCounts(18, {"sub/": 13, "f": 1, "odd": 1})
    assert not counts.is_complete
    assert read_counts(json.dumps(answer).encode(), "GET /t", is_named=False).children == {}


@pytest.mark.parametrize("named", [None, "f", 7, [7], [{"name": 7}], [{"type": "d"}]])
def test_entries_that_are_not_named_as_documented_are_not_named_at_all(named: object) -> None:
    answer = json.dumps({"total_files": "12", "files": named}).encode()

    assert read_counts(answer, "GET /t", is_named=True) == DirectoryCounts(12)


@pytest.mark.parametrize("answer", [b"{", b"[]", b"{}", b'{"total_files": 7}'])
def test_counts_without_a_number_of_files_are_an_error(answer: bytes) -> None:
    with pytest.raises(ReplyError):
        read_counts(answer, "GET /t", is_named=True)


@pytest.mark.parametrize(
    ("counts", "is_complete"),
    [
        (DirectoryCounts(), True),
        (DirectoryCounts(4, {"a/": 3}), True),
        (DirectoryCounts(3, {"a/": 3}), True),
        (DirectoryCounts(5, {"a/": 3}), False),
    ],
)
def test_everything_seems_to_be_named_if_it_adds_up_with_or_without_the_directory_itself(
    counts: DirectoryCounts, is_complete: bool
) -> None:
    assert counts.is_complete is is_complete
