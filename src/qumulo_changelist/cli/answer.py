"""The answer of a sub-command: one JSON object with ``--json``, else text, on standard output.

The keys of the JSON stay: ``docs/commands.md`` documents them. Fields may be added.
"""

import json
import os
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from qumulo_changelist.cli.cycle_hints import CYCLE_HINTS
from qumulo_changelist.cli.messages import hint_for
from qumulo_changelist.cli.screen import print_result
from qumulo_changelist.errors import ChangelistError
from qumulo_changelist.names import to_bytes, to_text

if TYPE_CHECKING:
    from qumulo_changelist.operations.lists.result import ChangelistResult

# ASCII that is no text has been escaped already, and line ends are those of the JSON itself.
_UNPRINTABLE = re.compile("[\x7f-\U0010ffff]")


def print_answer(
    value: Struct | Mapping[str, object], text: str, *, as_json: bool, is_styled: bool = False
) -> None:
    """Print an answer as JSON or as text; an empty text is not printed.

    Args:
        value: what the JSON has.
        text: paths or numbers for programs, which are printed exactly unless on a terminal; or
            words for people, in which nothing controls one.
        as_json: whether JSON is wanted.
        is_styled: whether the text has colours.

    Raises:
        ResultError: standard output is closed or full.
    """
    if as_json:
        print_result(_encode(msgspec.to_builtins(value)))
    elif text:
        print_result(to_bytes(text), is_styled=is_styled)


def print_error(error: ChangelistError) -> None:
    """Print an error as JSON: ``{"error": {"class", "message", "hint", "exit_code"}}``.

    Raises:
        ResultError: standard output is closed or full.
    """
    print_result(_encode(describe_error(error)))


def describe_error(error: ChangelistError) -> dict[str, object]:
    """Return an error as JSON has it, under the key ``error``."""
    return {
        "error": {
            "class": type(error).__name__,
            "message": str(error),
            "hint": hint_for(error, makes_list=False, overrides=CYCLE_HINTS),
            "exit_code": error.exit_code,
        }
    }


def _encode(value: object) -> bytes:
    text = json.dumps(value, ensure_ascii=False, indent=2)
    return _UNPRINTABLE.sub(_escape, text).encode()


def _escape(found: re.Match[str]) -> str:
    """Return what controls a terminal, or is no text at all, as JSON writes it in ASCII."""
    return found[0] if found[0].isprintable() else json.dumps(found[0])[1:-1]


def describe_lists(result: "ChangelistResult") -> list[dict[str, str]]:
    """Return the lists of a run as the answer of a command names them, in their order."""
    return [
        {
            "format": each.receipt.format,
            "list": to_text(os.fsencode(each.path)),
            "receipt": to_text(os.fsencode(each.receipt_path)),
        }
        for each in result.lists
    ]
