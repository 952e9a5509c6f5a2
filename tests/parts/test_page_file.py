"""The file of kept pages: whatever was done to it, what it yields is how the diff begins."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qumulo_changelist.cluster.interface import UndecodedPage
from qumulo_changelist.errors import IncompleteReplyError
from qumulo_changelist.operations.lists.keeping.page_file import (
    PageFile,
    PagesHeader,
    open_pages,
    peek,
)

HEADER = PagesHeader(b"i" * 32, 1, 2, 1_700_000_000)
PAGES = [
    UndecodedPage(f"GET /v2/{number}", os.urandom(number * 7), f"/v2/{number + 1}")
    for number in range(5)
]


def write(path: Path, pages: list[UndecodedPage], header: PagesHeader = HEADER) -> bytes:
    path.unlink(missing_ok=True)
    file = open_pages(str(path), header, new=True)
    assert file
    for page in pages:
        file.add(page)
    file.close()
    return path.read_bytes()


def opened(path: Path, header: PagesHeader = HEADER) -> PageFile:
    file = open_pages(str(path), header, new=False)
    assert file
    return file


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.pages"


@st.composite
def damages(draw: st.DrawFn) -> list[tuple[str, int, bytes]]:
    """What is done to a file: bytes of it, from a place on, are replaced, removed or added to."""
    kinds = st.sampled_from(["replace", "remove", "insert", "cut"])
    one = st.tuples(kinds, st.integers(0, 700), st.binary(min_size=1, max_size=90))
    return draw(st.lists(one, min_size=1, max_size=3))


def spoil(content: bytes, damage: list[tuple[str, int, bytes]]) -> bytes:
    for kind, place, given_bytes in damage:
        before, after = content[:place], content[place:]
        content = {
            "replace": before + given_bytes + after[len(given_bytes) :],
            "remove": before + after[len(given_bytes) :],
            "insert": before + given_bytes + after,
            "cut": before,
        }[kind]
    return content


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=70)
@given(damages())
def test_whatever_is_damaged_the_pages_are_the_first_ones_and_the_rest_can_follow(
    path: Path, damage: list[tuple[str, int, bytes]]
) -> None:
    content = write(path, PAGES)
    path.write_bytes(spoil(content, damage))

    file = opened(path)
    found = list(file.pages())

    assert found == PAGES[: len(found)]
    assert file.next_uri == (found[-1].next_uri if found else None)
    for page in PAGES[len(found) :]:
        file.add(page)
    assert list(file.pages()) == PAGES
    file.close()
    again = opened(path)
    assert list(again.pages()) == PAGES
    assert not again.is_damaged
    again.close()


def _pages_of(path: Path, header: PagesHeader) -> Iterator[UndecodedPage]:
    file = opened(path, header)
    yield from file.pages()
    file.close()


def test_pages_of_another_diff_are_not_used(path: Path) -> None:
    other = PagesHeader(b"j" * 32, 1, 2, 5)
    write(path, PAGES, other)

    assert list(_pages_of(path, HEADER)) == []
    assert path.stat().st_size == 0


def test_the_file_says_when_its_first_page_was_kept(path: Path) -> None:
    write(path, PAGES)
    later = PagesHeader(HEADER.identity, 1, 2, HEADER.begun + 99)

    file = opened(path, later)
    assert file.header == HEADER
    assert peek(str(path)) == HEADER
    file.clear()
    file.add(PAGES[0])
    file.close()

    assert peek(str(path)) == later


def test_what_changes_while_it_is_used_ends_the_run(path: Path) -> None:
    content = write(path, PAGES)
    file = opened(path)
    path.write_bytes(content[:-40] + b"x" * 40)

    with pytest.raises(IncompleteReplyError, match="kept are damaged"):
        list(file.pages())
    file.close()


def test_one_process_at_a_time_has_it(path: Path) -> None:
    write(path, PAGES)
    file = opened(path)

    with pytest.raises(BlockingIOError):
        opened(path)

    file.close()
    opened(path).close()


def test_a_page_that_does_not_fit_leaves_those_before_it(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(path, PAGES[:2])
    monkeypatch.setattr("qumulo_changelist.operations.lists.keeping.page_file._MAX_RECORD", 60)
    file = opened(path)

    with pytest.raises(OSError, match="File too large"):
        file.add(UndecodedPage("GET /", b"x" * 100, "/v2/3"))

    assert list(file.pages()) == PAGES[:2]
    file.close()


def test_a_length_that_no_page_has_is_not_believed(path: Path) -> None:
    content = write(path, PAGES[:1])
    path.write_bytes(content + b"\xff" * 24 + b"x" * 100)

    file = opened(path)

    assert list(file.pages()) == PAGES[:1]
    assert file.is_damaged
    file.close()
    assert path.read_bytes() == content
