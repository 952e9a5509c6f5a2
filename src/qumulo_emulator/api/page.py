"""The page at `/` of the emulator, for a browser: what it serves, and what it was asked lately.

The page is built of elements, which are written as HTML at the end. So no name can become markup.
"""

import base64
import hashlib
from collections.abc import Iterable, Sequence
from xml.etree.ElementTree import Element, SubElement, tostring

from msgspec.structs import asdict

from qumulo_emulator import clock
from qumulo_emulator.api.context import Context, LoggedRequest
from qumulo_emulator.faults import Fault
from qumulo_emulator.model import Snapshot
from qumulo_emulator.names import join_path, readable
from qumulo_emulator.nodes import Node
from qumulo_emulator.settings import Settings

MAX_REQUESTS = 100
_MAX_SNAPSHOTS = 100
_SHORT = 12  # a cell of at most this number of characters is kept in one line
_STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { margin: 0 auto; max-width: 68rem; padding: 0 1rem 3rem }
h1 { font-size: 1.5rem }
h2 { font-size: 1.15rem; margin-top: 2rem }
table { border-collapse: collapse; font-size: .9rem; width: 100% }
th, td { border-bottom: 1px solid #8886; padding: .25rem .6rem .25rem 0; text-align: left;
  vertical-align: top; overflow-wrap: anywhere }
th { font-weight: 600; overflow-wrap: normal }
td.short { white-space: nowrap }
td:first-child { width: 1% }
td { font-family: ui-monospace, monospace; font-variant-numeric: tabular-nums }
"""
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode("ascii")
HEADERS = {
    # The page loads nothing and runs nothing, even if a name should get into it as markup.
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}';"
    " img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def render_page(context: Context) -> bytes:
    """Return the page as HTML in UTF-8; it contains no password, no token, and no query."""
    html = Element("html", lang="en")
    head = SubElement(html, "head")
    SubElement(head, "meta", charset="utf-8")
    SubElement(head, "meta", name="viewport", content="width=device-width, initial-scale=1")
    # Without an icon of its own, a browser would ask for one.
    SubElement(head, "link", rel="icon", href="data:,")
    SubElement(head, "title").text = "qumulo-emulator"
    SubElement(head, "style").text = _STYLE
    body = SubElement(SubElement(html, "body"), "main")
    _add_introduction(body, context)
    _add_nodes(body, context.nodes.all)
    _add_snapshots(body, context.cluster.snapshots.all())
    _add_policies(body, context)
    _add_faults(body, context.faults.remaining())
    _add_requests(body, context.log.newest(MAX_REQUESTS))
    return b"<!DOCTYPE html>\n" + tostring(html, encoding="unicode", method="html").encode()


def _add_introduction(body: Element, context: Context) -> None:
    cluster = context.cluster
    _add(body, "h1", "qumulo-emulator")
    _add(
        body,
        "p",
        "This is a Qumulo cluster that is emulated for demonstrations, rehearsals and tests. It is"
        " not a storage system. The REST API needs a login; this page does not, because nothing"
        " but an emulator is reached here. It shows no password, no token and no query.",
    )
    facts = [("name", cluster.name), ("user", cluster.tokens.username)]
    facts += [(name, str(value)) for name, value in cluster.startup_facts().items()]
    facts.append(("time", clock.format_time(_whole_seconds(cluster.clock.now()))))
    usual = asdict(Settings())
    facts += [
        (f"setting {name}", repr(value))
        for name, value in asdict(cluster.settings).items()
        if value != usual[name]
    ]
    _add_table(body, "What it serves", ("", ""), facts)


def _add_nodes(body: Element, nodes: Sequence[Node]) -> None:
    if len(nodes) == 1:
        return
    rows = [
        (
            *(str(node.number), f"{node.host} port {node.port}"),
            *("yes" if node.is_alive else "no", str(node.latency_ms), str(node.requests)),
        )
        for node in nodes
    ]
    names = ("id", "address", "alive", "waits for (ms)", "requests")
    _add_table(body, f"Nodes: {len(nodes)}", names, rows)


def _add_snapshots(body: Element, snapshots: Sequence[Snapshot]) -> None:
    newest = snapshots[-_MAX_SNAPSHOTS:][::-1]
    rows = [
        (
            str(snapshot.id),
            snapshot.directory_name,
            join_path(snapshot.source, directory=True),
            _moment(snapshot.taken),
            "never" if snapshot.expires is None else _moment(snapshot.expires),
            ", ".join(
                word
                for word, applies in (
                    ("locked", snapshot.lock_key is not None),
                    ("being deleted", snapshot.in_delete),
                )
                if applies
            ),
        )
        for snapshot in newest
    ]
    names = ("id", "in .snapshot", "directory", "taken (UTC)", "expires", "")
    _add_table(body, f"Snapshots: {len(snapshots)}", names, rows)
    if len(snapshots) > len(newest):
        _add(body, "p", f"The newest {len(newest)} are shown.")


def _add_policies(body: Element, context: Context) -> None:
    rows = [
        (
            str(policy.id),
            policy.name,
            policy.template or "default",
            str(policy.source_id),
            "yes" if policy.enabled else "no",
        )
        for policy in context.cluster.policies.all()
    ]
    names = ("id", "name", "template", "directory's id", "enabled")
    _add_table(body, f"Snapshot policies: {len(rows)}", names, rows)


def _add_faults(body: Element, faults: Sequence[tuple[Fault, int | None]]) -> None:
    rows = [
        (
            fault.method,
            fault.path,
            fault.action or f"answers {fault.status} {fault.error_class or ''}",
            "all" if times is None else str(times),
        )
        for fault, times in faults
    ]
    names = ("method", "path", "what it does", "requests left")
    _add_table(body, f"Faults that are set: {len(rows)}", names, rows)


def _add_requests(body: Element, requests: Sequence[LoggedRequest]) -> None:
    rows = [
        (
            _to_the_millisecond(request.received),
            request.method,
            request.sent_path,
            "dropped" if request.status is None else str(request.status),
            f"{request.seconds * 1000:.1f}",
        )
        for request in requests
    ]
    names = ("time (UTC)", "method", "path", "status", "ms")
    _add_table(body, f"The last requests: {len(rows)}, newest first", names, rows)


def _add_table(
    body: Element, title: str, names: Sequence[str], rows: Iterable[Sequence[str]]
) -> None:
    """Append a heading and a table; of a table without rows, the heading only."""
    _add(body, "h2", title)
    shown = list(rows)
    if not shown:
        return
    table = SubElement(body, "table")
    if any(names):
        head = SubElement(SubElement(table, "thead"), "tr")
        for name in names:
            _add(head, "th" if name else "td", name)
    lines = SubElement(table, "tbody")
    for row in shown:
        line = SubElement(lines, "tr")
        for text in row:
            cell = _add(line, "td", text)
            if len(text) <= _SHORT:
                cell.set("class", "short")


def _add(parent: Element, tag: str, text: str) -> Element:
    element = SubElement(parent, tag)
    element.text = readable(text)
    return element


def _moment(moment: int) -> str:
    return clock.format_time(_whole_seconds(moment)).replace("T", " ").removesuffix("Z")


def _to_the_millisecond(moment: int) -> str:
    """Return the time of day with three decimals, so that all are in line."""
    milliseconds = moment % clock.SECOND // 1_000_000
    return f"{_moment(moment)[11:]}.{milliseconds:03}"


def _whole_seconds(moment: int) -> int:
    return moment // clock.SECOND * clock.SECOND
