"""What qq prints: every known form is read, and everything else is refused."""

import json
from collections.abc import Iterable, Iterator
from itertools import chain, repeat

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qumulo_changelist.cluster.qq.output import ElementReader, elements, pages, single_value
from qumulo_changelist.errors import ReplyError
from tests.parts.qq_printed import (
    a_page_at_a_time,
    as_one_object,
    cut,
    diffs,
    every_form,
    pretty_json,
    to_bytes,
)

ENTRIES = [
    {"op": "CREATE", "path": "/proj/a.mov"},
    {"op": "MODIFY", "path": "/proj/"},
    {"op": "DELETE", "path": "/proj/ümläut 🎬.mov"},
]


def of_diff(chunks: Iterable[bytes], key: str = "entries") -> Iterator[object]:
    """Read elements that may have been indented by lines, as a diff may."""
    reader = ElementReader[object](key, one=lambda value: value, indented=True)
    return chain.from_iterable(pages(chunks, reader))


def read(printed: str | bytes, key: str = "entries") -> list[object]:
    chunk = printed if isinstance(printed, bytes) else to_bytes(printed)
    return list(of_diff([chunk], key))


def all_cuts_in_two(output: bytes) -> Iterator[list[bytes]]:
    return ([output[:at], output[at:]] for at in range(len(output) + 1))


def bytewise(output: bytes) -> list[bytes]:
    return [output[at : at + 1] for at in range(len(output))]


FORMS = [
    pytest.param(a_page_at_a_time([ENTRIES]), id="a page"),
    pytest.param(a_page_at_a_time([ENTRIES[:1], [], ENTRIES[1:]]), id="pages"),
    pytest.param(a_page_at_a_time([[], ENTRIES], ascii_only=True), id="pages in ASCII"),
    pytest.param(as_one_object([ENTRIES]), id="one object"),
    pytest.param(as_one_object([ENTRIES[:2], ENTRIES[2:]]), id="one object of pages"),
    pytest.param(as_one_object([[], ENTRIES]), id="a stray comma"),
    pytest.param(as_one_object([[], [], ENTRIES, []]), id="a stray comma after two empty pages"),
    pytest.param(json.dumps({"entries": ENTRIES}), id="one line"),
    pytest.param(json.dumps({"a": 1, "entries": ENTRIES, "paging": None}), id="other fields"),
    pytest.param(pretty_json({"entries": ENTRIES}).replace("\n", "\r\n"), id="Windows line ends"),
]


@pytest.mark.parametrize("printed", FORMS)
def test_every_known_form_is_read(printed):
    assert read(printed) == ENTRIES


@pytest.mark.parametrize("printed", FORMS)
def test_it_does_not_matter_where_the_stream_is_cut(printed):
    output = to_bytes(printed)

    assert list(of_diff(bytewise(output))) == ENTRIES
    for pieces in all_cuts_in_two(output):
        assert list(of_diff(pieces)) == ENTRIES


@pytest.mark.parametrize("printed", FORMS)
def test_a_stream_that_is_cut_short_is_refused(printed):
    output = to_bytes(printed)
    ends_of_objects = {at for at in range(len(output)) if output[:at].rstrip().endswith(b"\n}")}
    ends_of_objects |= {at for at in range(len(output)) if output[at:].strip() == b""}

    for end in set(range(len(output))) - ends_of_objects:
        with pytest.raises(ReplyError):
            read(output[:end])


def test_entries_are_returned_while_the_stream_goes_on():
    def stream() -> Iterator[bytes]:
        yield b'{"entries": [{"path": "/a"},'
        pytest.fail("the first entry could be returned before more was read")

    assert next(elements(stream(), "entries")) == {"path": "/a"}


def test_an_answer_may_be_empty():
    assert read(as_one_object([[]])) == []
    assert read(as_one_object([[], [], []])) == []
    assert read(a_page_at_a_time([[]])) == []


