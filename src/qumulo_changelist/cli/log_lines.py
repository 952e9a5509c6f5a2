"""Lines of a log, as text and as JSON. Pure.

Whatever a name contains, a line is one line of valid UTF-8, and nothing in it controls a terminal.
"""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import NamedTuple

import msgspec

from qumulo_changelist.events import Event
from qumulo_changelist.model import Totals

Fields = dict[str, object]

_SECRET_OPTION = "--notify-url"  # noqa: S105  # the name of an option
_HIDDEN = "…"

# What ends a line or controls a terminal, reorders what is shown, or is no character at all.
_UNSAFE = "\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff"
_UNSAFE_IN_TEXT = re.compile(f"[\x00-\x1f{_UNSAFE}]")
_UNSAFE_IN_JSON = re.compile(f"[{_UNSAFE}]")  # JSON itself escapes what comes before a blank
_FIRST_OF_BYTES = 0xDC00


class Head(NamedTuple):
    """What every line begins with."""

    time: str
    """In UTC, as RFC 3339 writes it, with milliseconds."""
    run: str
    """Names the run: the same as in its receipts."""
    command: str
    """The command or the sub-command, such as ``run``."""
    event: str
    """What happened, such as ``list_published``."""
    level: str
    """``info``, ``warning`` or ``error``."""


def format_text(head: Head, _fields: Fields, words: str) -> bytes:
    """Return a line for people."""
    line = f"{head.time} {head.run} {head.level} {head.command} {head.event}: {words}"
    return _UNSAFE_IN_TEXT.sub(_escape_in_text, line).encode() + b"\n"


def format_json(head: Head, fields: Fields, _words: str) -> bytes:
    """Return a line for programs: one JSON object."""
    line = json.dumps({**head._asdict(), **fields}, ensure_ascii=False)
    return _UNSAFE_IN_JSON.sub(_escape_in_json, line).encode() + b"\n"


def now() -> str:
    """Return the time as a line has it, such as ``2026-11-26T21:04:00.123Z``."""
    moment = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
    return moment.replace("+00:00", "Z")


def name_of(kind: type) -> str:
    """Return what a line calls an event: ``list_published`` for ``ListPublished``."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower()


def name_of_field(name: str) -> str:
    """Return what a line calls a field of an event.

    Every line has the ``command`` that wrote it; that of an event is called ``argv``.
    """
    return "argv" if name == "command" else name


def fields_of(event: Event) -> Fields:
    """Return the fields of an event by name, as JSON has them."""
    values = {name_of_field(name): getattr(event, name) for name in event.__struct_fields__}
    return {
        name: totals_of(value) if isinstance(value, Totals) else msgspec.to_builtins(value)
        for name, value in values.items()
    }


def totals_of(totals: Totals) -> Mapping[str, int]:
    """Return totals by name, without those that are 0."""
    return {name: number for name, number in totals._asdict().items() if number}


def without_secrets(arguments: Sequence[str]) -> list[str]:
    """Return arguments of a command line as a log may have them.

    A URL may contain a secret; and what the arguments of a command after ``--`` mean, only that
    command knows.
    """
    kept: list[str] = []
    for argument in arguments:
        if kept and kept[-1] == _SECRET_OPTION:
            argument = _HIDDEN
        elif argument.startswith(f"{_SECRET_OPTION}="):
            argument = f"{_SECRET_OPTION}={_HIDDEN}"
        kept.append(argument)
        if len(kept) > 1 and kept[-2] == "--":
            return [*kept, _HIDDEN] if len(arguments) > len(kept) else kept
    return kept


def _escape_in_text(found: re.Match[str]) -> str:
    code = ord(found[0])
    if _FIRST_OF_BYTES <= code <= _FIRST_OF_BYTES + 0xFF:  # a byte that is not UTF-8
        code -= _FIRST_OF_BYTES
    return f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}"


def _escape_in_json(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"
