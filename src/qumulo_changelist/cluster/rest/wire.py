"""From what the REST API sends to the model: bytes in, typed, and trusting nothing.

The shapes are Qumulo's published ones; unknown fields are passed over, since versions differ. What
a reply lacks, or has wrong, is named in a ``ReplyError``, but never its values: they may be secret.
"""

import contextlib
import json
from collections.abc import Callable, Container, Sequence
from functools import partial
from typing import Generic, TypeVar

import msgspec
from msgspec import Raw, Struct

from qumulo_changelist.cluster import wire
from qumulo_changelist.cluster.interface import DirectoryPage
from qumulo_changelist.errors import ReplyError
from qumulo_changelist.model import Attributes, Change, Description, EntryStat, Kind, ReadFailure

Shape = TypeVar("Shape")
Part = TypeVar("Part", covariant=True)
Value = TypeVar("Value")

_OTHER = Kind.OTHER
_DIRECTORY = "FS_FILE_TYPE_DIRECTORY"
_KINDS = {"FS_FILE_TYPE_FILE": Kind.FILE, _DIRECTORY: Kind.DIRECTORY}
_TEXTS = ("id", "size", "modification_time", "access_time", "owner", "group", "data_revision")
_NFS_USERS = 3 << 32
_NFS_GROUPS = 4 << 32
_IDS = 1 << 32


class Paging(Struct, gc=False):
    """Where a page says that the collection goes on."""

    next: str | None = None


class Identity(Struct, frozen=True, gc=False):
    """Whose a file is, in the terms of where that user or group comes from."""

    id_type: str = ""
    id_value: str | None = None


class FileAttributes(Struct, gc=False):
    """What is needed of a file's attributes, as the API writes it.

    Read one by one, a field that is missing or no text is "", which is malformed.
    """

    id: str
    size: str
    modification_time: str
    access_time: str
    owner: str
    group: str
    name: str
    type: str | None = None
    owner_details: Identity | None = None
    group_details: Identity | None = None
    data_revision: str | None = None


class DiffPage(Struct, Generic[Part]):
    """A page of a diff; its entries are :class:`Change`, or still as they came.

    ``paging`` must be there: nothing else tells the last page from one that was cut short.
    """

    entries: Part
    paging: Paging | None


class DirectoryPage(Struct, Generic[Part]):
    """A page of a directory; its files are still as they came, as JSON or read."""

    files: Part
    child_count: int
    paging: Paging | None = None


class FewEntries(Struct):
    """A page of a directory whose entries are looked at one by one."""

    files: list[dict[str, object]]
    paging: Paging | None = None


class Login(Struct):
    """What a login is answered with."""

    bearer_token: str


class Identified(Struct):
    """A file's attributes, of which only the id is needed."""

    id: str


class Failure(Struct):
    """Why a request failed."""

    error_class: str = ""
    description: str = ""


class Reader(Generic[Shape]):
    """Reads JSON of one shape.

    Args:
        shape: what is read.
        whole: where parts of the shape are raw JSON, the same without such parts.
    """

    def __init__(self, shape: type[Shape], whole: type[Shape] | None = None) -> None:
        self._decoder = msgspec.json.Decoder(shape)
        self._whole = whole or shape

    def read(self, data: bytes | Raw, what: str) -> Shape:
        """Return what ``data`` says.

        Args:
            data: the JSON.
            what: names what is read, for people.

        Raises:
            ReplyError: it is not JSON, or of another shape.
        """
        try:
            try:
                return self._decoder.decode(data)
            except msgspec.ValidationError:
                raise
            except msgspec.DecodeError:
                # Names that are not UTF-8 come with lone surrogates, which only this one reads.
                return msgspec.convert(json.loads(bytes(data)), self._whole)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise ReplyError(f"{what}: {_reason(error)}") from None


