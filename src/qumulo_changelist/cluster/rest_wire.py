"""From what the REST API sends to the model: bytes in, typed, and trusting nothing.

The shapes are Qumulo's published ones; unknown fields are passed over, since versions differ. What
a reply lacks, or has wrong, is named in a ``ReplyError``, but never its values: they may be secret.
"""

import json
from collections.abc import Container, Sequence
from typing import Generic, TypeVar

import msgspec
from msgspec import Raw, Struct

from qumulo_changelist.cluster import wire
from qumulo_changelist.cluster.interface import Page
from qumulo_changelist.errors import ReplyError
from qumulo_changelist.model import Attributes, Change, Kind

Shape = TypeVar("Shape")
Part = TypeVar("Part", covariant=True)

_DIRECTORY = Kind.DIRECTORY
_OTHER = Kind.OTHER
_KINDS = {"FS_FILE_TYPE_FILE": Kind.FILE, "FS_FILE_TYPE_DIRECTORY": Kind.DIRECTORY}
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
    """What is needed of a file's attributes, as the API writes it."""

    id: str
    type: str
    size: str
    modification_time: str
    access_time: str
    owner: str
    group: str
    name: str
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
    """A page of a directory; its files are :class:`FileAttributes`, or still as they came."""

    files: Part
    child_count: int
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
directory_page: Reader[DirectoryPage[Raw | list[FileAttributes]]] = Reader(
    DirectoryPage[Raw], DirectoryPage[list[FileAttributes]]
)
file_attributes = Reader(FileAttributes)
identified = Reader(Identified)
login = Reader(Login)
anything: Reader[dict[str, object]] = Reader(dict)
failure = Reader(Failure)
_changes = Reader(list[Change])
_files = Reader(list[FileAttributes])


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
    page: DirectoryPage[Raw | list[FileAttributes]],
    what: str,
    wanted: Container[str] | None = None,
) -> Page:
    """Return a page of a directory, with the entries that are ``wanted``; None for all.

    Raises:
        ReplyError: an entry lacks a field, or has a malformed one.
    """
    found = page.files
    if not isinstance(found, list):
        found = _files.read(found, what)
    names = [file.name for file in found]
    _check_names(names, what)
    named: dict[str, Attributes] = {}
    for file in found:
        if wanted is None or file.name in wanted:
            known = attributes(file, what)
            named[f"{file.name}/" if known.kind is _DIRECTORY else file.name] = known
    return Page(page.child_count, len(set(names)), named)


def attributes(file: FileAttributes, what: str) -> Attributes:
    """Return what a list tells of a file.

    Raises:
        ReplyError: a field is malformed.
    """
    field = "size"
    try:
        size = _whole(file.size)
        field = "modification_time"
        mtime = wire.seconds(file.modification_time)
        field = "access_time"
        atime = wire.seconds(file.access_time)
        field = "owner"
        owner = _numeric_id(file.owner, file.owner_details, "NFS_UID", _NFS_USERS)
        field = "group"
        group = _numeric_id(file.group, file.group_details, "NFS_GID", _NFS_GROUPS)
    except ValueError:
        raise ReplyError(f"{what}: {file.name!r} has a malformed {field!r}") from None
    kind = _KINDS.get(file.type, _OTHER)
    number = file.id if wire.is_number(file.id) else ""
    revision = wire.revision(file.data_revision, file.modification_time)
    return Attributes(kind, size, mtime, atime, owner, group, number, revision)


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
