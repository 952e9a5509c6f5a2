"""The page: from a report to HTML."""

import base64
import hashlib
from collections.abc import Iterator
from importlib import resources

from qumulo_changelist.operations.report.making import Report
from qumulo_changelist.report.facts import MAX_FOLDERS
from qumulo_changelist.report_page.blocks import Figure, shown
from qumulo_changelist.report_page.closing import about_table, capacity_block
from qumulo_changelist.report_page.kinds import KIND_LOOKS
from qumulo_changelist.report_page.sections import Section, make_section
from qumulo_changelist.wording import printable

_MAX_SIZE = 6_000_000
"""Of the page, in bytes."""


def render(report: Report) -> bytes:
    """Return the page of a report: one HTML file that needs nothing else.

    It stays under 6 MB: if it has many folders with long names, it shows fewer of them.

    Raises:
        ImportError: the extra ``report`` is not installed.
    """
    at_most = MAX_FOLDERS // len(report.lists)
    while True:
        page = _render(report, max(at_most, 1))
        if len(page) < _MAX_SIZE or at_most < 8:
            return page
        at_most //= 2


def _render(report: Report, at_most: int) -> bytes:
    import jinja2
    from markupsafe import Markup
    from plotly.offline import get_plotlyjs

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("qumulo_changelist.report_page", "."),
        autoescape=True,
        finalize=_finalize,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    sections = [
        make_section(one, at_most, f"list{number}") for number, one in enumerate(report.lists, 1)
    ]
    capacity = capacity_block(report)
    scripts = [get_plotlyjs(), _file("page.js")]
    page = environment.get_template("page.html.jinja").render(
        report=report,
        name=shown(report.name),
        sections=sections,
        capacity=capacity,
        about=[about_table(one) for one in report.lists],
        missing=[
            (shown(one.project), shown(one.source), shown(one.reason)) for one in report.missing
        ],
        figures=[_plain(one) for one in _figures(sections)],
        looks=KIND_LOOKS,
        # Both are parts of the page that nobody else can have changed.
        style=Markup(_file("page.css")),  # noqa: S704
        scripts=[Markup(one) for one in scripts],  # noqa: S704
        hashes=[_hash(one) for one in scripts],
    )
    return page.encode()


def _finalize(value: object) -> object:
    """Return what is put into the page: whatever a text is made of, it can be read."""
    return printable(value) if type(value) is str else value


def _figures(sections: list[Section]) -> Iterator[Figure]:
    for section in sections:
        for block in section.blocks:
            yield from block.figures


def _plain(figure: Figure) -> dict[str, object]:
    return {
        "id": figure.id,
        "traces": figure.traces,
        "layout": figure.layout,
        "height": figure.height,
    }


def _file(name: str) -> str:
    return resources.files("qumulo_changelist.report_page").joinpath(name).read_text("utf-8")


def _hash(script: str) -> str:
    """Return what a content security policy calls a script."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return f"'sha256-{digest}'"
