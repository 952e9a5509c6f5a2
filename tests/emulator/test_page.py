"""The page at `/`, for a browser: what is served, and the last requests; no name can inject."""

from __future__ import annotations

import http.client
import re
import ssl
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote

from qumulo_emulator.running import ThreadedEmulator
from tests.emulator.trees import lay_out
from tests.emulator.wire import create_snapshot, get

HOSTILE = "<script>alert(1)</script>&amp;\"'\n\u202e"


class Page(HTMLParser):
    """The page as a browser reads it: its tags with their attributes, and its tables as text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.tables: dict[str, list[list[str]]] = {}
        self.text = ""
        self._inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._inside = tag
        if tag == "tr":
            list(self.tables.values())[-1].append([])
        elif tag == "td":
            list(self.tables.values())[-1][-1].append("")

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._inside == "h2":
            self.tables[data.partition(":")[0]] = []
        elif self._inside == "td":
            list(self.tables.values())[-1][-1][-1] += data


def open_page(emulator: ThreadedEmulator, method: str = "GET") -> http.client.HTTPResponse:
    """Request the page as a browser does: without a token."""
    context = ssl.create_default_context(cafile=emulator.certificate)
    connection = http.client.HTTPSConnection(emulator.host, emulator.port, context=context)
    connection.request(method, "/", headers={"Connection": "close"})
    return connection.getresponse()


def page_of(emulator: ThreadedEmulator) -> Page:
    answer = open_page(emulator)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    return Page(answer.read().decode())


def test_a_browser_sees_what_is_served_without_a_login(
    emulator: ThreadedEmulator, folder: Path
) -> None:
    lay_out(folder, {"in": {"a": 1}})
    taken = create_snapshot(emulator, "v3", f"/{folder.name}/in", name_suffix="weekly")
    emulator.fault(method="GET", path="/v1/cluster*", status=503, times=2)
    page = page_of(emulator)
    assert "needs a login; this page does not" in page.text
    assert ["root", emulator.root] in page.tables["What it serves"]
    assert ["setting page_limit", "3"] in page.tables["What it serves"]
    (snapshot,) = (row for row in page.tables["Snapshots"] if row[:1] == [str(taken["id"])])
    assert snapshot[1:3] == [f"{taken['id']}_weekly", f"/{folder.name}/in/"]
    assert page.tables["Faults that are set"][1:] == [["GET", "/v1/cluster*", "answers 503 ", "2"]]
    assert open_page(emulator, "HEAD").read() == b""


def test_the_last_hundred_requests_are_shown_newest_first_and_without_secrets(
    emulator: ThreadedEmulator,
) -> None:
    emulator.fault(path="/v1/version", status=503)
    for _ in range(110):
        emulator.request_as(None, "GET", "/v1/version")
    get(emulator, "/v3/snapshots/?secret=hidden")
    token = emulator.login()
    rows = page_of(emulator).tables["The last requests"][1:]
    assert len(rows) == 100
    assert rows[0][1:4] == ["POST", "/v1/session/login", "200"]
    assert rows[1][1:4] == ["GET", "/v3/snapshots/", "200"]
    assert {tuple(row[1:4]) for row in rows[2:]} == {("GET", "/v1/version", "503")}
    assert all(re.fullmatch(r"\d\d:\d\d:\d\d\.\d{3}", row[0]) for row in rows)
    assert all(0 <= float(row[4]) < 60_000 for row in rows)
    text = open_page(emulator).read().decode()
    assert not [secret for secret in (token, emulator.password, "hidden") if secret in text]


def test_requests_for_the_page_are_not_requests_of_the_api(emulator: ThreadedEmulator) -> None:
    before = emulator.requests()
    emulator.fault(status=500)
    assert open_page(emulator).status == 200
    assert open_page(emulator).status == 200
    emulator.faults.clear()
    assert emulator.requests() == before
    assert emulator.request_as(None, "POST", "/", {})[0] == 401


def test_a_name_cannot_become_part_of_the_page(emulator: ThreadedEmulator, folder: Path) -> None:
    clean = {tag for tag, _ in page_of(emulator).tags} | {"table", "thead", "tbody", "tr", "th"}
    (folder / HOSTILE.replace("/", "\\")).mkdir()
    (folder / "\udcff").mkdir()
    for name in (HOSTILE.replace("/", "\\"), "\udcff"):
        create_snapshot(emulator, "v3", f"/{folder.name}/{name}", name_suffix="<b>")
    schedule = {"creation_schedule": {"frequency": "SCHEDULE_DAILY_OR_WEEKLY"}}
    policy = {"policy_name": HOSTILE.replace("/", "\\"), "schedule": schedule}
    assert emulator.request("POST", "/v3/snapshots/policies/", policy)[0] == 200
    sent = f"/v1/files/{quote(HOSTILE, safe='')}/info/attributes"
    for path in (sent, "/v1/<script>alert(1)</script>"):
        emulator.request("GET", path)
    emulator.fault(path=HOSTILE, status=500, error_class=HOSTILE)
    emulator.request("PUT", "/v1/cluster/settings", {"cluster_name": HOSTILE})
    answer = open_page(emulator)
    policy_of_content = answer.headers["Content-Security-Policy"]
    assert policy_of_content.startswith("default-src 'none'; style-src 'sha256-")
    page = Page(answer.read().decode())
    assert {tag for tag, _ in page.tags} <= clean | {"td", "p"}
    given = {name: value for _, attributes in page.tags for name, value in attributes.items()}
    assert given.keys() <= {"lang", "charset", "name", "content", "rel", "href", "class"}
    assert {value for _, tag in page.tags if (value := tag.get("href"))} == {"data:,"}
    seen = r"<script>alert(1)</script>&amp;" + "\"'" + r"\n\u202e"
    assert ["name", seen] in page.tables["What it serves"]
    assert [row[1] for row in page.tables["Faults that are set"][1:]] == [seen]
    requested = [row[2] for row in page.tables["The last requests"][1:]]
    assert {sent, "/v1/<script>alert(1)</script>"} <= set(requested)
    assert [row[1] for row in page.tables["Snapshot policies"][1:]] == [seen.replace("/", "\\")]
    sources = "".join(row[2] for row in page.tables["Snapshots"][1:])
    assert seen.replace("/", "\\") in sources
    assert r"\udcff" in sources
