"""From the cluster's JSON to the model: what is taken, and what is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qumulo_changelist.cluster import wire
from qumulo_changelist.errors import ReplyError
from qumulo_changelist.model import CREATE, Change, Kind, Snapshot


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
        ({"id": 7, "name": "7_a", "source_file_id": "2"}, Snapshot(7, "7_a")),
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
    assert wire.kind({"type": type_}) is kind


@pytest.mark.parametrize(
    "entry", [{}, {"type": None}, {"type": 1}, {"type": ["FS_FILE_TYPE_FILE"]}]
)
def test_an_entry_that_does_not_say_what_it_is_is_told(entry):
    with pytest.raises(ReplyError, match="'type'"):
        wire.kind(entry)


def test_a_directory_says_how_many_entries_it_has():
    assert wire.child_count({"child_count": 3}) == 3


@pytest.mark.parametrize("entry", [{}, {"child_count": "3"}, {"child_count": True}])
def test_a_directory_that_does_not_count_its_entries_is_told(entry):
    with pytest.raises(ReplyError, match="'child_count'"):
        wire.child_count(entry)


@pytest.mark.parametrize("reply", [None, [], "a", 7, True])
def test_only_an_object_describes_something(reply):
    with pytest.raises(ReplyError, match="other than an object"):
        wire.attributes(reply)


@pytest.mark.parametrize("reply", [{}, {"name": None}, {"name": 7}, {"Name": "a"}])
def test_text_that_is_missing_is_told(reply):
    with pytest.raises(ReplyError, match="'name'"):
        wire.text(reply, "name")
