"""What a cluster sends of a file, as the model has it: what is malformed concerns its entry alone.

The same JSON is decoded from bytes, as REST does, and from a value, as ``qq`` does.
"""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from qumulo_changelist.cluster.attributes import described, identified, inspected
from qumulo_changelist.cluster.shapes import FileJson, NodeJson
from qumulo_changelist.cluster.wire import read_file, to_file
from qumulo_changelist.errors import ReplyError
from qumulo_changelist.model import Attributes, Description, EntryStat, Kind, ReadFailure
from tests.parts.canned import file

MISSING = object()
NO_TEXT = [None, 7, 7.5, True, ["x"], {"x": 1}]


def without_missing(sent: dict[str, object]) -> dict[str, object]:
    return {field: value for field, value in sent.items() if value is not MISSING}


def read(sent: dict[str, object]) -> FileJson:
    """Return a file's attributes, which are the same from bytes and from a value."""
    decoded = read_file(json.dumps(sent).encode(), "GET /f")
    assert to_file(sent, FileJson, "`qq fs_file_get_attr`") == decoded
    return decoded


def description(**changed: object) -> Description:
    """Return all that a list needs of a file."""
    return described(read(without_missing(file(**changed))))


def attributes(**changed: object) -> Attributes:
    found = description(**changed)
    assert isinstance(found, Attributes)
    return found


def failure(found: Description) -> ReadFailure:
    assert isinstance(found, ReadFailure)
    return found


def flaw(found: Description) -> str:
    """Return the field that is reported as malformed."""
    named = re.fullmatch(r"the cluster sent it without a usable '(\w+)'", failure(found).reason)
    assert named
    return named[1]


def known(found: Description) -> Attributes:
    """Return what is known of an entry that cannot be read."""
    attributes = failure(found).known
    assert attributes
    return attributes


# All that a list needs


def test_a_file_is_described_by_its_kind_size_times_owners_and_identity():
    expected = Attributes(Kind.FILE, 10, 1, 2, 501, 20, id="7", revision="1234")

    assert attributes(data_revision="1234") == expected


@pytest.mark.parametrize("revision", [MISSING, None, "", "a b", "-1", "3.5", "٣"])
def test_without_a_revision_the_time_of_the_last_change_is_used(revision):
    assert attributes(data_revision=revision).revision == "1970-01-01T00:00:01Z"


@pytest.mark.parametrize("number", ["", "a", "1 2", "-1", "٣"])
def test_a_malformed_id_identifies_nothing(number):
    assert attributes(id=number).id == ""


KINDS = [
    ("FS_FILE_TYPE_FILE", Kind.FILE),
    ("FS_FILE_TYPE_DIRECTORY", Kind.DIRECTORY),
    ("FS_FILE_TYPE_SYMLINK", Kind.OTHER),
    ("FS_FILE_TYPE_UNIX_PIPE", Kind.OTHER),
    ("FS_FILE_TYPE_UNIX_SOCKET", Kind.OTHER),
    ("FS_FILE_TYPE_UNIX_BLOCK_DEVICE", Kind.OTHER),
    ("FS_FILE_TYPE_UNIX_CHARACTER_DEVICE", Kind.OTHER),
    ("FS_FILE_TYPE_OF_TOMORROW", Kind.OTHER),
]


@pytest.mark.parametrize(("type_", "kind"), KINDS)
def test_an_entry_has_a_kind(type_, kind):
    assert attributes(type=type_).kind is kind
    assert identified(FileJson(type=type_)) == Attributes(kind)
    assert inspected(NodeJson(type=type_)).kind is kind


UID, GID = 3 << 32, 4 << 32


