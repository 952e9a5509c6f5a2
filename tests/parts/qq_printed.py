"""Prints a diff in each form that qq is known to use, and generates diffs to print."""

import json
import textwrap
from collections.abc import Sequence
from itertools import pairwise

from hypothesis import strategies as st


def pretty_json(value: object, *, ascii_only: bool = False) -> str:
    """Write JSON as qq's ``pretty_json`` does."""
    return json.dumps(value, sort_keys=True, indent=4, ensure_ascii=ascii_only)


def a_page_at_a_time(pages: Sequence[Sequence[object]], *, ascii_only: bool = False) -> str:
    """Print pages as qq did up to 6.2.1: one object each, one after another."""
    return "".join(
        pretty_json({"entries": page, "paging": {"next": "/v2/…"}}, ascii_only=ascii_only) + "\n"
        for page in pages
    )


def as_one_object(pages: Sequence[Sequence[object]], key: str = "entries") -> str:
    """Print pages as qq does since 6.2.2 (``print_paginated_results``), stray comma included."""
    printed = f'{{\n    "{key}": [\n'
    i = j = -1
    for i, page in enumerate(pages):
        for j, entry in enumerate(page):
            if i + j > 0:
                printed += ",\n"
            printed += textwrap.indent(pretty_json(entry), " " * 8)
    if i + j >= 0:
        printed += "\n"
    return printed + "    ]\n}\n"


def every_form(pages: Sequence[Sequence[object]]) -> list[str]:
    """Print pages in each form that qq is known to print them in."""
    return [
        as_one_object(pages),
        a_page_at_a_time(pages),
        a_page_at_a_time(pages, ascii_only=True),
    ]


def to_bytes(printed: str) -> bytes:
    """Encode as qq is configured to, lone surrogates included."""
    return printed.encode("utf-8", "surrogatepass")


names = st.one_of(
    st.text(),
    st.text(st.sampled_from("a \x85\u2028\u2029\t\n\r\x0b\x0c\x1c\x1d\x1e\xa0\u3000")),
    st.text(st.sampled_from('[]{},:"\\/ \n')),
    st.text(st.characters(categories=["Cs", "Cc", "Zs", "Zl", "Zp", "So"])),
    st.binary().map(lambda name: name.decode("utf-8", "surrogateescape")),
).filter(lambda name: not any(joins(*pair) for pair in pairwise(name)))


def joins(first: str, second: str) -> bool:
    """Return whether two surrogates become one character when they are written as JSON."""
    return "\ud800" <= first <= "\udbff" and "\udc00" <= second <= "\udfff"


changes = st.fixed_dictionaries({
    "op": st.sampled_from(["CREATE", "MODIFY", "DELETE"]),
    "path": names.map("/{}".format),
})  # fmt: skip
diffs = st.lists(st.lists(changes, max_size=3), min_size=1, max_size=4)


def cut(output: bytes, cuts: list[int]) -> list[bytes]:
    """Cut a stream at the given places, if it is long enough for them."""
    places = [0, *sorted(min(cut, len(output)) for cut in cuts), len(output)]
    return [output[start:end] for start, end in pairwise(places)]