def test_the_array_may_have_any_name():
    assert read(as_one_object([[{"name": "a"}]], key="files"), key="files") == [{"name": "a"}]


@pytest.mark.parametrize("number", ["0", "12345678901234567890", "-1", "1.5e3", "true", "null"])
def test_a_value_that_is_cut_is_not_taken_for_a_shorter_one(number):
    output = f'{{"count": {number}, "entries": [{number}, {number}]}}'.encode()

    assert list(elements(bytewise(output), "entries")) == [json.loads(number)] * 2


# Names


WITH_LINE_ENDS = [
    "\x85",
    "a\x85b",
    "a\u2028b\u2029c",
    "\x85\u2028\u2029",
    "a\u2028        b",
    "a\u2028    b",
    "a\x85   \x85b",
    "a\x85 ",
    " \x85",
    "a\x85\\n\x85\t",
]


@pytest.mark.parametrize("name", WITH_LINE_ENDS)
def test_line_ends_of_unicode_stay_part_of_a_name(name):
    entries = [{"op": "CREATE", "path": f"/{name}"}, {"op": "DELETE", "path": "/plain"}]

    for printed in (
        as_one_object([entries]),
        as_one_object([[], entries]),
        a_page_at_a_time([entries]),
        a_page_at_a_time([entries], ascii_only=True),
    ):
        assert sorted(read(printed), key=str) == entries


@pytest.mark.parametrize("surrogate", [0xD800, 0xDBFF, 0xDC00, 0xDC80, 0xDCFF, 0xDFFF])
def test_lone_surrogates_are_kept(surrogate):
    entries = [{"op": "CREATE", "path": f"/a{chr(surrogate)}b"}]
    output = to_bytes(as_one_object([entries]))

    assert read(output) == entries
    assert read(a_page_at_a_time([entries], ascii_only=True)) == entries
    assert list(of_diff(bytewise(output))) == entries


def in_any_order(entries: Iterable[object]) -> list[str]:
    return sorted(json.dumps(entry, sort_keys=True) for entry in entries)


@given(diff=diffs, cuts=st.lists(st.integers(0, 400)))
@example(diff=[[{"op": "CREATE", "path": '/a"]}{"entries": [\x85'}]], cuts=[3, 60])
def test_any_name_is_read_from_any_form(diff, cuts):
    expected = in_any_order(chain.from_iterable(diff))

    for printed in every_form(diff):
        assert in_any_order(of_diff(cut(to_bytes(printed), cuts))) == expected


def test_a_name_may_look_like_json():
    entries = [{"op": "CREATE", "path": '/{"entries": [1, 2]}'}, {"op": "CREATE", "path": '/]}\\"'}]

    assert read(as_one_object([entries])) == entries


def test_the_longest_path_fits():
    entries = [{"op": "CREATE", "path": "/" + "\x01" * 32_760}]

    assert read(a_page_at_a_time([entries], ascii_only=True)) == entries


# Everything else


@pytest.mark.parametrize("printed", ["", "\n", "  \r\n\t "])
def test_blank_output_is_not_an_empty_answer(printed):
    with pytest.raises(ReplyError, match="nothing"):
        read(printed)


def test_no_output_is_not_an_empty_answer():
    with pytest.raises(ReplyError, match="nothing"):
        list(elements([], "entries"))


@pytest.mark.parametrize(
    "printed",
    [
        "{}",
        '{"files": []}',
        '{"Entries": []}',
        '{"error": {"entries": []}}',
        '{"entries": []}{}',
        '{}{"entries": []}',
        '{"id": 7, "name": "7_a"}\n',
    ],
)
def test_the_answer_to_something_else_is_not_an_empty_answer(printed):
    with pytest.raises(ReplyError, match="without 'entries'"):
        read(printed)


