"""Pages as the REST API sends them: one malformed change spoils a diff, a malformed file itself."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qumulo_changelist.cluster.attributes import described
from qumulo_changelist.cluster.interface import DirectoryPage
from qumulo_changelist.cluster.rest.diff import RawDiffPage
from qumulo_changelist.cluster.rest.listings import ATTRIBUTES
from qumulo_changelist.cluster.rest.pages import RawPage
from qumulo_changelist.cluster.wire import read_file
from qumulo_changelist.errors import ReplyError
from qumulo_changelist.model import Attributes, Change, Kind, ReadFailure
from tests.parts.canned import file
from tests.parts.json_values import json_values


def changes(*entries: object, **more: object) -> list[Change]:
    data = json.dumps({"entries": entries, "paging": {"next": ""}, **more}).encode()
    return RawDiffPage(RawPage("GET /diff", data, "")).changes()


def directory(*files: object, total: object = 9) -> DirectoryPage:
    data = json.dumps({"files": files, "child_count": total, "path": "/"}).encode()
    return ATTRIBUTES.entries(ATTRIBUTES.read(data, "GET /d"), "GET /d")


def alone(sent: dict[str, object]) -> object:
    """Return what a file is that is not on a page."""
    return described(read_file(json.dumps(sent).encode(), "GET /f"))


# Diffs


@pytest.mark.parametrize("op", ["CREATE", "MODIFY", "DELETE"])
@pytest.mark.parametrize(
    "path", ["/", "/a", "/a/", "/a/.b", "/a/..b", "/...", "/a b\n", "/ü", "/\udcff", "/\0"]
)
def test_a_change_is_an_operation_and_a_path(op, path):
    assert changes({"op": op, "path": path}) == [Change(op, path)]


def test_unknown_fields_are_ignored():
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
def test_a_malformed_change_spoils_the_page(entry):
    good = {"op": "CREATE", "path": "/good/.but/..hidden"}
    for page in ([entry], [good, entry], [entry, good], [good, entry, good]):
        with pytest.raises(ReplyError, match=r"^GET /diff: "):
            changes(*page)


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
def test_any_other_answer_is_refused_with_the_request(data):
    with pytest.raises(ReplyError, match=r"^GET /diff: the answer is not") as caught:
        RawDiffPage(RawPage("GET /diff", data, "")).changes()
    assert len(str(caught.value)) < 200


@settings(max_examples=50)
@given(op=json_values | st.just("CREATE"), path=json_values | st.just("/a"), whole=json_values)
def test_any_json_is_a_change_or_is_refused(op, path, whole):
    for entry in ({"op": op, "path": path}, whole):
        try:
            found = changes(entry)
        except ReplyError:
            continue
        assert isinstance(entry, dict)
        assert found == [Change(entry["op"], entry["path"])]


# Directories


def test_a_directory_is_its_entries_by_name():
    page = directory(file(name="a"), file(name="b", type="FS_FILE_TYPE_DIRECTORY"), total=2)

    assert (page.total_entries, page.received) == (2, 2)
    assert list(page.entries) == ["a", "b/"]
    assert page.entries["b/"] == alone(file(type="FS_FILE_TYPE_DIRECTORY"))


def test_a_name_may_be_anything_but_utf_8():
    page = directory(file(name="\udcff", owner_details=None), file(name="ü🎬"))

    assert list(page.entries) == ["\udcff", "ü🎬"]
    assert page.entries["\udcff"] == alone(file())


@pytest.mark.parametrize(
    "wrong",
    [
        {"size": 7},
        {"size": "x"},
        {"modification_time": None},
        {"owner_details": ["me"]},
        {"type": None},
    ],
    ids=str,
)
@pytest.mark.parametrize("name", ["plain", "\udcff"])
def test_a_malformed_file_concerns_itself_alone(wrong, name):
    odd = file(name="odd", **wrong)

    page = directory(file(name=name), odd, file(name="z", type="FS_FILE_TYPE_DIRECTORY"))

    assert list(page.entries) == [name, "odd", "z/"]
    assert page.received == 3
    assert isinstance(page.entries["odd"], ReadFailure)
    assert page.entries["odd"] == alone(odd)
    assert page.entries[name] == alone(file())


def test_a_malformed_directory_is_still_a_directory():
    wrong = file(name="d", type="FS_FILE_TYPE_DIRECTORY", access_time=7)

    ((name, found),) = directory(wrong).entries.items()

    assert name == "d/"
    assert isinstance(found, ReadFailure)
    assert found.known == Attributes(Kind.DIRECTORY, 10, 1, id="7", revision="1970-01-01T00:00:01Z")


def test_only_wanted_files_are_described():
    data = json.dumps({"files": [file(name="a"), file(name="b", size=7)], "child_count": 2})

    page = ATTRIBUTES.entries(ATTRIBUTES.read(data.encode(), "GET /d"), "GET /d", {"a"})

    assert (page.total_entries, page.received) == (2, 2)
    assert page.entries == directory(file(name="a")).entries


@pytest.mark.parametrize("odd", [{}, {"size": 7}], ids=["well-formed", "malformed"])
@pytest.mark.parametrize("name", [None, 7, "", ".", "..", "a/b", "/", "a/"])
def test_an_entry_without_a_possible_name_is_refused(name, odd):
    with pytest.raises(ReplyError, match=r"^GET /d: .*without a usable 'name'"):
        directory(file(), file(name=name, **odd))


@pytest.mark.parametrize("entry", [None, 7, "f", [], {}])
def test_anything_but_a_file_is_refused(entry):
    with pytest.raises(ReplyError, match=r"^GET /d: "):
        directory(file(), entry)


@pytest.mark.parametrize("total", [None, "2", 2.5, True])
def test_a_directory_must_state_its_number_of_entries(total):
    with pytest.raises(ReplyError, match=r"^GET /d: .*child_count"):
        directory(total=total)
