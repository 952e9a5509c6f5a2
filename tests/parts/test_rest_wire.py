"""What the REST API sends, and what is made of it."""

import datetime
import json
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec.structs import replace

from qumulo_changelist.cluster import wire
from qumulo_changelist.cluster.rest import wire as rest_wire
from qumulo_changelist.errors import ReplyError
from qumulo_changelist.model import Attributes, Change, Description, Kind, ReadFailure
from tests.parts.canned import file


def changes(*entries: object, **more: object) -> list[Change]:
    data = json.dumps({"entries": entries, "paging": {"next": ""}, **more}).encode()
    return rest_wire.changes(rest_wire.diff_page.read(data, "GET /diff"), "GET /diff")


def described(**changed: object) -> Description:
    return rest_wire.described(json.dumps(file(**changed)).encode(), "GET /f")


def attributes(**changed: object) -> Attributes:
    found = described(**changed)
    assert isinstance(found, Attributes)
    return found


def directory(*files: object, children: object = 9) -> rest_wire.Page:
    data = json.dumps({"files": files, "child_count": children, "path": "/"}).encode()
    return rest_wire.entries(rest_wire.directory_page.read(data, "GET /d"), "GET /d")


# Diffs


@pytest.mark.parametrize("op", ["CREATE", "MODIFY", "DELETE"])
@pytest.mark.parametrize(
    "path", ["/", "/a", "/a/", "/a/.b", "/a/..b", "/...", "/a b\n", "/ü", "/\udcff", "/\0"]
)
def test_a_change_is_an_operation_and_a_path(op, path):
    assert changes({"op": op, "path": path}) == [Change(op, path)]


def test_what_newer_versions_add_is_passed_over():
    found = changes({"op": "CREATE", "path": "/a", "more": [1]}, more={"a": None}, paging=None)

    assert found == [Change("CREATE", "/a")]


def test_a_page_may_be_empty():
    assert changes() == []


@pytest.mark.parametrize(
    "entry",
    [
        None,
        [],
        "CREATE /a",
        {},
        {"op": "CREATE"},
        {"path": "/a"},
        {"op": "create", "path": "/a"},
        {"op": "RENAME", "path": "/a"},
        {"op": "RENAME", "path": "/\udcff"},
        {"op": None, "path": "/a"},
        {"op": "CREATE", "path": None},
        {"op": "CREATE", "path": 7},
        *(
            {"op": "CREATE", "path": path}
            for path in (
                *("", "a", "a/", "//", "//a", "/a//b", "/a//", "/.", "/..", "/../", "/./"),
                *("/a/../b", "/a/./b", "/a/..", "/a/.", "\0", "\0/a", "a\0/b", "\udcff"),
            )
        ),
    ],
)
def test_what_is_no_change_ends_the_run(entry):
    good = {"op": "CREATE", "path": "/good/.but/..hidden"}
    for page in ([entry], [good, entry], [entry, good], [good, entry, good]):
        with pytest.raises(ReplyError, match=r"^GET /diff: "):
            changes(*page)


# Attributes


def test_attributes_are_kind_size_times_and_ids_and_what_makes_it_the_same_file():
    known = Attributes(Kind.FILE, 10, 1, 2, 501, 20, id="7", revision="1234")

    assert attributes(data_revision="1234") == known


@pytest.mark.parametrize("revision", [None, "", "a b", "\uff11"])
def test_without_a_revision_the_time_moves_with_the_data(revision):
    assert attributes(data_revision=revision).revision == "1970-01-01T00:00:01Z"


@pytest.mark.parametrize("number", ["", "a", "1 2", "\u0661"])
def test_what_is_no_id_identifies_nothing(number):
    assert attributes(id=number).id == ""


@pytest.mark.parametrize(
    ("type_", "kind"),
    [
        ("FS_FILE_TYPE_FILE", Kind.FILE),
        ("FS_FILE_TYPE_DIRECTORY", Kind.DIRECTORY),
        ("FS_FILE_TYPE_SYMLINK", Kind.OTHER),
        ("FS_FILE_TYPE_UNIX_PIPE", Kind.OTHER),
        ("FS_FILE_TYPE_OF_TOMORROW", Kind.OTHER),
    ],
)
def test_an_entry_says_what_it_is(type_, kind):
    assert attributes(type=type_).kind is kind


