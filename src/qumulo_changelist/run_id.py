"""The name of a run: in the log, in receipts and in the journal."""

import os
import time


def new_run_id() -> str:
    """Return a name that no other run has, such as ``20261126T210400Z-3f2a9c1b``.

    It begins with the time in UTC, so names sort by it.
    """
    return f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{os.urandom(4).hex()}"