@pytest.mark.parametrize(
    "printed",
    [
        "usage: qq [-h]",
        "[]",
        "null",
        '"entries"',
        "0",
        "[1, 2]",
        '{"entries"}',
        '{"entries": }',
        '{"entries": null}',
        '{"entries": {}}',
        '{"entries": ""}',
        '{"entries": [}',
        '{"entries": [1 2]}',
        '{"entries": [1]} and more',
        '{"entries": [1]}]',
        "{entries: [1]}",
        "{'entries': [1]}",
        '{1: 2, "entries": []}',
        '{[1]: 2, "entries": []}',
        '{{}: 2, "entries": []}',
        '{"entries": [01]}',
        '{"entries": ["\x01"]}',
        '{"entries": [nothing]}',
        "\ufeff{}",
        '{"entries": [' + "9" * 5000 + "]}",
    ],
)
def test_malformed_output_is_refused(printed):
    with pytest.raises(ReplyError):
        read(printed)


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_output_that_is_nested_too_deeply_is_refused(opening):
    with pytest.raises(ReplyError):
        read('{"entries": [' + opening * 200_000)
    with pytest.raises(ReplyError):
        list(single_value([to_bytes(opening * 200_000)]))


@pytest.mark.parametrize(
    "output",
    [b"\xff", b'{"entries": ["\xff"]}', b'{"entries": ["\xc3', b'{"entries": []}\n\xc3'],
)
def test_output_that_is_not_utf_8_is_refused(output):
    for pieces in ([output], bytewise(output)):
        with pytest.raises(ReplyError):
            list(elements(pieces, "entries"))


def test_a_value_without_an_end_is_refused():
    def endless() -> Iterator[bytes]:
        yield b'{"entries": ["'
        while True:
            yield b"x" * 1_000_000

    with pytest.raises(ReplyError):
        list(elements(endless(), "entries"))


@given(garbage=st.one_of(st.binary(), st.text(st.sampled_from('{}[]",:1 e\\nts')).map(to_bytes)))
def test_garbage_only_ever_raises_a_reply_error(garbage):
    for pieces in ([garbage], [b'{"entries": [', garbage], [b'{"entries": []', garbage]):
        try:
            found = list(of_diff(pieces))
        except ReplyError:
            continue
        assert b'"entries"' in b"".join(pieces), f"{found} was read from garbage"


def test_an_error_of_the_stream_is_not_changed():
    def broken() -> Iterator[bytes]:
        yield b'{"entries": [1, '
        raise InterruptedError

    stream = elements(broken(), "entries")

    assert next(stream) == 1
    with pytest.raises(InterruptedError):
        next(stream)


# A single value


def test_a_single_value_is_read_in_pieces():
    created = {"id": 7, "name": "7_ümläut"}

    assert list(single_value(bytewise(to_bytes(pretty_json(created))))) == [created]


@pytest.mark.parametrize("output", [b"", b"\n", b"{", b'{"id": 7}{"id": 8}', b"\xff", b"usage: qq"])
def test_anything_but_a_single_value_is_refused(output):
    with pytest.raises(ReplyError, match="not JSON"):
        list(single_value([output]))


# Output without an end


def without_end(chunk: bytes) -> Iterator[bytes]:
    """Yield a chunk again and again, but not for ever, so that a test fails instead of hanging."""
    yield from repeat(chunk, 1_000_000)


def test_pages_that_go_on_without_any_entry_are_refused():
    chunks = without_end(b'{"entries": [], "paging": {"next": "x"}}\n')

    with pytest.raises(ReplyError, match="more than 1,000 pages in a row are empty"):
        list(elements(chunks, "entries"))


@pytest.mark.parametrize("chunk", [b'{"x": ' * 1000, b" " * 1000, b"[" * 1000])
def test_a_single_value_without_an_end_is_refused(chunk):
    with pytest.raises(ReplyError, match=r"more than 4\.19 MB instead of a value"):
        list(single_value(without_end(chunk)))


def test_a_value_among_others_without_an_end_is_refused():
    chunks = chain([b'{"entries": [{"path": "'], without_end(b"x" * 100_000))

    with pytest.raises(ReplyError, match="is not JSON"):
        list(elements(chunks, "entries"))