@pytest.mark.parametrize(
    ("moment", "seconds"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:00.9Z", 0),
        ("2023-11-14T22:13:14.999999999Z", 1_699_999_994),
        ("2023-11-14T22:13:56.10147995Z", 1_700_000_036),
        ("1969-12-31T23:59:59.000000001Z", -1),
        ("1969-12-31T23:59:58.5Z", -2),
        ("2262-04-11T23:47:17.5Z", 9_223_372_037),
        ("9999-12-31T23:59:59Z", 253_402_300_799),
        ("0001-01-01T00:00:00Z", -62_135_596_800),
        ("2016-12-31T23:59:60Z", 1_483_228_800),
        ("2024-02-29T00:00:00Z", 1_709_164_800),
        ("+30828-09-14T02:48:05.477580700Z", 910_692_730_085),
        ("+10000-01-01T00:00:00Z", 253_402_300_800),
        ("-0001-12-31T23:59:59.9Z", -62_167_219_201),
    ],
)
def test_a_time_is_rounded_down_to_whole_seconds(moment, seconds):
    assert attributes(modification_time=moment).mtime == seconds
    assert attributes(access_time=moment).atime == seconds


@given(
    st.datetimes(min_value=datetime.datetime(1, 1, 1)),
    st.text("0123456789", max_size=9),
)
def test_any_fraction_leaves_the_second_as_it_is(moment, fraction):
    text = moment.strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0")
    whole = int((moment.replace(microsecond=0) - datetime.datetime(1970, 1, 1)).total_seconds())

    assert wire.seconds(f"{text}{'.' * bool(fraction)}{fraction}Z") == whole


@pytest.mark.parametrize(
    "moment",
    [
        *("", "Z", "yesterday", "2023-11-14", "2023-11-14T22:13:14", "2023-11-14T22:13:14.Z"),
        *("2023-11-14T22:13:14+01:00", "2023-11-14 22:13:14Z", "2023-11-14T22:13:14.1234567890Z"),
        *("2023-13-14T22:13:14Z", "2023-02-30T22:13:14Z", "2023-11-14T24:13:14Z"),
        *("2023-11-14T22:60:14Z", "2023-11-14T22:13:61Z", "2023-11-14T22:13:14Z ", "0000-01-01T0"),
        *("٢٠٢٣-11-14T22:13:14Z", "+10000-02-30T00:00:00Z", "2023-11-14T22:13:1٤Z", "\udcff"),
    ],
)
@pytest.mark.parametrize("field", ["modification_time", "access_time"])
def test_what_is_no_time_is_no_times_of_that_entry_alone(field, moment):
    found = described(data_revision="3", **{field: moment})

    assert isinstance(found, ReadFailure)
    assert found.reason == f"the cluster sent it without a usable {field!r}"
    known = Attributes(Kind.FILE, 10, 1, 2, id="7", revision="3")
    unknown = {"modification_time": "mtime", "access_time": "atime"}[field]
    assert found.known == replace(known, **{unknown: 0})


@given(st.text())
@example("2023-11-14T22:13:14Z")
def test_no_text_is_a_time_by_accident(text):
    try:
        wire.seconds(text)
    except ValueError:
        return
    assert len(text) >= len("2023-11-14T22:13:14Z")


UID, GID = 3 << 32, 4 << 32


@pytest.mark.parametrize(
    ("owner", "details", "numeric"),
    [
        (str(UID + 501), {"id_type": "NFS_UID", "id_value": "501"}, 501),
        ("500", {"id_type": "NFS_UID", "id_value": "501"}, 501),
        ("500", {"id_type": "NFS_UID", "id_value": str(2**32 - 2), "more": 1}, 2**32 - 2),
        (str(UID + 501), None, 501),
        (str(UID), {}, 0),
        (str(UID + 2**32 - 1), {"id_type": "INTERNAL", "id_value": "x"}, 2**32 - 1),
        (str(UID + 2**32), None, None),
        (str(UID - 1), None, None),
        (str(GID + 20), None, None),
        ("500", None, None),
        (str(10**30), None, None),
        ("500", {"id_type": "LOCAL_USER", "id_value": "admin"}, None),
        (str(UID + 501), {"id_type": "LOCAL_USER", "id_value": "501"}, None),
        ("77", {"id_type": "SMB_SID", "id_value": "S-1-5-21-1-1-1-500"}, None),
        ("77", {"id_type": "NFS_GID", "id_value": "20"}, None),
        ("77", {"id_type": "QUMULO_OPERATOR", "id_value": None}, None),
        ("77", {"id_type": "OF_TOMORROW", "id_value": "501"}, None),
    ],
)
def test_an_owner_has_a_numeric_id_where_it_is_an_nfs_user(owner, details, numeric):
    assert attributes(owner=owner, owner_details=details).owner == numeric


