"""From JSON to typed shapes, for REST (bytes) and ``qq`` (values of its stream).

An error names what a reply lacks or has malformed, but never its values: they may be secret.
"""

import json
from typing import Generic, TypeVar

import msgspec
from msgspec import Struct

from qumulo_changelist.cluster.shapes import FileJson, KnownFileJson
from qumulo_changelist.errors import ReplyError

Shape = TypeVar("Shape")
Fields = TypeVar("Fields", bound=Struct)
File = TypeVar("File", bound=KnownFileJson)


class Reader(Generic[Shape]):
    """Reads JSON of one shape.

    Args:
        shape: what is read.
    """

    def __init__(self, shape: type[Shape]) -> None:
        self._shape = shape
        self._decoder = msgspec.json.Decoder(shape)

    def read(self, data: bytes, source: str) -> Shape:
        """Return the value that ``data`` is the JSON of.

        Args:
            data: the JSON.
            source: names for people what sent it.

        Raises:
            ReplyError: it is not JSON, or has another shape.
        """
        try:
            try:
                return self._decoder.decode(data)
            except msgspec.ValidationError:
                raise
            except msgspec.DecodeError:
                # Names that are not UTF-8 come with lone surrogates, which only this decoder reads.
                return convert(json.loads(data), self._shape)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise ReplyError(f"{source}: {_reason(error)}") from None


def convert(value: object, shape: type[Shape]) -> Shape:
    """Return a decoded JSON value as a shape.

    Raises:
        ValidationError: it has another shape.
    """
    try:
        return msgspec.convert(value, shape)
    except UnicodeEncodeError:
        # msgspec cannot compare lone surrogates, in the name of a field or instead of a keyword.
        raise msgspec.ValidationError("a name in it is not Unicode") from None


def _reason(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "the answer is not UTF-8"
    if isinstance(error, msgspec.ValidationError):
        return f"the answer is not as documented: {error}"
    return "the answer is not JSON"


def read_value(data: bytes, source: str) -> object:
    """Return any JSON value.

    Raises:
        ReplyError: ``data`` is not JSON.
    """
    return _any_value.read(data, source)


def read_file(data: bytes, source: str) -> FileJson:
    """Return a file's attributes; a malformed field is as if it were missing.

    Raises:
        ReplyError: ``data`` is not a JSON object.
    """
    try:
        return _file.read(data, source)
    except ReplyError:
        return to_file(read_value(data, source), FileJson, source)


def to_shape(value: object, shape: type[Fields], source: str) -> Fields:
    """Return a decoded JSON object as a shape; a malformed field is as if it were missing.

    Raises:
        ReplyError: it is not an object, or lacks a field that the shape requires.
    """
    try:
        return convert(value, shape)
    except msgspec.ValidationError as error:
        fields = _well_formed(value, shape)
        if fields is None or any(
            field.required and field.name not in fields for field in msgspec.structs.fields(shape)
        ):
            raise ReplyError(f"{source}: {_reason(error)}") from None
        return shape(**fields)


def to_file(value: object, shape: type[File], source: str) -> File:
    """Return a decoded JSON object as a file; see :func:`to_shape`.

    An owner with malformed details is malformed, even if its number is not.
    """
    try:
        return convert(value, shape)
    except msgspec.ValidationError:
        file = to_shape(value, shape, source)
    assert isinstance(value, dict)
    if not isinstance(file, FileJson):
        return file
    if file.owner_details is None and value.get("owner_details") is not None:
        file.owner = ""
    if file.group_details is None and value.get("group_details") is not None:
        file.group = ""
    return file


def _well_formed(value: object, shape: type[Struct]) -> dict[str, object] | None:
    """Return the well-formed fields of an object; None for anything else."""
    if not isinstance(value, dict):
        return None
    fields: dict[str, object] = {}
    for field in msgspec.structs.fields(shape):
        if field.name in value:
            try:
                fields[field.name] = convert(value[field.name], field.type)
            except msgspec.ValidationError:
                continue
    return fields


_file = Reader(FileJson)
_any_value: Reader[object] = Reader(object)
