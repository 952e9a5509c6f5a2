"""Pages for a keyboard and a screen reader: what the builder leaves out."""

from pathlib import Path
from typing import Any

_CHANGES = (
    # Titles above parts of the table of contents are headings, of which the level is not said.
    ('class="caption" role="heading">', 'class="caption" role="heading" aria-level="2">'),
    # What scrolls by itself has to be reached by the keyboard.
    ('<div class="highlight"><pre>', '<div class="highlight"><pre tabindex="0">'),
    ('<div class="table-wrapper', '<div tabindex="0" class="table-wrapper'),
)


def make_accessible(page: str) -> str:
    """Return the HTML of a page with what the builder leaves out."""
    for old, new in _CHANGES:
        page = page.replace(old, new)
    return page


def mend_pages(app: Any, error: Exception | None) -> None:
    """Make all built pages accessible."""
    for path in () if error else sorted(Path(app.outdir).rglob("*.html")):
        path.write_text(make_accessible(path.read_text(encoding="utf-8")), encoding="utf-8")
