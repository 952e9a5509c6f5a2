"""Names and paths: how bytes on disk become text, and which names are valid.

A name is text decoded from UTF-8. Each byte that is not valid UTF-8 becomes a lone surrogate. The
locale is not used.
"""

from qumulo_emulator.errors import InvalidPathError, NoSuchEntryError

DOT_SNAPSHOT = ".snapshot"
MAX_NAME_BYTES = 255
MAX_PATH_BYTES = 32_760
# An id may be larger than 64 bits, but never has more digits than this.
_MAX_ID_DIGITS = 40

Parts = tuple[str, ...]


def to_text(name: bytes) -> str:
    """Return the text of a name or path on disk."""
    return name.decode("utf-8", "surrogateescape")


def readable(text: str) -> str:
    """Return text in one line, with escapes for what cannot be seen, such as a lone byte."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def to_bytes(name: str) -> bytes:
    """Return the bytes on disk of a name or path.

    Raises:
        InvalidPathError: if it has a lone surrogate that does not represent a byte.
    """
    try:
        return name.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        raise InvalidPathError(f"{name!a} cannot be written in UTF-8") from error


def check_name(name: str) -> str:
    """Return the name itself, if it is valid for a directory entry.

    Raises:
        InvalidPathError: if it is empty, `.`, `..` or `.snapshot`, is too long, or contains `/` or
            NUL.
    """
    if name in ("", ".", "..", DOT_SNAPSHOT) or "/" in name or "\0" in name:
        raise InvalidPathError(f"{name!a} cannot be the name of an entry")
    if len(to_bytes(name)) > MAX_NAME_BYTES:
        raise InvalidPathError(f"a name is at most {MAX_NAME_BYTES} bytes long: {name!a}")
    return name


def split_path(path: str) -> Parts:
    """Return the names along an absolute path; none for the root. A trailing slash is allowed.

    Raises:
        InvalidPathError: if it is not absolute, is too long, or contains `.` or `..`.
        NoSuchEntryError: if it contains `.snapshot`, which the API never shows.
    """
    if not path.startswith("/"):
        raise InvalidPathError(f"a path begins with a slash: {path!a}")
    if len(to_bytes(path)) > MAX_PATH_BYTES:
        raise InvalidPathError(f"a path is at most {MAX_PATH_BYTES} bytes long")
    parts = tuple(part for part in path.split("/") if part)
    if DOT_SNAPSHOT in parts:
        raise NoSuchEntryError(f"{path!a}: no such entry")
    return tuple(check_name(part) for part in parts)


def parse_id(digits: str) -> int:
    """Return the id in decimal digits; for too many digits, an id that no entry has."""
    return int(digits[:_MAX_ID_DIGITS])


def join_path(parts: Parts, *, directory: bool) -> str:
    """Return the absolute path of these names; a directory's path ends in a slash."""
    if not parts:
        return "/"
    return "/" + "/".join(parts) + ("/" if directory else "")
