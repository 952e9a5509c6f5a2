"""Lists of names alone, read again: a name at a time."""

import re
from collections.abc import Iterable, Iterator

from msgspec import Struct

from qumulo_changelist.model import Kind, State
from qumulo_changelist.names import to_bytes, to_text
from qumulo_changelist.output.interface import ListBytes, ListedEntry, MalformedListError
from qumulo_changelist.output.name_list import NameList


class NameListReader(Struct, frozen=True):
    """Implements :class:`~qumulo_changelist.output.interface.ListReader`."""

    form: NameList
    """How the names are written."""

    @property
    def counted(self) -> frozenset[str]:
        """What follows from the entries: those that are listed, unless they stand for others."""
        if self.form.covers:
            return frozenset()
        is_deleted = self.form.state is State.DELETED
        files = "deleted_files" if is_deleted else "files"
        directories = "deleted_directories" if is_deleted else "directories"
        return frozenset((files,) if self.form.directory is None else (files, directories))

    def written_name(self, name: str) -> str:
        """Return how a list has a name: by its bytes. It is read as it is, not as it is spelled."""
        return to_text(to_bytes(name))

    def read(self, chunks: ListBytes) -> Iterator[ListedEntry]:
        """Yield the entries of a list, which states no totals; see the interface."""
        form = self.form
        spelled = {written: character for character, written in form.spelled.items()}
        longest_first = sorted(spelled, key=len, reverse=True)
        spelling = re.compile("|".join(map(re.escape, longest_first)) or "(?!)")
        for number, encoded in enumerate(_names(chunks, to_bytes(form.end)), 1):
            written = to_text(encoded)
            kind, begin = _kind_of(written, form)
            if begin is None:
                raise MalformedListError(f"name {number} begins like none of this format")
            name = spelling.sub(lambda match: spelled[match[0]], written.removeprefix(begin))
            yield ListedEntry(name, form.state, kind)


def _kind_of(written: str, form: NameList) -> tuple[Kind, str | None]:
    """Return what a name is of, and what is written before it; None if nothing is listed so."""
    for kind in (Kind.FILE, Kind.DIRECTORY):
        begin = form.before(kind)
        if begin is not None and written.startswith(f"{begin}/"):
            return kind, begin
    return Kind.FILE, None


def _names(chunks: Iterable[bytes], end: bytes) -> Iterator[bytes]:
    rest = b""
    for chunk in chunks:
        *names, rest = (rest + chunk).split(end)
        yield from names
    if rest:
        raise MalformedListError("its last name is cut short")