@pytest.mark.parametrize(
    ("group", "details", "numeric"),
    [
        ("513", {"id_type": "NFS_GID", "id_value": "20"}, 20),
        (str(GID + 20), None, 20),
        (str(UID + 20), None, None),
        ("513", {"id_type": "LOCAL_GROUP", "id_value": "Users"}, None),
        ("513", {"id_type": "NFS_UID", "id_value": "20"}, None),
    ],
)
def test_a_group_has_a_numeric_id_where_it_is_an_nfs_group(group, details, numeric):
    assert attributes(group=group, group_details=details).group == numeric


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("size", "-1"),
        ("size", ""),
        ("size", "1_000"),
        ("size", " 1"),
        ("size", "²"),
        ("owner", "me"),
        ("owner_details", {"id_type": "NFS_UID", "id_value": "me"}),
        ("owner_details", {"id_type": "NFS_UID"}),
        ("group_details", {"id_type": "NFS_GID", "id_value": "-2"}),
        ("group", ""),
    ],
)
def test_a_malformed_field_is_named_and_its_value_is_not_shown(field, value):
    changed = {field: value}
    if not field.endswith("_details"):
        changed[f"{field}_details"] = None

    assert flaw(described(**changed)) == field.removesuffix("_details")


def flaw(found: Description) -> str:
    """Return the field that is said to be wrong."""
    assert isinstance(found, ReadFailure)
    named = re.fullmatch(r"the cluster sent it without a usable '(\w+)'", found.reason)
    assert named
    return named[1]


LISTED = ["size", "modification_time", "access_time", "owner", "group"]
NO_TEXT = [None, 7, 7.5, True, ["x"], {"x": 1}]
MISSING = object()


@pytest.mark.parametrize("value", [MISSING, *NO_TEXT])
@pytest.mark.parametrize("field", [*LISTED, "type"])
def test_a_field_that_is_missing_or_no_text_concerns_its_entry_alone(field, value):
    wrong = file(name="wrong", **{field: value})
    if value is MISSING:
        del wrong[field]
    if field in ("owner", "group"):
        wrong[f"{field}_details"] = None

    alone = rest_wire.described(json.dumps(wrong).encode(), "GET /f")
    page = directory(file(name="a"), wrong, file(name="z", type="FS_FILE_TYPE_DIRECTORY"))

    assert flaw(alone) == field
    assert list(page.entries) == ["a", "wrong", "z/"]
    assert page.listed == 3
    assert page.entries["wrong"] == alone
    assert page.entries["a"] == attributes(name="a")


@pytest.mark.parametrize("value", [MISSING, *NO_TEXT])
@pytest.mark.parametrize("field", ["id", "data_revision"])
def test_what_no_list_shows_need_not_be_there(field, value):
    odd = file(data_revision="3") | {field: value}
    if value is MISSING:
        del odd[field]

    found = rest_wire.described(json.dumps(odd).encode(), "GET /f")

    expected = attributes(data_revision="3")
    unknown = {"id": ""} if field == "id" else {"revision": "1970-01-01T00:00:01Z"}
    assert found == replace(expected, **unknown)


@pytest.mark.parametrize("whose", ["owner", "group"])
@pytest.mark.parametrize("details", [7, "me", ["me"], {"id_type": 7}, {"id_value": ["me"]}])
def test_details_that_make_no_sense_are_of_an_unusable_owner(whose, details):
    wrong = {f"{whose}_details": details}

    assert flaw(described(**wrong)) == whose
    assert flaw(directory(file(**wrong)).entries["f"]) == whose


def test_of_a_malformed_entry_what_makes_it_the_same_file_is_known():
    wrong = {"owner": "", "owner_details": None, "modification_time": "never"}

    assert described(**wrong, data_revision="3") == ReadFailure(
        "the cluster sent it without a usable 'modification_time'",
        known=Attributes(Kind.FILE, 10, atime=2, id="7", revision="3"),
    )
    # A time that cannot be read says nothing of the data, nor is a file without a size the same.
    assert described(**wrong).known.revision == ""
    assert described(size="x", data_revision="3").known.id == ""


def test_a_malformed_directory_is_a_directory():
    wrong = file(name="d", type="FS_FILE_TYPE_DIRECTORY", access_time=7)

    ((name, found),) = directory(wrong).entries.items()

    assert name == "d/"
    assert found.known.kind is Kind.DIRECTORY


