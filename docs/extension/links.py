"""Where links of pages lead: files that are part of a page, and those that are none. Pure."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

REPOSITORY = Path(__file__).resolve().parents[2]
DOCS = REPOSITORY / "docs"

INCLUDED = {
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "README.md": "index.md",
    "SECURITY.md": "threats.md",
    "examples/README.md": "how-to/examples.md",
    "src/qumulo_emulator/README.md": "emulator.md",
}
"""Files outside of ``docs/``, and the page that has what each contains."""

_FENCE = re.compile(r"(^ *```.*?^ *```[ \t]*$)", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"(?<!!)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^()\s]+)\)")


class Link(NamedTuple):
    """A link of a Markdown text to a place that is not on the network."""

    label: str
    path: str
    """"" for the same file."""
    anchor: str
    """"" for none."""


def find_links(text: str) -> Iterator[Link]:
    """Yield the links to files and headings in a Markdown text."""
    for part in _FENCE.split(text)[::2]:
        for found in _LINK.finditer(part):
            if link := _parse(found):
                yield link


def rebase(text: str, source: Path, page: Path) -> str:
    """Return the Markdown of a file as a page shows it.

    A link to a file that is part of a page leads to that page. A link to a file that is no page
    stays, and the builder copies the file; a folder is only named.

    Args:
        text: the Markdown.
        source: the file that it is from, to which its links are relative.
        page: the file of the page.
    """

    def turn(found: re.Match[str]) -> str:
        link = _parse(found)
        if not link or not link.path:
            return found[0]
        target = (source.parent / link.path).resolve()
        if target.is_dir():
            return link.label
        target = _page_of(target)
        anchor = f"#{link.anchor}" if link.anchor else ""
        if target == page and anchor:
            return f"[{link.label}]({anchor})"
        return f"[{link.label}]({os.path.relpath(target, page.parent)}{anchor})"

    parts = _FENCE.split(text)
    parts[::2] = [_LINK.sub(turn, part) for part in parts[::2]]
    return "".join(parts)


def _parse(found: re.Match[str]) -> Link | None:
    """Return the link of a match; None if it leads to the network."""
    if re.match(r"[a-z][a-z+.-]*:|<", found[2]):
        return None
    path, _, anchor = found[2].partition("#")
    return Link(found[1], path, anchor)


def _page_of(target: Path) -> Path:
    """Return the page that has what a file contains; the file itself if there is none."""
    try:
        name = target.relative_to(REPOSITORY).as_posix()
    except ValueError:
        return target
    return DOCS / INCLUDED[name] if name in INCLUDED else target
