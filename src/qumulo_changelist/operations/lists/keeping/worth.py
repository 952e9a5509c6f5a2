"""Whether going on with what earlier runs kept is worth it."""

import contextlib
import os
import time
from collections.abc import Iterator
from typing import NamedTuple

from qumulo_changelist.machine.private_folder import ForeignFolderError, others_reach
from qumulo_changelist.operations.lists.keeping.folder import PAGES_ENDING, kept_path
from qumulo_changelist.operations.lists.keeping.page_file import peek
from qumulo_changelist.operations.lists.keeping.set_facts import Snapshots, describe_sets

SECONDS_WORTH = 60
"""How long it took to make what is worth going on with, instead of taking a new snapshot."""

_SECONDS_OF_A_DAY = 86_400


def is_worth_going_on(older: int | None, newer: int) -> bool:
    """Return whether going on with two snapshots saves a minute, a day later at most.

    Args:
        older: the id of the older snapshot; None for a full list.
        newer: that of the newer one.
    """
    now = time.time()
    return any(
        kept.changed - kept.begun >= SECONDS_WORTH and now - kept.changed <= _SECONDS_OF_A_DAY
        for kept in _times_of_kept((older, newer))
    )


class _Times(NamedTuple):
    begun: float
    changed: float


def _times_of_kept(snapshots: Snapshots) -> Iterator[_Times]:
    with contextlib.suppress(OSError, ForeignFolderError):
        folder = kept_path()
        others_reach(folder)
        for kept in describe_sets(folder):
            if kept.snapshots == snapshots:
                yield _Times(kept.run_time, kept.changed)
        for name in os.listdir(folder):
            with contextlib.suppress(OSError):
                path = os.path.join(folder, name)
                header = peek(path) if name.endswith(PAGES_ENDING) else None
                if header and (header.older, header.newer) == snapshots:
                    yield _Times(header.begun, os.lstat(path).st_mtime)
