r"""Keys: changes, and entries, as text that sorts in the order of a list.

A key is ``path + NUL + text``, so sorting keys sorts paths, and everything that is known of one
path comes together. The text of a change is one letter; that of an entry is a record
(``scan/records.py``). A path can contain any character, so NUL and ``\1`` in it are escaped, in a
way that keeps the order. No other module knows how a key is made.

Functions that take or return an *escaped path* are for comparing paths with those of other keys.
"""

from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import eq, itemgetter
from typing import NamedTuple

from qumulo_changelist.model import CREATE, DELETE, MODIFY, Change, Op

CREATED, MODIFIED, DELETED = "C", "M", "D"
"""What happened to a path, as a letter."""

_END = "\0"
_AFTER_END = "\1"
_SUFFIXES: dict[Op, str] = {CREATE: _END + CREATED, MODIFY: _END + MODIFIED, DELETE: _END + DELETED}
_SUFFIX_LENGTH = len(_END + CREATED)
_BEFORE_SUFFIX = -_SUFFIX_LENGTH - 1
# No part of a key is empty.
_BETWEEN_KEYS = _END * 2

# No file system has such names, but a cluster can send them. The order is kept.
_ESCAPES = (("\1", "\1\2"), (_END, "\1\1"))


class ChangedPaths(NamedTuple):
    """Paths, each once, in descending order, and what happened to each: letters of ``CMD``."""

    names: list[str]
    letters: list[str]


class EncodedChanges(NamedTuple):
    """A page of changes as keys, and what they show about the page."""

    keys: list[str]
    directories: list[tuple[str, str]]
    """The directories that were created or deleted: escaped path and letter."""
    has_creations: bool
    has_deletions: bool


def encode(changes: list[Change], prefix_length: int) -> EncodedChanges:
    """Return the keys of changes; without the first ``prefix_length`` characters of each path."""
    keys = [change.path[prefix_length:] + _SUFFIXES[change.op] for change in changes]
    joined = _END.join(keys)
    if "\1" in joined or joined.count(_END) != max(2 * len(keys) - 1, 0):
        keys = [escape(key[:-_SUFFIX_LENGTH]) + key[-_SUFFIX_LENGTH:] for key in keys]
    directories = [key for key in keys if key[_BEFORE_SUFFIX] == "/"]
    whole = [key for key in directories if letter_of(key) != MODIFIED]
    ops = {change.op for change in changes}
    return EncodedChanges(
        keys,
        [(path_of(key), letter_of(key)) for key in whole],
        has_creations=CREATE in ops,
        has_deletions=DELETE in ops,
    )


def make_key(escaped_path: str, letter: str) -> str:
    """Return the key of a change."""
    return escaped_path + _END + letter


def path_of(key: str) -> str:
    """Return the escaped path of a change's key."""
    return key[:-_SUFFIX_LENGTH]


def letter_of(key: str) -> str:
    """Return what happened, from a change's key."""
    return key[-1]


def directories_in(keys: list[str], begin: int, end: int) -> list[int]:
    """Return the indices of the changes' keys that are of directories, in a part of them."""
    return [at for at, key in enumerate(keys[begin:end], begin) if key[_BEFORE_SUFFIX] == "/"]


def is_created_directory(key: str) -> bool:
    """Return whether a change's key says that a directory was created."""
    return key.endswith("/" + _SUFFIXES[CREATE])


def lower_bound(escaped_path: str) -> str:
    """Return text that sorts after the keys of all smaller paths, and before those of this path."""
    return escaped_path + _END


def upper_bound(escaped_path: str) -> str:
    """Return text that sorts after the keys of this path, and before those of greater paths."""
    return escaped_path + _AFTER_END


def join(path: str, text: str) -> str:
    r"""Return the key of a path and any text."""
    if _END in text or "\1" in text or _END in path or "\1" in path:
        return escape(path) + _END + escape(text)
    return path + _END + text


def split(key: str) -> tuple[str, str]:
    """Return the path and the text of a key that :func:`join` made."""
    path, _, text = key.partition(_END)
    if "\1" in key:
        return unescape(path), unescape(text)
    return path, text


def join_all(paths: Sequence[str], texts: Sequence[str]) -> list[str]:
    """Return what :func:`join` returns for each path and the text that belongs to it."""
    together = "\n".join((*paths, *texts))
    if _END in together or "\1" in together:
        return list(map(join, paths, texts))
    return list(map(_END.join, zip(paths, texts, strict=True)))


def split_all(keys: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the paths and the texts of keys that :func:`join` made."""
    pairs = list(map(split, keys) if "\1" in "\n".join(keys) else (key.split(_END) for key in keys))
    return [path for path, _ in pairs], [text for _, text in pairs]


def add_group(group: str, key: str) -> str:
    """Return a key that sorts by ``group`` first; the group contains no NUL."""
    return group + _END + key


def group_of(grouped: str) -> str:
    """Return the group of a key that :func:`add_group` made."""
    return grouped[: grouped.index(_END)]


def without_group(grouped: str) -> str:
    """Return the key that :func:`add_group` was given."""
    return grouped.partition(_END)[2]


def pack(keys: Iterable[str]) -> bytes:
    """Return keys of changes as bytes that can travel to a different process."""
    return _END.join(keys).encode("utf-8", "surrogatepass")


def unpack(packed: bytes) -> ChangedPaths:
    """Return what packed keys contain, path by path."""
    text = packed.decode("utf-8", "surrogatepass")
    parts = text.split(_END) if text else []
    names, letters = parts[0::2], parts[1::2]
    if any(map(eq, names, names[1:])):
        groups = [
            (name, "".join(sorted({letter for _, letter in group})))
            for name, group in groupby(zip(names, letters, strict=True), key=itemgetter(0))
        ]
        names, letters = [name for name, _ in groups], [letter for _, letter in groups]
    if "\1" in text:
        names = [unescape(name) for name in names]
    return ChangedPaths(names, letters)


def join_keys(keys: Iterable[str]) -> bytes:
    """Return keys of any kind, also grouped ones, as bytes; see :func:`split_keys`."""
    return _BETWEEN_KEYS.join(keys).encode("utf-8", "surrogatepass")


def split_keys(joined: bytes) -> list[str]:
    """Return the keys that :func:`join_keys` was given."""
    return joined.decode("utf-8", "surrogatepass").split(_BETWEEN_KEYS) if joined else []


def escape(path: str) -> str:
    """Return a path without NUL, that sorts as before."""
    for character, written in _ESCAPES:
        path = path.replace(character, written)
    return path


def unescape(path: str) -> str:
    """Return the path that was escaped."""
    for character, written in reversed(_ESCAPES):
        path = path.replace(written, character)
    return path
