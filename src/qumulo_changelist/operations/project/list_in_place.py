"""Whether the list of a run is still the one in its place: others may have put theirs there."""

import hashlib
import os

from qumulo_changelist.cycle.journal import Run
from qumulo_changelist.errors import InvalidReceiptError, UncommittableError
from qumulo_changelist.names import to_bytes
from qumulo_changelist.operations.lists.receipt import read_receipt

_CHUNK = 1024 * 1024


def check_list_in_place(run: Run) -> None:
    """Make sure that no other list has replaced that of a run: the archive would have that one.

    If the list is gone, its receipt decides, which belongs to the list that was there. If both are
    gone, the archiver has taken them away.

    Raises:
        UncommittableError: a different list is in its place, or none that can be read.
    """
    try:
        found = _sha256(run.list)
    except FileNotFoundError:
        found = _receipt_sha256(run)
    except OSError as error:
        raise UncommittableError(
            f"{run.list} cannot be read, so perhaps a different list has replaced that of snapshot "
            f"{run.newer}: {error.strerror}; nothing was committed",
            snapshot=run.newer,
        ) from error
    if found not in ("", run.sha256):
        raise UncommittableError(
            f"{run.list} is no longer the list of snapshot {run.newer}: a different list has "
            "replaced it, and perhaps the archive has that one; nothing was committed",
            snapshot=run.newer,
        )


def _receipt_sha256(run: Run) -> str:
    try:
        return read_receipt(run.receipt).list_file.sha256
    except InvalidReceiptError:
        return ""


def _sha256(path: str) -> str:
    digest = hashlib.sha256()
    with open(os.fsdecode(to_bytes(path)), "rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
