"""Whether a request can be carried out at all, before a cluster is asked for anything."""

import os
import re
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from msgspec import Struct

from qumulo_changelist.cluster.interface import check_unicode
from qumulo_changelist.errors import (
    ClusterPathError,
    ListNameError,
    ProjectNameError,
    SnapshotOrderError,
    UnreadableError,
    UsageError,
)
from qumulo_changelist.names import to_bytes

# A name on a cluster has at most 255 bytes. In .snapshot, a snapshot is <id>_<PROJECT>-<seconds>;
# an id of 64 bits has at most 20 digits, and the seconds have 10 until the year 2286.
MAX_PROJECT_BYTES = 255 - 20 - len("_-") - 10

_CONTROL = re.compile("[\x00-\x1f\x7f]")
_MAX_DIGITS = 40


def check_types(request: Struct) -> None:
    """Make sure that the fields of a request are what they are declared to be.

    Raises:
        UsageError: one has a different type, or is none of the possible values.
    """
    for name, declared in get_type_hints(type(request)).items():
        value = getattr(request, name)
        if not _is_of_type(value, declared):
            raise UsageError(f"{name} is {value!r:.100}, and has to be {_describe_type(declared)}")


def _is_of_type(value: object, declared: Any) -> bool:
    if get_origin(declared) is Literal:
        return value in get_args(declared)
    if get_origin(declared) in (Union, UnionType):
        return any(_is_of_type(value, one) for one in get_args(declared))
    if get_origin(declared) is tuple:
        each, _ = get_args(declared)  # the second one is the ellipsis
        return isinstance(value, tuple) and all(_is_of_type(one, each) for one in value)
    # True is no number here, although it is an int.
    return isinstance(value, declared) and (declared is bool or not isinstance(value, bool))


def _describe_type(declared: Any) -> str:
    if get_origin(declared) is Literal:
        return f"one of {', '.join(map(repr, get_args(declared)))}"
    if get_origin(declared) in (Union, UnionType):
        return " or ".join(map(_describe_type, get_args(declared)))
    names = {str: "text", int: "a number", bool: "True or False", NoneType: "None"}
    article = "an" if declared.__name__[0] in "AEIOU" else "a"
    return names.get(declared, f"{article} {declared.__name__}")


def check_range(name: str, value: int, minimum: int, maximum: int) -> None:
    """Make sure that a number is within its limits.

    Raises:
        UsageError: it is not.
    """
    if not minimum <= value <= maximum:
        raise UsageError(f"{name} is {value}, and has to be from {minimum} to {maximum}")


def normalize_cluster_path(path: str) -> str:
    """Return a path on the cluster without a trailing ``/`` and without empty components.

    Raises:
        ClusterPathError: it is not absolute, or goes up.
    """
    names = path.split("/")
    if not path.startswith("/") or ".." in names:
        raise ClusterPathError(f"{path} is not an absolute path on the cluster")
    return "/" + "/".join(name for name in names if name not in ("", "."))


def check_project(name: str) -> None:
    """Make sure that a snapshot can be named after a project.

    Raises:
        ProjectNameError: it cannot.
    """
    size = len(to_bytes(name))
    reason = ""
    if not name:
        reason = "it is empty"
    elif "/" in name:
        reason = "it contains a /"
    elif _CONTROL.search(name):
        reason = "it contains a control character"
    elif size > MAX_PROJECT_BYTES:
        reason = f"it has {size} bytes, and {MAX_PROJECT_BYTES} is the limit"
    elif not _is_unicode(name):
        reason = "it is not UTF-8, and the cluster cannot be asked for it"
    if reason:
        raise ProjectNameError(
            f"no snapshot can be named after the project {name!r:.300}: {reason}"
        )


def check_source_path(path: str) -> None:
    """Make sure that the cluster can be asked for a path.

    Raises:
        ClusterPathError: it is not UTF-8.
    """
    if not _is_unicode(path):
        raise ClusterPathError(
            f"the path {path!r:.300} is not UTF-8, and the cluster cannot be asked for it"
        )


def check_source_index(source_index: str) -> None:
    """Make sure that the source index is a number.

    Raises:
        ListNameError: it is not.
    """
    if not is_whole_number(source_index):
        raise ListNameError(f"the source index {source_index!r} is not a number")


def check_output(path: str) -> None:
    """Make sure that a list can be written to a path, as far as its text shows.

    Raises:
        ListNameError: it is empty, or the path of a directory.
    """
    if os.path.basename(path) in ("", ".", "..") or "\0" in path:
        raise ListNameError(f"{path!r} cannot be the path of a list")


def check_guid(guid: str) -> None:
    """Make sure that the project's GUID can name the folder of a list.

    Raises:
        ListNameError: it cannot.
    """
    if not guid or guid == "." or ".." in guid or "/" in guid or "\0" in guid:
        raise ListNameError(f"the project's GUID {guid!r} cannot be the name of a folder")


def check_order(older: int, newer: int) -> None:
    """Make sure that the older snapshot has the smaller id.

    Raises:
        SnapshotOrderError: it does not.
    """
    if older >= newer:
        raise SnapshotOrderError(f"snapshot {older} is not older than snapshot {newer}")


def is_whole_number(text: str) -> bool:
    """Return whether text is a whole number that is not negative."""
    return text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS


def _is_unicode(text: str) -> bool:
    try:
        check_unicode(text)
    except UnreadableError:
        return False
    return True
