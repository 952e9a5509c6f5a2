"""The archiver's scan list, read again: XML, a part at a time."""

from collections.abc import Callable, Iterable, Iterator
from xml.parsers import expat

from msgspec import Struct

from qumulo_changelist.model import Kind, State
from qumulo_changelist.output.interface import (
    ALL_COUNTS,
    ListCounts,
    ListedEntry,
    MalformedListError,
)
from qumulo_changelist.output.scan_xml import ELEMENTS, TYPES, written_name

_STATES = {element: state for state, element in ELEMENTS.items()}
_KINDS = {written: kind for kind, written in TYPES.items() if kind is not Kind.OTHER}


class ScanXmlReader(Struct, frozen=True):
    """Implements :class:`~qumulo_changelist.output.interface.ListReader`."""

    @property
    def counted(self) -> frozenset[str]:
        """What follows from the entries: all but whether a file was created or modified."""
        return ALL_COUNTS - {"created", "modified"}

    def written_name(self, name: str) -> str:
        """Return how a list has a name."""
        return written_name(name)

    def read(self, chunks: Iterable[bytes]) -> Iterator[ListedEntry | ListCounts]:
        """Yield what a list contains; see the interface."""
        elements = _Elements(self.read_entry)
        parser = expat.ParserCreate("UTF-8")
        parser.StartElementHandler = elements.start
        parser.EndElementHandler = elements.end
        # A list has none, and it could define entities that grow without end.
        parser.StartDoctypeDeclHandler = elements.refuse_doctype
        try:
            for chunk in chunks:
                parser.Parse(chunk, False)
                yield from elements.take()
            # Newer versions of expat leave some of it until then.
            parser.Parse(b"", True)
            yield from elements.take()
        except expat.ExpatError as error:
            reason = expat.ErrorString(error.code)
            raise MalformedListError(f"line {error.lineno}: {reason}") from error
        except (KeyError, ValueError) as error:
            reason = f"{error} is missing" if isinstance(error, KeyError) else str(error)
            raise MalformedListError(f"line {parser.CurrentLineNumber}: {reason}") from error

    def read_entry(self, state: State, attributes: dict[str, str]) -> ListedEntry:
        """Return the entry of an element.

        Raises:
            KeyError: an attribute is missing, or is none that a list has.
            ValueError: one is not a number.
            MalformedListError: the name is none.
        """
        return _entry(state, attributes)


class _Elements:
    """Turns elements into what they mean."""

    def __init__(self, read_entry: Callable[[State, dict[str, str]], ListedEntry]) -> None:
        self._read_entry = read_entry
        self._found: list[ListedEntry | ListCounts] = []
        self._depth = 0

    def take(self) -> list[ListedEntry | ListCounts]:
        """Return what was found since the last call."""
        found, self._found = self._found, []
        return found

    def start(self, element: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth == 1 and element == "files":
            self._found.append(_totals(attributes))
        elif self._depth == 2 and element in _STATES:
            self._found.append(self._read_entry(_STATES[element], attributes))
        else:
            raise MalformedListError(f"a list has no element {element} there")

    def end(self, element: str) -> None:
        self._depth -= 1

    @staticmethod
    def refuse_doctype(*_: object) -> None:
        raise MalformedListError("a list has no document type")


def _totals(attributes: dict[str, str]) -> ListCounts:
    scanned, selected = int(attributes["scanned"]), int(attributes["selected"])
    if scanned != selected:
        raise MalformedListError(f"{scanned} files were scanned, but {selected} selected")
    return ListCounts(
        files=scanned,
        size=int(attributes["size"]),
        deleted_files=int(attributes["delete_count"]),
        unreadable=int(attributes["bad_dir_count"]),
    )


def _entry(state: State, attributes: dict[str, str]) -> ListedEntry:
    name, size = attributes["name"], int(attributes["size"])
    if not name.startswith("/"):
        raise MalformedListError(f"the name {name!r} does not begin with /")
    return ListedEntry(
        name,
        state,
        # What is unreadable can be of any type.
        _KINDS.get(attributes["type"], Kind.FILE)
        if state is State.UNREADABLE
        else _KINDS[attributes["type"]],
        size=size,
        moved_from=attributes.get("from", ""),
        # Of what is not there, it is the time of the run.
        mtime=int(attributes["mtime"]) if state is State.PRESENT else None,
    )
