"""A report with names that want to be code, and what a browser makes of its page."""

from pathlib import Path
from typing import Any

from msgspec.structs import replace

from qumulo_changelist.cycle.contents import RunContents
from qumulo_changelist.model import CREATE, Attributes, Entry, Kind
from qumulo_changelist.operations.lists.receipt import SnapshotFacts
from qumulo_changelist.operations.report.listed import FilteredOut, PastRun, report_list
from qumulo_changelist.operations.report.making import MissingList, Report, assemble
from qumulo_changelist.report.capacity import Price
from tests.browser.chromium import AXE, open_browser
from tests.parts.entries import deleted, moved, present, unreadable
from tests.parts.test_formats import descending, make_form, write_list

HOSTILE = (
    "<script>injected=1</script>",
    '"><img src=x onerror=injected=2>',
    "</script><script>injected=3</script>",
    "{{7*7}}{% raw %}",
    "a\u2028b\u2029c",
    "<a href='javascript:injected=4'>link</a>",
    "<b>bold</b><br>&lt;svg onload=injected=5&gt;",
    "\udcff\udcfe",
    "line\nbreak\ttab\x1b[31m",
    "%{label}<!--]]>",
    "\u202egnp.exe",
    "'-alert(1)-'`${injected=6}`",
)
"""Names that want to be code, markup, templates, line ends, bytes, or a different direction."""

SHOWN = (
    "<script>injected=1</script>",
    '"><img src=x onerror=injected=2>',
    "</script><script>injected=3</script>",
    "{{7*7}}{% raw %}",
    r"a\u2028b\u2029c",
    "<a href='javascript:injected=4'>link</a>",
    "<b>bold</b><br>&lt;svg onload=injected=5&gt;",
    r"\xff\xfe",
    r"line\x0abreak\x09tab\x1b[31m",
    "%{label}<!--]]>",
    r"\u202egnp.exe",
    "'-alert(1)-'`${injected=6}`",
)
"""The same names, as people should read them."""


def _files(folder: str, name: str, size: int) -> list[Entry]:
    known = Attributes(Kind.FILE, size, 1_700_000_100, 1_700_000_150, 501, 20)
    return [
        present(f"/{folder}/{name}", known, CREATE),
        present(f"/{folder}/{name}.{name.replace('/', '')[:11]}", known),
        moved(f"/{folder}/moved {name}", f"/old {folder}/{name}", known),
        deleted(f"/{folder}/deleted/{name}"),
        unreadable(f"/{folder}/bad {name}", reason=name),
    ]


def hostile_report(folder: Path) -> Report:
    """Return a report in which everything that can be a text is hostile."""
    names = [name.replace("/", "\u2215") for name in HOSTILE]
    names += [name for name in HOSTILE if "/" in name]
    entries = descending(
        [entry for at, name in enumerate(names) for entry in _files(name, name, 10**9 * (at + 1))]
    )
    path = folder / "1-files.ndjson"
    path.write_bytes(write_list(make_form("ndjson"), entries, [], folder))
    bad = "".join(HOSTILE)
    run = PastRun(
        "2026-01-02T03:04:05Z", "committed", 2, full=False,
        contents=RunContents(created=1, created_bytes=10**9, modified_bytes=10**8), error=bad,
    )  # fmt: skip
    listed = replace(
        report_list(str(path)),
        project=bad,
        source=bad,
        base_path=bad,
        list_path=bad,
        older_snapshot=SnapshotFacts(1, bad, "2026-01-01T00:00:00Z"),
        newer_snapshot=SnapshotFacts(2, bad, "2026-01-02T00:00:00Z"),
        notes=(bad,),
        filtered=(FilteredOut(bad, 3, 4, 5),),
        runs=(run, replace(run, started="2026-01-01T03:04:05Z")),
    )
    return assemble([listed], [MissingList(bad, bad, bad)], Price(21, bad), str(folder / "none"))


def look_at(path: Path) -> dict[str, Any]:
    """Return what a browser makes of a page; the same browser for everything."""
    with open_browser() as browser:
        return {"unprotected": _unprotected(browser, path), **_as_a_reader(browser, path)}


def _open(context: Any, path: Path) -> tuple[Any, list[str], list[str]]:
    """Return a page that is drawn, what it requested, and what it complained of."""
    page = context.new_page()
    requests: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("dialog", lambda dialog: complaints.append(f"dialog: {dialog.message}"))
    page.goto(path.as_uri())
    page.wait_for_selector("html[data-drawn]")
    return page, requests, complaints


