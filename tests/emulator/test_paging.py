"""Collections page by page, where the API is clear and where it is not."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import pytest

from qumulo_emulator.running import ThreadedEmulator
from tests.emulator.trees import lay_out
from tests.emulator.wire import created, file_url, got, pages, refusal

BAD_KEY = (400, "api_invalid_page_key_error")
Kind = Literal["entries", "diff"]
KINDS: tuple[Kind, ...] = ("entries", "diff")


def collection(emulator: ThreadedEmulator, folder: Path, kind: Kind, count: int) -> str:
    """A collection of so many items, named 0, 1, … in a directory, created since a snapshot."""
    lay_out(folder, {"in": {}})
    path = f"/{folder.name}/in"
    older = created(emulator, "v3", path)["id"]
    lay_out(folder / "in", {str(number): 1 for number in range(count)})
    if kind == "entries":
        return file_url(path, "/entries/")
    newer = created(emulator, "v3", path)["id"]
    return f"/v2/snapshots/{newer}/changes-since/{older}"


def names(page: dict[str, Any]) -> list[str]:
    if "files" in page:
        return [entry["name"] for entry in page["files"]]
    found = [entry["path"].rsplit("/in/", 1)[1] for entry in page["entries"]]
    # What happened to the directory itself comes first, and is not counted here.
    return [name for name in found if name]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("query", "largest"), [("", 3), ("?limit=2", 2), ("?limit=1", 1), ("?limit=1000", 3)]
)
def test_a_page_has_as_many_as_asked_for_and_never_more_than_the_limit(
    emulator: ThreadedEmulator, folder: Path, kind: Kind, query: str, largest: int
) -> None:
    url = collection(emulator, folder, kind, 7) + query
    found = list(pages(emulator, url))
    sizes = [len(page["files" if kind == "entries" else "entries"]) for page in found]
    assert max(sizes) == largest
    assert set(sizes[:-1]) == {largest}
    assert [name for page in found for name in names(page)] == list("0123456")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("end", ["", None])
def test_the_last_page_names_no_next_one(
    emulator: ThreadedEmulator, folder: Path, kind: Kind, end: str | None
) -> None:
    url = collection(emulator, folder, kind, 4)
    emulator.settings(last_page_next=end)
    nexts = [page["paging"]["next"] for page in pages(emulator, url)]
    assert len(nexts) == 2
    assert nexts[0].startswith("/")
    assert nexts[1] == end
    assert type(nexts[1]) is type(end)


@pytest.mark.parametrize("kind", KINDS)
def test_a_collection_that_fits_is_one_page_and_so_is_an_empty_one(
    emulator: ThreadedEmulator, folder: Path, kind: Kind
) -> None:
    emulator.settings(page_limit=5)
    url = collection(emulator, folder, kind, 4)
    assert [len(names(page)) for page in pages(emulator, url)] == [4]
    emulator.settings(page_limit=4)
    path = f"/{folder.name}"
    if kind == "diff":
        number = created(emulator, "v3", path)["id"]
        url = f"/v2/snapshots/{number}/changes-since/{number}"
    else:
        lay_out(folder, {"empty": {}})
        url = file_url(f"{path}/empty", "/entries/")
    assert [names(page) for page in pages(emulator, url)] == [[]]


@pytest.mark.parametrize("kind", KINDS)
def test_empty_pages_come_in_between_where_they_are_wanted(
    emulator: ThreadedEmulator, folder: Path, kind: Kind
) -> None:
    url = collection(emulator, folder, kind, 6)
    emulator.settings(empty_pages=True)
    field = "files" if kind == "entries" else "entries"
    sizes = [len(page[field]) for page in pages(emulator, url)]
    assert sizes[::2] == [0] * len(sizes[::2])
    assert all(size > 0 for size in sizes[1::2])
    assert len(sizes) % 2 == 0
    assert [name for page in pages(emulator, url) for name in names(page)] == list("012345")


@pytest.mark.parametrize("kind", KINDS)
def test_entries_come_in_the_order_that_is_set(
    emulator: ThreadedEmulator, folder: Path, kind: Kind
) -> None:
    url = collection(emulator, folder, kind, 9)
    found = {}
    for order in ("ascending", "descending", "shuffled", "as_found"):
        emulator.settings(order=order)
        found[order] = [name for page in pages(emulator, url) for name in names(page)]
    ascending = list("012345678")
    assert found["ascending"] == ascending
    assert found["descending"] == ascending[::-1]
    assert found["shuffled"] not in (ascending, ascending[::-1])
    assert sorted(found["shuffled"]) == ascending
    assert sorted(found["as_found"]) == ascending


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_tells_nothing_and_is_good_again_for_the_same_page(
    emulator: ThreadedEmulator, folder: Path, kind: Kind
) -> None:
    url = collection(emulator, folder, kind, 7)
    uri = got(emulator, f"{url}?limit=2")["paging"]["next"]
    path, _, query = uri.partition("?")
    fields = dict(pair.split("=") for pair in query.split("&"))
    assert path == url
    assert fields["limit"] == "2"
    assert not fields["after"].isdigit()
    assert fields["after"] not in names(got(emulator, url))
    assert got(emulator, uri) == got(emulator, uri)


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_that_was_made_for_something_else_or_nowhere_is_400(
    emulator: ThreadedEmulator, folder: Path, kind: Kind
) -> None:
    url = collection(emulator, folder, kind, 7)
    key = got(emulator, url)["paging"]["next"].partition("?")[2]
    lay_out(folder, {"other": {str(number): 1 for number in range(7)}})
    path = f"/{folder.name}"
    number = created(emulator, "v3", f"{path}/in")["id"]
    others = [
        file_url(f"{path}/other", "/entries/"),
        f"/v2/snapshots/{number}/changes-since/{number - 1}",
        f"{file_url(f'{path}/in', '/entries/')}?snapshot={number}",
    ]
    for other in others:
        uri = f"{other}{'&' if '?' in other else '?'}{key}"
        assert refusal(emulator.request("GET", uri)) == BAD_KEY
    cut, changed = key[:-3], f"{key[:-1]}{'A' if key[-1] != 'A' else 'Q'}"
    for wrong in (cut, changed, "after=1", "after=0", "after=%00", "after=%C3%A9", "after=AAAA"):
        assert refusal(emulator.request("GET", f"{url}?{wrong}")) == BAD_KEY


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_is_stale_when_the_order_has_changed(
    emulator: ThreadedEmulator, folder: Path, kind: Kind
) -> None:
    url = collection(emulator, folder, kind, 7)
    uri = got(emulator, url)["paging"]["next"]
    emulator.settings(order="descending")
    assert refusal(emulator.request("GET", uri)) == BAD_KEY


def test_a_key_is_stale_when_the_directory_is_another(
    emulator: ThreadedEmulator, folder: Path
) -> None:
    url = collection(emulator, folder, "entries", 7)
    uri = got(emulator, url)["paging"]["next"]
    (folder / "in").rename(folder / "before")
    lay_out(folder, {"in": {str(number): 1 for number in range(7)}})
    assert refusal(emulator.request("GET", uri)) == BAD_KEY


def test_a_page_of_a_diff_is_404_once_a_snapshot_is_gone(
    emulator: ThreadedEmulator, folder: Path
) -> None:
    uri = got(emulator, collection(emulator, folder, "diff", 7))["paging"]["next"]
    older = uri.partition("changes-since/")[2].partition("?")[0]
    emulator.request("DELETE", f"/v3/snapshots/{older}")
    assert refusal(emulator.request("GET", uri))[0] == 404


@pytest.mark.parametrize("limit", ["0", "00", "-1", "+1", "1.0", "many", "", "%C2%B2", "9" * 60])
@pytest.mark.parametrize("kind", KINDS)
def test_a_limit_that_is_no_number_above_zero_is_400(
    emulator: ThreadedEmulator, folder: Path, kind: Kind, limit: str
) -> None:
    url = collection(emulator, folder, kind, 1)
    assert refusal(emulator.request("GET", f"{url}?limit={limit}"))[0] == 400


@pytest.mark.parametrize("order", ["ascending", "descending", "shuffled", "as_found"])
def test_a_directory_that_changes_between_pages_neither_repeats_nor_skips_the_others(
    emulator: ThreadedEmulator, folder: Path, order: str
) -> None:
    staying = [f"stays {number}" for number in range(12)]
    lay_out(folder, dict.fromkeys([*staying, *(f"goes {number}" for number in range(12))], 1))
    emulator.settings(order=order)
    found = []
    for number, page in enumerate(pages(emulator, file_url(f"/{folder.name}", "/entries/"))):
        found += names(page)
        (folder / f"goes {number}").unlink(missing_ok=True)
        # Among those already sent, and among those to come.
        lay_out(folder, {f"new {number}": 1, f"a new {number}": 1, f"z new {number}": 1})
        assert number < 60
    assert sorted(name for name in found if name.startswith("stays")) == sorted(staying)
    assert len(found) == len(set(found))


def test_the_name_that_a_key_was_made_at_may_go(emulator: ThreadedEmulator, folder: Path) -> None:
    lay_out(folder, dict.fromkeys("abcdef", 1))
    first = got(emulator, file_url(f"/{folder.name}", "/entries/?limit=2"))
    for name in names(first):
        (folder / name).unlink()
    rest = [name for page in pages(emulator, first["paging"]["next"]) for name in names(page)]
    assert rest == list("cdef")


def test_a_diff_stays_as_it_was_while_the_tree_changes(
    emulator: ThreadedEmulator, folder: Path
) -> None:
    found = []
    for page in pages(emulator, collection(emulator, folder, "diff", 7)):
        found += names(page)
        lay_out(folder / "in", {f"00 {len(found)}": 1})
        created(emulator, "v3", f"/{folder.name}/in")
    assert found == list("0123456")


def test_a_directory_in_a_snapshot_comes_in_pages_of_what_was(
    emulator: ThreadedEmulator, folder: Path
) -> None:
    url = collection(emulator, folder, "entries", 7)
    number = created(emulator, "v3", f"/{folder.name}/in")["id"]
    found = []
    for page in pages(emulator, f"{url}?limit=2&snapshot={number}"):
        found += names(page)
        assert page["child_count"] == 7
        for name in "356":
            (folder / "in" / name).unlink(missing_ok=True)
        lay_out(folder / "in", {"new": 1})
    assert found == list("0123456")
