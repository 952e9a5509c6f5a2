"""Checks of the command that is to be given a list, before anything is done for it."""

import re
import shutil
from collections.abc import Iterable, Sequence

from qumulo_changelist.errors import CommandFailedError, UsageError
from qumulo_changelist.names import to_bytes
from qumulo_changelist.output.formats import formats_of_lists

_IN_BRACES = re.compile(r"(\$?)\{([A-Za-z][A-Za-z0-9_-]*)\}")
_SIMILAR = 0.75


def list_name(list_format: str) -> str:
    """Return the name of the value that is the list of a format, such as ``list_csv``."""
    return f"list_{list_format.replace('-', '_')}"


def value_names(formats: Iterable[str]) -> tuple[str, ...]:
    """Return the names of all values that a command is given.

    Args:
        formats: what was asked for.
    """
    lists = map(list_name, formats_of_lists(formats))
    return ("list", "receipt", *lists, "project", "source", "older", "newer")


def check_command(command: Sequence[str], formats: Iterable[str]) -> None:
    """Make sure that a command can be started, and asks for nothing that it is not given.

    Args:
        command: the program, and its arguments; () for none.
        formats: those of the lists, which exist.

    Raises:
        UsageError: an argument has a name in braces that looks like that of a value, and is none.
        CommandFailedError: there is no such program.
    """
    names = value_names(formats)
    for argument in command:
        for dollar, name in _IN_BRACES.findall(argument):
            if name not in names and _looks_meant(name, names, is_shell=bool(dollar)):
                known = ", ".join(f"{{{each}}}" for each in names)
                raise UsageError(f"the command is not given {{{name}}}: there are {known}")
    if command:
        _check_program(command[0])


def _looks_meant(name: str, names: Sequence[str], *, is_shell: bool) -> bool:
    """Return whether a name is probably meant to be replaced; awk's ``{print}`` is not.

    A shell's own ``${folder}`` is not either, although it resembles ``{older}``.
    """
    from difflib import get_close_matches  # nothing else needs it

    if name.lower().startswith("list"):
        return True
    return not is_shell and bool(get_close_matches(name.lower(), names, 1, _SIMILAR))


def _check_program(program: str) -> None:
    if "{" in program or shutil.which(to_bytes(program)):
        return  # a name that is replaced is known later
    if "/" in program:
        raise CommandFailedError(
            f"the command {program} cannot be started",
            hint="No such file exists, or this user may not execute it (`chmod +x`).",
        )
    raise CommandFailedError(
        f"the command {program} is not found",
        hint=f"It is looked for on the PATH; one in this folder is written ./{program}.",
    )