def _unprotected(browser: Any, path: Path) -> dict[str, Any]:
    """Return what names do where the page's own security policy does not count."""
    context = browser.new_context(bypass_csp=True, offline=True)
    page, requests, complaints = _open(context, path)
    found: dict[str, Any] = page.evaluate(_WHAT_NAMES_DID)
    page.locator("[id$=-treemap]").scroll_into_view_if_needed()
    hovers = []
    for tile in page.locator("[id$=-treemap] g.slice path.surface").all()[1:20:4]:
        box = tile.bounding_box()
        if box and box["width"] > 8 and box["height"] > 8:
            page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] - 4)
            hovers += page.locator("g.hovertext text").all_text_contents()
    found["hovers"] = hovers
    found |= page.evaluate(_WHAT_NAMES_DID) | {"requests": requests, "complaints": complaints}
    context.close()
    return found


_WHAT_NAMES_DID = """() => {
  const all = [...document.querySelectorAll("*")];
  const found = (selector) => [...document.querySelectorAll(selector)];
  const texts = (selector) => found(selector).map((one) => one.textContent);
  return {
    injected: typeof injected === "undefined" ? null : injected,
    elements: found("img, iframe, object, embed, link, base, form, a").map((one) => one.outerHTML),
    scripts: document.scripts.length,
    handlers: all.flatMap((one) => [...one.attributes]).map((one) => one.name)
      .filter((name) => name.startsWith("on")),
    cells: texts("td bdi, th bdi"),
    labels: texts("[id$=-treemap] g.slicetext text"),
    ticks: texts("[id$=types-figure] .ytick text"),
    options: texts("option"),
    title: document.title,
  };
}"""


def _as_a_reader(browser: Any, path: Path) -> dict[str, Any]:
    """Return how the page is for those who read it: in light, in dark, by keyboard, on a phone."""
    context = browser.new_context(
        offline=True, color_scheme="light", timezone_id="Asia/Kolkata", reduced_motion="reduce"
    )
    page, requests, complaints = _open(context, path)
    seen: dict[str, Any] = {"zone": page.locator("#zone").inner_text(), "axe": {}, "inks": {}}
    if AXE.exists():
        page.evaluate(AXE.read_text(encoding="utf-8"))
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.wait_for_selector(f"html[data-drawn='{_INKS[scheme]}']")
        seen["inks"][scheme] = page.evaluate(_INK_OF_LABELS)
        if AXE.exists():
            # In the dark, only colours are different.
            rules = {} if scheme == "light" else {"runOnly": ["color-contrast"]}
            seen["axe"][scheme] = page.evaluate(_FAULTS, rules)
    page.keyboard.press("Tab")
    seen["first stop"] = page.evaluate("document.activeElement.textContent")
    seen["zoomed"] = _zoom_by_keyboard(page)
    page.set_viewport_size({"width": 360, "height": 740})
    seen["width on a phone"] = page.evaluate("document.documentElement.scrollWidth")
    page.emulate_media(media="print", color_scheme="dark")
    page.wait_for_selector("html[data-drawn='#000000']")
    seen["inks"]["paper"] = page.evaluate(_INK_OF_LABELS)
    seen["paper"] = page.evaluate("getComputedStyle(document.body).backgroundColor")
    seen |= {"requests": requests, "complaints": complaints}
    context.close()
    return seen


_INKS = {"light": "#1b1d21", "dark": "#eceae6"}
_INK_OF_LABELS = "getComputedStyle(document.querySelector('.ytick text')).fill"

_FAULTS = """async (rules) => (await axe.run(document, rules)).violations
  .filter((one) => ["serious", "critical"].includes(one.impact))
  .map((one) => `${one.id}: ${one.nodes.map((node) => node.html.slice(0, 200)).join(" ")}`)"""


def _zoom_by_keyboard(page: Any) -> str:
    """Choose a folder with the keyboard alone; return what the treemap then begins with."""
    page.focus("select")
    page.keyboard.press("ArrowDown")
    page.wait_for_selector("[id$=-treemap][data-level]:not([data-level=''])")
    level: str = page.evaluate(
        "document.querySelector('[id$=-treemap]').data[0].level"
        " + ' ' + document.querySelector('select').value"
    )
    return level
