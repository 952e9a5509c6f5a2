r"""Text as roff for the man(7) macros: what a page may contain, in any order and in any character.

Only macros are used that both groff and mandoc know. Words between backticks are bold.
"""

import re
import textwrap
from collections.abc import Iterable

_ESCAPES = {
    "\\": r"\e",
    "'": r"\(aq",
    "`": r"\(ga",
    "^": r"\(ha",
    "~": r"\(ti",
    "-": r"\-",
}
_BOLD = re.compile(r"`([^`\n]+)`")
_WIDTH = 78
_HYPHENS = re.compile(r"(?<=\w)\\-(?=\w)")


def escape(text: str) -> str:
    """Return one line of text that is shown exactly as it is, so that it can be copied."""
    shown = "".join(
        _ESCAPES.get(one) or (one if one.isascii() else f"\\[u{ord(one):04X}]") for one in text
    )
    return f"\\&{shown}" if shown.startswith(".") else shown


def bold(text: str) -> str:
    """Return text that is typed as it is."""
    return f"\\fB{escape(text)}\\fP"


def italic(text: str) -> str:
    """Return text that stands for something else, such as ``FILE``."""
    return f"\\fI{escape(text)}\\fP"


def prose(text: str) -> list[str]:
    """Return a paragraph as lines that are not too long to look at."""
    filled = textwrap.wrap(inline(text), _WIDTH, break_long_words=False, break_on_hyphens=False)
    return [f"\\&{line}" if line.startswith(".") else line for line in filled]


def inline(text: str) -> str:
    """Return text in one line; hyphens between letters of words are hyphens again."""
    parts = _BOLD.split(" ".join(text.split()))
    shown = [
        bold(part) if number % 2 else _HYPHENS.sub("-", escape(part))
        for number, part in enumerate(parts)
    ]
    return "".join(shown)


def heading(name: str, date: str, version: str) -> list[str]:
    """Return how a page begins: what stands at its top and bottom, and no word is divided."""
    title = f'.TH {name.upper()} 1 {date} "qumulo\\-changelist {version}" "User Commands"'
    return [title, ".nh", ".ad l"]


def section(title: str, lines: Iterable[str]) -> list[str]:
    """Return a section with a title; nothing if it has no lines."""
    content = list(lines)
    return [f".SH {title.upper()}", *content] if content else []


def subsection(title: str, lines: Iterable[str]) -> list[str]:
    """Return a part of a section with a title; nothing if it has no lines."""
    content = list(lines)
    return [f'.SS "{inline(title)}"', *content] if content else []


def paragraphs(text: str) -> list[str]:
    """Return paragraphs, which blank lines separate; indented ones are shown as they are."""
    lines: list[str] = []
    for part in re.split(r"\n\s*\n", text.strip("\n")):
        if lines:
            lines.append(".PP")
        lines += example(part) if part.startswith("  ") else prose(part)
    return lines


def example(text: str) -> list[str]:
    """Return lines that are shown as they are."""
    return [".EX", *map(escape, text.strip("\n").splitlines()), ".EE"]


def definition(term: str, meaning: str) -> list[str]:
    """Return a term, which is roff already, and what it means."""
    return [".TP", term, *(prose(meaning) or ["\\&"])]
