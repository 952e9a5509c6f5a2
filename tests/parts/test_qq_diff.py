"""A diff that qq prints: decoded in pieces, with the same result as change by change."""

import json
from collections.abc import Callable, Iterable, Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qumulo_changelist.cluster.changes import read_change
from qumulo_changelist.cluster.qq.diff import changes, plain_changes
from qumulo_changelist.cluster.qq.output import ElementReader, pages
from qumulo_changelist.errors import ReplyError
from qumulo_changelist.model import CREATE, DELETE, MODIFY, Change
from tests.parts.qq_printed import a_page_at_a_time, cut, diffs, every_form, names, to_bytes

USUAL = [
    [
        {"op": "CREATE", "path": "/proj/a {1}, [2].mov"},
        {"op": "MODIFY", "path": "/proj/"},
        {"op": "DELETE", "path": "/proj/.hidden/ümläut 🎬...mov"},
    ],
    [{"op": "MODIFY", "path": "/"}, {"op": "CREATE", "path": '/\\"}\n        }, \n    ]"'}],
]


def one_by_one(chunks: Iterable[bytes]) -> Iterator[list[Change]]:
    return pages(chunks, ElementReader("entries", one=read_change, indented=True))


def fail(entry: object) -> Change:
    pytest.fail(f"{entry} was read alone")


Read = Callable[[Iterable[bytes]], Iterator[list[Change]]]


def outcome(read: Read, chunks: Iterable[bytes]) -> tuple[list[Change], str]:
    """Return what was read to the end, or the text of the error."""
    try:
        return [change for page in read(chunks) for change in page], ""
    except ReplyError as error:
        return [], str(error)


def test_changes_are_read_from_every_form():
    for printed in every_form(USUAL):
        assert outcome(changes, [to_bytes(printed)]) == (
            [
                Change(CREATE, "/proj/a {1}, [2].mov"),
                Change(MODIFY, "/proj/"),
                Change(DELETE, "/proj/.hidden/ümläut 🎬...mov"),
                Change(MODIFY, "/"),
                Change(CREATE, '/\\"}\n        }, \n    ]"'),
            ],
            "",
        )


@pytest.mark.parametrize("size", [1, 7, 100, 150, 1000])
def test_usual_output_is_always_decoded_in_pieces(size):
    fast = ElementReader("entries", one=fail, many=plain_changes, indented=True)

    for printed in every_form([*USUAL, [], *USUAL]):
        output = to_bytes(printed)
        chunks = [output[at : at + size] for at in range(0, len(output), size)]
        assert sum(map(len, pages(chunks, fast))) == 10


def test_a_page_has_all_changes_that_have_arrived():
    output = to_bytes(a_page_at_a_time(USUAL[:1]))
    within_the_third = output.index(b"DELETE")

    read = changes([output[:within_the_third], output[within_the_third:]])

    assert [len(page) for page in read] == [2, 1]


def test_changes_are_returned_while_the_stream_goes_on():
    def stream() -> Iterator[bytes]:
        yield b'{\n    "entries": [\n        {"op": "CREATE", "path": "/a"\n        }'
        pytest.fail("the first page could be returned before more was read")

    assert next(changes(stream())) == [Change(CREATE, "/a")]


@pytest.mark.parametrize(
    "path",
    [
        *("", "a", "//", "/a//b", "/a//", "/.", "/..", "/./", "/a/./b", "/a/../b", "/a/.."),
        *("a\0/b", "/a\0//b"),
    ],
)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_path_that_is_not_absolute_spoils_the_piece(path, place):
    written = ['{"op": "CREATE", "path": "/a"}', '{"op": "CREATE", "path": "/b/"}']
    written.insert(place, json.dumps({"op": "CREATE", "path": path}))

    assert plain_changes(",".join(written)) is None


