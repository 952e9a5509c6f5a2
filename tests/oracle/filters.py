"""What filters let pass, decided path by path: `docs/filters.md`, stated independently."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.oracle.capture import NANOSECONDS

if TYPE_CHECKING:
    from tests.oracle.capture import Node

LITTER = (
    *(".DS_Store", "._*", ".AppleDouble/", ".AppleDB/", ".AppleDesktop/"),
    *(".DocumentRevisions-V100/", ".Spotlight-V100/", ".TemporaryItems/", ".Trashes/"),
    *(".fseventsd/", "Thumbs.db", "ehthumbs.db", "desktop.ini", "$RECYCLE.BIN/"),
    *("System Volume Information/", ".Trash-*/", ".nfs????????????????*", "lost+found/"),
    *("~snapshot/", ".snapshot/"),
)


@dataclass(frozen=True)
class Filters:
    """Filters of a list.

    Attributes:
        include: Patterns; if there are any, a name or a directory above it has to match one.
        exclude: Patterns in their order, as in a .gitignore, or `@litter`.
        min_size: In bytes, like `max_size`.
        max_size: The greatest size.
        newer_than: Only files with this modification time or a later one, in seconds.
        older_than: Only files with an earlier modification time.
        only: The kinds of changes; all of them if it is empty.
    """

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    min_size: int | None = None
    max_size: int | None = None
    newer_than: int | None = None
    older_than: int | None = None
    only: tuple[str, ...] = ()

    def exclude_name(self, name: bytes, *, is_dir: bool) -> bool:
        """Return whether a name of a list, or a directory above it, is excluded."""
        parts = _parts(name)
        for length in range(1, len(parts) + 1):
            verdict = False
            for pattern in _expanded(self.exclude):
                takes_back = pattern.startswith("!")
                if _matches(pattern[takes_back:], parts[:length], is_dir or length < len(parts)):
                    verdict = not takes_back
            if verdict:
                return True
        return False

    def include_name(self, name: bytes, *, is_dir: bool) -> bool:
        """Return whether a name, or a directory above it, is included."""
        parts = _parts(name)
        return not self.include or any(
            _matches(pattern, parts[:length], is_dir or length < len(parts))
            for length in range(1, len(parts) + 1)
            for pattern in self.include
        )

    def allow_name(self, name: bytes, *, is_dir: bool) -> bool:
        """Return whether the filters by path let a name pass."""
        return self.include_name(name, is_dir=is_dir) and not self.exclude_name(name, is_dir=is_dir)

    def allow_file(self, node: Node) -> bool:
        """Return whether the filters by size and time let a file pass that is there."""
        seconds = node.mtime_ns // NANOSECONDS
        return (
            (self.min_size is None or node.size >= self.min_size)
            and (self.max_size is None or node.size <= self.max_size)
            and (self.newer_than is None or seconds >= self.newer_than)
            and (self.older_than is None or seconds < self.older_than)
        )


NO_FILTERS = Filters()


def _parts(name: bytes) -> list[str]:
    return name.decode("utf-8", "surrogateescape").strip("/").split("/")


def _expanded(patterns: tuple[str, ...]) -> list[str]:
    return [one for text in patterns for one in (LITTER if text == "@litter" else (text,))]


def _matches(pattern: str, parts: list[str], is_dir: bool) -> bool:
    """Return whether a pattern without `!` matches exactly a path."""
    while pattern.endswith(" ") and not pattern.endswith("\\ "):
        pattern = pattern[:-1]
    if pattern.endswith("/"):
        if not is_dir:
            return False
        pattern = pattern[:-1]
    if "/" not in pattern:
        return _glob(pattern, parts[-1])
    return _path(pattern.removeprefix("/").split("/"), parts)


def _path(globs: list[str], parts: list[str]) -> bool:
    if not globs or not parts:
        return not globs and not parts
    if globs[0] in ("**", "***"):
        if len(globs) == 1:
            return True
        return any(_path(globs[1:], parts[start:]) for start in range(len(parts)))
    return _glob(globs[0], parts[0]) and _path(globs[1:], parts[1:])


def _glob(glob: str, name: str) -> bool:
    """Return whether a glob matches a component, a character at a time."""
    if not glob:
        return not name
    if glob[0] == "*":
        return any(_glob(glob[1:], name[start:]) for start in range(len(name) + 1))
    if not name:
        return False
    if glob[0] == "?":
        return _glob(glob[1:], name[1:])
    if glob[0] == "\\":
        return glob[1] == name[0] and _glob(glob[2:], name[1:])
    if glob[0] == "[":
        is_negated = glob[1] in "!^"
        first = 2 if is_negated else 1
        end = glob.index("]", first + 1)
        is_in = _is_in_class(glob[first:end], name[0])
        return is_in != is_negated and _glob(glob[end + 1 :], name[1:])
    return glob[0] == name[0] and _glob(glob[1:], name[1:])


def _is_in_class(characters: str, wanted: str) -> bool:
    at = 0
    while at < len(characters):
        if characters[at + 1 : at + 2] == "-" and at + 2 < len(characters):
            if characters[at] <= wanted <= characters[at + 2]:
                return True
            at += 3
        else:
            if characters[at] == wanted:
                return True
            at += 1
    return False
