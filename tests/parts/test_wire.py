"""From the cluster's JSON to the model: what is taken, and what is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qumulo_changelist.cluster import wire
from qumulo_changelist.errors import ReplyError
from qumulo_changelist.model import (
    CREATE,
    Attributes,
    Change,
    EntryStat,
    Kind,
    ReadFailure,
    Snapshot,
)


@pytest.mark.parametrize("op", ["CREATE", "MODIFY", "DELETE"])
@pytest.mark.parametrize("path", ["/", "/a", "/a/", "/a/.b", "/a/..b", "/...", "/a b\n\udcff"])
def test_a_change_is_an_operation_and_a_path(op, path):
    assert wire.change({"op": op, "path": path}) == Change(op, path)


def test_what_newer_versions_add_is_passed_over():
    assert wire.change({"op": "CREATE", "path": "/a", "more": [1]}) == Change(CREATE, "/a")


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
        {"op": "CREATE", "path": None},
        {"op": "CREATE", "path": ["/a"]},
        {"op": "CREATE", "path": ""},
        {"op": "CREATE", "path": "a"},
        {"op": "CREATE", "path": "//"},
        {"op": "CREATE", "path": "//a"},
        {"op": "CREATE", "path": "/a//b"},
        {"op": "CREATE", "path": "/a//"},
        {"op": "CREATE", "path": "/."},
        {"op": "CREATE", "path": "/.."},
        {"op": "CREATE", "path": "/../"},
        {"op": "CREATE", "path": "/a/../../etc/passwd"},
        {"op": "CREATE", "path": "/a/./b"},
        {"op": "CREATE", "path": "/a/.."},
    ],
)
def test_what_is_no_change_is_told(entry):
    with pytest.raises(ReplyError, match="no change"):
        wire.change(entry)


def test_a_long_entry_is_told_in_short():
    with pytest.raises(ReplyError) as caught:
        wire.change({"op": "x" * 100_000})
    assert len(str(caught.value)) < 300


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.just("op"), inner),
)


@given(op=json | st.sampled_from(["CREATE"]), path=json | st.sampled_from(["/a"]), whole=json)
def test_any_json_is_a_change_or_told(op, path, whole):
    for entry in ({"op": op, "path": path}, whole):
        try:
            found = wire.change(entry)
        except ReplyError:
            continue
        assert found == Change(entry["op"], entry["path"])


components = st.text(st.sampled_from("./a"), max_size=7)


@given(components)
def test_any_absolute_path_names_each_directory_plainly(text):
    names = text[1:].split("/")
    if names[-1] == "":
        names.pop()

    plain = text.startswith("/") and not {"", ".", ".."} & set(names)

    assert wire.is_absolute(text) == plain


@given(st.lists(components | st.sampled_from(["/a", "/b/", "/.c", "/d\0", "\0", "\0/"])))
def test_many_paths_are_absolute_where_each_of_them_is(paths):
    assert wire.are_absolute(paths) == all(map(wire.is_absolute, paths))


@pytest.mark.parametrize(
    ("reply", "snapshot"),
    [
        ({"id": 7, "name": "7_a", "source_file_id": "2"}, Snapshot(7, "7_a", source_id="2")),
        ({"id": 7, "source_file_id": str(2**65)}, Snapshot(7, "", source_id=str(2**65))),
        ({"id": 7, "source_file_id": ""}, Snapshot(7, "")),
        ({"id": 7, "source_file_id": "x"}, Snapshot(7, "")),
        ({"id": 7, "source_file_id": 2}, Snapshot(7, "")),
        ({"id": 0, "name": ""}, Snapshot(0, "")),
        ({"id": 7}, Snapshot(7, "")),
        ({"id": 10**30, "name": "a"}, Snapshot(10**30, "a")),
    ],
)
def test_a_snapshot_is_an_id_and_a_name(reply, snapshot):
    assert wire.snapshot(reply) == snapshot


@pytest.mark.parametrize(
    "reply", [None, [], 7, "7", {}, {"id": "7"}, {"id": None}, {"id": 7.0}, {"id": True}]
)
def test_what_has_no_id_is_no_snapshot(reply):
    with pytest.raises(ReplyError):
        wire.snapshot(reply)


@pytest.mark.parametrize(
    ("type_", "kind"),
    [
        ("FS_FILE_TYPE_FILE", Kind.FILE),
        ("FS_FILE_TYPE_DIRECTORY", Kind.DIRECTORY),
        ("FS_FILE_TYPE_SYMLINK", Kind.OTHER),
        ("FS_FILE_TYPE_UNIX_PIPE", Kind.OTHER),
        ("FS_FILE_TYPE_UNIX_SOCKET", Kind.OTHER),
        ("FS_FILE_TYPE_UNIX_BLOCK_DEVICE", Kind.OTHER),
        ("FS_FILE_TYPE_UNIX_CHARACTER_DEVICE", Kind.OTHER),
        ("FS_FILE_TYPE_OF_TOMORROW", Kind.OTHER),
    ],
)
def test_an_entry_says_what_it_is(type_, kind):
    assert wire.entry({"type": type_}) == Attributes(kind)


@pytest.mark.parametrize(
    "entry", [{}, {"type": None}, {"type": 1}, {"type": ["FS_FILE_TYPE_FILE"]}]
)
def test_only_an_entry_that_does_not_say_what_it_is_cannot_be_read(entry):
    assert wire.entry({**FILE, "type": None, **entry}) == ReadFailure(
        "the cluster sent it without a usable 'type'"
    )


def test_a_directory_says_how_many_entries_it_has():
    assert wire.child_count({"child_count": 3}) == 3


@pytest.mark.parametrize("entry", [{}, {"child_count": "3"}, {"child_count": True}])
def test_a_directory_may_not_say_how_many_entries_it_has(entry):
    assert wire.child_count(entry) is None


@pytest.mark.parametrize("reply", [None, [], "a", 7, True])
def test_only_an_object_describes_something(reply):
    with pytest.raises(ReplyError, match="other than an object"):
        wire.attributes(reply)


@pytest.mark.parametrize("reply", [{}, {"name": None}, {"name": 7}, {"Name": "a"}])
def test_text_that_is_missing_is_told(reply):
    with pytest.raises(ReplyError, match="'name'"):
        wire.text(reply, "name")


# Snapshots, with what their status tells


@pytest.mark.parametrize(
    ("told", "taken", "source"),
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
def test_when_and_of_what_a_snapshot_was_taken_may_be_unknown(told, taken, source):
    assert wire.snapshot({"id": 7, "name": "a", **told}) == Snapshot(7, "a", taken, source)


# Times

MOMENTS = [
    ("1970-01-01T00:00:00Z", 0),
    ("1970-01-01T00:00:00.000000001Z", 1),
    ("1970-01-01T00:00:00.1Z", 100_000_000),
    ("1970-01-01T00:00:00.010Z", 10_000_000),
    ("1970-01-01T00:00:14.999999999Z", 14_999_999_999),
    ("1969-12-31T23:59:59.999999999Z", -1),
    ("1969-12-31T23:59:59Z", -1_000_000_000),
    ("2024-02-29T00:00:00.5Z", 1_709_164_800_500_000_000),
    ("2016-12-31T23:59:60Z", 1_483_228_800_000_000_000),
    ("2016-12-31T23:59:60.25Z", 1_483_228_800_250_000_000),
    ("9999-12-31T23:59:59Z", 253_402_300_799_000_000_000),
    ("+10000-01-01T00:00:00Z", 253_402_300_800_000_000_000),
    ("10000-01-01T00:00:00.5Z", 253_402_300_800_500_000_000),
    ("+10000-02-29T00:00:00Z", 253_407_398_400_000_000_000),
    # The last moment that Windows can write, in ticks of 100 ns since 1601.
    ("+30828-09-14T02:48:05.477580700Z", (2**63 - 1 - 116_444_736_000_000_000) * 100),
    ("+030828-09-14T02:48:05.4775807Z", (2**63 - 1 - 116_444_736_000_000_000) * 100),
    ("+2024-02-29T00:00:00.5Z", 1_709_164_800_500_000_000),
    ("0001-01-01T00:00:00Z", -62_135_596_800_000_000_000),
    ("0000-12-31T23:59:59.999999999Z", -62_135_596_800_000_000_001),
    ("0000-02-29T00:00:00Z", -62_162_121_600_000_000_000),
    ("0000-01-01T00:00:00Z", -62_167_219_200_000_000_000),
    ("-0001-12-31T23:59:59Z", -62_167_219_201_000_000_000),
    ("-00001-01-01T00:00:00Z", -62_198_755_200_000_000_000),
    ("-0400-01-01T00:00:00Z", -62_167_219_200_000_000_000 - 146_097 * 86_400 * 10**9),
    ("+10000-12-31T23:59:60Z", 253_433_923_200_000_000_000),
]


@pytest.mark.parametrize(("moment", "nanoseconds"), MOMENTS)
def test_a_moment_is_exact_and_its_seconds_are_rounded_down(moment, nanoseconds):
    assert wire.nanoseconds(moment) == nanoseconds
    assert wire.seconds(moment) == nanoseconds // 10**9


NO_MOMENTS = [
    "",
    "Z",
    "T",
    "1970-01-01",
    "1970-01-01T00:00:00",
    "1970-01-01 00:00:00Z",
    "1970-01-01T00:00:00z",
    "1970-01-01T00:00:00+00:00",
    "1970-01-01T00:00:00.Z",
    "1970-01-01T00:00:00,5Z",
    "1970-01-01T00:00:00.1234567890Z",
    "1970-01-01T00:00:00.5",
    "1970-01-01T00:00:00.-5Z",
    "1970-01-01T00:00:00.٣Z",
    "1970-13-01T00:00:00Z",
    "1970-02-30T00:00:00Z",
    "1970-01-01T24:00:01Z",
    "1970-01-01T00:00:61Z",
    "1970-01-01T00:00+01Z",
    "+10000-13-01T00:00:00Z",
    "+10001-02-29T00:00:00Z",
    "+10000-01-01T24:00:00.5Z",
    "+10000-01-01 00:00:00Z",
    "+10000-01-01T00:00:00",
    "+10000-01-01T00:00:00+00:00",
    "+10000-01-01T00:00:00.Z",
    "+999-01-01T00:00:00Z",
    "999-01-01T00:00:00Z",
    "+1234567890-01-01T00:00:00Z",
    "--0001-01-01T00:00:00Z",
    "+-0001-01-01T00:00:00Z",
    "+10000-1-1T00:00:00Z",
    "+1\u0660000-01-01T00:00:00Z",
    "-0001-02-29T00:00:00Z",
    "never",
]


@pytest.mark.parametrize("moment", NO_MOMENTS)
def test_what_is_no_moment_is_told(moment):
    with pytest.raises(ValueError):  # noqa: PT011 - whatever its text
        wire.seconds(moment)
    with pytest.raises(ValueError):  # noqa: PT011
        wire.nanoseconds(moment)
    assert wire.snapshot({"id": 7, "timestamp": moment}).taken == 0


@given(st.text(st.sampled_from("0123456789-:T.Z+W "), max_size=30))
def test_any_text_is_a_moment_or_told(text):
    try:
        assert wire.nanoseconds(text) // 10**9 == wire.seconds(text)
    except ValueError:
        assert wire.entry({"type": "", "size": "1", "modification_time": text}).mtime == 0


# What tells a file from another

FILE = {
    "type": "FS_FILE_TYPE_FILE",
    "size": "10",
    "modification_time": "1970-01-01T00:00:01.5Z",
    "id": "17",
    "data_revision": "3",
}


def test_an_entry_is_its_kind_and_what_tells_it_from_another():
    assert wire.entry(FILE) == Attributes(Kind.FILE, 10, mtime=1, id="17", revision="3")


@pytest.mark.parametrize("known", [None, "", "-1", "3.5", "x", 3, "٣"])
def test_without_a_revision_the_time_of_the_last_change_stands_for_it(known):
    entry = wire.entry({**FILE, "data_revision": known})

    assert entry.revision == "1970-01-01T00:00:01.5Z"


def test_times_that_are_told_apart_only_behind_the_second_are_two_revisions():
    later = {**FILE, "data_revision": None, "modification_time": "1970-01-01T00:00:01.6Z"}

    assert wire.entry(later).mtime == wire.entry(FILE).mtime
    assert wire.entry(later).revision != wire.entry({**FILE, "data_revision": None}).revision


@pytest.mark.parametrize("number", [None, "", "x", 17, "-1", "٣"])
def test_an_id_that_is_none_is_not_known(number):
    assert wire.entry({**FILE, "id": number}).id == ""


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
def test_an_entry_without_a_size_or_a_revision_is_no_other_one_moved(changed, entry):
    assert wire.entry({**FILE, **changed}) == entry


# Counts


def test_totals_say_how_many_files_there_are():
    assert wire.files({"total_files": "0", "total_directories": "9"}) == 0
    assert wire.files({"total_files": str(2**64)}) == 2**64


@pytest.mark.parametrize("count", [None, "", "x", 7, "-1", "1.0", "٣", True, "9" * 5000])
def test_totals_that_do_not_count_files_are_told(count):
    with pytest.raises(ReplyError, match="'total_files'"):
        wire.files({"total_files": count})


@pytest.mark.parametrize("reply", [None, [], "7", {}])
def test_what_is_no_totals_is_told(reply):
    with pytest.raises(ReplyError):
        wire.files(reply)


# What tells an entry from others

SEEN = {
    "type": "FS_FILE_TYPE_FILE",
    "size": "123",
    "modification_time": "2023-11-14T22:13:20.12345678Z",
    "id": "18446744073709551616",
    "path": "/a/b",
    "name": "b",
}


def test_an_entry_is_seen_with_all_that_identifies_it():
    assert wire.sighting(SEEN) == EntryStat(
        Kind.FILE, 123, 1_700_000_000_123_456_780, "18446744073709551616", "/a/b"
    )


@pytest.mark.parametrize(("path", "plain"), [("/a/b/", "/a/b"), ("/", "/"), ("/a", "/a"), ("", "")])
def test_the_path_of_what_is_seen_has_no_last_slash(path, plain):
    assert wire.sighting(SEEN | {"path": path}).path == plain


@pytest.mark.parametrize(
    ("moment", "nanoseconds"),
    [
        ("2023-11-14T22:13:20Z", 1_700_000_000_000_000_000),
        ("2023-11-14T22:13:20.000000001Z", 1_700_000_000_000_000_001),
        ("1969-12-31T23:59:59.5Z", -500_000_000),
        ("1970-01-01T00:00:00Z", 0),
    ],
)
def test_the_time_of_what_is_seen_is_exact(moment, nanoseconds):
    assert wire.sighting(SEEN | {"modification_time": moment}).mtime == nanoseconds


@pytest.mark.parametrize("odd", [None, 5, "", "x", "-1", "1.5", [], {}])
def test_what_is_malformed_of_what_is_seen_is_not_known(odd):
    fields = dict.fromkeys(("size", "modification_time", "id"), odd)
    path = odd if isinstance(odd, str) else ""

    seen = wire.sighting(SEEN | fields | {"path": odd})

    assert seen == EntryStat(Kind.FILE, -1, None, "", path)


@pytest.mark.parametrize("kind", ["FS_FILE_TYPE_SYMLINK", 7, None])
def test_of_what_is_seen_nothing_must_be_there(kind):
    assert wire.sighting({"type": kind}) == EntryStat(Kind.OTHER)
