"""What is stored, as tables: the receipt beside a list, and the journal of this machine."""

import json
import re
import types
import typing
from collections.abc import Iterator

import msgspec
from docs.extension.fields import field_docstrings, plain, shown

from qumulo_changelist.cycle import journal, runs
from qumulo_changelist.operations.lists.receipt import Receipt

_WORDS = {str: "text", int: "number", bool: "true or false", type(None): "null"}


def describe_receipt() -> str:
    """Return a table of everything that a receipt has, in its order."""
    rows = ["| field | value | |", "| --- | --- | --- |"]
    rows += [f"| `{name}` | {kind} | {meaning} |" for name, kind, meaning in _fields(Receipt, "")]
    return "\n".join(rows)


def receipt_schema() -> str:
    """Return the JSON Schema of a receipt."""
    return json.dumps(msgspec.json.schema(Receipt), indent=2)


def describe_journal() -> str:
    """Return a table of the columns of the journal, and one of the states of a run."""
    meanings = field_docstrings(runs.Run)
    rows = ["| column | type | |", "| --- | --- | --- |"]
    for name, kind in re.findall(r"^    (\w+) (\w+)", journal._TABLE, re.MULTILINE):
        rows.append(f"| `{name}` | {kind} | {meanings[name]} |")
    rows += ["", "| state | |", "| --- | --- |"]
    meanings = field_docstrings(runs.RunState)
    rows += [f"| `{state.value}` | {meanings[state.name]} |" for state in runs.RunState]
    return "\n".join(rows)


def _fields(kind: type, prefix: str) -> Iterator[tuple[str, str, str]]:
    """Yield name, type and meaning of each field of a value, and of the values in it."""
    meanings = field_docstrings(kind)
    for field in msgspec.structs.fields(kind):
        name = f"{prefix}{field.encode_name}"
        inner = _struct_in(field.type)
        meaning = meanings[field.name]
        if inner and not meaning:
            meaning = plain((inner.__doc__ or "").partition("\n")[0])
        if not field.required and (default := shown(field.default)) and default != "`0`":
            meaning = f"{meaning} (default: {default})".strip()
        word = _word(field.type)
        if inner and _is_plain(inner):
            word = f"{word}: {', '.join(f'`{one.name}`' for one in msgspec.structs.fields(inner))}"
        yield name, word, meaning
        if inner and not _is_plain(inner):
            is_list = typing.get_origin(field.type) is list
            yield from _fields(inner, f"{name}[]." if is_list else f"{name}.")


def _is_plain(kind: type) -> bool:
    """Return whether the names of a value's fields say all, and none is a value itself."""
    fields = msgspec.structs.fields(kind)
    return not any([*field_docstrings(kind).values(), *(_struct_in(one.type) for one in fields)])


def _struct_in(kind: object) -> type | None:
    """Return the kind of value that a field consists of; None if it is a single one."""
    for one in (kind, *typing.get_args(kind)):
        if isinstance(one, type) and issubclass(one, msgspec.Struct):
            return one
    return None


def _word(kind: object) -> str:
    if isinstance(kind, types.UnionType) or typing.get_origin(kind) is typing.Union:
        return ", or ".join(map(_word, typing.get_args(kind)))
    if typing.get_origin(kind) is list:
        return f"array of {_word(typing.get_args(kind)[0])}"
    return _WORDS[kind] if isinstance(kind, type) and kind in _WORDS else "object"
