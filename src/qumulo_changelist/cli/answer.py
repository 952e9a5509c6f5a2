"""The answer of a sub-command: one JSON object with ``--json``, else text, on standard output.

The keys of the JSON stay: ``docs/commands.md`` documents them. Fields may be added.
"""

import json
import os
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


def print_answer(value: Struct | Mapping[str, object], text: str, *, as_json: bool) -> None:
    """Print an answer as JSON or as text; an empty text is not printed.

    Raises:
        ResultError: standard output is closed or full.
    """
    if as_json:
        print_result(_encode(msgspec.to_builtins(value)))
    elif text:
        print_result(to_bytes(text))


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
    # A byte of a name that is not UTF-8 is written as JSON writes a lone surrogate.
    text = json.dumps(value, ensure_ascii=False, indent=2)
    return text.encode("utf-8", "backslashreplace")


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