@pytest.mark.parametrize(
    ("owner", "details", "numeric"),
    [
        (str(UID + 501), {"id_type": "NFS_UID", "id_value": "501"}, 501),
        ("500", {"id_type": "NFS_UID", "id_value": "501"}, 501),
        ("500", {"id_type": "NFS_UID", "id_value": str(2**32 - 2), "more": 1}, 2**32 - 2),
        (str(UID + 501), None, 501),
        (str(UID + 501), MISSING, 501),
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
def test_an_owner_has_a_numeric_id_if_it_is_an_nfs_user(owner, details, numeric):
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
def test_a_group_has_a_numeric_id_if_it_is_an_nfs_group(group, details, numeric):
    assert attributes(group=group, group_details=details).group == numeric


# What is malformed


@pytest.mark.parametrize("value", [MISSING, *NO_TEXT])
@pytest.mark.parametrize(
    "field", ["size", "modification_time", "access_time", "owner", "group", "type"]
)
def test_a_field_that_is_missing_or_not_a_text_makes_its_entry_unreadable(field, value):
    changed = {field: value}
    if field in ("owner", "group"):
        changed[f"{field}_details"] = None

    assert flaw(description(**changed)) == field


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("size", "-1"),
        ("size", ""),
        ("size", "1_000"),
        ("size", " 1"),
        ("size", "²"),
        ("size", "9" * 5000),
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

    assert flaw(description(**changed)) == field.removesuffix("_details")


@pytest.mark.parametrize("whose", ["owner", "group"])
@pytest.mark.parametrize("details", [7, "me", ["me"], {"id_type": 7}, {"id_value": ["me"]}])
def test_an_owner_with_malformed_details_is_malformed(whose, details):
    assert flaw(description(**{f"{whose}_details": details})) == whose


@pytest.mark.parametrize("value", [MISSING, *NO_TEXT])
@pytest.mark.parametrize("field", ["id", "data_revision"])
def test_a_field_that_no_list_shows_may_be_missing_or_malformed(field, value):
    expected = attributes(data_revision="3")
    unknown = {"id": ""} if field == "id" else {"revision": "1970-01-01T00:00:01Z"}

    assert attributes(**{"data_revision": "3", field: value}) == replace(expected, **unknown)


@pytest.mark.parametrize("field", ["modification_time", "access_time"])
def test_the_rest_of_an_entry_with_a_malformed_time_is_known(field):
    found = description(data_revision="3", **{field: "never"})

    assert flaw(found) == field
    unknown = {"modification_time": "mtime", "access_time": "atime"}[field]
    expected = Attributes(Kind.FILE, 10, 1, 2, id="7", revision="3")
    assert known(found) == replace(expected, **{unknown: 0})


def test_the_identity_of_a_malformed_entry_is_known():
    wrong = {"owner": "", "owner_details": None, "modification_time": "never"}

    found = description(**wrong, data_revision="3")

    assert flaw(found) == "modification_time"
    assert known(found) == Attributes(Kind.FILE, 10, atime=2, id="7", revision="3")
    # A malformed time states nothing of the data, and no file without a size is the same file.
    assert known(description(**wrong)).revision == ""
    assert known(description(size="x", data_revision="3")).id == ""


@pytest.mark.parametrize("answer", ["[]", "null", "7", '"f"', "{", ""])
def test_only_an_object_describes_a_file(answer):
    with pytest.raises(ReplyError, match=r"^GET /f: the answer is not"):
        read_file(answer.encode(), "GET /f")


# What identifies a file

FILE: dict[str, object] = {
    "type": "FS_FILE_TYPE_FILE",
    "size": "10",
    "modification_time": "1970-01-01T00:00:01.5Z",
    "id": "17",
    "data_revision": "3",
}


def identity(**changed: object) -> Description:
    return identified(read(without_missing(FILE | changed)))


def test_an_entry_is_identified_by_its_id_and_its_revision():
    assert identity() == Attributes(Kind.FILE, 10, mtime=1, id="17", revision="3")


@pytest.mark.parametrize("type_", [MISSING, None, 1, ["FS_FILE_TYPE_FILE"]])
def test_only_an_entry_without_a_kind_is_not_identified(type_):
    assert identity(type=type_) == ReadFailure("the cluster sent it without a usable 'type'")


def test_times_that_differ_only_after_the_second_are_two_revisions():
    times = [f"1970-01-01T00:00:01.{fraction}Z" for fraction in "56"]
    first, second = (identity(data_revision=None, modification_time=time) for time in times)

    assert isinstance(first, Attributes)
    assert isinstance(second, Attributes)
    assert first.mtime == second.mtime
    assert [first.revision, second.revision] == times


@pytest.mark.parametrize("number", [None, "", "x", 17, "-1", "٣"])
def test_a_malformed_id_is_unknown(number):
    assert identity(id=number) == Attributes(Kind.FILE, 10, mtime=1, revision="3")


@pytest.mark.parametrize(
    ("changed", "entry"),
    [
        ({"size": None}, Attributes(Kind.FILE)),
        ({"size": 10}, Attributes(Kind.FILE)),
        ({"size": "-1"}, Attributes(Kind.FILE)),
        ({"size": "9" * 5000}, Attributes(Kind.FILE)),
        ({"modification_time": None}, Attributes(Kind.FILE, 10, id="17", revision="3")),
        ({"modification_time": "never"}, Attributes(Kind.FILE, 10, id="17", revision="3")),
        (
            {"modification_time": "never", "data_revision": None},
            Attributes(Kind.FILE, 10, id="17", revision=""),
        ),
        ({"modification_time": 7, "data_revision": 7}, Attributes(Kind.FILE, 10, id="17")),
    ],
)
def test_an_entry_without_a_size_or_a_revision_is_never_a_moved_file(changed, entry):
    assert identity(**changed) == entry


@given(st.text(st.sampled_from("0123456789-:T.Z+W "), max_size=30))
def test_any_time_of_an_entry_may_be_malformed(moment):
    found = identified(FileJson(type="", size="1", modification_time=moment))

    assert isinstance(found, Attributes)
    assert found.revision in (moment, "")


# What an entry is

SEEN: dict[str, object] = {
    "type": "FS_FILE_TYPE_FILE",
    "size": "123",
    "modification_time": "2023-11-14T22:13:20.12345678Z",
    "id": "18446744073709551616",
    "path": "/a/b",
    "name": "b",
}


def stat(**changed: object) -> EntryStat:
    return inspected(to_file(SEEN | changed, NodeJson, "GET /f"))


def test_an_inspected_entry_has_all_that_identifies_it():
    assert stat() == EntryStat(
        Kind.FILE, 123, 1_700_000_000_123_456_780, "18446744073709551616", "/a/b"
    )


@pytest.mark.parametrize(("path", "plain"), [("/a/b/", "/a/b"), ("/", "/"), ("/a", "/a"), ("", "")])
def test_the_path_of_an_inspected_entry_has_no_slash_at_its_end(path, plain):
    assert stat(path=path).path == plain


@pytest.mark.parametrize("odd", [None, 5, "", "x", "-1", "1.5", [], {}])
def test_a_malformed_field_of_an_inspected_entry_is_unknown(odd):
    fields = dict.fromkeys(("size", "modification_time", "id", "path"), odd)

    path = odd if isinstance(odd, str) else ""
    assert stat(**fields) == EntryStat(Kind.FILE, -1, None, "", path)


@pytest.mark.parametrize("type_", ["FS_FILE_TYPE_SYMLINK", 7, None])
def test_an_inspected_entry_may_lack_every_field(type_):
    assert inspected(to_file({"type": type_}, NodeJson, "GET /f")) == EntryStat(Kind.OTHER)
