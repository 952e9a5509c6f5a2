"""The archiver's scan list, to the byte that its readers expect (contract, section "The file")."""

import contextlib
import heapq
import html
import io
import os
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from operator import itemgetter

from qumulo_changelist.model import Entry, Kind, State, Totals, to_bytes
from qumulo_changelist.output.interface import naming, whole_file

_PIECE = 4096  # entries
_ENTITIES = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "\t": "&#9;",
    "\n": "&#10;",
    "\r": "&#13;",
}
_ESCAPED = str.maketrans(_ENTITIES)
_NEEDS_ESCAPE = re.compile("[" + "".join(_ENTITIES) + "]")
# What XML 1.0 cannot hold, however it is written (section 2.2, "Char").
_UNHEARD_OF = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


@contextlib.contextmanager
def scan_xml(path: str, *, index: str, run_time: int) -> Iterator["ScanXml"]:
    """Give a writer for the scan list ``path``; without ``publish`` the block leaves nothing.

    Args:
        path: where the list belongs; its folder is made where it is missing.
        index: the source index, as given.
        run_time: seconds since the epoch, for what has no time of its own any more.

    Raises:
        OutputError: the folder cannot be made or written to.
    """
    path = os.fsdecode(to_bytes(path))  # in the locale's own terms, which are not always UTF-8
    folder = os.path.dirname(path)
    with contextlib.ExitStack() as stack:
        with naming(folder):
            os.makedirs(folder, exist_ok=True)
            aside = stack.enter_context(tempfile.TemporaryFile(dir=folder, buffering=0))
        yield ScanXml(path, aside, index=index, run_time=run_time)


class ScanXml:
    """Implements :class:`~qumulo_changelist.output.interface.ListWriter`.

    Entries wait in an unnamed file aside, since the first line of the list counts them.
    """

    def __init__(self, path: str, aside: io.FileIO, *, index: str, run_time: int) -> None:
        self._path = path
        self._aside = aside
        self._index = index
        self._run_time = run_time
        self._lines: list[str] = []
        # Names that are written otherwise than they are belong where they sort as written.
        self._renamed: list[tuple[str, bytes]] = []
        self._counts: Counter[tuple[State, Kind]] = Counter()
        self._size = 0

    def add(self, entry: Entry) -> Entry:
        """Write one entry; return it as written: unreadable where XML cannot hold its name."""
        renamed = _UNHEARD_OF.search(entry.name)
        if renamed:
            reason = entry.reason or "its name holds a character that no XML file can"
            entry = entry._replace(state=State.UNREADABLE, reason=reason)
        self._counts[entry.state, entry.attributes.kind] += 1
        if entry.state is State.PRESENT and entry.attributes.kind is Kind.FILE:
            self._size += entry.attributes.size
        if renamed:
            name = _UNHEARD_OF.sub(_as_percent, entry.name)
            line = _line(entry._replace(name=name), self._index, self._run_time)
            self._renamed.append((name, line.encode()))
            return entry
        self._lines.append(_line(entry, self._index, self._run_time))
        if len(self._lines) == _PIECE:
            self._put_aside()
        return entry

    def publish(self) -> Totals:
        """Put the list in its place; see the interface."""
        self._put_aside()
        totals = self._totals()
        with naming(self._path), whole_file(self._path) as file:
            file.write(_first_line(totals).encode())
            self._aside.seek(0)
            if self._renamed:
                file.writelines(self._all_lines())
            else:
                shutil.copyfileobj(self._aside, file, 1024 * 1024)
            file.write(b"</files>\n")
        return totals

    def _all_lines(self) -> Iterator[bytes]:
        reader = io.BufferedReader(self._aside)
        lines = ((_name_of(line), line) for line in reader)
        self._renamed.sort(reverse=True)
        merged = heapq.merge(lines, self._renamed, key=itemgetter(0), reverse=True)
        try:
            yield from (line for _, line in merged)
        finally:
            reader.detach()  # else it closes what is not its own, and Python warns of that

    def _put_aside(self) -> None:
        rest = memoryview("".join(self._lines).encode())
        self._lines.clear()
        with naming(self._path):
            while rest:
                rest = rest[self._aside.write(rest) :]

    def _totals(self) -> Totals:
        count = self._counts
        return Totals(
            files=count[State.PRESENT, Kind.FILE],
            size=self._size,
            directories=count[State.PRESENT, Kind.DIRECTORY],
            deleted_files=count[State.DELETED, Kind.FILE],
            deleted_directories=count[State.DELETED, Kind.DIRECTORY],
            unreadable=sum(n for (state, _), n in count.items() if state is State.UNREADABLE),
        )


def _first_line(totals: Totals) -> str:
    return (
        f'<files scanned="{totals.files}" selected="{totals.files}" size="{totals.size}" '
        f'bad_dir_count="{totals.unreadable}" delete_count="{totals.deleted_files}">\n'
    )


def _line(entry: Entry, index: str, run_time: int) -> str:
    state, name, (kind, size, mtime, atime, owner, group), _ = entry
    if state is not State.PRESENT:
        size, mtime, atime, owner, group = 0, run_time, run_time, 0, 0
    if _NEEDS_ESCAPE.search(name):
        name = name.translate(_ESCAPED)
    # Two blanks after mode: not all readers are XML parsers.
    return (
        f'    <{state.value} name="{name}" size="{size}" mode="0x777"  type="{kind.value}" '
        f'mtime="{mtime}" atime="{atime}" owner="{owner}" group="{group}" index="{index}"/>\n'
    )


def _name_of(line: bytes) -> str:
    return html.unescape(line.split(b'"', 2)[1].decode())


def _as_percent(character: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in to_bytes(character[0]))