@pytest.mark.parametrize(
    "path",
    ["/", "/a", "/a/", "/.a", "/..a/", "/...", "/a./b.", "/a/.../b", "/\n/a", "/a\t", "/é🎬"],
)
@pytest.mark.parametrize("ascii_only", [True, False])
def test_absolute_paths_are_decoded_at_once(path, ascii_only):
    written = json.dumps({"op": "MODIFY", "path": path}, ensure_ascii=ascii_only)

    assert plain_changes(f"{written},\n{written}") == [Change(MODIFY, path)] * 2


# The same result in both ways, for any output


odd_paths = st.text(st.sampled_from("/.a\0\n")) | st.lists(
    st.sampled_from(["", ".", "..", "a", ".a", "a.", "\x85", "\udcff", "}"])
).map("/".join)
odd_entries = st.one_of(
    st.fixed_dictionaries(
        {"op": st.sampled_from(["CREATE", "MODIFY", "DELETE"]), "path": odd_paths}
    ),
    st.fixed_dictionaries(
        {},
        optional={
            "op": st.sampled_from(["CREATE", "DELETE", "RENAME", "", None, 1, [], {}]),
            "path": st.one_of(names.map("/{}".format), odd_paths, st.sampled_from([None, 1, []])),
            "x": st.recursive(
                st.none() | st.floats() | st.integers() | names,
                lambda inner: st.lists(inner) | st.dictionaries(names, inner),
                max_leaves=3,
            ),
        },
    ),
    st.sampled_from([None, 1, "CREATE", [], ["CREATE", "/a"]]),
)
odd_diffs = st.lists(
    st.lists(odd_entries | diffs.map(lambda diff: next(iter(diff[0]), None)), max_size=3),
    min_size=1,
    max_size=3,
)
all_cuts = st.lists(st.integers(0, 600))


@given(diff=diffs, cuts=all_cuts)
@example(diff=[[{"op": "CREATE", "path": '/a"]}{"entries": [\x85'}]], cuts=[3, 60])
@example(diff=[[{"op": "CREATE", "path": "/a"}], [{"op": "CREATE", "path": "/\udcff"}]], cuts=[])
def test_any_diff_is_read_in_the_same_way(diff, cuts):
    for printed in every_form(diff):
        chunks = cut(to_bytes(printed), cuts)
        assert outcome(changes, chunks) == outcome(one_by_one, chunks)


@given(diff=odd_diffs, cuts=all_cuts)
def test_any_malformed_diff_is_refused_in_the_same_way(diff, cuts):
    for printed in every_form(diff):
        chunks = cut(to_bytes(printed), cuts)
        assert outcome(changes, chunks) == outcome(one_by_one, chunks)


garbage = st.one_of(
    st.binary(max_size=20),
    st.text(st.sampled_from('{}[]",:\n /.1e\\u0')).map(to_bytes),
    st.sampled_from([
        b"\n        }", b"\n        },", b"\n    ]", b"\n    ]\n}", b",", b'{"entries": [', b'"',
        b"Error 404: fs_no_such_entry_error", b"\xc2\x85", b"\xe2\x80\xa8", b"\\ud83c", b"\\udfac",
        b"CREATE", b'"op": 1,', b'"path": "/b",', b'"\\u006fp": "DELETE",',
    ]),
)  # fmt: skip


@given(
    diff=diffs, cuts=all_cuts, garbage=garbage, at=st.integers(0, 600), instead_of=st.integers(0, 9)
)
@example(  # a lone surrogate in the operation
    diff=[[{"op": "CREATE", "path": "/"}]], cuts=[], garbage=b"\\ud800", at=50, instead_of=0
)
def test_damaged_output_is_read_in_the_same_way(diff, cuts, garbage, at, instead_of):
    for printed in every_form(diff):
        output = to_bytes(printed)
        chunks = cut(output[:at] + garbage + output[at + instead_of :], cuts)
        assert outcome(changes, chunks) == outcome(one_by_one, chunks)
