"""Paths as the archiver's configuration may write them."""

import os

from qumulo_changelist.config.values import MalformedError
from qumulo_changelist.names import to_text


def parse_path(text: str) -> str:
    """Return a path; a leading ``~`` or ``~user`` is replaced by that user's home directory.

    Raises:
        MalformedError: there is no such home directory, or the path contains a NUL.
    """
    if "\0" in text:
        raise MalformedError(f"is {text!r}, with a NUL", r"Write a backslash twice: \\0.")
    if not text.startswith("~"):
        return text
    user, _, rest = text.partition("/")
    home = _home_of(user)
    if home is None:
        raise MalformedError(
            f"is {text!r}, and there is no home directory for {user}",
            "Give an absolute path, such as /var/scans.",
        )
    return os.path.join(home, rest) if rest else home


def parse_absolute_path(text: str) -> str:
    """Return an absolute path, see :func:`parse_path`; "" for "".

    Raises:
        MalformedError: it is not absolute, or :func:`parse_path` refuses it.
    """
    path = parse_path(text)
    if path and not path.startswith("/"):
        raise MalformedError(
            f"is {text!r}, not an absolute path",
            "Give an absolute path, such as /var/scans, or one that begins with ~/. Variables such "
            "as $HOME are not replaced.",
        )
    return path


def _home_of(user: str) -> str | None:
    """Return the home directory for ``~`` or ``~user``; None if there is none."""
    try:
        home = to_text(os.fsencode(os.path.expanduser(user)))
    except ValueError:  # a name that this locale has no bytes for
        return None
    # If HOME is empty, Python returns the root directory.
    is_named = user != "~" or os.environ.get("HOME") != ""
    return home if is_named and home.startswith("/") else None
