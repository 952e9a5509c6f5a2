"""The page of a report, before any browser: its figures, its size, and its protection."""

import json
import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from qumulo_changelist.model import CREATE, Attributes, Kind
from qumulo_changelist.operations.report.listed import report_list
from qumulo_changelist.operations.report.making import Report, assemble, make_report
from qumulo_changelist.report_page import page as page_module
from qumulo_changelist.report_page.page import render
from tests.browser.pages import hostile_report
from tests.parts.entries import present
from tests.parts.test_formats import descending, make_form, write_list
from tests.parts.test_report_list import ENTRIES, Shelf


def figures_of(page: bytes) -> list[dict[str, Any]]:
    found = re.search(rb'<script type="application/json" id="figures">(.*?)</script>', page)
    assert found
    figures: list[dict[str, Any]] = json.loads(found[1])
    return figures


def texts_of(page: bytes) -> str:
    text = re.sub(r"<(script|style)\b.*?</\1>", "", page.decode(), flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]*>", " ", text).split())


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """A report of everything that a list can have."""
    return hostile_report(tmp_path_factory.mktemp("report"))


def test_the_plotting_library_knows_every_word_of_every_figure(report: Report) -> None:
    import plotly.graph_objects

    figures = figures_of(render(report))

    assert len(figures) == 7
    for figure in figures:
        plotly.graph_objects.Figure(data=figure["traces"], layout=figure["layout"])


def test_tiles_are_as_large_as_what_is_in_them(report: Report) -> None:
    (treemap,) = next(one for one in figures_of(render(report)) if "treemap" in one["id"])["traces"]
    values = dict(zip(treemap["ids"], treemap["values"], strict=True))
    inner: dict[str, int] = {}
    for tile, parent in zip(treemap["ids"], treemap["parents"], strict=True):
        inner[parent] = inner.get(parent, 0) + values[tile]

    assert inner.pop("") == values["0"] == report.lists[0].totals.there.bytes
    assert inner == {tile: values[tile] for tile in inner}


def test_the_page_forbids_every_script_but_its_own(report: Report) -> None:
    page = render(report).decode()

    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    assert policy
    rules = dict(rule.strip().split(" ", 1) for rule in unescape(policy[1]).split(";"))
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    assert len(re.findall(r"sha256-[A-Za-z0-9+/=]{44}", rules["script-src"])) == 2
    assert "unsafe" not in rules["script-src"]


def test_a_page_of_endless_names_stays_under_six_megabytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = Attributes(Kind.FILE, 10**9)
    long = "<&\u2028" * 60
    entries = [present(f"/{at:04}{long}/{long}/file", known, CREATE) for at in range(120)]
    path = tmp_path / "1-files.ndjson"
    path.write_bytes(write_list(make_form("ndjson"), descending(entries), [], tmp_path))
    report = make_report(str(path))
    whole = len(render(report))
    assert whole < 6_000_000

    monkeypatch.setattr(page_module, "_MAX_SIZE", whole - 1)

    smaller = render(report)
    assert len(smaller) < whole
    assert "120 GB in 120 files" in texts_of(smaller)


def test_a_list_of_names_alone_is_reported_in_numbers_of_files(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, "null")

    text = texts_of(render(make_report(str(shelf.path))))

    assert "The list has names alone" in text
    assert "3 files" in text
    assert " bytes" not in text.partition("What this report was made from")[0]
    for part in ("The largest files", "Sizes and ages", "When files were", "What it will take"):
        assert part not in text
    shelf.put_receipt()
    with_receipt = texts_of(render(make_report(str(shelf.path))))
    for words in ("created 700 bytes", "only moved 700 bytes", "What it will take"):
        assert words in with_receipt


@pytest.mark.parametrize("form", ["csv", "parquet", "xml-classic"])
def test_every_format_that_says_sizes_has_the_same_report(tmp_path: Path, form: str) -> None:
    entries = [one for one in ENTRIES if not one.moved_from]
    path = tmp_path / f"1-files.{form.partition('-')[0]}"
    path.write_bytes(write_list(make_form(form), entries, [], tmp_path))

    facts = report_list(str(path)).facts

    assert facts.totals.written.bytes == 1400
    assert facts.totals.deleted.files == 1
    assert facts.unreadable.count == 1


def test_a_report_of_many_lists_has_a_part_for_each(report: Report, tmp_path: Path) -> None:
    one = report.lists[0]
    many = assemble(
        [replace(one, source=f"/source{at}") for at in range(5)], [], None, str(tmp_path / "none")
    )

    page = render(many)

    ids = re.findall(r' id="([^"]+)"', page.decode())
    assert len(ids) == len(set(ids))
    assert [f"/source{at}" in texts_of(page) for at in range(5)] == [True] * 5
    assert len(page) < 6_000_000
    assert many.capacity.bytes == 5 * report.capacity.bytes
