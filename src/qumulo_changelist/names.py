"""Names and paths as text: pure functions.

A byte that is not UTF-8 is written as a lone surrogate (Python's ``surrogateescape``). The name of
a directory ends in ``/``, so that sorting by name keeps a directory and everything below it
together.
"""

from collections.abc import Set as AbstractSet


def to_bytes(name: str) -> bytes:
    """Return the bytes by which the file system knows ``name``, in every locale."""
    try:
        return name.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        # A lone surrogate that represents no byte: only a cluster can have such a name.
        return name.encode("utf-8", "surrogatepass")


def to_text(name: bytes) -> str:
    """Return the text for a name that the file system gave."""
    return name.decode("utf-8", "surrogateescape")


def is_directory(name: str) -> bool:
    """Return whether a name is that of a directory."""
    return name.endswith("/")


def parent_of(name: str) -> str:
    """Return the directory that contains ``name``; for ``/``, itself."""
    return name[: name.rfind("/", 0, -1) + 1] or "/"


def outermost(directories: AbstractSet[str], name: str) -> str:
    """Return the highest of ``directories`` that is ``name`` or contains it; "" for none."""
    if directories:
        end = 0
        while end := name.find("/", end) + 1:
            if name[:end] in directories:
                return name[:end]
    return ""
