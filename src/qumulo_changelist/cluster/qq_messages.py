"""What ``qq`` says when it is not answering: pure, from its words to ours."""

import re

from qumulo_changelist.errors import QqFailedError, killed_by

# What Python's getpass says on standard error where there is no terminal.
_PROMPT = re.compile(
    r"^.*GetPassWarning: .*\n(  .*\n)?|^Warning: Password input may be echoed\.\n|^Password: ",
    re.MULTILINE,
)

# Where qq fails as it never meant to, its last line says why; the rest is for its makers.
_TRACEBACK = re.compile(r"^Traceback \(most recent.*\n(?=\S.*\Z)", re.MULTILINE | re.DOTALL)

# Up to 6.2.2 and longer, qq prints why it failed where its answer should be, even right behind a
# part of it (read in the SDK: ``qq_main`` prints, ``print_paginated_results`` ends no line).
_FAILED_ON_OUTPUT = re.compile(
    r"(?:^|\})((?:Error \d{3}|Connection error|Command error): .*)", re.MULTILINE
)

# What qq says, and what the user can do about it.
_HINTS = (
    (
        r"Connection error",
        "Check QumuloClusterIP and QumuloClusterPort in the archiver's configuration, and that "
        "this machine reaches the cluster's REST API.",
    ),
    (
        r"Error 401",
        "Check QumuloUsername and QumuloPassword in the archiver's configuration.",
    ),
    (
        r"Error 403",
        "Give the user PRIVILEGE_SNAPSHOT_READ, PRIVILEGE_SNAPSHOT_WRITE, "
        "PRIVILEGE_SNAPSHOT_DIFFERENCE_READ and PRIVILEGE_FILE_READ_ACCESS on the cluster.",
    ),
    (
        r"Error 404.*snapshot",
        "Check the snapshot ids; snapshots also expire by themselves. "
        "`qq snapshot_list_statuses` shows those that exist.",
    ),
    (r"Error 404", "Check that the path exists on the cluster."),
    (
        r"IncompleteRead|Error loading data",
        "The cluster's answer came damaged or was cut short. Nothing was written; try again.",
    ),
)


def without_prompt(said: str) -> str:
    """Return what ``qq`` said on standard error, but for its asking for the password."""
    return _PROMPT.sub("", said).strip()


def failure(command: str, status: int, said: str, printed: bytes) -> QqFailedError:
    """Return the error for a command that failed.

    Args:
        command: which one.
        status: its exit code, negative for the signal that killed it.
        said: its words on standard error.
        printed: the last of what it printed on standard output.
    """
    on_output = _FAILED_ON_OUTPUT.findall(printed.decode("utf-8", "replace"))[-1:]
    said = "\n".join([*on_output, _TRACEBACK.sub("", said)]).strip()
    ending = killed_by(-status) if status < 0 else f"failed with exit code {status}"
    return QqFailedError(
        f"`qq {command}` {ending}: {said or 'it said nothing'}",
        exit_code=status if status > 0 else 128 - status,
        said=said,
        hint=next((hint for pattern, hint in _HINTS if re.search(pattern, said)), ""),
    )
