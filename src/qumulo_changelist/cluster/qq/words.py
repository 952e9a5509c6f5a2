"""What ``qq`` prints when it fails, and the error that it is: pure."""

import re

from qumulo_changelist.cluster.failures import failure_of_words
from qumulo_changelist.errors import ChangelistError, QqFailedError
from qumulo_changelist.wording import describe_signal

# What Python's getpass prints on standard error where there is no terminal.
_PROMPT = re.compile(
    r"^.*GetPassWarning: .*\n(  .*\n)?|^Warning: Password input may be echoed\.\n|^Password: ",
    re.MULTILINE,
)

# When qq fails as it never intended to, its last line is the reason; the rest is for its makers.
_TRACEBACK = re.compile(r"^Traceback \(most recent.*\n(?=\S.*\Z)", re.MULTILINE | re.DOTALL)

# Up to 6.2.2 and longer, qq prints why it failed where its answer should be, even directly after
# the closing brace of a part of it (read in the SDK: ``qq_main`` prints, and neither
# ``print_paginated_results`` nor ``write_file_tree_to_file`` ends a line). A name that says the
# same is in a string.
_OUTSIDE_STRING, _STRING = r'[^"\n]', r'"(?:[^"\\\n]|\\.)*"'
_REASON_ON_OUTPUT = re.compile(
    rf"^(?:(?:{_OUTSIDE_STRING}|{_STRING})*?\}})??"
    r"((?:Error \d{3}|Connection error|Command error): .*)",
    re.MULTILINE,
)
_MAX_REASON = 64 * 1024


def without_prompt(text: str) -> str:
    """Return what ``qq`` printed on standard error, without its prompt for the password."""
    return _PROMPT.sub("", text).strip()


def error_of(command: str, status: int, text: str, output: bytes) -> ChangelistError:
    """Return the error for a command that failed.

    Args:
        command: the command.
        status: its exit code; negative for the signal that killed it.
        text: what it printed on standard error.
        output: the last lines of what it printed on standard output.
    """
    reason = _REASON_ON_OUTPUT.search(output.decode("utf-8", "replace"))
    reasons = [reason[1][:_MAX_REASON]] if reason else []
    words = "\n".join([*reasons, _TRACEBACK.sub("", text)]).strip()
    if status < 0:
        message = f"`qq {command}` {describe_signal(-status)}: {words or 'it printed nothing'}"
        return QqFailedError(message, exit_code=128 - status)
    message = f"`qq {command}` failed with exit code {status}: {words or 'it printed nothing'}"
    failure = failure_of_words(words)
    if failure is None:
        return QqFailedError(message, exit_code=status)
    return failure.error(message, exit_code=status)
