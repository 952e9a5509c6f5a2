"""In which line of a TOML file a key is. Pure; made for messages to people."""

import re

Path = tuple[str | int, ...]
"""The way to a value: names of keys, and positions in arrays of tables, from 0."""

_HEADER = re.compile(r"\s*(\[\[?)\s*(.+?)\s*(\]\]?)\s*(#.*)?$")
_KEY = re.compile(
    r"\s*((?:[\w-]+|\"[^\"]*\"|'[^']*')(?:\s*\.\s*(?:[\w-]+|\"[^\"]*\"|'[^']*'))*)\s*="
)
_PART = re.compile(r"[\w-]+|\"[^\"]*\"|'[^']*'")


def find_lines(text: str) -> dict[Path, int]:
    """Return the line, from 1, of each table and key that is written on a line of its own."""
    lines: dict[Path, int] = {}
    table: Path = ()
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(line):
            table = _table(lines, _parts(header[2]), is_array=header[1] == "[[")
            lines.setdefault(table, number)
        elif key := _KEY.match(line):
            lines.setdefault((*table, *_parts(key[1])), number)
    return lines


def line_of(lines: dict[Path, int], path: Path) -> int:
    """Return the line of a value, or of the nearest table around it; 1 if there is none."""
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path, 1)


def _table(lines: dict[Path, int], names: list[str], *, is_array: bool) -> Path:
    path: Path = ()
    for position, name in enumerate(names):
        path = (*path, name)
        is_last = position == len(names) - 1
        index = 0
        while (*path, index) in lines:
            index += 1
        if is_last and is_array:
            path = (*path, index)
        elif not is_last and index:
            path = (*path, index - 1)  # a table within the last table of an array
    return path


def _parts(dotted: str) -> list[str]:
    return [part.strip("\"'") for part in _PART.findall(dotted)]