def _reason(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "the answer is not UTF-8"
    if isinstance(error, msgspec.ValidationError):
        return f"the answer is not as documented: {error}"
    return "the answer is not JSON"


diff_page: Reader[DiffPage[Raw | list[Change]]] = Reader(DiffPage[Raw], DiffPage[list[Change]])
directory_page: Reader[DirectoryPage[Raw | list[object]]] = Reader(
    DirectoryPage[Raw], DirectoryPage[list[object]]
)
few_entries = Reader(FewEntries)
identified = Reader(Identified)
login = Reader(Login)
anything: Reader[dict[str, object]] = Reader(dict)
failure = Reader(Failure)
_changes = Reader(list[Change])
_file = Reader(FileAttributes)
_files = Reader(list[FileAttributes])
_objects = Reader(list[object])


def changes(page: DiffPage[Raw | list[Change]], what: str) -> list[Change]:
    """Return a page of a diff.

    Raises:
        ReplyError: an entry is no change of an absolute path.
    """
    found = page.entries
    if not isinstance(found, list):
        found = _changes.read(found, what)
    if not wire.are_absolute([change.path for change in found]):
        wrong = next(change for change in found if not wire.is_absolute(change.path))
        raise ReplyError(f"{what}: the diff holds an entry that is no change: {wrong!r:.200}")
    return found


def entries(
    page: DirectoryPage[Raw | list[object]], what: str, wanted: Container[str] | None = None
) -> DirectoryPage:
    """Return a page of a directory, with the entries that are ``wanted``; None for all.

    An entry of which a list needs a field that is missing or malformed is ``ReadFailure``.

    Raises:
        ReplyError: it holds an entry with no possible name.
    """
    found = _all_files(page.files, what)
    names = [file.name for file in found]
    _check_names(names, what)
    named: dict[str, Description] = {}
    for file in found:
        if wanted is None or file.name in wanted:
            name = f"{file.name}/" if file.type == _DIRECTORY else file.name
            named[name] = _described(file)
    return DirectoryPage(page.child_count, len(set(names)), named)


def sightings(page: FewEntries, what: str) -> dict[str, EntryStat]:
    """Return what identifies each entry of a page, by name.

    Raises:
        ReplyError: an entry has no possible name.
    """
    named = {wire.text(file, "name"): wire.sighting(file) for file in page.files}
    _check_names(list(named), what)
    return named


def described(data: bytes, what: str) -> Description:
    """Return a file's attributes.

    They are ``ReadFailure`` where a field that a list needs is missing or malformed.

    Raises:
        ReplyError: it is no JSON object.
    """
    try:
        return _described(_file.read(data, what))
    except ReplyError:
        return _described(_one_file({"name": "", **anything.read(data, what)}, what))


def _all_files(files: Raw | list[object], what: str) -> list[FileAttributes]:
    """Return the files of a page: all in one go, or one by one where that is not possible."""
    if not isinstance(files, list):
        with contextlib.suppress(ReplyError):
            return _files.read(files, what)
        files = _objects.read(files, what)
    return [_one_file(file, what) for file in files]


def _one_file(file: object, what: str) -> FileAttributes:
    if not isinstance(file, dict) or not isinstance(file.get("name"), str):
        raise ReplyError(f"{what}: the directory holds an entry without a usable 'name'")
    with contextlib.suppress(msgspec.ValidationError):
        return msgspec.convert(file, FileAttributes)
    cleaned = file | {field: _text(file.get(field)) for field in _TEXTS}
    if not isinstance(file.get("type"), str):
        cleaned["type"] = None
    for whose in ("owner", "group"):
        details = f"{whose}_details"
        try:
            msgspec.convert(file.get(details), Identity | None)
        except msgspec.ValidationError:
            cleaned |= {whose: "", details: None}
    return msgspec.convert(cleaned, FileAttributes)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _described(file: FileAttributes) -> Description:
    if file.type is None:
        return ReadFailure(wire.unusable("type"))
    try:
        return Attributes(
            _KINDS.get(file.type, _OTHER),
            _whole(file.size),
            wire.seconds(file.modification_time),
            wire.seconds(file.access_time),
            _numeric_id(file.owner, file.owner_details, "NFS_UID", _NFS_USERS),
            _numeric_id(file.group, file.group_details, "NFS_GID", _NFS_GROUPS),
            file.id if wire.is_number(file.id) else "",
            wire.revision(file.data_revision, file.modification_time),
        )
    except ValueError:
        return _malformed(file, _KINDS.get(file.type, _OTHER))


def _malformed(file: FileAttributes, kind: Kind) -> ReadFailure:
    """Return what is known of a file with at least one malformed field."""
    flaws: list[str] = []

    def well_formed(field: str, read: Callable[[], Value], otherwise: Value) -> Value:
        try:
            return read()
        except ValueError:
            flaws.append(field)
            return otherwise

    # The ids are read only to learn whether they can be: nothing of it is listed.
    size = well_formed("size", lambda: _whole(file.size), 0)
    mtime = well_formed("modification_time", lambda: wire.seconds(file.modification_time), None)
    atime = well_formed("access_time", lambda: wire.seconds(file.access_time), 0)
    for whose, number, details, nfs in (
        ("owner", file.owner, file.owner_details, "NFS_UID"),
        ("group", file.group, file.group_details, "NFS_GID"),
    ):
        well_formed(whose, partial(_numeric_id, number, details, nfs, 0), None)
    known = Attributes(
        kind,
        size,
        mtime or 0,
        atime,
        # Without its size, a file is no other one moved.
        id=file.id if wire.is_number(file.id) and "size" not in flaws else "",
        revision=wire.revision(
            file.data_revision, file.modification_time if mtime is not None else ""
        ),
    )
    return ReadFailure(wire.unusable(flaws[0]), known=known)


def _numeric_id(number: str, details: Identity | None, nfs: str, first: int) -> int | None:
    """Return the numeric id of an owner or a group, None where it has none.

    The id that the cluster gives those of NFS tells it, too: ``first`` and the numeric id. It is
    asked only where the details are none, since they say it for sure.
    """
    if details and details.id_type == nfs:
        return _whole(details.id_value or "")
    if details and details.id_type not in ("", "INTERNAL"):
        return None
    numeric = _whole(number) - first
    return numeric if 0 <= numeric < _IDS else None


def _whole(text: str) -> int:
    if not wire.is_number(text):
        raise ValueError("no number")
    return int(text)


def _check_names(names: Sequence[str], what: str) -> None:
    if "/" in "".join(names) or not {"", ".", ".."}.isdisjoint(names):
        wrong = next(name for name in names if "/" in name or name in ("", ".", ".."))
        raise ReplyError(f"{what}: the directory holds an entry with no possible name: {wrong!r}")
