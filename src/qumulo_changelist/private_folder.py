"""Folders of this user that nobody else reaches into, among the state of this machine."""

import contextlib
import os
import stat

from platformdirs import user_state_dir


class ForeignFolderError(Exception):
    """A folder belongs to somebody else, or is none; ``str()`` says so."""


def state_folder(name: str) -> str:
    """Return the path of a folder among this user's state; it need not exist."""
    return os.path.join(user_state_dir("qumulo-changelist"), name)


def make_private(folder: str) -> None:
    """Make a folder if it is missing, and keep everybody else out of it.

    If others could reach into it until now, its files may be theirs: they are removed.

    Raises:
        ForeignFolderError: it is not a folder of this user, or its path is not absolute.
        OSError: it cannot be made.
    """
    if not os.path.isabs(folder):
        raise ForeignFolderError("this user has no home directory")
    os.makedirs(os.path.dirname(folder), mode=0o700, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        os.mkdir(folder, 0o700)
    if others_reach(folder):
        os.chmod(folder, 0o700)
        with os.scandir(folder) as entries:
            for entry in entries:
                if not entry.is_dir(follow_symlinks=False):
                    os.unlink(entry.path)


def others_reach(folder: str) -> bool:
    """Return whether others can reach into a folder of this user.

    Raises:
        ForeignFolderError: it is not a folder of this user; a link to one is none.
        OSError: it cannot be looked at.
    """
    found = os.lstat(folder)
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise ForeignFolderError(f"{folder} is not a folder of this user")
    return bool(stat.S_IMODE(found.st_mode) & 0o077)
