"""Where the lists of a run belong."""

import os
from typing import NamedTuple

from qumulo_changelist.errors import UsageError
from qumulo_changelist.machine.owners import check_owners
from qumulo_changelist.names import to_bytes, to_text
from qumulo_changelist.operations.lists.request import ChangelistRequest
from qumulo_changelist.output.atomic import check_replaceable
from qumulo_changelist.output.formats import FORMATS, formats_of_lists
from qumulo_changelist.output.publication import receipt_path_of

LISTS_FOLDER = "sdna-scan-files"


class ListPlace(NamedTuple):
    """Where a list of a run belongs."""

    format: str
    """One of ``output.formats.FORMATS``."""
    path: str


def list_places(work_folder: str, request: ChangelistRequest) -> list[ListPlace]:
    """Return where each list of a request belongs (``docs/scan-list.md``)."""
    names = formats_of_lists(request.formats)
    return [ListPlace(name, _path(work_folder, request, name)) for name in names]


def check_places(work_folder: str, request: ChangelistRequest) -> list[ListPlace]:
    """Return where each list of a request belongs, if it and its receipt can take their places.

    Raises:
        OutputError: there is something other than a regular file, or somebody else could replace
            it (:func:`check_owners_of`).
        UsageError: a list would replace a different list of the run, or its receipt.
    """
    places = list_places(work_folder, request)
    seen: set[str] = set()
    for place in places:
        for path in (place.path, receipt_path_of(place.path)):
            if path in seen:
                raise UsageError(f"two files of a run cannot be the same: {path}")
            seen.add(path)
            check_replaceable(os.fsdecode(to_bytes(path)))
    check_owners_of(places)
    return places


def check_owners_of(places: list[ListPlace]) -> None:
    """Make sure that nobody else can replace a list or its receipt; see :func:`.check_owners`.

    Until their folder is there, somebody else can still make it.

    Raises:
        OutputError: somebody can.
    """
    for place in places:
        for path in (place.path, receipt_path_of(place.path)):
            check_owners(os.path.abspath(path))


def _path(work_folder: str, request: ChangelistRequest, name: str) -> str:
    ending = FORMATS[name].ending
    if request.output is None:
        file = f"{request.source_index}-files.{ending}"
        return os.path.join(work_folder, LISTS_FOLDER, request.guid, file)
    # Absolute, so that its folder has a name, and a receipt that is read elsewhere is right.
    output = to_text(os.path.abspath(to_bytes(request.output)))
    if len(request.formats) > 1:
        return f"{output}.{ending}"
    # A second list is named like the first.
    (first,) = request.formats
    return output + ending.removeprefix(FORMATS[first].ending)
