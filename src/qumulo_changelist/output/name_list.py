"""Lists of names alone, as other tools read them: each name as a tool wants it, and its end.

Names of what is there, or of what was deleted. Such a list has no totals, so only its receipt shows
that a whole number of names is missing.
"""

import io
import re
from collections.abc import Iterable, Iterator

from msgspec import Struct

from qumulo_changelist.columns import FileBatch, name_at
from qumulo_changelist.model import DELETE, Batch, Entry, Kind, State, Totals
from qumulo_changelist.names import outermost, parent_of, to_bytes
from qumulo_changelist.output.interface import Piece, PieceWriter, StoredPiece

# Names that fit into a processor's cache are encoded faster.
_NAMES_TO_JOIN = 1024


class NameList(Struct, frozen=True, kw_only=True):
    """Implements :class:`~qumulo_changelist.output.interface.ListFormat`."""

    state: State = State.PRESENT
    """``PRESENT`` or ``DELETED``: the entries that are listed, and no others."""
    file: str = "."
    """Is written before the name of a file, which begins with ``/``."""
    directory: str | None = None
    """Likewise of a directory; None if no directories are listed."""
    end: str = "\0"
    """Is written after each name; among what is refused or spelled."""
    refused: str = "\0"
    """The characters that no name in the list can have."""
    limitation: str = "its name contains a NUL"
    """Why such names cannot be held, in words."""
    spelled: dict[str, str] = {}
    """How characters are written that the tool knows by a different spelling."""
    covers: bool = False
    """Whether a directory that was deleted, or that a file replaced, stands for all that was in it,
    so that this is left out."""

    def can_hold(self, name: str) -> bool:
        """Return whether a name has none of the refused characters."""
        return not any(character in name for character in self.refused)

    def start_piece(self) -> PieceWriter:
        """Return a writer for the next piece."""
        return _CoveringWriter(self) if self.covers else _NameWriter(self)

    def assemble(self, pieces: Iterable[StoredPiece], totals: Totals) -> Iterator[bytes]:
        """Yield the whole list."""
        for piece in pieces:
            yield from piece.chunks()

    def before(self, kind: Kind) -> str | None:
        """Return what is written before the name of an entry; None if it is not listed."""
        if kind is Kind.FILE:
            return self.file
        return self.directory if kind is Kind.DIRECTORY else None

    def lists(self, entry: Entry) -> bool:
        """Return whether an entry is listed, if its name can be."""
        return entry.state is self.state and self.before(entry.attributes.kind) is not None


class _NameWriter:
    """Implements :class:`~qumulo_changelist.output.interface.PieceWriter`."""

    def __init__(self, form: NameList) -> None:
        self._form = form
        self._careful = re.compile(f"[{re.escape(form.refused + ''.join(form.spelled))}]")
        self._spelled = str.maketrans(form.spelled)
        self._content = io.BytesIO()
        self._last_name = ""

    def add(self, batch: Batch) -> Batch:
        """Encode names; see the interface."""
        self._last_name = name_at(batch, -1)
        if not isinstance(batch, FileBatch):
            return self._add_entries(batch)
        unnameable: list[Entry] = []
        for begin in range(0, len(batch), _NAMES_TO_JOIN):
            part = batch[begin : begin + _NAMES_TO_JOIN]
            below = _files_below(part, self._form.state)
            if self._careful.search("".join([part.directory, *below])):
                unnameable += self._add_entries(part)
            elif below:
                self._add_names(self._form.file + part.directory, below)
        return unnameable

    def finish(self) -> Piece:
        """Return the piece."""
        return Piece(self._content.getvalue(), self._last_name, [])

    def _add_entries(self, batch: Batch) -> list[Entry]:
        listed = [entry for entry in batch if self._form.lists(entry)]
        held = [entry for entry in listed if self._form.can_hold(entry.name)]
        self._add_names(
            "",
            [
                f"{self._form.before(entry.attributes.kind)}{entry.name.translate(self._spelled)}"
                for entry in held
            ],
        )
        if len(held) == len(listed):
            return []
        return [entry for entry in listed if not self._form.can_hold(entry.name)]

    def _add_names(self, begin: str, names: list[str]) -> None:
        end = self._form.end
        if names:
            self._content.write(_encode(f"{begin}{(end + begin).join(names)}{end}", end))


class _CoveringWriter:
    """Implements ``PieceWriter`` for a list whose directories cover the files that were in them.

    A deleted directory, and what was in it, are always in the same piece; the directory comes last.
    """

    def __init__(self, form: NameList) -> None:
        self._form = form
        self._files: list[str] = []
        self._directories: set[str] = set()
        self._above: set[str] = set()
        """The directories above both."""
        self._replaced: set[str] = set()
        """Of these, the ones that a file replaced."""
        self._last_name = ""

    def add(self, batch: Batch) -> Batch:
        """Take entries; see the interface."""
        self._last_name = name_at(batch, -1)
        deleted, there = (_files_in(batch, state) for state in (State.DELETED, State.PRESENT))
        directories = [] if isinstance(batch, FileBatch) else _deleted_directories(batch)
        can_hold, unnameable = self._form.can_hold, list[Entry]()
        if not can_hold("".join(deleted + directories)):
            unnameable = [
                entry for entry in batch if self._form.lists(entry) and not can_hold(entry.name)
            ]
            deleted, directories = (list(filter(can_hold, all_)) for all_ in (deleted, directories))
        self._files += deleted
        self._directories.update(directories)
        for directory in set(map(parent_of, deleted + directories)):
            self._note_above(directory)
        if self._above:
            self._replaced |= self._above.intersection(there)
        return unnameable

    def finish(self) -> Piece:
        """Return the piece."""
        form, directories = self._form, self._directories
        whole = {f"{name}/" for name in directories | self._replaced}
        files = [name for name in self._files if not outermost(whole, name)]
        names = files + [name for name in directories if not outermost(whole, name)]
        content = "".join(
            f"{form.directory if name in directories else form.file}{name}{form.end}"
            for name in sorted(names, reverse=True)
        )
        covered = len(self._files) - len(files)
        return Piece(_encode(content, form.end), self._last_name, [], covered)

    def _note_above(self, directory: str) -> None:
        while (name := directory.removesuffix("/")) and name not in self._above:
            self._above.add(name)
            directory = parent_of(name)


def _files_in(batch: Batch, state: State) -> list[str]:
    """Return the names of the files of a state."""
    if isinstance(batch, FileBatch):
        return [batch.directory + below for below in _files_below(batch, state)]
    return [
        entry.name for entry in batch if entry.state is state and entry.attributes.kind is Kind.FILE
    ]


def _deleted_directories(batch: Batch) -> list[str]:
    return [
        entry.name
        for entry in batch
        if entry.state is State.DELETED and entry.attributes.kind is Kind.DIRECTORY
    ]


def _files_below(files: FileBatch, state: State) -> list[str]:
    """Return the names of the files of a state, below their directory."""
    deleted, wants_deleted = files.ops.count(DELETE), state is State.DELETED
    if deleted in (0, len(files)):
        return files.below if bool(deleted) is wants_deleted else []
    return [
        name
        for name, op in zip(files.below, files.ops, strict=True)
        if (op == DELETE) is wants_deleted
    ]


def _encode(names: str, end: str) -> bytes:
    try:
        return names.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # a name that only a cluster can have; it must not change others
        return b"".join(to_bytes(name + end) for name in names.removesuffix(end).split(end))
