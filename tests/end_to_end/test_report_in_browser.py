"""The page of a report in a real browser: it needs nothing, and anybody can read it."""

import fcntl
import json
from pathlib import Path
from typing import Any

import pytest

from qumulo_changelist.report_page.page import render
from tests.browser import chromium
from tests.browser.pages import SHOWN, hostile_report, look_at

pytestmark = pytest.mark.skipif(
    chromium.PATH is None, reason="Debian's chromium is not installed: apt-get install chromium"
)
needs_axe = pytest.mark.skipif(
    not chromium.AXE.exists(), reason="axe-core is not installed: npm, and then make test"
)


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Any:
    """What a browser makes of the page; it is started once, whichever process comes first."""
    folder = tmp_path_factory.getbasetemp()
    shared = folder if worker_id == "master" else folder.parent
    found = shared / "seen-in-browser.json"
    with (shared / "seen-in-browser.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not found.exists():
            page = Path(shared, "report.html")
            page.write_bytes(render(hostile_report(folder)))
            found.write_text(json.dumps(look_at(page)), encoding="utf-8")
    return json.loads(found.read_text(encoding="utf-8"))


def test_the_page_requests_nothing_and_complains_of_nothing(seen: Any) -> None:
    for visit in (seen, seen["unprotected"]):
        assert [url.rpartition("/")[2] for url in visit["requests"]] == ["report.html"]
        assert visit["complaints"] == []


def test_no_name_becomes_code_even_where_the_page_is_not_protected(seen: Any) -> None:
    found = seen["unprotected"]

    assert found["injected"] is None
    assert found["handlers"] == []
    # The data of the figures, the plotting library, and the page's own.
    assert found["scripts"] == 3
    assert [one.partition(" ")[0] for one in found["elements"]] == ["<a"]
    assert "Skip to the report" in found["elements"][0]


def test_every_name_is_shown_as_it_is(seen: Any) -> None:
    found = seen["unprotected"]
    cells, labels = "\n".join(found["cells"]), "\n".join(found["labels"])

    for name in SHOWN:
        assert name in cells
        assert name.replace("/", "\u2215") in "\n".join(found["options"]) or "/" in name
    # Markup that the plotting library would obey; a folder ends at the next slash.
    assert "<b>bold<" in found["labels"]
    assert "<a href='javascript:injected=4'>link<" in labels
    assert "49" not in found["title"]
    hovers = "\n".join(found["hovers"])
    assert any(name.replace("/", "\u2215") in hovers for name in SHOWN)


@needs_axe
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_serious_fault_keeps_anybody_from_reading_it(seen: Any, scheme: str) -> None:
    assert seen["axe"][scheme] == []


def test_figures_follow_the_colours_of_the_page(seen: Any) -> None:
    assert seen["inks"] == {
        "light": "rgb(27, 29, 33)", "dark": "rgb(236, 234, 230)", "paper": "rgb(0, 0, 0)"
    }  # fmt: skip


def test_it_can_be_used_by_keyboard_alone(seen: Any) -> None:
    level, _, chosen = seen["zoomed"].partition(" ")

    assert seen["first stop"] == "Skip to the report"
    assert level == chosen != ""


def test_it_fits_a_phone_and_paper(seen: Any) -> None:
    assert seen["width on a phone"] == 360
    assert seen["paper"] == "rgb(255, 255, 255)"


def test_times_are_said_in_the_zone_of_the_reader_too(seen: Any) -> None:
    assert seen["zone"] == "; your clock shows UTC+5:30"
