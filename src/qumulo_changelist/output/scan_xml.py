"""The archiver's scan list, to the byte that its readers expect (contract, section "The file")."""

import io
import re
from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from qumulo_changelist.model import CREATE, Attributes, Entry, Kind, State
from qumulo_changelist.names import to_bytes
from qumulo_changelist.output.interface import Piece
from qumulo_changelist.scan.tally import Tally

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
_PRINTABLE_ENTITIES = [pair for pair in _ENTITIES.items() if pair[0].isprintable()]
# What XML 1.0 cannot hold, however it is written (section 2.2, "Char").
_UNHEARD_OF = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
# What is written in percent in such a name: also the percent sign, or two names could become one.
_IN_PERCENT = re.compile(f"%|{_UNHEARD_OF.pattern}")

_NOBODY = 65534
"""Stands for an owner or a group without a numeric id, as on other systems (``nobody``)."""

# So many names are told of what cannot be read and of what is left out.
_TOLD = 100

# So many lines are text of their own: a piece can be as large as a directory that was deleted.
_TOGETHER = 4096

# Looked up once, not for every entry.
_FILE = Kind.FILE
_PRESENT = State.PRESENT
_DELETED = State.DELETED


class ScanXml(Struct, frozen=True):
    """Implements :class:`~qumulo_changelist.output.interface.ListFormat`."""

    index: str
    """The source index, as given."""
    run_time: int
    """Seconds since the epoch, for what has no time of its own any more."""

    def piece(self, batches: Iterable[list[Entry]]) -> Piece:
        """Return entries as text; unreadable where XML cannot hold a name."""
        writing = _Writing(self)
        for batch in batches:
            writing.add(batch)
        return writing.piece()

    def can_name(self, name: str) -> bool:
        """Tell whether XML can hold a name."""
        return not _UNHEARD_OF.search(name)


class _Writing:
    """A piece on its way."""

    def __init__(self, form: ScanXml) -> None:
        self._tail = f'" index="{form.index}"/>\n'
        self._gone = Attributes(Kind.FILE, 0, form.run_time, form.run_time, 0, 0)
        self._gone_file = (
            f'" size="0" mode="0x777"  type="F_REG" mtime="{form.run_time}" '
            f'atime="{form.run_time}" owner="0" group="0{self._tail}'
        )
        self._text = io.BytesIO()
        self._lines: list[str] = []
        self._tally = Tally()
        # Of what is written without a detour: a batch can be one entry, and a call would be felt.
        self._files = self._size = self._created = self._created_size = 0
        self._deleted = self._deleted_size = 0
        self._last = ""
        self._elsewhere: list[tuple[str, bytes]] = []
        self._unreadable: list[tuple[str, str]] = []
        self._left_out: list[str] = []

    def add(self, batch: list[Entry]) -> None:
        """Write some entries."""
        self._last = batch[-1].name
        tail, gone, lines = self._tail, self._gone_file, self._lines
        files = size = created = created_size = deleted = deleted_size = 0
        for entry, name in zip(batch, _written([entry.name for entry in batch]), strict=True):
            found = entry.attributes
            owner, group = found.owner, found.group
            # What nearly all entries are is written without a detour.
            if not name or found.kind is not _FILE or owner is None or group is None:
                self._add_special(entry)
            elif entry.state is _PRESENT and not (entry.moved_from or entry.replaces):
                files += 1
                size += found.size
                if entry.op == CREATE:
                    created += 1
                    created_size += found.size
                # Two blanks after mode: not all readers are XML parsers.
                lines.append(
                    f'    <file name="{name}" size="{found.size}" mode="0x777"  type="F_REG" '
                    f'mtime="{found.mtime}" atime="{found.atime}" owner="{owner}" '
                    f'group="{group}{tail}'
                )
            elif entry.state is _DELETED:
                deleted += 1
                deleted_size += found.size
                lines.append(f'    <delete-file name="{name}{gone}')
            else:
                self._add_special(entry)
        if len(lines) >= _TOGETHER:
            self._put_down()
        self._files += files
        self._size += size
        self._created += created
        self._created_size += created_size
        self._deleted += deleted
        self._deleted_size += deleted_size

    def piece(self) -> Piece:
        """Return what was written."""
        self._put_down()
        self._tally.add(
            files=self._files,
            size=self._size,
            created=self._created,
            created_size=self._created_size,
            deleted_files=self._deleted,
            deleted_size=self._deleted_size,
        )
        return Piece(
            text=self._text.getvalue(),
            totals=self._tally.totals(),
            last=self._last,
            elsewhere=self._elsewhere,
            unreadable=self._unreadable,
            left_out=self._left_out,
            not_entered=self._tally.not_entered,
        )

    def _put_down(self) -> None:
        self._text.write("".join(self._lines).encode())
        self._lines.clear()

    def _add_special(self, entry: Entry) -> None:
        if entry.state in (State.LEFT_OUT, State.GONE):
            if entry.state is State.LEFT_OUT:
                self._left_out += [entry.name][: _TOLD - len(self._left_out)]
            self._tally.add_entry(entry)
            return
        name = entry.name
        if _UNHEARD_OF.search(name):
            self._tally.add_entry(replace(entry, state=State.UNREADABLE))
            reason = entry.reason or "its name holds a character that no XML file can"
            entry = replace(entry, state=State.UNREADABLE, reason=reason)
            written = _IN_PERCENT.sub(_as_percent, name)
            self._elsewhere.append((written, self._line(entry, written).encode()))
        else:
            self._tally.add_entry(entry)
            self._lines.append(self._line(entry, name))
        if entry.state is State.UNREADABLE:
            self._unreadable += [(name, entry.reason)][: _TOLD - len(self._unreadable)]

    def _line(self, entry: Entry, name: str) -> str:
        found = entry.attributes if entry.state is State.PRESENT else self._gone
        owner, group = found.owner, found.group
        moved = f' from="{entry.moved_from.translate(_ESCAPED)}"' if entry.moved_from else ""
        return (
            f'    <{entry.state.value} name="{name.translate(_ESCAPED)}"{moved} '
            f'size="{found.size}" '
            f'mode="0x777"  type="{entry.attributes.kind.value}" mtime="{found.mtime}" '
            f'atime="{found.atime}" owner="{_NOBODY if owner is None else owner}" '
            f'group="{_NOBODY if group is None else group}{self._tail}'
        )


def _written(names: list[str]) -> list[str]:
    """Return names as an attribute holds them, "" for those that need a closer look."""
    if not "".join(names).isprintable():
        names = [name if name.isprintable() else "" for name in names]
    # In one go, since it is done for every entry: no name has a line end now.
    joined = "\n".join(names)
    for character, written in _PRINTABLE_ENTITIES:
        joined = joined.replace(character, written)
    return joined.split("\n")


def _as_percent(character: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in to_bytes(character[0]))
