"""Whether the lists of a run are still in their places: others may have put theirs there."""

import hashlib
import os

from qumulo_changelist.cycle.other_lists import OtherList
from qumulo_changelist.cycle.runs import Run
from qumulo_changelist.errors import InvalidReceiptError, UncommittableError
from qumulo_changelist.names import to_bytes
from qumulo_changelist.operations.lists.receipt import read_receipt

_CHUNK = 1024 * 1024


def check_list_in_place(run: Run) -> None:
    """Make sure that no other list has replaced one of a run: the archive would have that one.

    If a list is gone, its receipt decides, which belongs to the list that was there. If both are
    gone, the archiver has taken them away.

    Raises:
        UncommittableError: a different list is in its place, or none that can be read.
    """
    for made in (OtherList(run.list, run.receipt, run.sha256), *run.others):
        _check_in_place(made, run.newer)


def _check_in_place(made: OtherList, newer: int | None) -> None:
    try:
        found = _sha256(made.path)
    except FileNotFoundError:
        found = _receipt_sha256(made.receipt)
    except OSError as error:
        raise UncommittableError(
            f"{made.path} cannot be read, so perhaps a different list has replaced that of "
            f"snapshot {newer}: {error.strerror}; nothing was committed",
            snapshot=newer,
        ) from error
    if found not in ("", made.sha256):
        raise UncommittableError(
            f"{made.path} is no longer the list of snapshot {newer}: a different list has "
            "replaced it, and perhaps the archive has that one; nothing was committed",
            snapshot=newer,
        )


def _receipt_sha256(path: str) -> str:
    try:
        return read_receipt(path).list_file.sha256
    except InvalidReceiptError:
        return ""


def _sha256(path: str) -> str:
    digest = hashlib.sha256()
    with open(os.fsdecode(to_bytes(path)), "rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
