"""A list and its receipt, found by either of them."""

import os
from typing import NamedTuple

from qumulo_changelist.names import to_bytes
from qumulo_changelist.operations.lists.receipt import Receipt, read_receipt
from qumulo_changelist.output.publication import receipt_path_of


class ListPair(NamedTuple):
    """A list and its receipt."""

    list_path: str
    receipt_path: str
    receipt: Receipt


def find_list_and_receipt(path: str) -> ListPair:
    """Return a list and its receipt.

    Args:
        path: either of them.

    Raises:
        InvalidReceiptError: there is no receipt that can be read.
    """
    beside = receipt_path_of(path)
    if not path.endswith(".json") or os.path.exists(to_bytes(beside)):
        return ListPair(path, beside, read_receipt(beside))
    receipt = read_receipt(path)
    # The pair may have been moved together.
    folder, name = os.path.dirname(path), os.path.basename(receipt.list_file.path)
    return ListPair(os.path.join(folder, name), path, receipt)
