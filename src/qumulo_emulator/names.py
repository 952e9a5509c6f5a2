"""Names and paths: bytes on disk, text in between, and what a name may be.

A name is held as text decoded from UTF-8, with each byte that is no UTF-8 kept as a lone surrogate.
The locale has no say in it.
"""

from qumulo_emulator.errors import InvalidPathError, NoSuchEntryError

DOT_SNAPSHOT = ".snapshot"
MAX_NAME_BYTES = 255
MAX_PATH_BYTES = 32_760
# Ids can exceed 64 bits, but not this.
_DIGITS_OF_AN_ID = 40

Parts = tuple[str, ...]


def to_text(name: bytes) -> str:
    """The text of a name or path on disk."""
    return name.decode("utf-8", "surrogateescape")


def to_bytes(name: str) -> bytes:
    """The bytes on disk of a name or path.

    Raises:
        InvalidPathError: for a lone surrogate that stands for no byte.
    """
    try:
        return name.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        raise InvalidPathError(f"{name!a} cannot be written in UTF-8") from error


def check_name(name: str) -> str:
    """The name itself, if one directory entry can have it.

    Raises:
        InvalidPathError: if it is empty, `.`, `..`, `.snapshot`, too long, or has `/` or NUL in it.
    """
    if name in ("", ".", "..", DOT_SNAPSHOT) or "/" in name or "\0" in name:
        raise InvalidPathError(f"{name!a} cannot be the name of an entry")
    if len(to_bytes(name)) > MAX_NAME_BYTES:
        raise InvalidPathError(f"a name is at most {MAX_NAME_BYTES} bytes long: {name!a}")
    return name


def split_path(path: str) -> Parts:
    """The names along an absolute path; none for the root. A slash at the end is allowed.

    Raises:
        InvalidPathError: if it is not absolute, goes through `.` or `..`, or is too long.
        NoSuchEntryError: if it goes through `.snapshot`, which the cluster shows to nobody.
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
    """The id in decimal digits; of more digits than any id has, one that is nobody's."""
    return int(digits[:_DIGITS_OF_AN_ID])


def join_path(parts: Parts, *, directory: bool) -> str:
    """The absolute path of these names; a directory's ends in a slash."""
    if not parts:
        return "/"
    return "/" + "/".join(parts) + ("/" if directory else "")
