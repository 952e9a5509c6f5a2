"""What ``qq`` says when it is not answering: pure, from its words to ours."""

import errno
import re
import socket

from qumulo_changelist.cluster import failures
from qumulo_changelist.errors import QqFailedError, QqUnreachableError, describe_signal

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

# How every generation of qq prints an error of the cluster (read in the SDK: ``pretty_str``).
_OF_CLUSTER = re.compile(r"^Error (\d{3})\b(?:: (\w+))?", re.MULTILINE)

# What qq prints for any error of the operating system, on its way to the cluster or later.
_NO_CONNECTION = re.compile(r"^Connection error\b(?:: \[Errno (-?\d+)\])?", re.MULTILINE)
_NO_CONNECTION_HINT = (
    "Check QumuloClusterIP and QumuloClusterPort in the archiver's configuration, and that this "
    "machine reaches the cluster's REST API."
)
_NEVER_CONNECTED = {
    *(errno.ECONNREFUSED, errno.EHOSTDOWN, errno.EHOSTUNREACH, errno.ENETDOWN, errno.ENETUNREACH),
    *(errno.ETIMEDOUT, socket.EAI_AGAIN, socket.EAI_FAIL, socket.EAI_NONAME),
    getattr(socket, "EAI_NODATA", socket.EAI_NONAME),  # not on every system
}

_DAMAGED = re.compile(r"IncompleteRead|Error loading data")
_DAMAGED_HINT = (
    "The cluster's answer came damaged or was cut short. Nothing was written; try again."
)
_LIST_SNAPSHOTS = " `qq snapshot_list_statuses` shows those that exist."
_OTHER_VERSION = (
    "The cluster's Core does not have what this qq asked for. Install the qq of the cluster's "
    "version (`pip install qumulo-api==VERSION`), or set QumuloTransport=rest in the archiver's "
    "configuration."
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
    ending = describe_signal(-status) if status < 0 else f"failed with exit code {status}"
    found = _OF_CLUSTER.search(said)
    answered, error_class = (int(found[1]), found[2] or "") if found else (0, "")
    broken = None if found else _NO_CONNECTION.search(said)
    never = broken and broken[1] and int(broken[1]) in _NEVER_CONNECTED
    return (QqUnreachableError if never else QqFailedError)(
        f"`qq {command}` {ending}: {said or 'it said nothing'}",
        exit_code=status if status > 0 else 128 - status,
        said=said,
        status=answered,
        error_class=error_class,
        hint=_hint(answered, error_class, said),
    )


def _hint(status: int, error_class: str, said: str) -> str:
    if failures.is_unknown_url(status, error_class):
        return _OTHER_VERSION
    hint = failures.hint(status, error_class)
    if failures.is_snapshot_missing(error_class):
        return hint + _LIST_SNAPSHOTS
    if not hint and _NO_CONNECTION.search(said):
        return _NO_CONNECTION_HINT
    return hint or (_DAMAGED_HINT if _DAMAGED.search(said) else "")
