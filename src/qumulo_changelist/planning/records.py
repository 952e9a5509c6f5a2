"""Entries of a directory as text that sorts by name, to be set aside until all are known. Pure."""

from collections.abc import Sequence
from itertools import repeat

from qumulo_changelist.changes import key
from qumulo_changelist.cluster.interface import DirectoryPage
from qumulo_changelist.columns import NO_FILES, FileColumns
from qumulo_changelist.model import Attributes, Description, Kind, ReadFailure

_IN_COLUMNS = "="
_KINDS = {Kind.FILE: "F", Kind.DIRECTORY: "D", Kind.OTHER: "O"}
_KIND_OF = {letter: kind for kind, letter in _KINDS.items()}
_NO_KIND = "-"
_NO_ID = "-"
# The first columns are numbers: sizes, times, owners and groups. Two of text follow.
_NUMBERS = 5
# Of the revision nothing is known but that it is text; so it comes last.
_BLANKS = 1 + _NUMBERS + 1
_BEFORE_REASON = "\n"


def encode_page(page: DirectoryPage) -> list[str]:
    """Return the entries of a page as records: keys of their names without a path."""
    numbers = [map(str, column) for column in page.columns[:_NUMBERS]]
    texts = page.columns[_NUMBERS:]
    columns = zip(repeat(_IN_COLUMNS, len(page.files)), *numbers, *texts, strict=True)
    records = key.join_all(page.files, list(map(" ".join, columns)))
    return records + [key.join(name, _text_of(known)) for name, known in page.others.items()]


def name_of(record: str) -> str:
    """Return the name of a record."""
    return key.split(record)[0]


def decode_page(records: Sequence[str]) -> DirectoryPage:
    """Return the page that has the entries of these records."""
    names, texts = key.split_all(records)
    known = list(zip(names, texts, strict=True))
    files = [name for name, text in known if text[0] == _IN_COLUMNS]
    return DirectoryPage(
        len(names),
        len(names),
        files,
        _columns([text for text in texts if text[0] == _IN_COLUMNS]) if files else NO_FILES,
        {name: _description(text) for name, text in known if text[0] != _IN_COLUMNS},
    )


def _columns(texts: list[str]) -> FileColumns:
    columns = list(zip(*[text.split(" ", _BLANKS) for text in texts], strict=True))[1:]
    numbers = [list(map(int, column)) for column in columns[:_NUMBERS]]
    return FileColumns(*numbers, *columns[_NUMBERS:])  # type: ignore[arg-type]


def _text_of(described: Description) -> str:
    if isinstance(described, ReadFailure):
        known, end = described.known, _BEFORE_REASON + described.reason
    else:
        known, end = described, ""
    if not known:
        return _NO_KIND + end
    owner = _NO_ID if known.owner is None else known.owner
    group = _NO_ID if known.group is None else known.group
    return (
        f"{_KINDS[known.kind]} {known.size} {known.mtime} {known.atime} {owner} {group} "
        f"{known.id} {known.revision}{end}"
    )


def _description(text: str) -> Description:
    text, is_failure, reason = text.partition(_BEFORE_REASON)
    if text == _NO_KIND:
        return ReadFailure(reason)
    kind, size, mtime, atime, owner, group, file_id, revision = text.split(" ", _BLANKS)
    known = Attributes(
        _KIND_OF[kind],
        int(size),
        int(mtime),
        int(atime),
        None if owner == _NO_ID else int(owner),
        None if group == _NO_ID else int(group),
        file_id,
        revision,
    )
    return ReadFailure(reason, known) if is_failure else known