def test_beside_a_name_that_is_not_utf_8_a_malformed_entry_is_one_too():
    page = directory(file(name="\udcff"), file(name="b", size=7))

    assert page.entries["\udcff"] == attributes()
    assert flaw(page.entries["b"]) == "size"


def test_of_what_is_not_wanted_nothing_is_read():
    data = json.dumps({"files": [file(name="a"), file(name="b", size=7)], "child_count": 2})
    page = rest_wire.directory_page.read(data.encode(), "GET /d")

    assert rest_wire.entries(page, "GET /d", {"a"}) == rest_wire.Page(2, 2, {"a": attributes()})


@pytest.mark.parametrize("answer", ["[]", "null", "7", '"f"', "{", ""])
def test_what_is_no_object_describes_nothing(answer):
    with pytest.raises(ReplyError, match=r"^GET /f: the answer is not"):
        rest_wire.described(answer.encode(), "GET /f")


# Directories


def test_a_directory_is_its_entries_by_name():
    page = directory(file(name="a"), file(name="b", type="FS_FILE_TYPE_DIRECTORY"), children=2)

    assert page.children == 2
    assert list(page.entries) == ["a", "b/"]
    assert page.entries["b/"].kind is Kind.DIRECTORY


def test_a_name_that_is_not_utf_8_is_a_name():
    page = directory(file(name="\udcff", owner_details=None), file(name="ü🎬"))

    assert list(page.entries) == ["\udcff", "ü🎬"]
    assert page.entries["\udcff"].owner == 501


@pytest.mark.parametrize("odd", [{}, {"size": 7}], ids=["else as ever", "malformed"])
@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/", "a/"])
def test_what_can_be_no_name_ends_the_run(name, odd):
    with pytest.raises(ReplyError, match=r"GET /d: .*no possible name"):
        directory(file(), file(name=name, **odd))


@pytest.mark.parametrize("entry", [None, 7, "f", [], {}, {"name": None}, {"name": 7}])
def test_an_entry_without_a_name_ends_the_run(entry):
    with pytest.raises(ReplyError, match=r"GET /d: .*without a usable 'name'"):
        directory(file(), entry)


@pytest.mark.parametrize("children", [None, "2", 2.5, True])
def test_a_directory_that_does_not_count_its_entries_is_told(children):
    with pytest.raises(ReplyError, match=r"GET /d: .*child_count"):
        directory(children=children)


# JSON


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"<html></html>",
        b'{"entries": [1',
        b'{"entries": [}',
        b"\xff",
        b'{"entries": [{"op": "CREATE", "path": "/\xff"}]}',
        b'{"entries": ' + b"[" * 100_000,
        b"[]",
        b"null",
        b'{"entries": null}',
        b'{"entries": {}}',
        b'{"entries": [], "paging": []}',
        b'{"entries": [], "paging": {"next": 7}}',
        b'{"entries": [{"op": "CREATE", "path": "/\\udcff"}], "paging": 5}',
        b'{"entries": ["\\udcff"',
    ],
)
def test_what_makes_no_sense_is_told_with_the_request(data):
    with pytest.raises(ReplyError, match=r"^GET /diff: the answer is not") as caught:
        rest_wire.changes(rest_wire.diff_page.read(data, "GET /diff"), "GET /diff")
    assert len(str(caught.value)) < 200


def test_an_id_may_be_longer_than_64_bits():
    data = json.dumps({"id": 10**30, "name": "a"}).encode()

    assert wire.snapshot(rest_wire.anything.read(data, "")).id == 10**30


def test_what_is_wrong_with_a_reply_does_not_show_what_is_in_it():
    for data in ({"bearer_token": ["secret"]}, {"token": "secret"}, "secret", {"secret": "\udcff"}):
        with pytest.raises(ReplyError) as caught:
            rest_wire.login.read(json.dumps(data).encode(), "POST /login")
        assert "secret" not in f"{caught.value!r} {caught.value.__cause__!r}"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.just("op"), inner),
)


@given(op=json_values | st.just("CREATE"), path=json_values | st.just("/a"), whole=json_values)
def test_any_json_is_a_change_or_told(op, path, whole):
    for entry in ({"op": op, "path": path}, whole):
        try:
            found = changes(entry)
        except ReplyError:
            continue
        assert found == [Change(entry["op"], entry["path"])]
