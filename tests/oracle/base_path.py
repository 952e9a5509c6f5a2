"""Absolute paths on the cluster, and the names of captured paths below the base path."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.oracle.capture import Tree

NO_BASE_PATH = 2


class NoList(Exception):  # noqa: N818 - the absence of a list is not an error here
    """No list may come of two states: the run must end with an exit code.

    Attributes:
        code: The exit code.
    """

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


def has_base(tree: Tree, source: bytes | str, base: bytes | str) -> bool:
    """Return whether a state has the base path as a directory.

    Args:
        tree: The state.
        source: Where the captured root is on the cluster.
        base: The base path. Every state has a base path at or above the source. No state has one
            beside the source, or one that leads through a link.
    """
    at, top = absolute(source), absolute(base)
    if name_below(top, at) is not None:
        return True
    below = name_below(at, top)
    node = tree.nodes.get(below[1:]) if below else None
    return node is not None and node.kind == "dir"


def has_same_names(base: bytes | str, older_source: bytes | str, newer_source: bytes | str) -> bool:
    """Return whether what is below a base path has the same names below it in both states.

    This is unknown for a base path above a source that was renamed: the diff contains only newer
    paths, and no rename. The contract leaves such a list open.
    """
    older, newer, top = map(absolute, (older_source, newer_source, base))
    return older == newer or name_below(newer, top) is not None


def check_base(
    before: Tree,
    after: Tree,
    base: bytes | str,
    source: bytes | str,
    older_source: bytes | str,
) -> None:
    """Make sure that a list of two states below a base path is possible.

    Raises:
        NoList: Neither state has the base path as a directory.
        ValueError: The names below the base path are not those of the older state.
    """
    if not has_base(before, source, base) and not has_base(after, source, base):
        raise NoList(NO_BASE_PATH, f"neither state has {base!r} as a directory")
    if not has_same_names(base, older_source, source):
        raise ValueError(f"what is below {base!r} had other names before")


class Names:
    """The names of captured paths in a list.

    Attributes:
        base: The base path, relative to the captured root, if it is below that; else `b""`.
    """

    def __init__(self, source: bytes | str, base: bytes | str) -> None:
        self._source = absolute(source)
        self._base = absolute(base)
        below = name_below(self._source, self._base)
        self.base = below[1:] if below else b""

    def has(self, path: bytes) -> bool:
        """Return whether a path is below the base path."""
        return bool(name_below(self._base, join(self._source, path)))

    def of(self, path: bytes) -> bytes:
        """Return the name of a path."""
        name = name_below(self._base, join(self._source, path))
        if not name:
            raise ValueError(f"the base path itself is unreadable: {self._base!r}")
        return name


def absolute(path: bytes | str) -> bytes:
    """Return an absolute path without a trailing slash, `b""` for the cluster's root."""
    raw = path if isinstance(path, bytes) else path.encode("utf-8", "surrogateescape")
    if not raw.startswith(b"/"):
        raise ValueError(f"not an absolute cluster path: {path!r}")
    return raw.rstrip(b"/")


def join(source: bytes, path: bytes) -> bytes:
    """Return where a path below the captured root is on the cluster."""
    return source + b"/" + path if path else source


def name_below(base: bytes, path: bytes) -> bytes | None:
    """Return a path's name below a base path: `b""` for the base path itself, None if not below."""
    if path == base:
        return b""
    if path.startswith(base + b"/"):
        return path[len(base) :]
    return None
