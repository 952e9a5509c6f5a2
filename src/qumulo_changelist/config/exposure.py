"""Who besides its user can read a file that has a secret, as far as its owner and mode show."""

import os
import stat

REMEDY = (
    "let only this user read it, with `chmod 600`; if it belongs to somebody else, first `chown` it"
)
"""What a user can do about a file that others can read or change."""

_ROOT = 0


def describe_readers(found: os.stat_result) -> str:
    """Return who else can read a file, in words; "" for nobody but this user and root.

    Args:
        found: what the system says of the file.
    """
    mode = stat.S_IMODE(found.st_mode)
    if mode & stat.S_IROTH:
        return f"every user of this machine can read it (mode {mode:04o})"
    if mode & stat.S_IRGRP:
        return f"every user of its group can read it (mode {mode:04o})"
    if found.st_uid not in (os.geteuid(), _ROOT):
        return f"it belongs to a different user (number {found.st_uid}), who can read it"
    if mode & (stat.S_IWOTH | stat.S_IWGRP):
        return f"others can change it (mode {mode:04o})"
    return ""
