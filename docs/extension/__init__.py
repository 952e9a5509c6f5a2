"""What the pages contain that is made from the code, and where their links lead.

A page has a mark such as ``<!-- made from the code: commands -->`` where Markdown goes that is made
when the pages are built; ``PARTS`` names all of them. So no page is ever older than the code.
"""

import re
from collections.abc import Callable
from pathlib import Path

from docs.extension.links import REPOSITORY, rebase

_PATTERN = re.compile(r"[\w/-]+\*\n")
_MARK = re.compile(r"^<!-- made from the code: (.+?) -->$", re.MULTILINE)


def _commands() -> str:
    from docs.extension.command_lines import describe_commands

    return describe_commands()


def _known_commands() -> str:
    from docs.extension.command_lines import describe_known_commands

    return describe_known_commands()


def _emulator_options() -> str:
    from docs.extension.command_lines import describe_emulator

    return describe_emulator()


def _project_keys() -> str:
    from docs.extension.keys import describe_project_keys

    return describe_project_keys()


def _receipt() -> str:
    from docs.extension.structs import describe_receipt

    return describe_receipt()


def _receipt_schema() -> str:
    from docs.extension.structs import receipt_schema

    return f"```json\n{receipt_schema()}\n```"


def _journal() -> str:
    from docs.extension.structs import describe_journal

    return describe_journal()


def _library() -> str:
    from docs.extension.library import describe_library

    return describe_library()


def _picture() -> str:
    from docs.extension.imports import draw_matrix

    return draw_matrix()


PARTS: dict[str, Callable[[], str]] = {
    "commands": _commands,
    "known commands": _known_commands,
    "emulator options": _emulator_options,
    "keys of projects.toml": _project_keys,
    "receipt": _receipt,
    "receipt schema": _receipt_schema,
    "journal": _journal,
    "library": _library,
}
"""How to make each part, by the name in its mark."""


def complete(text: str, page: Path) -> str:
    """Return the Markdown of a page, with everything in it that is made.

    Args:
        text: the page as it is stored.
        page: its file.

    Raises:
        KeyError: it has a mark for which there is no part.
    """

    def make(mark: re.Match[str]) -> str:
        name = mark[1]
        if name.startswith("file "):
            source = REPOSITORY / name.removeprefix("file ")
            return rebase(source.read_text(encoding="utf-8"), source, page)
        return PARTS[name]()

    text = _without_missing_pages(rebase(_MARK.sub(make, text), page, page), page.parent)
    # Pages are read without the network, and what draws Mermaid would come from there.
    return re.sub(r"```mermaid\n.*?\n```", lambda _: _picture(), text, flags=re.DOTALL)


def _without_missing_pages(text: str, folder: Path) -> str:
    """Return a page without those patterns of its table of contents that no page matches."""
    lines = text.splitlines(keepends=True)
    return "".join(
        line
        for line in lines
        if not _PATTERN.fullmatch(line) or any(folder.glob(f"{line.strip()}.md"))
    )
