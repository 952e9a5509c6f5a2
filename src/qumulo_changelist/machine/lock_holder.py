"""Who holds a lock: what the lock's file says, for messages alone. The system keeps the lock."""

import contextlib
import json
import os
import re
import stat
import time

from qumulo_changelist.durations import describe_duration

_MAX_DESCRIPTION = 4096
_HOST = re.compile(r"[\w.-]{1,255}", re.ASCII)


def describe_holder(lock: int) -> None:
    """Write into the file of a lock that this process holds it, from now on.

    A file that is not this user's, or has a second name, is left as it is: others may have put it
    there.

    Args:
        lock: the open file.
    """
    text = json.dumps({"pid": os.getpid(), "host": os.uname().nodename, "since": time.time()})
    # It is for messages only: a full disk does not keep a run from its work.
    with contextlib.suppress(OSError):
        known = os.fstat(lock)
        is_ours = known.st_uid == os.geteuid() and known.st_nlink == 1
        if is_ours and stat.S_ISREG(known.st_mode):
            os.ftruncate(lock, 0)
            os.pwrite(lock, text.encode(), 0)


def read_holder(lock: int) -> str:
    """Return who holds a lock, in words.

    Args:
        lock: the open file.
    """
    try:
        holder = json.loads(os.pread(lock, _MAX_DESCRIPTION, 0))
        since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(holder["since"]))
        passed = describe_duration(time.time() - holder["since"])
        # Others may be able to write to the file.
        host = holder.get("host", "")
        is_elsewhere = host != os.uname().nodename and _HOST.fullmatch(host)
        where = f" on {host}" if is_elsewhere else ""
        return f"process {int(holder['pid'])}{where} since {since} ({passed})"
    except (
        *(OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError),
        RecursionError,
    ):
        return "another process"
