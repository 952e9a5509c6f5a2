"""The entries of a list, and how the file contains them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

Element = Literal["file", "delete-file", "bad-dir"]
EntryType = Literal["F_REG", "F_DIR"]

_ESCAPES = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "\t": "&#9;",
    "\n": "&#10;",
    "\r": "&#13;",
}


@dataclass(frozen=True)
class Entry:
    """One line of the list.

    Attributes:
        element: The element's name.
        type: The kind of file.
        path: The path below the base path, beginning with `/`, as the file system has it.
        size: In bytes.
        mtime: In whole seconds.
        atime: In whole seconds.
        owner: The numeric user id.
        group: The numeric group id.
        moved_from: The older path of a file that was only moved.
    """

    element: Element
    type: EntryType
    path: bytes
    size: int
    mtime: int
    atime: int
    owner: int
    group: int
    moved_from: bytes | None = None

    @property
    def name(self) -> str:
        """The name as a reader of the list gets it."""
        return written_name(self.path)


def sort_key(entry: Entry) -> tuple[bytes, bool]:
    """Return the key that a list is sorted by, descending.

    That is the name as written. Of two entries with one written name, the one that XML can hold is
    the greater.
    """
    return entry.name.encode("utf-8"), is_nameable(entry.path)


def render(entries: Iterable[Entry], index: int | str = 1) -> bytes:
    """Return the list's file: the totals, then the entries in the given order."""
    lines = list(entries)
    files = [entry for entry in lines if entry.element == "file" and entry.type == "F_REG"]
    deleted = [entry for entry in lines if entry.element == "delete-file" and entry.type == "F_REG"]
    bad = [entry for entry in lines if entry.element == "bad-dir"]
    text = (
        f'<files scanned="{len(files)}" selected="{len(files)}"'
        f' size="{sum(entry.size for entry in files)}"'
        f' bad_dir_count="{len(bad)}" delete_count="{len(deleted)}">\n'
    )
    for entry in lines:
        moved_from = ""
        if entry.moved_from is not None:
            moved_from = f' from="{_escape(written_name(entry.moved_from))}"'
        text += (
            f'    <{entry.element} name="{_escape(entry.name)}"{moved_from} size="{entry.size}"'
            f' mode="0x777"  type="{entry.type}" mtime="{entry.mtime}" atime="{entry.atime}"'
            f' owner="{entry.owner}" group="{entry.group}" index="{index}"/>\n'
        )
    text += "</files>\n"
    return text.encode("utf-8")


def without_run_times(written: bytes) -> bytes:
    """Return a list with the times of deleted and bad entries set to 0: they are the run's."""
    return re.sub(
        rb'^(    <(?:delete-file|bad-dir) .*) mtime="-?\d+" atime="-?\d+"',
        rb'\1 mtime="0" atime="0"',
        written,
        flags=re.MULTILINE,
    )


def without_access_times(written: bytes) -> bytes:
    """Return a list with every access time set to 0: reading a tree changes them."""
    return re.sub(
        rb'^(    <.*) atime="-?\d+"',
        rb'\1 atime="0"',
        written,
        flags=re.MULTILINE,
    )


def without_deleted_attributes(written: bytes) -> bytes:
    """Return a list with the attributes of deleted entries set to 0: a list may give real ones."""
    return re.sub(
        rb'^(    <delete-file .*) size="\d+"(.*)'
        rb' mtime="-?\d+" atime="-?\d+" owner="\d+" group="\d+"',
        rb'\1 size="0"\2 mtime="0" atime="0" owner="0" group="0"',
        written,
        flags=re.MULTILINE,
    )


def is_nameable(path: bytes) -> bool:
    """Return whether XML can hold a path as it is."""
    return all(map(_xml_can_hold, _decode(path)))


def written_name(path: bytes) -> str:
    """Return a path as text; if XML cannot hold it, its bad bytes as `%XX` and `%` as `%25`."""
    if is_nameable(path):
        return _decode(path)
    text = ""
    for character in _decode(path):
        if character == "%":
            text += "%25"
        elif _xml_can_hold(character):
            text += character
        else:
            offending = character.encode("utf-8", "surrogateescape")
            text += "".join(f"%{byte:02X}" for byte in offending)
    return text


def _xml_can_hold(character: str) -> bool:
    """Return whether XML 1.0 can hold a character, as itself or as a reference."""
    if character in "\t\n\r":
        return True
    code = ord(character)
    return code >= 0x20 and not 0xD800 <= code <= 0xDFFF and code not in (0xFFFE, 0xFFFF)


def _escape(text: str) -> str:
    """Return text as an attribute's value."""
    return "".join(_ESCAPES.get(character, character) for character in text)


def _decode(path: bytes) -> str:
    return path.decode("utf-8", "surrogateescape")
