"""Collections page by page, where the API's documentation is clear and where it is not."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import pytest

from qumulo_emulator.running import ThreadedEmulator
from tests.emulator.trees import lay_out
from tests.emulator.wire import create_snapshot, file_url, get, pages, refusal

BAD_KEY = (400, "api_invalid_page_key_error")
Kind = Literal["entries", "diff"]
KINDS: tuple[Kind, ...] = ("entries", "diff")


def collection(emulator: ThreadedEmulator, folder: Path, kind: Kind, count: int) -> str:
    """Create files named 0, 1, … in a directory; return the URL of its listing, or of the diff."""
    lay_out(folder, {"in": {}})
    path = f"/{folder.name}/in"
    older = create_snapshot(emulator, "v3", path)["id"]
    lay_out(folder / "in", {str(number): 1 for number in range(count)})
    if kind == "entries":
        return file_url(path, "/entries/")
    newer = create_snapshot(emulator, "v3", path)["id"]
    return f"/v2/snapshots/{newer}/changes-since/{older}"


def names(page: dict[str, Any]) -> list[str]:
    if "files" in page:
        return [entry["name"] for entry in page["files"]]
    found = [entry["path"].rsplit("/in/", 1)[1] for entry in page["entries"]]
    # The change of the directory itself comes first, and is not counted here.
    return [name for name in found if name]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("query", "largest"), [("", 3), ("?limit=2", 2), ("?limit=1", 1), ("?limit=1000", 3)]
)
def test_a_page_has_the_requested_size_and_never_exceeds_the_limit(
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
def test_a_collection_that_fits_is_one_page_even_if_empty(
    emulator: ThreadedEmulator, folder: Path, kind: Kind
) -> None:
    emulator.settings(page_limit=5)
    url = collection(emulator, folder, kind, 4)
    assert [len(names(page)) for page in pages(emulator, url)] == [4]
    emulator.settings(page_limit=4)
    path = f"/{folder.name}"
    if kind == "diff":
        number = create_snapshot(emulator, "v3", path)["id"]
        url = f"/v2/snapshots/{number}/changes-since/{number}"
    else:
        lay_out(folder, {"empty": {}})
        url = file_url(f"{path}/empty", "/entries/")
    assert [names(page) for page in pages(emulator, url)] == [[]]


@pytest.mark.parametrize("kind", KINDS)
def test_empty_pages_come_in_between_if_set(
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
def test_entries_come_in_the_order_of_the_settings(
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
def test_a_page_key_is_opaque_and_can_be_used_again(
    emulator: ThreadedEmulator, folder: Path, kind: Kind
) -> None:
    url = collection(emulator, folder, kind, 7)
    uri = get(emulator, f"{url}?limit=2")["paging"]["next"]
    path, _, query = uri.partition("?")
    fields = dict(pair.split("=") for pair in query.split("&"))
    assert path == url
    assert fields["limit"] == "2"
    assert not fields["after"].isdigit()
    assert fields["after"] not in names(get(emulator, url))
    assert get(emulator, uri) == get(emulator, uri)


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_key_of_another_collection_or_a_forged_key_is_400(
    emulator: ThreadedEmulator, folder: Path, kind: Kind
) -> None:
    url = collection(emulator, folder, kind, 7)
    key = get(emulator, url)["paging"]["next"].partition("?")[2]
    lay_out(folder, {"other": {str(number): 1 for number in range(7)}})
    path = f"/{folder.name}"
    number = create_snapshot(emulator, "v3", f"{path}/in")["id"]
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
def test_a_page_key_is_stale_after_a_change_of_the_order(
    emulator: ThreadedEmulator, folder: Path, kind: Kind
) -> None:
    url = collection(emulator, folder, kind, 7)
    uri = get(emulator, url)["paging"]["next"]
    emulator.settings(order="descending")
    assert refusal(emulator.request("GET", uri)) == BAD_KEY


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_key_is_stale_once_the_emulator_has_forgotten_all(
    emulator: ThreadedEmulator, folder: Path, kind: Kind
) -> None:
    url = collection(emulator, folder, kind, 7)
    uri = get(emulator, url)["paging"]["next"]
    emulator.forget_pages()
    assert refusal(emulator.request("GET", uri)) == BAD_KEY
    later = get(emulator, url)["paging"]["next"]
    assert emulator.request("GET", later)[0] == 200


def test_a_page_key_is_stale_if_the_directory_was_replaced(
    emulator: ThreadedEmulator, folder: Path
) -> None:
    url = collection(emulator, folder, "entries", 7)
    uri = get(emulator, url)["paging"]["next"]
    (folder / "in").rename(folder / "before")
    lay_out(folder, {"in": {str(number): 1 for number in range(7)}})
    assert refusal(emulator.request("GET", uri)) == BAD_KEY


def test_a_page_of_a_diff_is_404_if_a_snapshot_was_deleted(
    emulator: ThreadedEmulator, folder: Path
) -> None:
    uri = get(emulator, collection(emulator, folder, "diff", 7))["paging"]["next"]
    older = uri.partition("changes-since/")[2].partition("?")[0]
    emulator.request("DELETE", f"/v3/snapshots/{older}")
    assert refusal(emulator.request("GET", uri))[0] == 404


@pytest.mark.parametrize("limit", ["0", "00", "-1", "+1", "1.0", "many", "", "%C2%B2", "9" * 60])
@pytest.mark.parametrize("kind", KINDS)
def test_a_limit_that_is_not_a_number_above_zero_is_400(
    emulator: ThreadedEmulator, folder: Path, kind: Kind, limit: str
) -> None:
    url = collection(emulator, folder, kind, 1)
    assert refusal(emulator.request("GET", f"{url}?limit={limit}"))[0] == 400


@pytest.mark.parametrize("order", ["ascending", "descending", "shuffled", "as_found"])
def test_a_directory_that_changes_between_pages_neither_repeats_nor_skips_unchanged_entries(
    emulator: ThreadedEmulator, folder: Path, order: str
) -> None:
    staying = [f"stays {number}" for number in range(12)]
    lay_out(folder, dict.fromkeys([*staying, *(f"goes {number}" for number in range(12))], 1))
    emulator.settings(order=order)
    found = []
    for number, page in enumerate(pages(emulator, file_url(f"/{folder.name}", "/entries/"))):
        found += names(page)
        (folder / f"goes {number}").unlink(missing_ok=True)
        # Some of these sort among the entries already sent, some among those to come.
        lay_out(folder, {f"new {number}": 1, f"a new {number}": 1, f"z new {number}": 1})
        assert number < 60
    assert sorted(name for name in found if name.startswith("stays")) == sorted(staying)
    assert len(found) == len(set(found))


def test_the_last_name_of_a_page_may_be_deleted_before_the_next_page(
    emulator: ThreadedEmulator, folder: Path
) -> None:
    lay_out(folder, dict.fromkeys("abcdef", 1))
    first = get(emulator, file_url(f"/{folder.name}", "/entries/?limit=2"))
    for name in names(first):
        (folder / name).unlink()
    rest = [name for page in pages(emulator, first["paging"]["next"]) for name in names(page)]
    assert rest == list("cdef")


def test_the_pages_of_a_diff_do_not_change_with_the_live_tree(
    emulator: ThreadedEmulator, folder: Path
) -> None:
    found = []
    for page in pages(emulator, collection(emulator, folder, "diff", 7)):
        found += names(page)
        lay_out(folder / "in", {f"00 {len(found)}": 1})
        create_snapshot(emulator, "v3", f"/{folder.name}/in")
    assert found == list("0123456")


def test_the_pages_of_a_directory_in_a_snapshot_do_not_change_with_the_live_tree(
    emulator: ThreadedEmulator, folder: Path
) -> None:
    url = collection(emulator, folder, "entries", 7)
    number = create_snapshot(emulator, "v3", f"/{folder.name}/in")["id"]
    found = []
    for page in pages(emulator, f"{url}?limit=2&snapshot={number}"):
        found += names(page)
        assert page["child_count"] == 7
        for name in "356":
            (folder / "in" / name).unlink(missing_ok=True)
        lay_out(folder / "in", {"new": 1})
    assert found == list("0123456")
